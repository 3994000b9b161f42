"""What a room costs, and what a killed web server leaves of it: python -m benchmarks.rooms --people 50 --rate 20

One load process plays all the browsers, with their sockets to two web servers on one database. They talk at a steady
rate, whether the servers keep up or not; then one server is killed while they talk on, and its people come back to the
other. Beside it, by turns, the same words go through bare_room.py. At last many small rooms talk at once.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle, pairwise
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from benchmarks.environment import folder
from benchmarks.process import cpu_seconds, memory_kilobytes
from benchmarks.stage import Stage, stage
from benchmarks.table import Figure, percentile, report
from tests.servers import Server, Site
from web.accounts.identity import BACKEND
from web.local.ports import free_port
from web.local.process import Child

ADDRESSES = "198.18.{}.{}"
WORD = re.compile(r"word-(\d+)-")
# So long everything may take to arrive after the last word.
SETTLE_SECONDS = 60
OPENED_AT_ONCE = 20
# A message as people write them.
TAIL = "I can come on both weekends, but the second one is better for me, as the trains are empty then."


@dataclass(frozen=True)
class Load:
    """How many are in the large room and how many messages a second are said there; how many small rooms there are,
    of how many, and how many messages a second in all of them together."""

    people: int
    rate: float
    seconds: int
    rooms: int
    members: int
    rounds: int


class Talk:
    """What is said in a room of so many readers, and when everybody sees it."""

    def __init__(self, words: int, readers: int) -> None:
        self.words = words
        self.readers = readers
        self.said: dict[int, float] = {}
        """By the number in the words: when it was due."""
        self.seen: dict[int, list[float]] = {}
        self.complete = asyncio.Event()
        self._missing = words * readers

    def see(self, word: int) -> None:
        """One of the readers sees it."""
        times = self.seen.setdefault(word, [])
        times.append(asyncio.get_running_loop().time())
        self._missing -= len(times) <= self.readers
        if not self._missing:
            self.complete.set()

    @property
    def waits(self) -> list[float]:
        """Milliseconds until the last reader saw it, of each thing that all have seen."""
        whole = ((word, times) for word, times in self.seen.items() if len(times) >= self.readers)
        return [(max(times) - self.said[word]) * 1000 for word, times in whole]

    async def settled(self) -> None:
        """Wait until all is seen by all, or for as long as that may take."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await self.complete.wait()
        except TimeoutError:
            print("not all was seen by all", flush=True)


class Member:
    """Somebody with a page that shows the room. It takes events as the page does, see docs/protocol.md.

    Without a room it is in the bare one.
    """

    def __init__(self, room: UUID | None, cookies: str, address: str) -> None:
        self.heard: list[tuple[int, int]] = []
        """The number of each event that has words, and the number in them."""
        self._room = room
        self._headers = {"Cookie": cookies, "X-Forwarded-For": address}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._unanswered: dict[str, str] = {}
        self._last = 0
        self._entered = asyncio.Event()

    async def show(self, session: aiohttp.ClientSession, sites: Sequence[str], talk: Talk) -> None:
        """Show the room for ever: from the first of `sites` that answers, again where the socket ends."""
        for site in cycle(sites):
            try:
                url = site.replace("http", "ws") + ("/ws/room/" if self._room else "/")
                async with session.ws_connect(url, headers={**self._headers, "Origin": settings.SITE_URL}) as socket:
                    await self._follow(socket, talk)
            except aiohttp.ClientError:
                pass
            finally:
                self._entered.clear()
            await asyncio.sleep(0.05)

    async def ready(self) -> None:
        """Wait until the room is shown."""
        await self._entered.wait()

    async def say(self, text: str) -> None:
        """Say something; what was not acknowledged is said again when the socket is back."""
        client_id = str(uuid4())
        if self._room:
            self._unanswered[client_id] = text
        if self._entered.is_set():
            await self._send(client_id, text)

    async def _follow(self, socket: aiohttp.ClientWebSocketResponse, talk: Talk) -> None:
        self._socket = socket
        if self._room:
            await socket.send_json({"type": "enter", "room": str(self._room), "after": self._last})
        else:
            self._entered.set()
        async for message in socket:
            if message.type != aiohttp.WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            match frame["type"]:
                case "entered":
                    await self._enter(frame)
                case "event":
                    self._last = frame["number"]
                    if found := WORD.search(frame["html"]):
                        self.heard.append((frame["number"], int(found[1])))
                        talk.see(int(found[1]))
                case "said":
                    self._unanswered.pop(frame["id"], None)
                case "refused" | "problem" | "gone":
                    raise RuntimeError(f"the site refused: {frame}")

    async def _enter(self, frame: dict[str, Any]) -> None:
        if frame["again"]:
            raise RuntimeError("a page would have to be loaded anew")
        # Who comes for the first time reads the page; afterwards the numbers say what was missed.
        self._last = self._last or frame["number"]
        self._entered.set()
        for client_id, text in tuple(self._unanswered.items()):
            await self._send(client_id, text)

    async def _send(self, client_id: str, text: str) -> None:
        if self._socket and not self._socket.closed:
            with suppress(aiohttp.ClientError):
                await self._socket.send_json({"type": "say", "id": client_id, "text": text})


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    load = options()
    with stage() as scene, ExitStack() as stack:
        # What this process does in rooms is noticed by the servers.
        settings.REDIS_URL = scene.site.environment["REDIS_URL"]
        # Two servers of one site, as behind a proxy.
        settings.SITE_URL = scene.site.url
        other = Site(folder / "other", {**scene.site.environment})
        bare_port = free_port()
        bare = Server(lambda: bare_room(bare_port))
        for server in (other, bare):
            stack.callback(server.kill)
            server.start()
        figures = asyncio.run(measure(scene, other, bare, f"http://127.0.0.1:{bare_port}", load))
    report("rooms", vars(load), figures)


