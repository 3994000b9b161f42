"""The code of one answer, scanned while it is written: each block once it is closed, beside all else."""

import asyncio
import logging
import re

from assistant.code.blocks import code_blocks, has_code
from assistant.code.errors import ShieldError
from assistant.code.issues import MOST_ISSUES, Issue
from assistant.code.shield import Shield

logger = logging.getLogger(__name__)

# So long the end of an answer waits for it, and so long it goes on beside.
END_SECONDS = 1.0
LATE_SECONDS = 10.0
CLOSING = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})[ \t]*$", re.MULTILINE)


class CodeWatch:
    """`grown` is called with the text so far, `conclude` once with the whole, then `late`. None of them raises."""

    def __init__(self, shield: Shield) -> None:
        self._shield = shield
        self._seen = 0
        self._text: str | None = None
        """What is to be looked through next."""
        self._found: dict[str, list[Issue]] = {}
        self._keys: list[str] = []
        """The blocks of the text that was looked through last."""
        self._told = 0
        self._task: asyncio.Task[None] | None = None

    def grown(self, text: str) -> None:
        """Have what is closed by now scanned. Nothing is awaited."""
        if len(text) < self._seen:
            self._seen = 0
        whole = text.rfind("\n", self._seen) + 1
        if whole <= self._seen:
            return
        closed = [mark.end() for mark in CLOSING.finditer(text, self._seen, whole)]
        self._seen = whole
        if closed and has_code(text):
            self._look(text[: closed[-1]])

    async def conclude(self, text: str) -> list[Issue]:
        """The issues of the whole answer, as far as they are known within a second."""
        if has_code(text):
            self._look(text)
            return await self._wait(END_SECONDS)
        # None, or none any more: the answer was taken back.
        if self._task:
            self._task.cancel()
        self._keys = []
        return []

    async def late(self) -> list[Issue]:
        """All issues, where some were found too late for the end; else none."""
        told = self._told
        issues = await self._wait(LATE_SECONDS)
        if self._task:
            self._task.cancel()
        return issues if len(issues) > told else []

    async def _wait(self, seconds: float) -> list[Issue]:
        if self._task:
            await asyncio.wait([self._task], timeout=seconds)
        issues = [issue for key in self._keys for issue in self._found.get(key, ())][:MOST_ISSUES]
        self._told = len(issues)
        return issues

    def _look(self, text: str) -> None:
        self._text = text
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._scan_all())

    async def _scan_all(self) -> None:
        try:
            while (text := self._text) is not None:
                self._text = None
                blocks = await asyncio.to_thread(code_blocks, text)
                self._keys = [block.key for block in blocks]
                for block in blocks:
                    if block.key not in self._found:
                        # Once: what cannot be scanned would be too slow again.
                        self._found[block.key] = []
                        self._found[block.key] = await self._shield.scan(block)
        except ShieldError as error:
            # Where one block fails the others would too, or wait for long.
            logger.info("code of an answer was not scanned: %s", error)
        except Exception:
            # The edge of a task that is awaited by nothing. The answer stands without marks.
            logger.exception("code of an answer was not scanned")
