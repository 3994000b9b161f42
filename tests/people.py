"""People as the tests play them: a browser without a screen, over real HTTP and real sockets."""

import itertools
import json
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any
from uuid import UUID, uuid4

import httpx
from websockets.sync.client import ClientConnection, connect

from assistant.models import Conversation, Person
from tests.servers import Site
from web.local.llama import NO_TLS
from web.models import Session

Frame = dict[str, Any]

addresses = itertools.count(1)


def next_address() -> str:
    """An address nobody else comes from."""
    number = next(addresses)
    return f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


class Socket:
    """A conversation page's socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Frame] = []

    def say(self, kind: str, **fields: Any) -> None:
        self.connection.send(json.dumps({"type": kind, **fields}, default=str))

    def hear(self, seconds: float = 20) -> Frame:
        """The next frame; a live picture has the type "live"."""
        data = self.connection.recv(timeout=seconds)
        frame: Frame = live_frame(data) if isinstance(data, bytes) else json.loads(data)
        self.heard.append(frame)
        return frame

    def hear_until(self, kind: str, seconds: float = 20) -> Frame:
        """The next frame of a kind; those before it are kept in `heard`."""
        while True:
            frame = self.hear(seconds)
            if frame["type"] == kind:
                return frame


class Visitor:
    """Somebody with a browser of their own, at an address of their own."""

    def __init__(self, site: Site, address: str) -> None:
        self.site = site
        self.address = address
        self.http = httpx.Client(
            base_url=site.url, headers={"X-Forwarded-For": address}, timeout=20, trust_env=False, verify=NO_TLS
        )

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    @property
    def session_key(self) -> str:
        return self.http.cookies.get("sessionid", "")

    @property
    def person(self) -> Person:
        """Who the site takes them for."""
        return Person.objects.get(id=Session.objects.get(session_key=self.session_key).person_id)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form as a page of the site would, with its token."""
        if "csrftoken" not in self.http.cookies:
            self.get("/")
        headers = {"X-CSRFToken": self.http.cookies["csrftoken"], "Origin": self.site.url, **options.pop("headers", {})}
        return self.http.post(path, data=data or {}, headers=headers, **options)

    def begin(self, text: str = "Hello") -> Conversation:
        """Begin a conversation from the start page."""
        response = self.post("/", {"text": text, "id": str(uuid4())})
        assert response.status_code == 302, response.text
        return Conversation.objects.get(id=conversation_id(response.headers["location"]))

    @contextmanager
    def socket(self, path: str = "/ws/", **headers: str) -> Iterator[Socket]:
        """A socket with this browser's cookies."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        origin = headers.pop("Origin", self.site.url)
        with connect(
            self.site.url.replace("http", "ws") + path,
            additional_headers={"Cookie": cookies, "X-Forwarded-For": self.address, **headers},
            origin=origin,  # type: ignore[arg-type]
            proxy=None,
            max_size=None,
        ) as connection:
            yield Socket(connection)


def live_frame(data: bytes) -> Frame:
    """A live picture as docs/protocol.md has it."""
    kind, sketch, number, width, height = struct.unpack_from(">B16sIHH", data)
    return {
        "type": {1: "live"}[kind],
        "sketch": str(UUID(bytes=sketch)),
        "number": number,
        "size": (width, height),
        "jpeg": data[25:],
    }


def conversation_id(address: str) -> UUID:
    """The conversation that an address names."""
    found = re.search(r"/c/([0-9a-f-]{36})/", address)
    assert found, address
    return UUID(found[1])
