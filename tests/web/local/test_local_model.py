"""The embedded model: which file it is, and that it answers us alone."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.llama.client import LlamaClient
from assistant.llama.options import LlamaOptions
from tests.ports import free_port
from tests.servers import eventually
from tests.web.local.hub import Hub
from tests.web.local.small_preset import small_preset
from web.local import presets
from web.local.errors import DownloadError, ModelFileError, UnknownModelError
from web.local.llama import CONTEXT, LocalModel, choose, demo_file, llama
from web.local.progress import Terminal


def said(terminal: Terminal) -> str:
    return terminal.out.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_without_a_wish_the_demonstration_model_is_taken(tmp_path: Path, terminal: Terminal) -> None:
    model = choose("", tmp_path, terminal)
    assert (model.demo, model.path.suffix, said(terminal)) == (True, ".gguf", "")


def test_a_file_of_the_operator_is_taken(tmp_path: Path, terminal: Terminal) -> None:
    file = tmp_path / "Llama-3.2-1B.gguf"
    file.write_bytes(b"GGUF and more")
    model = choose(str(file), tmp_path, terminal)
    assert (model.path, model.name, model.demo) == (file, "Llama-3.2-1B", False)


@pytest.mark.parametrize("wanted", ["nowhere.gguf", "/", "someone/llama:llama.bin", "~/nowhere.gguf"])
def test_what_is_not_a_file_is_refused_by_name(tmp_path: Path, terminal: Terminal, wanted: str) -> None:
    with pytest.raises(ModelFileError, match="LLAMA_LOCAL_MODEL names"):
        choose(wanted, tmp_path, terminal)


@pytest.mark.parametrize("wanted", ["llama-3.2-2b", "llama", "gpt-4o", "List"])
def test_a_name_that_is_not_known_is_refused_with_those_that_are(
    tmp_path: Path, terminal: Terminal, wanted: str
) -> None:
    with pytest.raises(UnknownModelError, match=f'no model "{wanted}".*llama-3.2'):
        choose(wanted, tmp_path, terminal)


def test_a_model_with_a_name_is_fetched_once(
    hub: Hub, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, terminal: Terminal
) -> None:
    settings.HUB_URL = hub.url
    monkeypatch.setattr(presets, "PRESETS", (small_preset(hub.content),))
    model = choose("Llama-3.2-1B", tmp_path, terminal)
    assert (model.name, model.demo, model.path.read_bytes()) == ("small-Q4", False, hub.content)
    assert "Fetching small-Q4.gguf, 0.0 GB, from http://127.0.0.1" in said(terminal)
    assert "you accept the Llama 3.2 Community License, https://www.llama.com/llama3_2/license/" in said(terminal)
    assert "100 %" in said(terminal)
    assert model.licence in said(terminal)
    length = len(said(terminal))
    assert choose("llama-3.2-1b", tmp_path, terminal) == model
    assert (len(said(terminal)), len(hub.asked)) == (length, 1)


def test_a_model_of_anybody_is_fetched_once(hub: Hub, settings: Any, tmp_path: Path, terminal: Terminal) -> None:
    settings.HUB_URL = hub.url
    model = choose("someone/llama:small.gguf", tmp_path, terminal)
    assert (model.path, model.licence) == (tmp_path / "someone" / "llama" / "small.gguf", "")
    settings.HUB_URL = "http://127.0.0.1:1"
    assert choose("someone/llama:small.gguf", tmp_path, terminal) == model


@pytest.mark.parametrize("wanted", ["llama-3.2-1b", "someone/llama:small.gguf"])
def test_without_a_hub_the_demonstration_model_answers(
    settings: Any, tmp_path: Path, terminal: Terminal, wanted: str
) -> None:
    settings.HUB_URL = f"http://127.0.0.1:{free_port()}"
    model = choose(wanted, tmp_path, terminal)
    assert model.demo
    assert model.trouble.startswith(f"{settings.HUB_URL} cannot be reached")
    assert model.trouble in said(terminal)


def test_without_a_hub_and_a_demonstration_model_the_sentence_is_about_the_hub(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, terminal: Terminal
) -> None:
    settings.HUB_URL = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr("web.local.llama.DEMO_PACKAGE", "not_installed")
    with pytest.raises(DownloadError, match="cannot be reached"):
        choose("llama-3.2-1b", tmp_path, terminal)


def test_a_model_that_is_too_large_is_told_before_it_is_fetched(
    settings: Any, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HUB_URL = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr("web.local.machine.LIMITS", ())
    monkeypatch.setattr(presets, "REST_BYTES", 10**15)
    choose("llama-3.2-1b", tmp_path, terminal)
    assert "llama-3.2-1b is large for this machine, and will be slow" in said(terminal)


async def test_a_real_model_reads_more_and_the_site_is_told_how_much(tmp_path: Path) -> None:
    model = LocalModel(demo_file(), "Llama-3.2-1B-Instruct", demo=False)
    server = llama(model, tmp_path, dict(os.environ))
    server.child.start()
    eventually(lambda: server.child.check() or server.child.is_ready(), 60)
    site = server.settings(model)
    client = LlamaClient(LlamaOptions(url=site["LLAMA_URL"], key=site["LLAMA_KEY"], model=site["LLAMA_MODEL"]))
    try:
        backend = await client.backend()
    finally:
        await client.close()
        server.child.kill()
    assert (backend.context, backend.context_is_told, backend.model) == (CONTEXT, True, "Llama-3.2-1B-Instruct")
    assert (site["LLAMA_DEMO"], site["LLAMA_PARALLEL"], site["LLAMA_FIRST_TOKEN_SECONDS"]) == ("false", "2", "300")


def test_the_operators_own_patience_counts(tmp_path: Path) -> None:
    model = LocalModel(demo_file(), "Llama", demo=False)
    server = llama(model, tmp_path, {"LLAMA_FIRST_TOKEN_SECONDS": "60"})
    assert "LLAMA_FIRST_TOKEN_SECONDS" not in server.settings(model)


def test_the_server_answers_with_its_key_only(tmp_path: Path, terminal: Terminal) -> None:
    model = choose("", tmp_path, terminal)
    server = llama(model, tmp_path, dict(os.environ))
    server.child.start()
    eventually(lambda: server.child.check() or server.child.is_ready(), 60)
    site = server.settings(model)
    question = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, "model": site["LLAMA_MODEL"]}
    try:
        stranger = httpx.post(f"{server.url}/chat/completions", json=question)
        ours = httpx.post(
            f"{site['LLAMA_URL']}/chat/completions",
            json=question,
            headers={"Authorization": f"Bearer {site['LLAMA_KEY']}"},
            timeout=60,
        )
    finally:
        server.child.kill()
    assert stranger.status_code == 401
    assert ours.json()["model"] == "SmolLM2-135M-Instruct"
    assert ours.json()["usage"]["completion_tokens"] in range(1, 5)
