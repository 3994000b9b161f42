"""What the operator reads: which model, what is embedded, what is off."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from assistant.llama.options import LlamaOptions
from tests.fake_classifier import FakeClassifier
from tests.fake_code_shield import FakeCodeShield
from tests.fake_llama import MODEL, FakeLlama
from tests.ports import free_port
from web.local.banner import (
    Report,
    banner,
    external_model,
    messenger_rows,
    model_rows,
    prompt_guard_rows,
    role_rows,
    search_rows,
    shield_rows,
    switched_off,
)
from web.local.llama import LocalModel


def report(**changes: object) -> Report:
    plain = {
        "address": "http://127.0.0.1:8000",
        "listening": "127.0.0.1:8000",
        "model": ["Llama"],
        "pictures": ["none yet"],
        "embedded": ["Valkey"],
        "external": [],
        "search": ["on the web, by Wikipedia"],
        "messengers": [],
        "off": ["mail (EMAIL_URL)", "passkeys (PASSKEYS)"],
        "data": Path("/data"),
    }
    return Report(**(plain | changes))  # type: ignore[arg-type]


def test_an_operator_reads_all_of_it_without_color() -> None:
    text = banner(report(), color=False)
    assert "\x1b" not in text
    assert "External" not in text
    assert "Listening" not in text
    assert text.splitlines()[5:10] == [
        "  Pictures   none yet",
        "  Search     on the web, by Wikipedia",
        "  Embedded   Valkey",
        "  Off        mail (EMAIL_URL)",
        "             passkeys (PASSKEYS)",
    ]


def test_an_operator_sees_where_a_public_site_listens() -> None:
    assert "on 0.0.0.0:9000" in banner(report(address="https://chat.example", listening="0.0.0.0:9000"), color=False)


def test_a_terminal_gets_the_band_and_its_own_color_back() -> None:
    assert banner(report(), color=True).splitlines()[1].endswith("\x1b[0m  Chaski is running.")


def test_the_demonstration_model_is_named_as_what_it_is() -> None:
    rows = model_rows(LocalModel(Path("/m.gguf"), "Small", demo=True))
    assert "demonstration" in rows[0]
    assert "make run MODEL=llama-3.2-3b" in rows[1]
    assert "LLAMA_URL" in rows[2]


def test_a_real_model_is_named_with_its_file_and_licence() -> None:
    assert model_rows(LocalModel(Path("/m.gguf"), "Llama", demo=False)) == ["Llama, from /m.gguf"]
    rows = model_rows(
        LocalModel(Path("/m.gguf"), "Llama", demo=False, licence="Llama 3.2 Community License, https://l")
    )
    assert rows == ["Llama, from /m.gguf", "Built with Llama. Llama 3.2 Community License, https://l"]


def test_a_model_that_could_not_be_fetched_is_told_beside_the_one_that_answers(settings: Settings) -> None:
    settings.LLAMA_LOCAL_MODEL = "llama-3.2-3b"
    rows = model_rows(LocalModel(Path("/m.gguf"), "Small", demo=True, trouble="The hub is away."))
    assert rows[1] == "llama-3.2-3b is not here: The hub is away."


async def test_a_model_that_is_named_beside_a_server_is_not_silently_dropped(
    settings: Settings, fake_llama: FakeLlama
) -> None:
    settings.LLAMA_URL, settings.LLAMA_LOCAL_MODEL = fake_llama.url, "llama-3.2-3b"
    rows = await asyncio.to_thread(model_rows, None)
    assert "LLAMA_URL names a server" in rows[1]


async def test_a_server_of_the_operator_is_asked_for_its_model(fake_llama: FakeLlama) -> None:
    host = fake_llama.url.split("/")[2]
    assert await external_model(LlamaOptions(url=fake_llama.url)) == f"{MODEL}, at {host}"
    wrong = await external_model(LlamaOptions(url=fake_llama.url, model="llama-9"))
    assert wrong == f"{host} has no model llama-9, but {MODEL}. See LLAMA_MODEL."


async def test_a_server_that_is_away_is_told_in_a_sentence() -> None:
    away = f"127.0.0.1:{free_port()}"
    said = await external_model(LlamaOptions(url=f"http://{away}/v1"))
    assert said.startswith(f"{away} cannot be reached")


@pytest.mark.parametrize("on", [True, False])
def test_what_is_off_is_named_with_its_setting(settings: Any, on: bool) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if on else 'console'}.EmailBackend"
    settings.PASSKEYS = settings.HTTPS = on
    settings.SOCIAL_PROVIDERS = list(settings.SOCIAL_HOSTS) if on else []
    settings.SEARCH_ENGINES = ["wikipedia"] if on else []
    settings.WEATHER_URL = "https://weather.example" if on else ""
    settings.SPEECH_URL = "http://speech.example/v1" if on else ""
    settings.WHATSAPP_TOKEN = settings.MESSENGER_TOKEN = settings.INSTAGRAM_TOKEN = "token" if on else ""
    named = " ".join(switched_off())
    for name in ("EMAIL_URL", "PASSKEYS", "SITE_URL", "SOCIAL_GOOGLE", "SEARCH_ENGINES", "WEATHER_URL", "SPEECH_URL",
                 "WHATSAPP_TOKEN", "MESSENGER_TOKEN", "INSTAGRAM_TOKEN"):  # fmt: skip
        assert (name in named) != on


def test_an_operator_reads_who_is_asked_for_searches(settings: Settings) -> None:
    settings.SEARCH_ENGINES = ["ddgs", "wikipedia"]
    first, keyless = search_rows()
    assert first == "on the web, by DuckDuckGo and others (ddgs) and Wikipedia"
    assert "BRAVE_KEY" in keyless
    settings.SEARCH_ENGINES = ["brave"]
    assert search_rows() == ["on the web, by Brave"]
    settings.SEARCH_ENGINES = []
    assert search_rows() == []


def test_an_operator_reads_which_messengers_are_on(settings: Settings) -> None:
    assert messenger_rows() == []
    settings.META_APP_SECRET, settings.MESSENGER_TOKEN, settings.MESSENGER_PAGE_ID = "secret", "token", "2000"
    settings.WHATSAPP_TOKEN, settings.WHATSAPP_PHONE_ID = "token", "1000"
    on, half = messenger_rows()
    assert on.startswith("Messenger. ")
    assert half == "WhatsApp is off: WHATSAPP_PURPOSE not set. See manage.py channels."
    assert "token" not in on + half


def test_an_operator_reads_which_models_have_a_role_of_their_own(settings: Settings, fake_llama: FakeLlama) -> None:
    here = {"url": fake_llama.url, "model": MODEL, "key": "", "context": 0}
    away = here | {"url": f"http://127.0.0.1:{free_port()}/v1"}
    settings.LLAMA_ROLES = {"best": here, "titles": None, "guard": away, "eyes": None}
    best, guard = role_rows()
    assert best.startswith(f"For hard questions: {MODEL}, at ")
    assert guard.startswith("As a guard: ")
    assert "cannot be reached" in guard


@pytest.mark.parametrize(
    ("mode", "row"),
    [
        ("", "Code in answers is marked by Code Shield."),
        (
            "quick",
            "Code in answers is not marked. Code Shield runs, but the semgrep beside it scans nothing: see the "
            "versions in docs/safety.md.",
        ),
    ],
)
async def test_an_operator_reads_whether_code_is_marked(
    settings: Settings, tmp_path: Path, mode: str, row: str
) -> None:
    settings.CODE_SHIELD = str(FakeCodeShield(tmp_path, mode).path)
    assert await asyncio.to_thread(shield_rows) == [row]
    settings.CODE_SHIELD = ""
    assert shield_rows() == []


def test_an_operator_reads_whether_prompt_guard_can_be_used(settings: Settings) -> None:
    assert prompt_guard_rows() == []
    with FakeClassifier() as server:
        settings.PROMPT_GUARD_URL = server.url
        assert prompt_guard_rows() == ["Against orders in pages and files: Prompt Guard"]
        server.score = 0.5
        [unfit] = prompt_guard_rows()
    [gone] = prompt_guard_rows()
    assert "does not tell orders from harmless texts. See PROMPT_GUARD_URL." in unfit
    assert "cannot be reached" in gone
