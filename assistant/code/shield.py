"""Code Shield as answers use it: one child process, tested before it is believed, started again when it dies."""

import asyncio
import logging

from assistant.background import end
from assistant.backoff import Backoff
from assistant.code.blocks import CodeBlock
from assistant.code.errors import ShieldError, UnfitShieldError
from assistant.code.issues import Issue
from assistant.code.process import ScannerProcess

logger = logging.getLogger(__name__)

MOST_WAITING = 64
PAUSE_SECONDS = (1.0, 5.0, 15.0, 60.0)
# Analysers keep some of what they took.
JOBS = 500
# On a busy machine the first scans read rules and programs from the disk.
TEST_SECONDS = 20

# It is tried with these: a weakness for the analyser, which some versions of it do not see, one for the quick look
# before it, and code with neither.
SUSPICIOUS = CodeBlock("python", "import subprocess\n\nsubprocess.run(input(), shell=True)\n")
WEAK = CodeBlock("python", "import hashlib\n\nprint(hashlib.md5(b'llama').hexdigest())\n")
CLEAN = CodeBlock("python", "def double(number):\n    return 2 * number\n")


class Shield:
    """Use it as `async with Shield(python) as shield`; it belongs to one event loop.

    `python` is the path of a Python with Code Shield. Blocks are scanned one after another.
    """

    def __init__(self, python: str) -> None:
        self._python = python
        self._queue: asyncio.Queue[tuple[CodeBlock, asyncio.Future[list[Issue]]]] = asyncio.Queue(MOST_WAITING)
        self._child: ScannerProcess | None = None
        self._unfit: UnfitShieldError | None = None
        self._backoff = Backoff()

    async def __aenter__(self) -> "Shield":
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)
        await self._end_child()

    @property
    def process(self) -> int | None:
        """The id of the child, while there is one."""
        return self._child.process.pid if self._child else None

    async def scan(self, block: CodeBlock) -> list[Issue]:
        """What Code Shield finds in a block; it waits for its turn. Raises ShieldError."""
        future: asyncio.Future[list[Issue]] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((block, future))
        except asyncio.QueueFull as error:
            raise ShieldError(f"{MOST_WAITING} blocks wait to be scanned") from error
        return await future

    async def _work(self) -> None:
        """Test the child at once, then scan what is asked for."""
        try:
            await self._ready()
        except ShieldError as error:
            logger.info("code is not marked yet: %s", error)
        while True:
            block, future = await self._queue.get()
            if future.done():
                # Nobody waits for it any more.
                continue
            try:
                issues = await self._scan(block)
            except ShieldError as error:
                if not future.done():
                    future.set_exception(error)
            except Exception as error:
                # The edge of a task that is awaited by nothing: the next block may go well.
                logger.exception("a block was not scanned")
                if not future.done():
                    future.set_exception(ShieldError(type(error).__name__))
            else:
                if not future.done():
                    future.set_result(issues)

    async def _scan(self, block: CodeBlock) -> list[Issue]:
        child = await self._ready()
        try:
            issues = await child.issues(block)
        except ShieldError as error:
            logger.warning("Code Shield is started again: %s", error)
            await self._end_child()
            raise
        if child.jobs >= JOBS:
            await self._end_child()
        return issues

    async def _ready(self) -> ScannerProcess:
        """A child that has passed its test. Raises ShieldError."""
        if self._child and self._child.process.returncode is None:
            return self._child
        await self._end_child()
        if self._unfit:
            raise self._unfit
        if self._backoff.is_on:
            raise ShieldError("Code Shield is not tried for now")
        try:
            self._child = await tested(self._python)
        except UnfitShieldError as error:
            self._unfit = error
            logger.error("code in answers is not marked: %s", error)
            raise
        except ShieldError as error:
            logger.warning("code in answers is not marked for now: %s", error)
            self._backoff.failed(PAUSE_SECONDS)
            raise
        self._backoff.worked()
        return self._child

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child:
            await child.end()


async def tested(python: str) -> ScannerProcess:
    """A child that finds what it must find, and nothing in clean code. Raises ShieldError, UnfitShieldError."""
    child = await ScannerProcess.start(python)
    try:
        found = [bool(await child.issues(block, TEST_SECONDS)) for block in (SUSPICIOUS, WEAK, CLEAN)]
        if found != [True, True, False]:
            raise UnfitShieldError(f"{_missed(found)}: see the versions in docs/safety.md")
    except BaseException:
        await child.end()
        raise
    return child


def _missed(found: list[bool]) -> str:
    suspicious, weak, clean = found
    if clean:
        return "Code Shield finds faults in code that has none"
    if not weak:
        return "Code Shield does not find what it must find"
    return "Code Shield runs, but the semgrep beside it scans nothing" if not suspicious else ""


async def trouble_of(python: str) -> str:
    """Why the Code Shield of that Python cannot be used, for the operator; empty where it can."""
    try:
        child = await tested(python)
    except ShieldError as error:
        return str(error)
    await child.end()
    return ""
