"""Several children: started in order, watched, stopped in the opposite order, whatever happens."""

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
from web.local.supervisor import StopRequested, Supervisor

Program = Callable[..., Child]

# Writes its name down when it stops.
POLITE = """
def stop(*_):
    with open('stopped', 'a') as file: file.write('{name} ')
    sys.exit()
signal.signal(signal.SIGTERM, stop)
pathlib.Path('ready').touch()
while True: time.sleep(60)
"""


def pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def test_children_stop_in_the_opposite_order(program: Program, terminal: Terminal, tmp_path: Path) -> None:
    with Supervisor(terminal) as supervisor:
        for name in ("first", "second", "third"):
            (tmp_path / "ready").unlink(missing_ok=True)
            child = program(POLITE.format(name=name), name=name)
            supervisor.start(child)
            supervisor.wait_for(child)
    assert (tmp_path / "stopped").read_text() == "third second first "


# Ends once all three have been asked to.
TOGETHER = """
def stop(*_):
    with open('asked', 'a') as file: file.write('x')
    while len(open('asked').read()) < 3: time.sleep(0.01)
    with open('stopped', 'a') as file: file.write('{name} ')
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print('WARNING from {name}', flush=True)
pathlib.Path('ready').touch()
while True: time.sleep(60)
"""


def test_the_processes_of_one_server_stop_together_and_keep_one_log(
    program: Program, terminal: Terminal, tmp_path: Path
) -> None:
    log = tmp_path / "log" / "server.log"
    with Supervisor(terminal) as supervisor:
        for name in ("first", "second", "third"):
            (tmp_path / "ready").unlink(missing_ok=True)
            child = program(TOGETHER.format(name=name), name=name, shares_log="The server", show_warnings=True)
            child.log, child.stop_seconds = log, 60
            log.parent.mkdir(exist_ok=True)
            supervisor.start(child)
            supervisor.wait_for(child)
        told = [f"The server: WARNING from {name}\n" for name in ("first", "second", "third")]

        def stop_once_all_is_told() -> None:
            eventually(lambda: all(words in terminal.out.getvalue() for words in told))  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGTERM)

        stopper = threading.Thread(target=stop_once_all_is_told)
        stopper.start()
        supervisor.watch()
        stopper.join()
    assert sorted((tmp_path / "stopped").read_text().split()) == ["first", "second", "third"]
    assert terminal.out.getvalue().count("WARNING from") == 3  # type: ignore[attr-defined]


def test_one_that_dies_later_ends_the_watch_and_the_others(program: Program, terminal: Terminal) -> None:
    stays = program(POLITE.format(name="stays"), name="stays")
    dies = program("time.sleep(60)", name="dies")
    with Supervisor(terminal, delays=()) as supervisor:
        supervisor.start(stays)
        supervisor.start(dies)
        supervisor.wait_for(stays)
        other = pid(stays)
        os.kill(pid(dies), signal.SIGKILL)
        with pytest.raises(ChildError, match="dies stopped 1 times"):
            supervisor.watch()
    assert not alive(other)


def test_one_that_never_answers_ends_the_start(program: Program, terminal: Terminal) -> None:
    silent = program("time.sleep(60)", start_seconds=0.2)
    with Supervisor(terminal) as supervisor:
        supervisor.start(silent)
        process = pid(silent)
        with pytest.raises(ChildError, match="does not answer after"):
            supervisor.wait_for(silent)
    assert not alive(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_mid_start_stops_everything(program: Program, terminal: Terminal, number: int) -> None:
    silent = program("time.sleep(60)")
    with Supervisor(terminal) as supervisor:
        supervisor.start(silent)
        process = pid(silent)
        os.kill(os.getpid(), number)
        with pytest.raises(StopRequested):
            supervisor.wait_for(silent)
    assert not alive(process)


def test_a_second_ctrl_c_does_not_wait(program: Program, terminal: Terminal) -> None:
    deaf = program(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('ready').touch(); time.sleep(60)",
        stop_seconds=60,
    )
    with Supervisor(terminal) as supervisor:
        supervisor.start(deaf)
        supervisor.wait_for(deaf)
        process = pid(deaf)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        supervisor.watch()
    assert not alive(process)


def test_the_operator_hears_of_trouble_while_it_runs(program: Program, terminal: Terminal, tmp_path: Path) -> None:
    code = "pathlib.Path('ready').touch(); print('all well'); print('ERROR no bread', flush=True); time.sleep(60)"
    child = program(code, show_warnings=True)

    def stop_when_heard() -> None:
        eventually(lambda: "no bread" in terminal.out.getvalue())  # type: ignore[attr-defined]
        os.kill(os.getpid(), signal.SIGINT)

    with Supervisor(terminal) as supervisor:
        supervisor.start(child)
        supervisor.wait_for(child)
        listener = threading.Thread(target=stop_when_heard)
        listener.start()
        supervisor.watch()
        listener.join()
    assert terminal.out.getvalue() == "The program: ERROR no bread\n"  # type: ignore[attr-defined]


def test_the_signals_of_before_are_back_afterwards(terminal: Terminal) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Supervisor(terminal):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
