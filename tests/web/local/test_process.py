"""One child: it starts, is asked for a sign of life, and never outlives us."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import eventually
from tests.web.local.processes import alive, command_line
from web.local import leash
from web.local.errors import ChildError
from web.local.process import Child

Program = Callable[..., Child]


def pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def test_a_child_is_told_its_secret_and_writes_to_its_log(program: Program) -> None:
    child = program("print('told', sys.stdin.read())", secret="a secret")
    child.start()
    eventually(child.stopped)
    assert child.log.read_text() == "told a secret\n"
    child.kill()


def test_a_child_that_dies_is_quoted(program: Program) -> None:
    child = program("sys.exit('There is no bread.')")
    child.start()
    eventually(child.stopped)
    with pytest.raises(ChildError, match=r"The program stopped by itself.*There is no bread\."):
        child.check()


def test_a_program_that_is_missing_is_quoted(program: Program, tmp_path: Path) -> None:
    child = program("")
    child.command = [str(tmp_path / "nothing")]
    child.start()
    eventually(child.stopped)
    with pytest.raises(ChildError, match="cannot be run: No such file or directory"):
        child.check()


def test_a_child_and_its_own_child_are_killed_when_they_will_not_stop(program: Program, tmp_path: Path) -> None:
    child = program(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "other = os.fork()\n"
        "other and pathlib.Path('other').write_text(str(other))\n"
        "other and pathlib.Path('ready').touch()\n"
        "time.sleep(60)"
    )
    child.start()
    eventually(child.is_ready)
    leader, other = pid(child), int((tmp_path / "other").read_text())
    child.terminate()
    child.kill()
    assert not alive(leader)
    eventually(lambda: not alive(other))


@pytest.mark.skipif(sys.platform != "linux", reason="the leash holds on Linux only")
def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    starts_one = (
        "import os, subprocess, sys, time\n"
        f"command = [sys.executable, {leash.__file__!r}, str(os.getpid()), '/bin/sleep', '60']\n"
        "print(subprocess.Popen(command).pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starts_one], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        # Wait for the command itself: before it runs, the leash may not be on.
        eventually(lambda: command_line(child) == "/bin/sleep 60 ")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    eventually(lambda: not alive(child))


def test_the_leash_does_not_run_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    made = tmp_path / "made"
    done = subprocess.run([sys.executable, leash.__file__, "1", "/usr/bin/touch", str(made)], check=False)
    assert (done.returncode != 0, made.exists()) == (sys.platform == "linux", sys.platform != "linux")
