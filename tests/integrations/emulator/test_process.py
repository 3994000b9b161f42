"""The emulator as a process: how it starts, who may speak to it, and that it stays within its bounds."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from integrations.emulator.configuration import ConfigurationError, parse
from integrations.emulator.state import BUBBLES, PEOPLE, World
from integrations.emulator.things import APPS, Account, ActionError
from tests.integrations.emulator.conftest import WhatsApp
from tests.ports import free_port
from tests.servers import Emulator

ROOT = Path(__file__).parent.parent.parent.parent


def start(configuration: str, port: int) -> tuple[int, str]:
    """Its exit code and what it says."""
    command = [sys.executable, "-m", "integrations.emulator", "--port", str(port)]
    done = subprocess.run(
        command, cwd=ROOT, input=configuration, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stderr.strip()


def test_what_its_configuration_lacks_is_named(emulator: Emulator) -> None:
    port = free_port()
    paths = "webhook app_secret instagram_app_secret verify_token whatsapp whatsapp.token whatsapp.phone_id"
    paths += " whatsapp.account_id whatsapp.number messenger messenger.token messenger.page_id instagram instagram.id"
    for path in paths.split():
        told = json.loads(json.dumps(emulator.configuration))
        part, _, name = path.rpartition(".")
        (told[part] if part else told).pop(name)
        with pytest.raises(ConfigurationError, match=f"^{path} is missing.$"):
            parse(json.dumps(told))
    assert start("", port) == (2, "The configuration on standard input is no JSON.")
    away = emulator.configuration | {"webhook": "https://example.org/webhooks/meta"}
    assert start(json.dumps(away), port) == (2, "webhook must be an address of this machine.")


def test_a_port_that_is_taken_is_named(emulator: Emulator) -> None:
    code, words = start(json.dumps(emulator.configuration), emulator.port)
    assert (code, words.partition(":")[0]) == (3, f"Port {emulator.port} cannot be used")


def test_every_answer_says_that_it_is_the_emulators(emulator: Emulator) -> None:
    for path in ("/me", "/v25.0/nothing", "/emulator/media/none", "/emulator/nothing"):
        assert httpx.get(emulator.url + path).headers["X-Chaski-Emulator"] == "1"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "example.org"}, 403),
        ({"Host": "127.0.0.1.example.org"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_only_this_machine_and_its_own_pages_may_act(emulator: Emulator, headers: dict[str, str], status: int) -> None:
    host = headers.get("Host")
    if host:
        headers = headers | {"Host": f"{host}:{emulator.port}"}
    response = httpx.post(f"{emulator.url}/emulator/people", json={}, headers=headers)
    assert response.status_code == status
    if not headers:
        own = {"Origin": emulator.url}
        assert httpx.post(f"{emulator.url}/emulator/people", json={}, headers=own).status_code == 200


def test_what_a_person_cannot_do_is_said_in_a_sentence(emulator: Emulator) -> None:
    def refused(action: str, **body: object) -> str:
        response = httpx.post(f"{emulator.url}/emulator/{action}", json=body)
        assert response.status_code == 400
        return str(response.json()["error"])

    written = emulator.write("whatsapp", "Hello")["id"]
    assert refused("write", app="whatsapp", text=" ") == "There is nothing to send."
    assert refused("write", app="telegram", text="Hello") == "There is no such app."
    assert refused("write", app="whatsapp", text="Hello", person="Nobody") == "There is no such person."
    assert refused("write", app="whatsapp") == "text is missing."
    assert refused("tap", app="whatsapp", bubble=written, payload="x") == "There is no such button."
    assert refused("react", app="whatsapp", bubble="wamid.other", emoji="👍") == "There is no such message."
    assert refused("rate", app="whatsapp", bubble=written, good=True).startswith("Only the assistant's messages")
    assert refused("switch", nonsense=1) == "There is no switch nonsense."
    assert refused("switch", duplicates=11) == "duplicates must be between 0 and 10."
    assert refused("switch", reorder="yes") == "reorder takes another kind of value."
    assert refused("dance") == "There is no action dance."
    for number in range(5):
        emulator.act("edit", app="whatsapp", bubble=written, text=f"Hello {number}")
    assert refused("edit", app="whatsapp", bubble=written, text="Once more") == "A message can be changed 5 times."
    emulator.switch(ahead=emulator.switch()["ahead"] + 16 * 60)
    late = "This message can no longer be changed."
    assert refused("edit", app="whatsapp", bubble=written, text="Too late") == late
    assert httpx.post(f"{emulator.url}/emulator/write", content=b"[").status_code == 400


async def test_people_and_bubbles_are_bounded() -> None:
    world = World({app: Account(app, app, "Chaski", app) for app in APPS})
    for number in range(PEOPLE):
        world.add_person(f"Person {number}")
    with pytest.raises(ActionError):
        world.add_person("One more")
    thread = world.thread("messenger", world.people["person1"])
    first = world.write(thread, "The first")
    for number in range(BUBBLES):
        world.write(thread, str(number))
    assert len(thread.bubbles) == BUBBLES
    assert world.find_any(first.id) is None


def test_what_is_kept_to_be_shown_is_cut(whatsapp: WhatsApp, emulator: Emulator) -> None:
    account = emulator.configuration["whatsapp"]["account_id"]
    body = {"language": "en_US", "components": [{"type": "BODY", "text": "x" * 1024}]}
    for number in range(100):
        assert whatsapp.post_to(account, "message_templates", {"name": f"t{number}", **body}).status_code == 200
    assert len(whatsapp.get(f"{account}/message_templates").content) > 64 * 1024
    for exchange in emulator.act("exchanges", last=2):
        assert max(len(exchange["request"]), len(exchange["response"])) <= 64 * 1024


def test_a_body_that_is_too_long_or_no_json_is_refused(emulator: Emulator) -> None:
    headers = {"Authorization": f"Bearer {emulator.configuration['whatsapp']['token']}"}
    url = f"{emulator.url}/v25.0/{emulator.configuration['whatsapp']['phone_id']}/messages"
    for content in (b"x" * (2 * 1024 * 1024), b"[]", b"{", b"[" * 50_000, b"\xff"):
        response = httpx.post(url, content=content, headers=headers | {"Content-Type": "application/json"})
        assert (response.status_code, response.json()["error"]["code"]) == (400, 100)


def test_many_people_for_measurements(tmp_path: Path, emulator: Emulator) -> None:
    many = Emulator(tmp_path, emulator.configuration["webhook"], people=40, throughput=1000)
    many.start()
    assert len(many.act("people")) == 40
    many.stop()