def options() -> Load:
    parser = argparse.ArgumentParser(description="Measure rooms: a large one, one whose server dies, many small ones.")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rate", type=float, default=20, help="messages a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rooms", type=int, default=200, help="small rooms at once")
    parser.add_argument("--members", type=int, default=8, help="people in each of them")
    parser.add_argument("--rounds", type=int, default=3, help="turns of the room and the bare one")
    return Load(**vars(parser.parse_args()))


async def measure(scene: Stage, other: Site, bare: Server, bare_url: str, load: Load) -> list[Figure]:
    """All figures, in the order of the table."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        figures = await compared(session, scene, bare, bare_url, load)
        figures += await killed(session, scene, other, load)
        figures += await many(session, scene, load)
    return figures


async def compared(
    session: aiohttp.ClientSession, scene: Stage, bare: Server, bare_url: str, load: Load
) -> list[Figure]:
    """A room of one web server beside a bare one, by turns."""
    words, wrong = int(load.rate * load.seconds), 0
    waits: dict[str, list[float]] = {"ours": [], "bare": []}
    used = {"ours": 0.0, "bare": 0.0}
    (ours,) = await asyncio.to_thread(rooms_of, 1, load.people)
    strangers = [Member(None, "", "") for _ in range(load.people)]
    for _ in range(load.rounds):
        for name, members, server, url in (
            ("ours", ours, scene.site, scene.site.url),
            ("bare", strangers, bare, bare_url),
        ):
            print(f"{load.people} people say {words} things: {name}", flush=True)
            talk = Talk(words, load.people)
            async with shown(session, members, [[url]] * len(members), talk):
                before = cpu_seconds(server.pid)
                await speak(members, talk, load.rate)
                await talk.settled()
                used[name] += cpu_seconds(server.pid) - before
            waits[name] += talk.waits
            wrong += sum(faults(members, talk).values()) if members is ours else 0
            for member in members:
                member.heard.clear()
    each = load.rounds * words * load.people
    return [
        Figure("sent → seen by all, bare room, p50", median(waits["bare"]), "ms"),
        Figure("sent → seen by all, p50", median(waits["ours"]), "ms"),
        Figure("sent → seen by all, bare room, p99", percentile(waits["bare"], 99), "ms"),
        Figure("sent → seen by all, p99", percentile(waits["ours"], 99), "ms", aim=150),
        Figure("messages lost, doubled or out of order", wrong, aim=0),
        Figure("processor time for a message and reader, bare room", used["bare"] / each * 1e6, "µs"),
        Figure("processor time for a message and reader", used["ours"] / each * 1e6, "µs"),
        Figure("… ÷ bare room", used["ours"] / max(used["bare"], 0.01)),
    ]


async def killed(session: aiohttp.ClientSession, scene: Stage, other: Site, load: Load) -> list[Figure]:
    """The people of a room are at two web servers; one is killed in the middle of their talk."""
    words = int(load.rate * load.seconds)
    print(f"{load.people} people at two servers say {words} things, one server is killed", flush=True)
    (members,) = await asyncio.to_thread(rooms_of, 1, load.people)
    both = [other.url, scene.site.url], [scene.site.url, other.url]
    talk = Talk(words, load.people)
    async with shown(session, members, [both[number % 2] for number in range(len(members))], talk):
        speaking = asyncio.create_task(speak(members, talk, load.rate))
        await asyncio.sleep(load.seconds / 2)
        other.kill()
        await speaking
        await talk.settled()
        found = faults(members, talk)
    return [
        *(Figure(f"a server killed: messages {what}", number, aim=0) for what, number in found.items()),
        Figure("a server killed: sent → seen by all, p50", median(talk.waits), "ms"),
        Figure("a server killed: sent → seen by all, longest", max(talk.waits), "ms"),
    ]


async def many(session: aiohttp.ClientSession, scene: Stage, load: Load) -> list[Figure]:
    """Small rooms that talk at once."""
    print(f"{load.rooms} rooms of {load.members} are opened", flush=True)
    rooms = await asyncio.to_thread(rooms_of, load.rooms, load.members)
    words = max(1, round(load.rate * load.seconds / load.rooms))
    talks = [Talk(words, load.members) for _ in rooms]
    before = memory_kilobytes(scene.site.pid)
    async with AsyncExitStack() as stack:
        for members, talk in zip(rooms, talks, strict=True):
            await stack.enter_async_context(shown(session, members, [[scene.site.url]] * len(members), talk))
        memory = memory_kilobytes(scene.site.pid) - before
        print(f"in each {words} things are said, {load.rate:g} a second in all", flush=True)
        used = cpu_seconds(scene.site.pid)
        async with asyncio.TaskGroup() as group:
            for number, (members, talk) in enumerate(zip(rooms, talks, strict=True)):
                group.create_task(speak(members, talk, load.rate / load.rooms, number / load.rate))
        for talk in talks:
            await talk.settled()
        used = cpu_seconds(scene.site.pid) - used
        wrong = sum(sum(faults(members, talk).values()) for members, talk in zip(rooms, talks, strict=True))
    waits = [wait for talk in talks for wait in talk.waits]
    name = f"{load.rooms} rooms of {load.members}"
    return [
        Figure(f"{name}: sent → seen by all, p50", median(waits), "ms"),
        Figure(f"{name}: sent → seen by all, p99", percentile(waits, 99), "ms"),
        Figure(f"{name}: messages lost, doubled or out of order", wrong, aim=0),
        Figure(f"{name}: processor time for a message and reader", used / len(waits) / load.members * 1e6, "µs"),
        Figure(f"{name}: memory for each page", memory / load.rooms / load.members, "KB"),
    ]


@asynccontextmanager
async def shown(
    session: aiohttp.ClientSession, members: Sequence[Member], sites: Sequence[Sequence[str]], talk: Talk
) -> AsyncIterator[None]:
    """All members show their room; a page that breaks ends the benchmark."""
    async with asyncio.TaskGroup() as group:
        pages = []
        for start in range(0, len(members), OPENED_AT_ONCE):
            some = members[start : start + OPENED_AT_ONCE]
            for member, where in zip(some, sites[start:], strict=False):
                pages.append(group.create_task(member.show(session, where, talk)))
            await asyncio.gather(*(member.ready() for member in some))
        try:
            yield
        finally:
            for page in pages:
                page.cancel()


async def speak(members: Sequence[Member], talk: Talk, rate: float, after: float = 0) -> None:
    """Members speak by turns, `rate` times a second, whether or not anybody hears it; the first in `after` seconds."""
    loop = asyncio.get_running_loop()
    begun = loop.time() + after
    for word in range(talk.words):
        due = begun + word / rate
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        # From the moment when it was due: a server that is late is not let off.
        talk.said[word] = due
        await members[word % len(members)].say(f"word-{word}- {TAIL}")


def faults(members: Sequence[Member], talk: Talk) -> dict[str, int]:
    """What is wrong in what members saw, all of them added up."""
    lost = doubled = turned = 0
    for member in members:
        numbers, words = [number for number, _word in member.heard], [word for _number, word in member.heard]
        lost += len(talk.said.keys() - set(words))
        doubled += len(words) - len(set(words))
        turned += sum(after <= before for before, after in pairwise(numbers))
    return {"lost": lost, "doubled": doubled, "out of order": turned}


def rooms_of(count: int, people: int) -> list[list[Member]]:
    """New rooms, each with its people, who are signed in."""
    import assistant.people
    from assistant.rooms import membership

    rooms = []
    for number in range(count):
        everybody = [assistant.people.make_guest() for _ in range(people)]
        room = membership.make(everybody[0], "Person 0", f"Room {number}")
        for place, person in enumerate(everybody[1:], 1):
            membership.join(person, room.token or "", f"Person {place}")
        rooms.append(
            [Member(room.pk, cookies_of(person), address_of(number, place)) for place, person in enumerate(everybody)]
        )
    return rooms


def address_of(room: int, place: int) -> str:
    """An address for each person."""
    number = room * 64 + place + 1
    return ADDRESSES.format(number // 250 % 250, number % 250 + 1)


def cookies_of(person: Any) -> str:
    """The cookies of a browser in which a person is signed in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def bare_room(port: int) -> Child:
    """The bare room as a process of its own, not yet started."""
    database = folder / f"bare-{uuid4()}.sqlite3"
    return Child(
        name="The bare room",
        command=[sys.executable, "-m", "benchmarks.bare_room", "--port", str(port), "--database", str(database)],
        environment=dict(os.environ),
        folder=Path(__file__).parent.parent,
        log=folder / "log" / "bare.log",
        is_ready=database.exists,
    )


if __name__ == "__main__":
    main()
