"""A child that is forked is like one that is executed, and shares its memory."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.process import memory_kilobytes, proportional_kilobytes
from tests.servers import eventually
from tests.started import CHECKOUT
from tests.web.local.processes import alive, children, command_line
from web.local import forks
from web.local.forks import ForkServer
from web.local.process import Child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others execute their children")

Reporter = Callable[..., Child]
ENVIRONMENT = dict(os.environ) | {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "web.settings"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    """The fork server of this process, which begins with the first child."""
    server = ForkServer()
    monkeypatch.setattr(forks, "current", server)
    yield server
    server.close()


@pytest.fixture
def reporter(tmp_path: Path) -> Iterator[Reporter]:
    """Makes a child that reports what it was given; what still runs at the end of the test is ended."""
    made: list[Child] = []

    def make(*words: str, forked: bool = True, **environment: str) -> Child:
        child = Child(
            name="The reporter",
            command=[sys.executable, "-m", "tests.web.local.reporting", *words],
            environment=ENVIRONMENT | environment,
            folder=CHECKOUT,
            log=tmp_path / f"{len(made)}.log",
            is_ready=lambda: True,
            forked=forked,
        )
        made.append(child)
        child.start()
        return child

    yield make
    for child in made:
        child.kill()


def report(child: Child) -> Any:
    """What it said."""
    eventually(lambda: child.log.read_text().endswith("}\n") or child.stopped(), 60)
    return json.loads(child.log.read_text())


def pid(child: Child) -> int:
    assert child.process
    return child.process.pid


def server_pid() -> int:
    return next(child for child in children(os.getpid()) if "web.local.fork_server" in command_line(child))


def test_a_forked_child_is_given_what_an_executed_one_is(server: ForkServer, reporter: Reporter) -> None:
    forked, executed = reporter("a", "b c"), reporter("a", "b c", forked=False)
    eventually(lambda: forked.stopped() and executed.stopped(), 60)
    found, expected = report(forked), report(executed)
    assert found.pop("random") != expected.pop("random")
    assert found == expected
    assert (found["parent"], found["leads"], found["input"]) == (os.getpid(), True, "")
    assert [child.process and child.process.returncode for child in (forked, executed)] == [3, 3]


def test_each_has_the_name_of_what_it_runs(server: ForkServer, reporter: Reporter) -> None:
    child = reporter("wait")
    report(child)
    assert command_line(pid(child)).strip("\0 ") == " ".join(child.command)
    assert "web.local.fork_server" in command_line(server_pid())


def test_ctrl_c_in_the_terminal_reaches_neither(server: ForkServer, reporter: Reporter) -> None:
    child = reporter("wait")
    assert {os.getsid(found) for found in (pid(child), server_pid())} == {pid(child), server_pid()}


def test_where_nothing_can_be_adopted_children_are_executed(
    server: ForkServer, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forks, "PR_SET_CHILD_SUBREAPER", 0)
    child = reporter()
    assert isinstance(child.process, subprocess.Popen)
    assert report(child)["parent"] == os.getpid()


def test_two_share_memory_and_no_chance(server: ForkServer, reporter: Reporter) -> None:
    first, second = reporter("wait"), reporter("wait")
    assert report(first)["random"] != report(second)["random"]
    shared = memory_kilobytes(pid(first)) - proportional_kilobytes(pid(first))
    assert shared > memory_kilobytes(pid(first)) / 2
    # What has threads may not fork.
    assert len(list(Path(f"/proc/{server_pid()}/task").iterdir())) == 1


def test_the_settings_of_one_are_not_those_of_the_next(server: ForkServer, reporter: Reporter) -> None:
    first = report(reporter(SITE_URL="http://127.0.0.1:1", OF_THE_FIRST="secret"))
    second = report(reporter(SITE_URL="http://127.0.0.1:2"))
    assert (first["site"], second["site"]) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert "OF_THE_FIRST" in first["environment"]
    assert second["environment"] == ENVIRONMENT | {"SITE_URL": "http://127.0.0.1:2"}


def test_a_killed_fork_server_is_replaced_and_its_children_stay(server: ForkServer, reporter: Reporter) -> None:
    stays = reporter("wait")
    killed = server_pid()
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not alive(killed))
    after = reporter()
    eventually(after.stopped, 60)
    assert report(after)["parent"] == os.getpid()
    assert server_pid() != killed
    assert report(stays)
    assert not stays.stopped()
    stays.terminate()
    eventually(stays.stopped)
    assert stays.process
    assert stays.process.returncode == -signal.SIGTERM


def test_a_fork_server_that_stands_still_is_replaced(
    server: ForkServer, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(reporter())
    still = server_pid()
    server._channel.settimeout(0.2)  # type: ignore[union-attr]
    os.kill(still, signal.SIGSTOP)
    assert report(reporter())["parent"] == os.getpid()
    assert not alive(still)


def test_settings_that_cannot_be_read_are_told_in_the_log_of_the_child(server: ForkServer, reporter: Reporter) -> None:
    child = reporter(LLAMA_PARALLEL="many")
    eventually(child.stopped, 60)
    assert "LLAMA_PARALLEL" in child.log.read_text()


STARTER = """
import os, sys
from web.local.forks import ForkServer
from web.local.fork_server import Program
program = Program([sys.executable, "-m", "tests.web.local.reporting", "wait"], dict(os.environ), os.getcwd())
child = ForkServer().start(program, os.open(os.devnull, os.O_WRONLY))
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_all_die_with_a_starter_that_is_killed() -> None:
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        child = int(starter.stdout.readline())
        below = children(starter.pid)
        assert child in below
        assert len(below) == 2
        starter.kill()
        starter.wait()
        eventually(lambda: not any(alive(pid) for pid in below))
