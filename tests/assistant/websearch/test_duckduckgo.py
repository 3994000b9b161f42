"""The library ddgs itself, behind a proxy that plays the pages it reads; skipped where it is not installed."""

import datetime
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from assistant.websearch.duckduckgo import is_installed, region
from assistant.websearch.errors import SearchError
from assistant.websearch.search import WebSearch

pytestmark = pytest.mark.skipif(not is_installed(), reason="ddgs is not installed: pip install ddgs")

HOSTS = ("html.duckduckgo.com", "search.brave.com", "www.mojeek.com", "www.startpage.com", "search.yahoo.com")
PAGE = """
<div class="result__body"><h2><a>Condor &amp; kin</a></h2>
<a href="https://condor.example/wings">Its <b>wings</b> span 3.3 m.</a></div>
<div class="result__body"><h2><a>Advert</a></h2>
<a href="https://duckduckgo.com/y.js?ad=1">Buy wings</a></div>
<div class="result__body"><h2><a>Trap</a></h2>
<a href="javascript:alert(1)">Click</a></div>"""


class TlsProxy:
    """A proxy that ends the TLS of every host itself and answers with `pages`, by host; 404 for others."""

    def __init__(self, folder: Path) -> None:
        self.pages: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.authority = folder / "authority.pem"
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate(folder, self.authority))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(10)
            host = head(connection).split()[1].partition(":")[0]
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with self._context.wrap_socket(connection, server_side=True) as secure:
                request = head(secure)
                length = next(
                    (int(line[15:]) for line in request.lower().split("\r\n") if line.startswith("content-length:")), 0
                )
                body = b""
                while len(body) < length:
                    body += secure.recv(4096)
                self.asked.append((host, request.split()[1] + "\n" + body.decode()))
                status, page = self.pages.get(host, (404, ""))
                data = page.encode()
                secure.sendall(
                    f"HTTP/1.1 {status} X\r\ncontent-type: text/html\r\ncontent-length: {len(data)}\r\n"
                    f"connection: close\r\n\r\n".encode()
                    + data
                )


def head(connection: socket.socket) -> str:
    """The head of a request."""
    data = b""
    while not data.endswith(b"\r\n\r\n") and (more := connection.recv(1)):
        data += more
    return data.decode()


def certificate(folder: Path, authority: Path) -> Path:
    """A certificate of all HOSTS, with its key; its authority is written to `authority`."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = signed("authority", root_key, "authority", root_key, x509.BasicConstraints(ca=True, path_length=None))
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    leaf = signed("tests", key, "authority", root_key, names)
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    both = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(secret + leaf.public_bytes(serialization.Encoding.PEM))
    return both


def signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    """A certificate for two days."""
    subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer))
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[TlsProxy]:
    made = TlsProxy(tmp_path)
    yield made
    made.close()


@pytest.fixture
def search(proxy: TlsProxy, searching: Callable[..., WebSearch]) -> WebSearch:
    return searching("ddgs", ddgs_proxy=proxy.url, ddgs_authority=str(proxy.authority))


async def test_pages_are_found_without_a_key(proxy: TlsProxy, search: WebSearch) -> None:
    proxy.pages["html.duckduckgo.com"] = 200, PAGE
    found = await search.search("condor wings", language="de", freshness="week")
    assert [(one.title, one.url, one.snippet, one.engine) for one in found] == [
        ("Condor & kin", "https://condor.example/wings", "Its wings span 3.3 m.", "ddgs")
    ]
    [body] = [text for host, text in proxy.asked if host == "html.duckduckgo.com"]
    assert dict(parse_qsl(body.removeprefix("/html/\n"))) == {"q": "condor wings", "l": "de-de", "df": "w"}


async def test_to_be_blocked_is_an_error_that_quotes_nobody(
    proxy: TlsProxy, search: WebSearch, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.pages["html.duckduckgo.com"] = 202, "<html>Unfortunately, bots use DuckDuckGo too.</html>"
    with caplog.at_level(logging.DEBUG), pytest.raises(SearchError, match="ddgs found nothing, or is blocked"):
        await search.search("xylophones")
    assert [text for _host, text in proxy.asked if "xylophones" in text]
    assert "search engine ddgs failed" in caplog.text
    assert "xylophones" not in caplog.text


@pytest.mark.parametrize(
    ("language", "name"),
    [("", "wt-wt"), ("en", "us-en"), ("de", "de-de"), ("pt-br", "br-pt"), ("ja", "jp-jp"), ("zh-hant", "cn-zh")],
)
def test_languages_have_regions(language: str, name: str) -> None:
    assert region(language) == name
