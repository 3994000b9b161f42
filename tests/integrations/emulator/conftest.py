"""An emulator as a process for each file of tests, what receives its webhooks, and callers of its Graph API."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integrations.emulator.receiver import Receiver
from tests.servers import Emulator
from web.local.llama import NO_TLS

Json = dict[str, Any]
CALM = {
    "duplicates": 0,
    "reorder": False,
    "batch": False,
    "delay": 0,
    "failures": 0,
    "late_failures": 0,
    "refused_webhooks": 0,
    "unreachable": False,
    "failure": "131000",
    "official": True,
}


@pytest.fixture(scope="module")
def shared_receiver() -> Iterator[Receiver]:
    receiver = Receiver("the verify token")
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def shared_emulator(shared_receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), shared_receiver.url)
    emulator.start()
    yield emulator
    emulator.kill()


@pytest.fixture
def emulator(shared_emulator: Emulator) -> Emulator:
    """Its switches are off, and its clock has moved on by an hour, so that no rate of before counts."""
    ahead = shared_emulator.switch()["ahead"]
    shared_emulator.switch(**CALM, ahead=ahead + 3600)
    return shared_emulator


@pytest.fixture
def receiver(shared_receiver: Receiver) -> Receiver:
    shared_receiver.clear()
    return shared_receiver


class Caller:
    """Calls the Graph API with the token of one app."""

    def __init__(self, emulator: Emulator, app: str, node: str) -> None:
        self.emulator = emulator
        self.app = app
        self.node = node
        self.http = httpx.Client(
            base_url=f"{emulator.url}/v25.0",
            headers={"Authorization": f"Bearer {emulator.configuration[app]['token']}"},
            timeout=20,
            verify=NO_TLS,
        )

    def person(self, name: str = "Ada Brandt") -> Json:
        return next(person for person in self.emulator.act("people") if person["name"] == name)

    def post(self, edge: str, body: Json) -> httpx.Response:
        return self.http.post(f"/{self.node}/{edge}", json=body)

    def post_to(self, node: str, edge: str, body: Json) -> httpx.Response:
        return self.http.post(f"/{node}/{edge}", json=body)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(f"/{path}", params=query)


class WhatsApp(Caller):
    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator, "whatsapp", emulator.configuration["whatsapp"]["phone_id"])

    def send(self, kind: str, content: object, **more: object) -> httpx.Response:
        body: Json = {"messaging_product": "whatsapp", "to": f"+{self.person()['phone']}", "type": kind, kind: content}
        return self.post("messages", {**body, **more})

    def upload(self, data: bytes, mime: str, name: str = "file") -> httpx.Response:
        form = {"messaging_product": "whatsapp", "type": mime}
        return self.http.post(f"/{self.node}/media", data=form, files={"file": (name, data, mime)})


class Messenger(Caller):
    def __init__(self, emulator: Emulator, app: str = "messenger") -> None:
        told = emulator.configuration[app]
        super().__init__(emulator, app, told["page_id" if app == "messenger" else "id"])

    @property
    def recipient(self) -> str:
        return str(self.person()["psid" if self.app == "messenger" else "igsid"])

    def send(self, message: Json, **more: object) -> httpx.Response:
        body: Json = {"recipient": {"id": self.recipient}, "messaging_type": "RESPONSE", "message": message}
        return self.post("messages", {**body, **more})

    def act(self, action: str, **more: object) -> httpx.Response:
        return self.post("messages", {"recipient": {"id": self.recipient}, "sender_action": action, **more})


@pytest.fixture
def whatsapp(emulator: Emulator) -> Iterator[WhatsApp]:
    """Somebody wrote, so that the window is open."""
    emulator.write("whatsapp", "Hello")
    caller = WhatsApp(emulator)
    yield caller
    caller.http.close()


@pytest.fixture
def messenger(emulator: Emulator) -> Iterator[Messenger]:
    emulator.write("messenger", "Hello")
    caller = Messenger(emulator)
    yield caller
    caller.http.close()


@pytest.fixture
def instagram(emulator: Emulator) -> Iterator[Messenger]:
    emulator.write("instagram", "Hello")
    caller = Messenger(emulator, "instagram")
    yield caller
    caller.http.close()
