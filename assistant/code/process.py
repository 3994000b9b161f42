"""One child process that runs Code Shield, see scanner.py: started, asked, ended with all that it has left behind."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.code.blocks import CodeBlock
from assistant.code.errors import ShieldError
from assistant.code.issues import CWE, MOST_ISSUES_OF_BLOCK, Issue

SCRIPT = Path(__file__).parent / "scanner.py"
# Python's libraries are read from a cold disk.
START_SECONDS = 20
# What is suspicious takes up to a second on a quiet machine.
SCAN_SECONDS = 6
ANSWER_BYTES = 64 * 1024
END_SECONDS = 5


class ScannerProcess:
    """A child with a folder of its own. `start` makes it; what goes wrong afterwards leaves it for `end` alone."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.jobs = 0
        self.folder = folder
        self.process = process

    @classmethod
    async def start(cls, python: str) -> "ScannerProcess":
        """One that is ready, run by the Python at that path. Raises ShieldError."""
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="chaski-code-"))
        try:
            process = await asyncio.create_subprocess_exec(
                python,
                "-I",
                str(SCRIPT),
                str(folder),
                cwd=folder,
                env=environment(folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # Code Shield logs code.
                stderr=asyncio.subprocess.DEVNULL,
                limit=ANSWER_BYTES,
                # A group of its own, so that the analyser ends with it.
                start_new_session=True,
            )
        except OSError as error:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise ShieldError(f"{python} cannot be run ({error.strerror})") from error
        child = cls(folder, process)
        try:
            async with asyncio.timeout(START_SECONDS):
                await child._line()
        except (TimeoutError, OSError, EOFError, asyncio.LimitOverrunError) as error:
            await child.end()
            raise ShieldError(f"{python} does not start Code Shield: {type(error).__name__}") from error
        except BaseException:
            await child.end()
            raise
        return child

    async def issues(self, block: CodeBlock, seconds: float | None = None) -> list[Issue]:
        """What Code Shield finds in a block. Raises ShieldError, after which it answers nothing any more."""
        seconds = seconds or SCAN_SECONDS
        request = {"language": block.language, "code": block.code}
        try:
            async with asyncio.timeout(seconds):
                answer = await self._exchange(request)
        except TimeoutError as error:
            raise ShieldError(f"a block was not scanned within {seconds:g} s") from error
        except (OSError, ValueError, EOFError, asyncio.LimitOverrunError) as error:
            raise ShieldError(f"the scanner gave up: {type(error).__name__}") from error
        finally:
            await asyncio.to_thread(empty, self.folder)
        self.jobs += 1
        return read_issues(block, answer)

    async def end(self) -> None:
        """Kill it, with what it has started, and remove its folder."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        # What it wrote too much would keep its pipe open.
        await asyncio.wait([asyncio.ensure_future(self.process.communicate())], timeout=END_SECONDS)
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    async def _exchange(self, request: dict[str, Any]) -> object:
        if self.process.stdin is None:
            raise OSError("no pipe")
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        await self.process.stdin.drain()
        return json.loads(await self._line())

    async def _line(self) -> bytes:
        if self.process.stdout is None:
            raise OSError("no pipe")
        return await self.process.stdout.readuntil(b"\n")


def environment(folder: Path) -> dict[str, str]:
    """All that the child knows of ours: where its folder is. No secret."""
    own = str(folder)
    return {
        "HOME": own,
        "TMPDIR": own,
        "PATH": os.defpath,
        "PYTHONUTF8": "1",
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
        "SEMGREP_SEND_METRICS": "off",
    }


def empty(folder: Path) -> None:
    """Remove what stands in a folder: Code Shield leaves the code behind. A child that dies takes its folder along."""
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def read_issues(block: CodeBlock, answer: object) -> list[Issue]:
    """The issues in an answer about `block`, each line and weakness once, by lines. Raises ShieldError."""
    found = answer.get("issues") if isinstance(answer, dict) else None
    if not isinstance(found, list):
        place = answer.get("error") if isinstance(answer, dict) else None
        raise ShieldError(f"Code Shield failed in {place}" if isinstance(place, str) else "no answer of Code Shield")
    lines, key = block.code.count("\n") + 1, block.key
    issues = dict.fromkeys(_issue(value, block.language, key, lines) for value in found if isinstance(value, dict))
    worst = sorted(issues, key=lambda issue: issue.severity != "error")[:MOST_ISSUES_OF_BLOCK]
    return sorted(worst, key=lambda issue: issue.line)


def _issue(value: dict[str, Any], language: str, key: str, lines: int) -> Issue:
    line, cwe = value.get("line"), str(value.get("cwe")).strip().upper()
    known = type(line) is int and 0 < line <= lines
    severity = str(value.get("severity"))
    return Issue(
        key,
        language,
        line if known and line else 0,
        cwe if CWE.fullmatch(cwe) else "",
        "error" if severity == "error" else "warning",
    )
