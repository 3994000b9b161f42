"""Two web processes of one site: people notice nothing of it, also when one of them is killed."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from socket import create_connection

import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from assistant.models import Run
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import Visitor, next_address
from tests.security.attacks import replies
from tests.servers import Site, Valkey, eventually
from tests.started import CHECKOUT, Started
from tests.web.local.processes import alive, children, command_line

pytestmark = pytest.mark.slow

PERSON_SOCKETS, ADDRESS_SOCKETS = 3, 4


class Pair:
    """Two processes on ports of their own, so that a test can choose."""

    def __init__(self, folder: Path, llama: FakeLlama) -> None:
        self.valkey, self.llama = Valkey(folder / "valkey"), llama
        self.environment = {
            "REDIS_URL": self.valkey.url,
            "LLAMA_URL": self.llama.url,
            "LLAMA_PARALLEL": "1",
            "LLAMA_QUEUE": "2",
            "LIMIT_PERSON_SOCKETS": str(PERSON_SOCKETS),
            "LIMIT_ADDRESS_SOCKETS": str(ADDRESS_SOCKETS),
            "TRUSTED_PROXIES": "127.0.0.1",
            "IMAGINE_MODEL": "",
        }
        self.sites = [Site(folder / str(number), self.environment) for number in (1, 2)]

    def __enter__(self) -> "Pair":
        self.valkey.start()
        for site in self.sites:
            site.start()
        eventually(lambda: self.valkey.size("processes") == 2)
        return self

    def __exit__(self, *_: object) -> None:
        for site in self.sites:
            site.kill()
        self.valkey.kill()


@pytest.fixture(scope="module")
def running_pair(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with FakeLlama() as llama, Pair(tmp_path_factory.mktemp("pair"), llama) as pair:
        yield pair


@pytest.fixture
def pair(running_pair: Pair) -> Pair:
    """Both run, and nobody is at the model."""
    for site in running_pair.sites:
        if not site.runs:
            site.start()
    running_pair.llama.reset()
    eventually(lambda: running_pair.valkey.size("seats:line") == 0)
    eventually(lambda: running_pair.valkey.size("processes") == 2)
    return running_pair


def at(site: Site, visitor: Visitor) -> Visitor:
    """The same browser, led to another process."""
    other = Visitor(site, visitor.address)
    other.http.cookies = visitor.http.cookies
    return other


def ended(run: Run, status: str) -> bool:
    run.refresh_from_db()
    return run.status == status


def test_an_answer_begun_at_one_process_is_followed_and_stopped_at_the_other(pair: Pair) -> None:
    gate = Gate()
    pair.llama.script(says("one two three four", gate=gate))
    with Visitor(pair.sites[0], next_address()) as here:
        run = here.begin().runs.get()
        gate.let(2)
        with at(pair.sites[1], here).socket() as socket:
            socket.say("watch", run=run.id, after=0)
            eventually(lambda: socket.hear() and "two" in str(socket.heard))
            gate.let(1)
            eventually(lambda: socket.hear() and "three" in str(socket.heard))
            socket.say("stop", run=run.id)
            socket.hear_until("finished")
        eventually(lambda: ended(run, Run.Status.STOPPED))
        assert run.answer.text.startswith("one two three")
    gate.open()


def test_the_seats_are_those_of_both_and_places_are_true_at_each(pair: Pair) -> None:
    gates = [Gate() for _ in range(3)]
    pair.llama.script(*(says("At last.", gate=gate) for gate in gates))
    with ExitStack() as stack:
        people = [stack.enter_context(Visitor(pair.sites[n % 2], next_address())) for n in range(4)]
        runs = [people[0].begin().runs.get()]
        pair.llama.wait_for(lambda counts: counts.open == 1)
        sockets = []
        for waiting in (1, 2):
            runs.append(people[waiting].begin().runs.get())
            eventually(lambda waiting=waiting: pair.valkey.size("seats:line") == waiting)  # type: ignore[misc]
            socket = stack.enter_context(people[waiting].socket())
            socket.say("watch", run=runs[waiting].id, after=0)
            sockets.append(socket)
        assert sockets[0].hear_until("waiting")["sentence"] == "You are next"
        assert sockets[1].hear_until("waiting")["sentence"] == "1 person is before you"
        late = people[3].begin().runs.get()
        eventually(lambda: ended(late, Run.Status.FAILED))
        assert late.problem == "crowded"
        gates[0].open()
        assert sockets[1].hear_until("waiting")["sentence"] == "You are next"
        for gate in gates:
            gate.open()
        for run in runs:
            eventually(lambda run=run: ended(run, Run.Status.DONE))  # type: ignore[misc]


def test_a_killed_process_gives_its_seat_to_who_waits_at_the_other(pair: Pair) -> None:
    pair.llama.script(says("Never to end", gate=Gate()), says("At last."))
    with Visitor(pair.sites[0], next_address()) as lost, Visitor(pair.sites[1], next_address()) as waits:
        lost.begin()
        pair.llama.wait_for(lambda counts: counts.open == 1)
        run = waits.begin().runs.get()
        eventually(lambda: pair.valkey.size("seats:line") == 1)
        pair.sites[0].kill()
        eventually(lambda: ended(run, Run.Status.DONE), 8)


def opens(visitor: Visitor, tabs: ExitStack) -> bool:
    """Whether one more socket stays open."""
    try:
        return replies(tabs.enter_context(visitor.socket())) == []
    except ConnectionClosed:
        return False


def test_sockets_of_a_person_and_of_an_address_are_counted_at_both(pair: Pair) -> None:
    with Visitor(pair.sites[0], next_address()) as ada, Visitor(pair.sites[1], ada.address) as bob, ExitStack() as tabs:
        ada.begin()
        bob.begin()
        ada_there, bob_there = at(pair.sites[1], ada), at(pair.sites[0], bob)
        assert [opens(one, tabs) for one in (ada, ada_there, ada, ada_there, ada)] == [True] * 3 + [False] * 2
        assert [opens(one, tabs) for one in (bob, bob_there)] == [True, False]
        tabs.close()
        eventually(lambda: opens(ada_there, tabs))


def webs(started: Started) -> list[int]:
    """The web processes that run now."""
    return [pid for pid in children(started.process.pid) if "web.server.serve" in command_line(pid)]


@pytest.fixture
def started(tmp_path: Path, fake_llama: FakeLlama) -> Iterator[Started]:
    started = Started(tmp_path, arguments=("--web", "2"), LLAMA_URL=fake_llama.url)
    eventually(started.is_up, 120)
    yield started
    started.process.kill()
    started.process.wait()


def asks(site: str, text: str) -> None:
    """Somebody new asks, and reads no answer."""
    with httpx.Client(base_url=site, timeout=30) as visitor:
        visitor.get("/")
        headers = {"X-CSRFToken": visitor.cookies["csrftoken"]}
        assert visitor.post("/", data={"text": text}, headers=headers).status_code == 302


def answers(started: Started) -> list[str]:
    """How answers that ended did, in the database of a site that runs or ran."""
    with closing(sqlite3.connect(started.data / "chaski.sqlite3")) as database:
        return [status for (status,) in database.execute("SELECT status FROM assistant_run")]


def test_connections_are_dealt_out_and_outlive_the_death_of_one_process(started: Started) -> None:
    site, both = f"http://127.0.0.1:{started.port}", webs(started)
    assert len(both) == 2
    assert both[0] != both[1]

    def held() -> Counter[int]:
        found = ((pid, socket) for pid in both for socket in psutil.Process(pid).net_connections("tcp"))
        return Counter(
            pid for pid, socket in found if socket.status == "ESTABLISHED" and socket.laddr.port == started.port
        )

    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(create_connection(("127.0.0.1", started.port)))
        eventually(lambda: held().total() == 100)
        assert min(held()[pid] for pid in both) > 20

    os.kill(both[0], signal.SIGKILL)
    eventually(lambda: not alive(both[0]))
    for _ in range(20):
        assert httpx.get(f"{site}/healthz").status_code == 200
    eventually(lambda: re.search(r"Web process \d of 2 stopped by itself and starts again in 0.5 s", started.said()))
    eventually(lambda: len(webs(started)) == 2)
    # Its first lines follow those of the other in the same log.
    log = started.data / "log" / "web.log"
    eventually(lambda: log.read_text().count("Application startup complete") == 3, 60)
    assert httpx.get(f"{site}/readyz").status_code == 200


def test_an_answer_in_each_process_ends_before_the_site_does(started: Started, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(*(says("To the end", gate=gate) for _ in range(6)))
    for _ in range(6):
        asks(f"http://127.0.0.1:{started.port}", "Hello?")
    fake_llama.wait_for(lambda counts: counts.open == 6)
    both = webs(started)
    started.process.send_signal(signal.SIGINT)
    eventually(lambda: all(stops_listening(pid, started.port) for pid in both))
    gate.open()
    code, _said = started.ended()
    assert code == 0
    assert answers(started) == ["done"] * 6


def stops_listening(pid: int, port: int) -> bool:
    """Whether a process takes no more connections."""
    try:
        return not any(
            socket.status == "LISTEN" and socket.laddr.port == port
            for socket in psutil.Process(pid).net_connections("tcp")
        )
    except psutil.NoSuchProcess:
        return True


def test_a_busy_port_is_said_in_a_sentence(started: Started, tmp_path_factory: pytest.TempPathFactory) -> None:
    second = Started.__new__(Started)
    second.data = tmp_path_factory.mktemp("second")
    with (second.data / "said").open("wb") as said:
        second.process = subprocess.Popen(
            [sys.executable, "manage.py", "start", "--port", str(started.port), "--web", "2"],
            env=os.environ | {"DATA_DIR": str(second.data), "IMAGINE_MODEL": ""},
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    code, words = second.ended()
    assert code == 1
    assert f"Nothing can listen on 127.0.0.1:{started.port}" in words
