"""Child processes that read pages: bounded in number, time and memory, kept a minute for the next page.

What is parsed is hostile, and the parsers are large: a page that is built to hold or to crash one costs a child, which
is killed, and its memory is the system's again.
"""

import asyncio
import base64
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.fetch.errors import CrowdedFetchError, FetchError, NoTextError, UnreadableError, WrongTypeError
from assistant.fetch.fetcher import Fetched
from assistant.pages.page import Page

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "assistant.pages.reader")
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
# Of each process that serves pages.
CHILDREN = 2
WAITING = 32
WAIT_SECONDS = 15
# A large page needs half a second; more is an attack, or a machine with much else to do.
SECONDS = 6
# Python's libraries are read from a cold disk.
START_SECONDS = 20
IDLE_SECONDS = 60
# Parsers keep some of what they took.
JOBS = 200
ANSWER_BYTES = 2 * 1024**2
ERRORS: dict[str, type[FetchError]] = {"empty": NoTextError, "type": WrongTypeError}


@dataclass
class Child:
    """One process, and how many jobs it has done."""

    process: asyncio.subprocess.Process
    jobs: int = 0
    retirement: asyncio.TimerHandle | None = None

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()


class Readers:
    """Use it as `async with Readers() as readers`; it belongs to one event loop. No child runs until it is needed.

    A child takes a third of a second to start, so `prepare` is called as soon as pages are to be expected.
    """

    def __init__(self, seconds: float = SECONDS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._seats = asyncio.Semaphore(CHILDREN)
        self._waiting = 0
        self._working = 0
        self._idle: list[Child] = []
        self._starting: list[asyncio.Task[Child]] = []
        """Those that start without a page to read."""
        self._ending: set[asyncio.Task[int]] = set()

    async def __aenter__(self) -> "Readers":
        return self

    async def __aexit__(self, *exc: object) -> None:
        starting = tuple(self._starting)
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
        for child in tuple(self._idle):
            self._retire(child)
        if self._ending:
            await asyncio.wait(self._ending, timeout=5)

    @property
    def processes(self) -> list[int]:
        """The ids of the children that wait for work."""
        return [child.process.pid for child in self._idle]

    def prepare(self, pages: int = CHILDREN) -> None:
        """Start the children that so many pages will lack; nothing is awaited."""
        for _ in range(min(pages, CHILDREN) - self._working - len(self._idle) - len(self._starting)):
            task = asyncio.create_task(self._start())
            self._starting.append(task)
            task.add_done_callback(self._started)

    def _started(self, task: asyncio.Task[Child]) -> None:
        """Keep a child that nobody waited for."""
        waited_for = task not in self._starting
        if not waited_for:
            self._starting.remove(task)
        if task.cancelled():
            return
        if error := task.exception():
            logger.warning("%s", error)
        elif not waited_for:
            self._keep(task.result())

    async def page(self, fetched: Fetched) -> Page:
        """What the response says. Raises NoTextError, UnreadableError, CrowdedFetchError."""
        request = {"url": fetched.url, "type": fetched.type, "charset": fetched.charset, "cut": fetched.cut}
        answer = await self._ask({"job": "page", **request}, fetched.body)
        return Page.from_json(answer["page"])

    async def icon(self, body: bytes) -> bytes:
        """The picture as a PNG of 32 by 32 pixels. Raises WrongTypeError, UnreadableError, CrowdedFetchError."""
        answer = await self._ask({"job": "icon"}, body)
        return base64.b64decode(answer["icon"])

    async def _ask(self, request: dict[str, Any], body: bytes) -> dict[str, Any]:
        if self._waiting >= WAITING:
            raise CrowdedFetchError(f"{WAITING} pages wait to be read")
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._seats.acquire()
        except TimeoutError as error:
            raise CrowdedFetchError(f"no reader was free for {WAIT_SECONDS} s") from error
        finally:
            self._waiting -= 1
        self._working += 1
        try:
            answer = await self._answer(request, body)
        finally:
            self._working -= 1
            self._seats.release()
        if problem := answer.get("error"):
            raise ERRORS.get(problem, UnreadableError)(f"a {request['job']} cannot be read: {answer.get('detail')}")
        return answer

    async def _answer(self, request: dict[str, Any], body: bytes) -> dict[str, Any]:
        child = await self._child()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await _exchange(child.process, request, body)
        except (TimeoutError, OSError, ValueError, EOFError, asyncio.LimitOverrunError) as error:
            self._end(child)
            raise UnreadableError(f"the reader gave up: {type(error).__name__}") from error
        except BaseException:
            # Cancelled in the middle: what it writes now would be the answer to the next request.
            self._end(child)
            raise
        child.jobs += 1
        if child.jobs >= JOBS or answer.get("grown"):
            self._end(child)
        else:
            self._keep(child)
        return answer

    async def _child(self) -> Child:
        """One that waits, or a new one that is ready. Raises CrowdedFetchError."""
        while self._idle:
            child = self._idle.pop()
            if child.retirement:
                child.retirement.cancel()
            if child.process.returncode is None:
                return child
        if not self._starting:
            return await self._start()
        starting = self._starting.pop(0)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The page is not wanted any more, and the child is.
            self._starting.append(starting)
            if starting.done():
                self._started(starting)
            raise

    async def _start(self) -> Child:
        """A new one that is ready. Raises CrowdedFetchError."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            cwd=ROOT,
            # Nothing of our environment, and so no secret: what reads hostile pages has nothing to give away.
            env=ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Libraries log addresses and words of pages.
            stderr=asyncio.subprocess.DEVNULL,
            limit=ANSWER_BYTES,
        )
        child = Child(process)
        try:
            async with asyncio.timeout(START_SECONDS):
                await _line(process)
        except (TimeoutError, OSError, EOFError) as error:
            self._end(child)
            raise CrowdedFetchError(f"no reader starts: {type(error).__name__}") from error
        except BaseException:
            self._end(child)
            raise
        return child

    def _keep(self, child: Child) -> None:
        loop = asyncio.get_running_loop()
        child.retirement = loop.call_later(self._idle_seconds, self._retire, child)
        self._idle.append(child)

    def _retire(self, child: Child) -> None:
        if child in self._idle:
            self._idle.remove(child)
        if child.retirement:
            child.retirement.cancel()
        self._end(child)

    def _end(self, child: Child) -> None:
        child.kill()
        task = asyncio.ensure_future(child.process.wait())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _exchange(process: asyncio.subprocess.Process, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Send a request, and wait for its answer. Raises OSError, ValueError, IncompleteReadError."""
    if process.stdin is None:
        raise OSError("no pipe")
    process.stdin.write(json.dumps({**request, "bytes": len(body)}).encode() + b"\n" + body)
    await process.stdin.drain()
    answer = json.loads(await _line(process))
    if not isinstance(answer, dict):
        raise ValueError("no object")
    return answer


async def _line(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise OSError("no pipe")
    return await process.stdout.readuntil(b"\n")
