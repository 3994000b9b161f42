"""Code Shield is a process that may be slow, dying, lying or missing; what it says is believed after a test only."""

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.code import process, shield
from assistant.code.blocks import CodeBlock
from assistant.code.errors import ShieldError, UnfitShieldError
from assistant.code.shield import Shield, trouble_of
from tests.fake_code_shield import FakeCodeShield
from tests.servers import soon


def code(text: str) -> CodeBlock:
    return CodeBlock("python", text)


EVAL = code("x = 1\ny = eval(input())\n")


@pytest.fixture
def fake(tmp_path: Path) -> FakeCodeShield:
    return FakeCodeShield(tmp_path)


@pytest.fixture
async def running(fake: FakeCodeShield) -> AsyncIterator[Shield]:
    async with Shield(str(fake.path)) as shield:
        yield shield


async def found(shield: Shield, block: CodeBlock) -> list[tuple[int, str, str]]:
    return [(one.line, one.cwe, one.severity) for one in await shield.scan(block)]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_it_is_tested_at_once_and_then_finds_what_is_wrong(running: Shield, fake: FakeCodeShield) -> None:
    await soon(lambda: len(fake.scanned) == 3)
    assert await found(running, EVAL) == [(2, "CWE-94", "error")]
    assert await found(running, code("print(1)")) == []
    assert fake.starts == 1


@pytest.mark.parametrize(
    ("mode", "trouble"),
    [
        ("blind", "does not find what it must find"),
        ("quick", "the semgrep beside it scans nothing"),
        ("zealous", "finds faults in code that has none"),
    ],
)
async def test_what_fails_its_test_is_off_for_good(
    tmp_path: Path, mode: str, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake = FakeCodeShield(tmp_path, mode)
    async with Shield(str(fake.path)) as shield:
        for _ in range(3):
            with pytest.raises(UnfitShieldError, match=trouble):
                await shield.scan(EVAL)
    assert fake.starts == 1
    assert [trouble in record.message for record in caplog.records if record.levelno == logging.ERROR] == [True]
    assert trouble in await trouble_of(str(fake.path))


@pytest.mark.parametrize("mode", ["dead", "silent", "missing"])
async def test_what_does_not_begin_is_left_alone_for_a_while(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "START_SECONDS", 0.5)
    fake = FakeCodeShield(tmp_path, mode)
    if mode == "missing":
        fake.path.unlink()
    async with Shield(str(fake.path)) as shield:
        for _ in range(3):
            with pytest.raises(ShieldError):
                await shield.scan(EVAL)
    assert fake.starts <= 1
    assert str(fake.path) in await trouble_of(str(fake.path))


async def test_a_slow_scan_is_killed_with_all_that_it_started(
    running: Shield, fake: FakeCodeShield, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine takes its time for the trials before and after.
    assert await found(running, EVAL)
    before = running.process
    with monkeypatch.context() as hurry:
        hurry.setattr(process, "SCAN_SECONDS", 0.5)
        with pytest.raises(ShieldError, match="was not scanned within"):
            await running.scan(code("# slow"))
    assert before
    await soon(lambda: not is_alive(before) and not is_alive(fake.child))
    assert await found(running, EVAL) == [(2, "CWE-94", "error")]
    assert fake.starts == 2


@pytest.mark.parametrize("word", ["die", "flood", "nonsense", "fail"])
async def test_after_what_cannot_be_understood_it_is_started_again(
    running: Shield, fake: FakeCodeShield, word: str
) -> None:
    with pytest.raises(ShieldError):
        await running.scan(code(f"eval(x)  # {word}"))
    assert await found(running, EVAL) == [(2, "CWE-94", "error")]
    assert fake.starts == 2
    # Those of its test too, each time.
    assert len(fake.scanned) == 8


async def test_lies_become_values_of_known_forms(running: Shield) -> None:
    issues = await running.scan(code("# lie\n\n\n"))
    assert len(issues) == process.MOST_ISSUES_OF_BLOCK
    assert all(0 <= issue.line <= 4 and re.fullmatch(r"(?:CWE-\d+)?", issue.cwe) for issue in issues)
    assert {issue.severity for issue in issues} <= {"error", "warning"}


async def test_it_knows_nothing_of_ours(fake: FakeCodeShield, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "llama")
    assert await trouble_of(str(fake.path)) == ""
    environment = fake.seen["environment"]
    assert isinstance(environment, dict)
    environment.pop("LC_CTYPE", None)
    assert set(environment) == set(process.environment(Path()))
    assert "llama" not in str(fake.seen)
    assert environment["TMPDIR"] == environment["HOME"] == fake.seen["folder"]
    assert fake.seen["words"] == [str(fake.path), "-I", str(process.SCRIPT), fake.seen["folder"]]


async def test_nothing_is_left_of_the_code(running: Shield, fake: FakeCodeShield) -> None:
    await running.scan(code("# leave"))
    folder = str(fake.seen["folder"])
    assert os.listdir(folder) == []
    assert os.stat(folder).st_mode & 0o077 == 0
    await running.__aexit__()
    with pytest.raises(FileNotFoundError):
        os.listdir(folder)
    assert running.process is None


async def test_more_blocks_than_can_wait_are_refused(running: Shield, fake: FakeCodeShield) -> None:
    await soon(lambda: len(fake.scanned) == 3)
    first = asyncio.create_task(running.scan(code("# wait")))
    await soon(lambda: len(fake.scanned) == 4)
    waiting = [asyncio.create_task(running.scan(code(f"x = {n}"))) for n in range(shield.MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ShieldError, match="wait to be scanned"):
        await running.scan(EVAL)
    fake.go()
    await asyncio.gather(first, *waiting)
    assert len(fake.scanned) == 4 + shield.MOST_WAITING


async def test_what_nobody_waits_for_is_not_scanned(running: Shield, fake: FakeCodeShield) -> None:
    await soon(lambda: len(fake.scanned) == 3)
    first = asyncio.create_task(running.scan(code("# wait")))
    await soon(lambda: len(fake.scanned) == 4)
    given_up = asyncio.create_task(running.scan(code("forgotten")))
    await asyncio.sleep(0)
    given_up.cancel()
    fake.go()
    await first
    assert await found(running, EVAL)
    assert "forgotten" not in fake.scanned


async def test_a_killed_process_is_replaced(running: Shield, fake: FakeCodeShield) -> None:
    await soon(lambda: len(fake.scanned) == 3 and running.process is not None)
    assert running.process
    os.kill(running.process, 9)
    await soon(lambda: running._child is not None and running._child.process.returncode is not None)
    assert await found(running, EVAL) == [(2, "CWE-94", "error")]
