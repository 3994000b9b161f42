"""The address that Meta delivers to: the handshake, signatures, and what is kept."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.test import AsyncClient
from pytest_django.fixtures import Settings

from integrations import webhook
from integrations.models import Delivery
from integrations.signatures import signed_request, signer_of
from integrations.webhook import BODY_BYTES, LARGE_BYTES
from tests.integrations.deliveries import INSTAGRAM_SECRET, SECRET, VERIFY_TOKEN, deliver, page_delivery, signed
from tests.servers import Site, Valkey, another_database


def kept(body: bytes) -> list[Delivery]:
    return list(Delivery.objects.filter(digest=hashlib.sha256(body).hexdigest()))


def fresh() -> bytes:
    """A delivery like no other."""
    return json.dumps(page_delivery(note=str(uuid4()))).encode()


def shake(site: Site, **query: str) -> httpx.Response:
    names = {f"hub.{name}": value for name, value in query.items()}
    return httpx.get(f"{site.url}/webhooks/meta", params=names, trust_env=False)


def test_the_handshake_answers_with_the_challenge_as_plain_text(site: Site) -> None:
    answer = shake(site, mode="subscribe", verify_token=VERIFY_TOKEN, challenge="<b>1158201444</b>")
    assert (answer.status_code, answer.text) == (200, "<b>1158201444</b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "query",
    [
        {"mode": "subscribe", "verify_token": "guess", "challenge": "1"},
        {"mode": "subscribe", "challenge": "1"},
        {"verify_token": VERIFY_TOKEN, "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": VERIFY_TOKEN, "challenge": "1"},
        {"mode": "subscribe", "verify_token": "ü", "challenge": "1"},
    ],
)
def test_a_handshake_that_is_not_ours_is_refused(site: Site, query: dict[str, str]) -> None:
    assert shake(site, **query).status_code == 403


def test_a_signed_delivery_is_kept_whole(site: Site) -> None:
    body = fresh()
    assert deliver(site.url, body).status_code == 200
    [delivery] = kept(body)
    assert delivery.signer == "meta"
    # A courier of another test may have read it already; then its body is empty.
    assert bytes(delivery.body) == body or delivery.state != "waiting"


def test_instagram_has_a_secret_of_its_own(site: Site) -> None:
    body = fresh()
    assert deliver(site.url, body, INSTAGRAM_SECRET).status_code == 200
    assert [one.signer for one in kept(body)] == ["instagram"]


# The same in each process of the tests, as it is part of their names.
BODY = json.dumps(page_delivery(note="4f1c7a8e")).encode()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        signed(BODY, "another secret"),
        signed(BODY + b" "),
        signed(BODY).upper(),
        signed(BODY).replace("sha256", "sha1"),
        signed(BODY).removeprefix("sha256="),
        signed(BODY).replace("=", "= "),
        signed(BODY)[:-2] + "é",
        "sha1=" + "0" * 40,
    ],
)
def test_what_is_not_signed_by_us_is_refused_and_not_kept(site: Site, header: str) -> None:
    headers = {"X-Hub-Signature-256": header.encode("latin-1")}
    answer = httpx.post(f"{site.url}/webhooks/meta", content=BODY, headers=headers, trust_env=False)
    assert answer.status_code == 403
    assert kept(BODY) == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"text":"\\u00e5 \\ud83d\\ude00 a\\/b", "n": "%s"}' % uuid4().hex.encode(),
        '{"text":"å 😀 a/b", "n": "%s"}'.encode() % uuid4().hex.encode(),
        b'\xef\xbb\xbf{"object":"page","n":"%s"}' % uuid4().hex.encode(),
        b"\x1f\x8b not gzip " + uuid4().bytes,
        b"no JSON " + uuid4().hex.encode(),
        b"[" * 5_000 + uuid4().hex.encode(),
        b"",
    ],
    ids=["escapes", "utf-8", "a byte order mark", "binary", "words", "deep", "nothing"],
)
def test_bytes_are_signed_not_what_they_mean(site: Site, body: bytes) -> None:
    """Whatever a signed body holds, it is acknowledged; read again, it is another one."""
    assert deliver(site.url, body).status_code == 200
    # A courier that has read it drops the body.
    assert len(kept(body)) == 1
    wrong = httpx.post(
        f"{site.url}/webhooks/meta",
        content=body + b"\n",
        headers={"X-Hub-Signature-256": signed(body)},
        trust_env=False,
    )
    assert wrong.status_code == 403


def test_ten_deliveries_of_the_same_at_once_are_one(site: Site) -> None:
    body = fresh()
    with ThreadPoolExecutor(10) as people:
        answers = list(people.map(lambda _: deliver(site.url, body).status_code, range(10)))
    assert answers == [200] * 10
    assert len(kept(body)) == 1


def test_three_megabytes_are_taken_and_five_are_not(site: Site) -> None:
    large = json.dumps(page_delivery(filler="x" * 3_000_000, note=str(uuid4()))).encode()
    assert deliver(site.url, large).status_code == 200
    assert len(kept(large)) == 1
    larger = json.dumps(page_delivery(filler="x" * 5_000_000)).encode()
    assert deliver(site.url, larger).status_code == 413
    assert kept(larger) == []


@pytest.mark.parametrize("header", ["", "sha256=", signed(BODY, "another secret")[:-1], signed(BODY).upper()])
async def test_what_has_no_signature_is_refused_unread(settings: Settings, header: str) -> None:
    settings.META_APP_SECRET = SECRET
    body = b"x" * (BODY_BYTES + 1)
    assert await post(body, header) == 403
    assert await post(body, signed(body)) == 413


async def test_the_signature_of_a_large_delivery_holds_nobody_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.META_APP_SECRET, settings.INSTAGRAM_APP_SECRET = SECRET, INSTAGRAM_SECRET
    at_work = []

    def noted(*values: Any) -> str | None:
        at_work.append(threading.current_thread())
        return signer_of(*values)

    monkeypatch.setattr(webhook, "signer_of", noted)
    large = json.dumps(page_delivery(filler="x" * LARGE_BYTES, note=str(uuid4()))).encode()
    assert await post(large, signed(large)) == 200
    assert await post(large, signed(large, INSTAGRAM_SECRET)) == 200
    assert await post(large, signed(large, "another secret")) == 403
    assert threading.current_thread() not in at_work
    assert len(at_work) == 3


def test_another_method_is_refused(site: Site) -> None:
    answer = httpx.put(f"{site.url}/webhooks/meta", content=b"{}", trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_without_a_secret_there_is_no_such_address(settings: Settings) -> None:
    settings.META_APP_SECRET = settings.INSTAGRAM_APP_SECRET = ""
    settings.META_VERIFY_TOKEN = VERIFY_TOKEN
    client = AsyncClient()
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1"}
    assert (await client.get("/webhooks/meta", query)).status_code == 404
    headers = {"X-Hub-Signature-256": signed(BODY, "")}
    answer = await client.post("/webhooks/meta", BODY, content_type="application/json", headers=headers)
    assert answer.status_code == 404


async def test_without_a_verify_token_nobody_shakes_hands(settings: Settings) -> None:
    settings.META_APP_SECRET, settings.META_VERIFY_TOKEN = SECRET, ""
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    assert (await AsyncClient().get("/webhooks/meta", query)).status_code == 404


async def post(body: bytes, signature: str) -> int:
    """Deliver in this process; returns the status."""
    headers = {"X-Hub-Signature-256": signature}
    answer = await AsyncClient().post("/webhooks/meta", body, content_type="application/json", headers=headers)
    return answer.status_code


@pytest.mark.slow
def test_while_the_database_is_away_meta_is_asked_to_come_again(valkey: Valkey, tmp_path: Path) -> None:
    with another_database(tmp_path) as url:
        site = Site(tmp_path, {"REDIS_URL": valkey.url, "DATABASE_URL": url, "META_APP_SECRET": SECRET})
        site.start()
        try:
            drop_deliveries(tmp_path)
            assert deliver(site.url, fresh()).status_code == 503
        finally:
            site.kill()


def drop_deliveries(folder: Path) -> None:
    """Break the database of another site."""
    import sqlite3

    if not (folder / "other.sqlite3").exists():
        pytest.skip("only a database in a file is broken here")
    with sqlite3.connect(folder / "other.sqlite3") as connection:
        connection.execute("DROP TABLE integrations_delivery")


# Signatures as Meta makes them; the vectors were made with openssl.

VECTOR = rb'{"text":"\u00e5 \ud83d\ude00 a\/b"}'


def test_a_signature_of_a_known_body_is_known() -> None:
    known = "sha256=0a41d315f95ebd2da13953638f89c178705d157666e43adff8419dbf216db516"
    assert signer_of(VECTOR, known, {"meta": SECRET}) == "meta"
    dumped = json.dumps(json.loads(VECTOR), ensure_ascii=False).encode()
    assert signer_of(dumped, known, {"meta": SECRET}) is None


def test_an_empty_secret_signs_nothing() -> None:
    assert signer_of(b"{}", signed(b"{}", ""), {"meta": "", "instagram": ""}) is None


def test_a_signed_request_says_who_asks() -> None:
    text = (
        "mKIZkXolyf2T5z31I1jCf2KFabWQOVo49t8Xl_eDrcQ."
        "eyJ1c2VyX2lkIjoiMjE4NDcxIiwiYWxnb3JpdGhtIjoiSE1BQy1TSEEyNTYiLCJpc3N1ZWRfYXQiOjE3NzAwMDAwMDB9"
    )
    value = signed_request(text, SECRET)
    assert value is not None
    assert value["user_id"] == "218471"
    assert signed_request(text, "another") is None
    assert signed_request(text[:-2], SECRET) is None
    assert signed_request(text, "") is None
    assert signed_request("é.é", SECRET) is None
