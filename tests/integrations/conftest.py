"""The messengers as a whole: the emulator, a site that takes its deliveries, and a courier that answers."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from assistant.models import Person, Room
from integrations.groups import making
from integrations.models import Group
from integrations.registry import channels
from tests.fake_llama import FakeLlama, says
from tests.fake_web import FakeWeb
from tests.integrations.grouped import GroupChat, account
from tests.integrations.phones import Phone
from tests.ports import free_port
from tests.servers import Courier, Emulator, Site, Valkey, all_servers, eventually

PEOPLE = 500

names = count(1)
# What a prompt says that asks for what one could say next.
SUGGESTING = "The assistant said: "


class Messengers:
    """The three servers. Tests that kill one start it again."""

    def __init__(self, folder: Path, environment: dict[str, str], people: int = PEOPLE) -> None:
        port = free_port()
        self.emulator = Emulator(folder / "emulator", f"http://127.0.0.1:{port}/webhooks/meta", people=people)
        address = {"SITE_URL": f"http://127.0.0.1:{port}", "WHATSAPP_PURPOSE": "helper"}
        environment = {**environment, **self.emulator.environment(), **address}
        self.environment = environment
        self.site = Site(folder / "site", environment, port)
        self.courier = Courier(folder / "courier", environment)

    def start(self) -> None:
        for server in (self.emulator, self.site, self.courier):
            server.start()
        self._people = iter(self.emulator.act("people"))

    def kill(self) -> None:
        for server in (self.courier, self.site, self.emulator):
            server.kill()

    def phone(self, app: str) -> Phone:
        """Somebody new."""
        return Phone(self.emulator, app, next(self._people))


@pytest.fixture(scope="session")
def surroundings(
    database: None, valkey: Valkey, shared_llama: FakeLlama, shared_web: FakeWeb, checkpoint_folder: Path
) -> dict[str, str]:
    """The servers behind the messengers, as the environment names them."""
    return {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LLAMA_BEST_MODEL": "large",
        "IMAGINE_MODEL": str(checkpoint_folder),
        "SEARCH_ENGINES": "searxng",
        "SEARXNG_URL": shared_web.url,
        "FETCH_ALLOWED": shared_web.address,
        "ANSWER_COMMENTS": "true",
    }


@pytest.fixture(scope="session")
def shared_messengers(surroundings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Messengers]:
    messengers = Messengers(tmp_path_factory.mktemp("messengers"), surroundings)
    messengers.start()
    yield messengers
    messengers.kill()


@pytest.fixture
def messengers(shared_messengers: Messengers, fake_llama: FakeLlama) -> Iterator[Messengers]:
    """The messengers, their model's script empty and the emulator's switches off. Nothing is suggested by itself."""
    fake_llama.on(SUGGESTING, says(""))
    yield shared_messengers
    shared_messengers.emulator.switch(
        duplicates=0, reorder=False, batch=False, delay=0, failures=0, refused_webhooks=0, unreachable=False
    )


@pytest.fixture
def phone(messengers: Messengers) -> Callable[[str], Phone]:
    """Somebody new in the app of that name."""
    return messengers.phone


@pytest.fixture(params=["whatsapp", "messenger", "instagram"])
def ada(request: pytest.FixtureRequest, messengers: Messengers) -> Phone:
    """Somebody new, in each app."""
    return messengers.phone(request.param)


@pytest.fixture(scope="module")
def resting(shared_messengers: Messengers) -> Iterator[None]:
    """No courier but those of the tests, nor a site without messengers: it would answer for one that was killed."""
    others = [one for one in all_servers if isinstance(one, Site) and one.runs and one is not shared_messengers.site]
    for server in (shared_messengers.courier, *others):
        server.stop(60)
    yield
    for server in (shared_messengers.courier, *others):
        server.start()


@pytest.fixture
def couriers(messengers: Messengers, tmp_path: Path) -> Iterator[Callable[[], Courier]]:
    """Makes couriers, which end with the test."""
    made: list[Courier] = []

    def make() -> Courier:
        made.append(Courier(tmp_path / f"courier-{next(names)}", messengers.environment))
        return made[-1]

    yield make
    for one in made:
        one.kill()


# A WhatsApp group as a door into a room


@pytest.fixture
def apps_here(settings: Any, messengers: Messengers) -> Iterator[None]:
    """This process is one of the site's: what happens here reaches the apps too."""
    for name, value in messengers.environment.items():
        if name.startswith(("META_", "WHATSAPP_", "MESSENGER_", "INSTAGRAM_", "REDIS_", "GRAPH_")):
            setattr(settings, name, value)
    channels.cache_clear()
    yield
    channels.cache_clear()
    messengers.emulator.switch(official=True)


@pytest.fixture
def ana(apps_here: None) -> Person:
    """Somebody with an account, on the site."""
    return account(f"ana-{uuid4().hex[:8]}")


@pytest.fixture
def room(ana: Person, messengers: Messengers) -> Room:
    return making.make(ana, "Ana", f"Ski trip {uuid4().hex[:6]}")


@pytest.fixture
def group(room: Room, messengers: Messengers) -> GroupChat:
    chat = GroupChat(messengers.emulator, room)
    eventually(lambda: chat.row.state == Group.State.OPEN)
    return chat


@pytest.fixture
def bo(messengers: Messengers) -> Phone:
    return messengers.phone("whatsapp")


@pytest.fixture
def cy(messengers: Messengers) -> Phone:
    return messengers.phone("whatsapp")
