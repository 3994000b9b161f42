"""A server that dies is started again; in the end it is left alone, or all ends where nothing works without it."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import eventually
from tests.web.local.processes import alive
from web.local.errors import ChildError
from web.local.process import Child
from web.local.progress import Terminal
from web.local.restarts import RestartPolicy
from web.local.supervisor import Supervisor

Program = Callable[..., Child]

LOST = "pictures are off"
STAYS = "pathlib.Path('ready').touch(); print('ERROR no paint for', os.getpid(), flush=True); time.sleep(60)"


def pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def said(terminal: Terminal) -> str:
    return terminal.out.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_one_that_dies_is_started_again_and_the_rest_goes_on(program: Program, terminal: Terminal) -> None:
    needed = program("time.sleep(60)", name="needed")
    spare = program(STAYS, name="spare", optional=LOST, show_warnings=True)
    pids: list[int] = []

    def kill_then_stop() -> None:
        os.kill(pid(spare), signal.SIGKILL)
        eventually(lambda: said(terminal).count("spare: ERROR no paint") == 2)
        pids.append(pid(spare))
        os.kill(os.getpid(), signal.SIGINT)

    with Supervisor(terminal) as supervisor:
        supervisor.start(needed)
        supervisor.start(spare)
        supervisor.wait_for(spare)
        pids += [pid(spare), pid(needed)]
        other = threading.Thread(target=kill_then_stop)
        other.start()
        supervisor.watch()
        other.join()
    assert "spare stopped by itself and starts again in 0.5 s. More in " in said(terminal)
    assert len(set(pids)) == 3
    assert not any(alive(number) for number in pids)


def test_one_that_dies_each_time_is_left_alone_after_a_few(program: Program) -> None:
    told: list[str] = []
    child = program("open('starts', 'a').write('x'); sys.exit('No paint.')", name="spare", optional=LOST)
    restarts = RestartPolicy(child, told.append, delays=(0.01, 0.02))
    child.start()
    eventually(lambda: restarts.poll() or len(told) == 3)
    assert (child.folder / "starts").read_text() == "xxx"
    assert [words.split(".")[0] for words in told[:2]] == [
        "spare stopped by itself and starts again in 0",
        "spare stopped by itself and starts again in 0",
    ]
    assert told[2] == f"spare stopped 3 times within minutes: {LOST}. More in {child.log}: No paint."
    restarts.poll()
    assert len(told) == 3
    child.kill()


def test_one_that_waits_for_its_next_start_does_not_hold_up_the_end(
    program: Program, terminal: Terminal, tmp_path: Path
) -> None:
    needed = program("pathlib.Path('ready').touch(); time.sleep(60)", name="needed")
    spare = program("sys.exit()", name="spare", optional=LOST)
    with Supervisor(terminal, delays=(60,)) as supervisor:
        supervisor.start(spare)
        eventually(spare.stopped)
        supervisor.start(needed)
        supervisor.wait_for(needed)
        os.kill(os.getpid(), signal.SIGINT)
        supervisor.watch()
    assert spare.stopped()


def test_one_that_is_needed_comes_back_as_well(program: Program, terminal: Terminal) -> None:
    needed = program(STAYS, name="needed")
    pids: list[int] = []

    def kill_then_stop() -> None:
        os.kill(pid(needed), signal.SIGKILL)
        eventually(lambda: needed.process and pid(needed) not in pids and not needed.stopped())
        pids.append(pid(needed))
        os.kill(os.getpid(), signal.SIGINT)

    with Supervisor(terminal, delays=(0.01,)) as supervisor:
        supervisor.start(needed)
        supervisor.wait_for(needed)
        pids.append(pid(needed))
        other = threading.Thread(target=kill_then_stop)
        other.start()
        supervisor.watch()
        other.join()
    assert len(set(pids)) == 2
    assert "needed stopped by itself and starts again" in said(terminal)


def test_one_that_is_needed_and_dies_each_time_ends_all_in_the_end(program: Program, terminal: Terminal) -> None:
    other = program("time.sleep(60)", name="other")
    needed = program("pathlib.Path('ready').touch(); time.sleep(0.3); sys.exit('No bread.')", name="needed")
    with Supervisor(terminal, delays=(0.01, 0.02)) as supervisor:
        supervisor.start(other)
        supervisor.start(needed)
        supervisor.wait_for(needed)
        process = pid(other)
        with pytest.raises(ChildError, match=r"needed stopped 3 times within minutes\..*No bread\."):
            supervisor.watch()
    assert not alive(process)
    assert said(terminal).count("needed stopped by itself and starts again") == 2


def test_one_that_is_needed_and_dies_at_once_ends_the_start(program: Program, terminal: Terminal) -> None:
    needed = program("sys.exit('No bread.')", name="needed")
    with Supervisor(terminal) as supervisor:
        supervisor.start(needed)
        with pytest.raises(ChildError, match="needed stopped by itself"):
            supervisor.wait_for(needed)
