"""D16: tokens and secrets of the messengers appear in no log line, error page, admin list or export."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings as django_settings
from django.views.debug import SafeExceptionReporterFilter
from pytest_django.fixtures import Settings

from integrations.redaction import SECRETS, redacted
from tests.fake_llama import FakeLlama
from tests.integrations.graph_answers import ACCOUNTS, TOKENS
from tests.ports import free_port
from tests.servers import Site, Valkey

ALL = TOKENS | {"INSTAGRAM_APP_SECRET": "secret-of-instagram-66d1"}
PREFIX = re.compile(r"(META|WHATSAPP|MESSENGER|INSTAGRAM)_.*(TOKEN|SECRET|TOKEN_GIVEN)$")


@pytest.fixture
def site(valkey: Valkey, shared_llama: FakeLlama, folder: Path) -> Iterator[Site]:
    """A site with three apps, that says all it can in its log. Meta is away."""
    meta = f"http://127.0.0.1:{free_port()}"
    environment = {"REDIS_URL": valkey.url, "LLAMA_URL": shared_llama.url, "LOG_LEVEL": "DEBUG"}
    environment |= {"GRAPH_URL": meta, "INSTAGRAM_GRAPH_URL": meta}
    site = Site(folder / "site", {**environment, **ALL, **ACCOUNTS})
    site.start()
    yield site
    site.kill()


def signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(ALL["META_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def test_d16_no_answer_and_no_log_line_of_a_site_has_them(site: Site) -> None:
    hook = "/webhooks/meta"
    shake = {"hub.mode": "subscribe", "hub.challenge": "12", "hub.verify_token": ALL["META_VERIFY_TOKEN"]}
    with httpx.Client(base_url=site.url, timeout=20) as client:
        answers = [
            client.get(hook, params=shake),
            client.get(hook, params=shake | {"hub.mode": "unsubscribe"}),
            client.get(hook, params={"hub.verify_token": "no"}),
            client.post(hook, content=b"{}", headers={"X-Hub-Signature-256": f"sha256={'00' * 32}"}),
            client.post(hook, content=b"\xff", headers=signed(b"\xff")),
            client.post(hook, content=b'{"object": "page"}', headers=signed(b'{"object": "page"}')),
            client.put(hook),
            client.get("/nowhere"),
            client.get("/admin/"),
            client.get("/about/"),
            client.get("/you/"),
            client.get("/readyz"),
        ]
    assert [answer.status_code for answer in answers[:6]] == [200, 403, 403, 403, 200, 200]
    seen = {answer.request.url.path: answer.text + str(answer.headers) for answer in answers}
    leaks = [(path, name) for path, text in seen.items() for name, secret in ALL.items() if secret in text]
    assert leaks == []
    assert "its signature is not ours" in site.log
    assert [name for name, secret in ALL.items() if secret in site.log] == []


def test_d16_all_of_them_are_known_as_secrets() -> None:
    assert {name for name in dir(django_settings) if PREFIX.match(name)} == set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_d16_djangos_own_page_of_errors_hides_them(name: str) -> None:
    shown = SafeExceptionReporterFilter().cleanse_setting(name, "secret")
    assert shown == SafeExceptionReporterFilter.cleansed_substitute


def test_d16_a_text_of_meta_is_kept_without_them(settings: Settings) -> None:
    for name, secret in ALL.items():
        setattr(settings, name, secret)
    text = "Malformed access token " + " and ".join(ALL.values())
    assert not any(secret in redacted(text) for secret in ALL.values())
    assert redacted(text).startswith("Malformed access token … and …")
    assert redacted("one of another account: abcdef", "abcdef") == "one of another account: …"


def test_d16_an_empty_secret_hides_nothing(settings: Settings) -> None:
    for name in SECRETS:
        setattr(settings, name, "")
    assert redacted("as it was") == "as it was"


def test_d16_one_secret_within_another_is_hidden_as_a_whole(settings: Settings) -> None:
    for name, secret in {"META_APP_SECRET": "abcd", "META_VERIFY_TOKEN": "abcdefgh"}.items():
        setattr(settings, name, secret)
    assert redacted("it is abcdefgh") == "it is …"
