"""What pages say and keep to themselves: headers, caches, hosts, errors, logs."""

import re
import socket as sockets
from collections.abc import Iterator
from pathlib import Path
from re import IGNORECASE
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.conf import settings

from tests.fake_llama import FakeLlama, fails, says
from tests.people import Visitor, next_address
from tests.security.attacks import Talk, rest, sign_up, talk
from tests.security.routes import NOTHING, OWNED, SIGNED, routes
from tests.servers import Server, Site, Valkey, Worker, eventually

TEMPLATES = Path(__file__).parent.parent.parent / "web" / "templates"
INLINE = {
    "a script": re.compile(r"<script(?![^>]*(?:\bsrc=|type=.application/json))", IGNORECASE),
    "a style sheet": re.compile(r"<style", IGNORECASE),
    "a style": re.compile(r"<[^>]*\sstyle\s*=", IGNORECASE),
    "a handler": re.compile(r"<[^>]*\son[a-z]+\s*=", IGNORECASE),
    "a script address": re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*(?:javascript|data|vbscript):", IGNORECASE),
    "a frame": re.compile(r"<(?:iframe|object|embed|base|applet)\b", IGNORECASE),
    "another host": re.compile(r"<(?:script|link|img|form)[^>]*(?:src|href|action)=\W?(?:https?:)?//", IGNORECASE),
}


@pytest.fixture(scope="module")
def carol(shared_site: Site) -> Iterator[tuple[Visitor, Talk]]:
    """Somebody with an account and a talk."""
    with Visitor(shared_site, next_address()) as visitor:
        talked = talk(visitor)
        sign_up(visitor)
        yield visitor, talked


OWN = dict(reversed(OWNED))
PAGES = [route for route in routes() if OWN.get(route.name) is None or OWN[route.name].method == "GET"]
STRANGE = ["/nowhere", "/c/1/", f"/c/{NOTHING}/", "/admin/nowhere/", "/static/nowhere.js", "/.env", "/.git/config"]


def path_of(route: Any, talked: Talk) -> str:
    return OWN[route.name].path(route.name, talked) if route.name in OWN else route.path


def directives(response: httpx.Response) -> dict[str, list[str]]:
    parts = (part.split() for part in response.headers["content-security-policy"].split(";"))
    return {name: values for name, *values in parts}


