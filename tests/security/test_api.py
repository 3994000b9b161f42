"""The API, attacked: with no key, others' keys, sessions, and what is large, smuggled or repeated."""

import json
import socket
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.utils import timezone

from assistant import api_keys, suspension
from assistant.models import ApiKey
from tests.fake_llama import FakeLlama
from tests.people import Visitor, next_address
from tests.security.attacks import sign_up
from tests.servers import Site, Valkey
from tests.web.api.programs import Program, asking, code, new_program

PATHS = ("/v1/models", "/v1/chat/completions")


@pytest.fixture
def program(site: Site) -> Program:
    return new_program(site)


def call(program: Program, path: str, **headers: str) -> httpx.Response:
    """Ask with these headers in place of the key."""
    request = {"headers": {"X-Forwarded-For": program.address, **headers}, "timeout": 20}
    if path == "/v1/models":
        return httpx.get(program.site.url + path, **request)  # type: ignore[arg-type]
    return httpx.post(program.site.url + path, json=asking(), **request)  # type: ignore[arg-type]


def raw(site: Site, *lines: str, body: str = "") -> str:
    """What a request of these lines, as they are, is answered with."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as line:
        line.sendall(("\r\n".join([*lines, "Connection: close", "", ""]) + body).encode("latin-1"))
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return answer.decode("latin-1")


@pytest.mark.parametrize("path", PATHS)
def test_a_request_without_a_good_key_is_refused(program: Program, path: str, fake_llama: FakeLlama) -> None:
    key, asked = program.key, len(fake_llama.requests)
    wrong = key[:-1] + ("b" if key[-1] == "a" else "a")
    for given in (
        "",
        key,
        f"Basic {key}",
        f"Bearer{key}",
        f"Bearer {wrong}",
        f"Bearer {key} x",
        f"Bearer {key},",
        "Bearer",
    ):
        refused = call(program, path, Authorization=given)
        assert (refused.status_code, code(refused)) == (401, "invalid_api_key"), given
        assert refused.headers["www-authenticate"] == "Bearer"
    for name in ("X-Api-Key", "Api-Key", "Cookie", "Proxy-Authorization", "X-Authorization"):
        assert call(program, path, **{name: f"Bearer {key}"}).status_code == 401
    assert len(fake_llama.requests) == asked
    assert call(program, path, Authorization=f"bearer  {key}").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_key_that_was_revoked_or_has_expired_opens_nothing_from_then_on(program: Program, path: str) -> None:
    assert call(program, path, Authorization=f"Bearer {program.key}").status_code == 200
    key = ApiKey.objects.filter(person=program.person)
    key.update(expires_at=timezone.now() - timedelta(seconds=1))
    expired = call(program, path, Authorization=f"Bearer {program.key}")
    key.update(expires_at=None)
    assert call(program, path, Authorization=f"Bearer {program.key}").status_code == 200
    api_keys.revoke(program.person, key.get().id)
    revoked = call(program, path, Authorization=f"Bearer {program.key}")
    unknown = call(program, path, Authorization=f"Bearer {api_keys.PREFIX}{'a' * 12}_{'b' * 40}")
    assert expired.status_code == revoked.status_code == unknown.status_code == 401
    assert expired.text == revoked.text == unknown.text


def test_a_suspended_account_is_told_so(program: Program, valkey: Valkey) -> None:
    suspension.suspend(program.person.pk)
    refused = program.ask()
    assert (refused.status_code, code(refused)) == (403, "account_suspended")


def test_sessions_open_no_api_and_keys_no_page(alice: Visitor, site: Site) -> None:
    person = sign_up(alice)
    for path in PATHS:
        assert alice.get(path).status_code in (401, 405)
        assert alice.post(path, headers={"Content-Type": "application/json"}).status_code in (401, 405)
    program = new_program(site, person)
    headers = {"Authorization": f"Bearer {program.key}", "X-Forwarded-For": program.address}
    page = httpx.get(f"{site.url}/you/", headers=headers)
    assert "Nothing is kept about you" in page.text
    assert httpx.get(f"{site.url}/you/memory", headers=headers).headers["location"] == "/you/"
    # A key says who asks whatever the cookies say, and leaves none.
    both = httpx.get(f"{site.url}/v1/models", headers={**headers, "Cookie": "sessionid=" + "a" * 32})
    assert both.status_code == 200
    assert "set-cookie" not in both.headers


def test_a_key_in_an_address_is_refused_and_called_what_it_is(program: Program) -> None:
    headers = {"Authorization": f"Bearer {program.key}"}
    for query in (f"?api_key={program.key}", f"?key={program.key[:-5]}", f"?{program.key}"):
        for sent in ({}, headers):
            answer = httpx.get(f"{program.site.url}/v1/models{query}", headers=sent)
            assert (answer.status_code, code(answer)) == (401, "key_in_address")
            assert program.key[10:] not in answer.text


def test_headers_that_come_twice_or_in_another_spelling_are_refused(program: Program) -> None:
    other = new_program(program.site)
    host = f"Host: 127.0.0.1:{program.site.port}"
    first, second = f"Authorization: Bearer {program.key}", f"Authorization: Bearer {other.key}"
    ask = "GET /v1/models HTTP/1.1"
    assert " 200 " in raw(program.site, ask, host, first).splitlines()[0]
    for headers in (
        (first, second),
        (first, first),
        (first, "authorization: Bearer x"),
        (first.replace("Authorization", "Authorization "),),
        (first.replace("Authorization", "Author_ization"),),
        (f"HTTP_AUTHORIZATION: Bearer {program.key}",),
        (f"X-Ignored: a\n{first}",),
        (f" {first}",),
        (f"Authorization: Bearer\t{program.key}",),
        (f"Authorization: Bearer {program.key[:20]}\r\n {program.key[20:]}",),
    ):
        status = raw(program.site, ask, host, *headers).splitlines()[0]
        assert " 401 " in status or " 400 " in status, headers


def test_a_second_request_in_a_body_is_none(program: Program, fake_llama: FakeLlama) -> None:
    host, key = f"Host: 127.0.0.1:{program.site.port}", f"Authorization: Bearer {program.key}"
    smuggled = f"GET /v1/models HTTP/1.1\r\n{host}\r\n{key}\r\n\r\n"
    both = ("Content-Length: 4", "Transfer-Encoding: chunked")
    answer = raw(program.site, "POST /v1/chat/completions HTTP/1.1", host, *both, body=f"0\r\n\r\n{smuggled}")
    assert answer.count("HTTP/1.1") == 1
    assert " 200 " not in answer


def test_large_bodies_are_refused_in_the_form_of_the_api(program: Program, fake_llama: FakeLlama) -> None:
    asked = len(fake_llama.requests)
    huge = program.post(b" " * (1024 * 1024 + 1))
    assert huge.status_code == 413
    assert huge.json()["error"]["type"] == "invalid_request_error"
    assert program.post(b"x" * 300_000, path="/v1/models").status_code == 413
    largest = program.post(json.dumps(asking()).encode().ljust(1024 * 1024))
    assert largest.status_code == 200
    deep = program.post(b'{"messages":' + b"[" * 900_000)
    assert (deep.status_code, code(deep)) == (400, "invalid_json")
    assert len(fake_llama.requests) == asked + 1


def test_other_sites_may_not_ask_from_a_browser(program: Program) -> None:
    origin = {"Origin": "https://evil.example"}
    asked = program.post(asking(), headers=origin)
    preflight = httpx.options(
        f"{program.site.url}/v1/chat/completions",
        headers={**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"},
    )
    assert preflight.status_code == 405
    for answer in (asked, preflight):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]


def test_what_an_address_has_not_is_said_in_the_form_of_the_api(program: Program) -> None:
    for path in ("/v1/", "/v1/embeddings", "/v1/models/", "/v1/chat/completions/", "/v1/files/../../admin"):
        answer = program.post(asking(), path=path)
        assert answer.status_code in (404, 405) or path.endswith("admin"), path
    assert code(program.post(asking(), path="/v1/embeddings")) == "not_found"
    method = program.post(asking(), path="/v1/models")
    assert (method.status_code, method.headers["allow"]) == (405, "GET, HEAD")
    assert method.json()["error"]["message"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_no_answer_names_the_server_behind(program: Program, fake_llama: FakeLlama, streamed: bool) -> None:
    answer = program.ask(stream=streamed)
    told = answer.text + str(answer.headers)
    for name in ("fake-llama", "llamacpp", str(fake_llama.port)):
        assert name not in told


def test_neither_keys_nor_words_are_in_the_log(program: Program, site: Site, fake_llama: FakeLlama) -> None:
    words = f"private {uuid4().hex}"
    wrong = program.key[:-1] + ("b" if program.key[-1] == "a" else "a")
    secret = program.key.rpartition("_")[2]
    program.ask(words)
    program.ask(words, stream=True)
    program.ask(words, stop=["x"])
    program.post({"model": words, "messages": [{"role": "user", "content": words}]})
    program.post(words.encode())
    for given in (wrong, program.key + "x", f"{program.key},{program.key}"):
        call(program, "/v1/models", Authorization=f"Bearer {given}")
    httpx.get(f"{site.url}/v1/models?key={program.key}")
    httpx.get(f"{site.url}/v1/{program.key}")
    log = site.log
    assert secret[:-1] not in log
    assert words not in log


def test_the_key_of_one_never_asks_as_another(site: Site) -> None:
    ada, bob = new_program(site), new_program(site)
    mixed = f"{api_keys.PREFIX}{ada.key.split('_')[1]}_{bob.key.split('_')[2]}"
    assert call(ada, "/v1/models", Authorization=f"Bearer {mixed}").status_code == 401
    # What one uses up the other has still.
    assert [ada.ask().status_code for _ in range(21)] == [200] * 20 + [429]
    assert bob.ask().status_code == 200


def test_requests_that_make_no_sense_count_too(program: Program) -> None:
    statuses = [program.post(b"{").status_code for _ in range(21)]
    assert statuses == [400] * 20 + [429]


def test_addresses_share_a_limit_whatever_keys_they_have(site: Site, fake_llama: FakeLlama) -> None:
    address = next_address()
    programs = [new_program(site) for _ in range(4)]
    for one in programs:
        one.address = address
    statuses: list[Any] = [one.ask().status_code for _ in range(16) for one in programs]
    assert statuses == [200] * 60 + [429] * 4