def assert_guarded(response: httpx.Response) -> None:
    """The headers that every page has."""
    policy = directives(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:"]
    assert policy["media-src"] == ["'self'"]
    assert policy["form-action"] == ["'self'"]
    assert policy["base-uri"] == policy["object-src"] == policy["frame-ancestors"] == ["'none'"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=(), " in response.headers["permissions-policy"]
    # Django's admin makes HTML of text in ways of its own.
    in_admin = response.request.url.path.startswith("/admin/")
    types = ("require-trusted-types-for", ["'script'"]), ("trusted-types", ["chaski"])
    assert all(policy.get(name) == (None if in_admin else value) for name, value in types)


def inline(html: str) -> list[str]:
    return [what for what, pattern in INLINE.items() if pattern.search(html)]


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_every_page_is_guarded_and_private(carol: tuple[Visitor, Talk], bob: Visitor, route: Any) -> None:
    visitor, talked = carol
    for who in (visitor, bob):
        page = who.get(path_of(route, talked))
        if route.name in ("attachment_text", "attachment_picture") and page.status_code == 200:
            # Somebody's text or photo, as a file: a browser may do nothing at all with it.
            policy = {"default-src": ["'none'"], "base-uri": ["'none'"], "frame-ancestors": ["'none'"], "sandbox": []}
            assert directives(page) == policy
            assert page.headers["x-content-type-options"] == "nosniff"
        elif route.name == "room_file" and page.status_code == 200:
            # Somebody's recording or document: it may be played, and nothing else.
            policy = {"default-src": ["'none'"], "base-uri": ["'none'"], "frame-ancestors": ["'none'"], "sandbox": []}
            assert directives(page) == policy | {"media-src": ["'self'"]}
            assert page.headers["x-content-type-options"] == "nosniff"
        elif route.name in (*SIGNED, "api_completions", "api_models", "api_nothing"):
            # Programs read it, and no page is in it.
            assert directives(page) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}
            assert page.headers["x-content-type-options"] == "nosniff"
        else:
            assert_guarded(page)
        assert page.headers["x-frame-options"] == "DENY"
        # Such a file is the only thing that a browser keeps, and nobody on the way.
        kept = route.name in ("picture_file", "room_picture", "room_file") and page.status_code == 200
        assert ("no-store" in page.headers["cache-control"]) is not kept
        assert "private" in page.headers["cache-control"]
        assert inline(page.text) == []
        assert "server" not in page.headers
        assert not re.search(r"django|uvicorn|python", page.headers.get("x-powered-by", ""), re.IGNORECASE)


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_no_template_holds_code_or_style_of_its_own(template: Path) -> None:
    assert inline(template.read_text()) == []


def test_the_guard_against_inline_code_sees_it() -> None:
    bad = ["<script>x</script>", "<style>", "<p style='a'>", "<a onclick=x>", "<a href='javascript:x'>", "<iframe>"]
    assert all(inline(html) for html in bad)


@pytest.mark.parametrize("path", STRANGE)
def test_an_unknown_address_is_not_found_and_tells_nothing(
    carol: tuple[Visitor, Talk], bob: Visitor, path: str
) -> None:
    for who in (carol[0], bob):
        page = who.get(path)
        if path.startswith("/admin/"):
            assert page.status_code in (302, 403, 404)
            continue
        assert page.status_code == 404
        assert_guarded(page)
        assert not re.search(r"Traceback|Django|urlconf|Using the URLconf|settings|Python|\d+\.\d+\.\d+", page.text)


def test_error_pages_are_guarded_and_tell_nothing(alice: Visitor) -> None:
    alice.get("/")
    token = {"X-CSRFToken": alice.http.cookies["csrftoken"]}
    pages = {
        400: alice.http.post("/", content=b"id=1", headers={"Content-Type": FORM + "; charset=utf-7", **token}),
        403: alice.http.post("/", data={"text": "Hi"}),
        405: alice.get(f"/c/{NOTHING}/delete"),
        404: alice.get("/nowhere"),
    }
    for status, page in pages.items():
        assert page.status_code == status
        assert_guarded(page)
        assert "no-store" in page.headers["cache-control"]
        assert not re.search(r"Traceback|Django|CSRF|utf-7|BadRequest", page.text)
        assert str(Path.cwd()) not in page.text


FORM = "application/x-www-form-urlencoded"


def test_a_page_that_breaks_tells_nothing(
    database: None, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The database is gone: the error page still comes, without a word of what broke."""
    folder = tmp_path_factory.mktemp("broken-site")
    environment = {"LLAMA_URL": shared_llama.url, "DATABASE_URL": f"sqlite:///{folder}/empty.sqlite3"}
    site = Site(folder, {**environment, "REDIS_URL": "redis://127.0.0.1:1/0"})
    site.start()
    try:
        with httpx.Client(base_url=site.url, trust_env=False, cookies={"sessionid": "a" * 32}) as http:
            page = http.get("/c/")
        assert page.status_code == 500
        assert_guarded(page)
        assert not re.search(r"Traceback|Django|OperationalError|sqlite|no such table|session", page.text)
    finally:
        site.kill()


def test_pages_vary_by_cookie_and_static_files_set_none(alice: Visitor) -> None:
    alice.begin()
    page = alice.get("/")
    assert "Cookie" in page.headers["vary"]
    names = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert names
    for name in names:
        static = httpx.get(alice.site.url + name, trust_env=False)
        assert static.status_code == 200
        assert "set-cookie" not in static.headers
        assert "cookie" not in static.headers.get("vary", "").lower()
        assert static.headers["x-content-type-options"] == "nosniff"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(alice: Visitor) -> None:
    alice.get("/")
    response = alice.post("/", {"text": "Hello", "id": str(uuid4())})
    cookies = response.headers.get_list("set-cookie")
    assert any(cookie.startswith("sessionid=") for cookie in cookies)
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


# Where it is


@pytest.mark.parametrize(
    "target",
    ["//evil.example/", "/\\evil.example/", "https://evil.example/", "javascript:alert(1)", "//evil.example/c"],
)
def test_nobody_is_sent_to_another_site(bob: Visitor, target: str) -> None:
    paths = ["/account/login/", "/account/signup/", "/account/logout/", "/admin/login/", "/admin/", "/you/", "/c/"]
    for path in paths:
        for page in (bob.get(path, params={"next": target}), bob.post(path, {"next": target})):
            assert not leaves(page.headers.get("location", "")), (path, page.headers)
            assert "evil.example/" not in re.sub(r'value="[^"]*"|\?next=[^"]*"', "", page.text)
    sign_in = {"username": f"n{uuid4().hex[:20]}", "password1": "quiet llama 42", "next": target}
    signed = bob.post("/account/signup/", sign_in)
    assert signed.status_code == 302
    assert signed.headers["location"] == "/"


def leaves(location: str) -> bool:
    return bool(re.match(r"[/\\]{2}|[a-z]+:", location.strip(), re.IGNORECASE))


LIKE_HOSTS = ["//evil.example", "//evil.example/c", "/%2f%2fevil.example", "/\\evil.example", "//evil.example/%2e%2e"]


@pytest.mark.parametrize("path", LIKE_HOSTS)
def test_a_path_that_looks_like_a_host_leads_nowhere(site: Site, path: str) -> None:
    answer = raw(site, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n\r\n")
    location = re.search(r"(?im)^location: *(.*?)\r$", answer)
    assert not (location and leaves(location[1])), answer


def raw(site: Site, request: str) -> str:
    """The head of the answer to a request written by hand."""
    with sockets.create_connection(("127.0.0.1", site.port), timeout=10) as line:
        line.sendall(request.encode("latin-1"))
        return line.recv(65536).decode("latin-1")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "127.0.0.1:80:80", "", "[", "a b", "x" * 5000],
)
def test_a_host_that_is_not_ours_is_refused(site: Site, host: str) -> None:
    answer = raw(site, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
    assert answer.startswith("HTTP/1.1 400")
    assert "evil.example" not in answer


def test_headers_about_hosts_and_people_are_not_believed(alice: Visitor, bob: Visitor) -> None:
    hers = talk(alice)
    plain = bob.get("/you/")
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "1234",
        "X-Original-URL": "/admin/",
        "X-Rewrite-URL": "/admin/",
        "X-Script-Name": "/evil",
        "Remote-User": alice.person.username,
        "X-User": str(alice.person.id),
        "X-Forwarded-User": alice.person.username,
        "X-Forwarded-Email": "operator@example.com",
        "Authorization": f"Bearer {alice.session_key}",
    }
    page = bob.get("/you/", headers=forged)
    assert page.status_code == 200
    assert re.sub(r'content="\w{64}"', "", page.text) == re.sub(r'content="\w{64}"', "", plain.text)
    assert "strict-transport-security" not in page.headers
    assert bob.get(f"/c/{hers.conversation.id}/", headers=forged).status_code == 404


@pytest.mark.parametrize("key", ["{alice}", "{alice:.20}", "{alice}x", "chosen-by-the-attacker-000000000", ""])
def test_a_cookie_one_made_up_is_nobodys_and_is_not_kept(alice: Visitor, bob: Visitor, key: str) -> None:
    """Only the whole key of Alice's session is Alice."""
    hers = talk(alice)
    made_up = key.format(alice=alice.session_key)
    bob.http.cookies.set("sessionid", made_up, domain="127.0.0.1")
    seen = bob.get(f"/c/{hers.conversation.id}/").status_code
    assert seen == (200 if made_up == alice.session_key else 404)
    if made_up != alice.session_key:
        bob.http.cookies.delete("sessionid", domain="127.0.0.1")
        headers = {"Cookie": f"sessionid={made_up}; csrftoken={alice.http.cookies['csrftoken']}"}
        token = {"X-CSRFToken": alice.http.cookies["csrftoken"], "Origin": alice.site.url}
        answer = bob.http.post("/", data={"text": "Hello"}, headers={**headers, **token})
        assert answer.status_code == 302
        assert answer.cookies["sessionid"] != made_up


def post(http: httpx.Client, headers: dict[str, str]) -> httpx.Response:
    return http.post("/", data={"text": "Hi"}, headers=headers)


def test_a_public_site_speaks_https_only(
    valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "SITE_URL": "https://chat.example",
        "SECRET_KEY": "quiet-llamas-cross-the-bridge-before-dawn-0123456789",
    }
    site = Site(tmp_path_factory.mktemp("public-site"), environment)
    site.start()
    try:
        with httpx.Client(base_url=site.url, headers={"Host": "chat.example"}, trust_env=False) as http:
            page = http.get("/")
            assert "max-age=31536000" in page.headers["strict-transport-security"]
            token = re.search(r'name="csrf-token" content="(\w+)"', page.text)
            assert token
            cookie = page.headers["set-cookie"].partition(";")[0]
            headers = {"Cookie": cookie, "X-CSRFToken": token[1]}
            own = {**headers, "Origin": "https://chat.example"}
            assert (
                http.post("/", data={"text": "Hi"}, headers={**headers, "Origin": "http://chat.example"}).status_code
                == 403
            )
            assert http.post("/", data={"text": "Hi"}, headers=headers).status_code == 403
            answer = http.post("/", data={"text": "Hi"}, headers=own)
            assert answer.status_code == 302
            given = [*page.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
            assert {cookie.partition("=")[0] for cookie in given} == {"__Host-csrftoken", "__Host-sessionid"}
            for cookie in given:
                assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
            assert httpx.get(f"{site.url}/", headers={"Host": "127.0.0.1"}, trust_env=False).status_code == 400
    finally:
        site.kill()


# What the operator sees


def test_health_tells_strangers_no_more_than_yes_or_no(bob: Visitor) -> None:
    assert bob.get("/healthz").text == "ok\n"
    ready = bob.get("/readyz").json()
    assert set(ready) == {"database", "redis", "model"}
    assert all(isinstance(answer, bool) for answer in ready.values())


def test_no_page_file_or_log_holds_a_secret(alice: Visitor, site: Site) -> None:
    """Those that this site was started with."""
    said = talk(alice)
    named = ("META_APP_SECRET", "META_VERIFY_TOKEN", "INSTAGRAM_APP_SECRET", "REDIS_URL")
    secrets = {site.environment[name] for name in named} | {settings.SECRET_KEY}
    assert len(secrets) == 5
    paths = [path_of(route, said) for route in PAGES if not route.name.startswith("admin:")]
    shown = {path: alice.get(path).text for path in [*paths, "/static/", "/var/secret-key", "/.env", "/.git/config"]}
    files = [path for path in Path(settings.STATIC_ROOT).rglob("*") if path.is_file()]
    built = {str(path): path.read_text(errors="replace") for path in files}
    assert len(built) > 100
    everything = shown | built | {"the log": site.log}
    assert [name for name, text in everything.items() for secret in secrets if secret in text] == []


def test_browsers_are_given_no_file_of_another_site() -> None:
    """Scripts, styles, fonts and pictures are our own: what another site serves could change any day."""
    files = [path for path in Path(settings.STATIC_ROOT).rglob("*") if path.suffix in (".js", ".css", ".html")]
    files += TEMPLATES.rglob("*.html")
    foreign = re.compile(
        r"""(?:\bfrom|\bimport|\bfetch|importScripts|url|Worker)\s*\(?\s*["'`]?(?:https?:)?//[\w.]+"""
        r"""|<(?:script|link|img|iframe|source|video|audio)\b[^>]*\b(?:src|href|srcset)=["']?(?:https?:)?//"""
        r"""|sourceMappingURL"""
    )
    assert len(files) > 100
    assert [(str(path), found[0]) for path in files for found in foreign.finditer(path.read_text())] == []


def test_nothing_that_people_write_stands_in_a_log(fake_llama: FakeLlama, folder: Path) -> None:
    """A marker in everything that a person, the model, or the model's server may say."""
    marker, valkey = f"zebra{uuid4().hex}", Valkey(folder / "valkey")
    environment = {"REDIS_URL": valkey.url, "LLAMA_URL": fake_llama.url}
    servers: list[Server] = [valkey, Site(folder / "site", environment), Worker(folder / "worker", environment)]
    try:
        for server in servers:
            server.start()
        with Visitor(servers[1], next_address()) as visitor:  # type: ignore[arg-type]
            say_everywhere(visitor, marker, fake_llama)
        for server in servers:
            assert server.log
            assert marker not in server.log
    finally:
        for server in reversed(servers):
            server.kill()


def say_everywhere(visitor: Visitor, marker: str, fake_llama: FakeLlama) -> None:
    fake_llama.on("Tell me", says(f"Yes, {marker}."))
    fake_llama.on("And", fails(500, {"error": {"message": f"cannot say {marker}"}}))
    conversation = visitor.begin(f"Tell me of {marker}")
    rest(conversation)
    eventually(lambda: len(fake_llama.requests) >= 2)  # The worker has asked for a title.
    visitor.post(f"/c/{conversation.id}/messages", {"text": f"And {marker}"})
    rest(conversation)
    answer = conversation.messages.filter(role="assistant").first()
    assert answer
    visitor.post(f"/m/{answer.id}/feedback", {"good": "0", "word": marker})
    visitor.post(f"/c/{conversation.id}/rename", {"title": marker})
    visitor.get("/c/", params={"q": marker})
    visitor.get(f"/nowhere/{NOTHING}", params={"q": marker})
    # Addresses may be links that only some have, or tell what is searched for.
    for path in (f"/nowhere/{marker}", f"/r/{marker}", f"/s/{marker}/", f"/s/c/{marker}/", f"/healthz?q={marker}"):
        visitor.get(path)
        visitor.http.post(path)
    visitor.get("/", headers={"Host": f"{marker}.example"})
    visitor.http.post("/", data={"text": marker})
    visitor.post("/", {"text": marker * 1000})
    visitor.post("/", {"text": marker, "id": marker})
    visitor.post("/account/login/", {"login": marker, "password": marker})
    visitor.http.post("/", content=f"text={marker}".encode(), headers={"Content-Type": FORM + "; charset=utf-7"})
    with visitor.socket() as socket:
        for frame in (marker, f'{{"type": "{marker}"}}', f'{{"type": "open", "conversation": "{marker}"}}'):
            socket.connection.send(frame)
            socket.hear()
        socket.say("send", conversation=conversation.id, id=marker, text=marker)
        socket.hear()
        socket.say("send", conversation=NOTHING, id=uuid4(), text=marker)
        socket.hear()


def test_a_conversations_name_breaks_out_of_no_place_it_stands_in(alice: Visitor, fake_llama: FakeLlama) -> None:
    conversation = talk(alice).conversation
    hostile = "\"'></title></script><script>canary()</script><!-- \u2028"
    assert alice.post(f"/c/{conversation.id}/rename", {"title": hostile}).status_code == 302
    for path in (f"/c/{conversation.id}/", "/c/", "/c/?manage=1", "/c/?q=canary", "/"):
        page = alice.get(path).text
        assert "&lt;script&gt;canary()" in page, path
        assert "<script>canary" not in page, path
        assert "\"'>" not in page, path
