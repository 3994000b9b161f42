"""The chats that are measured side by side: each has people who open pages, and processes that use the machine."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from benchmarks.answers import Received
from benchmarks.process import cpu_seconds

OPENED_AT_ONCE = 20


class Page(Protocol):
    """One open page, or what stands for it."""

    async def ask(self, words: int, text: str) -> Received:
        """Send the message `text` and read the answer of `words` words to its end."""


class Person(Protocol):
    """Somebody whom the site knows, if it knows people."""

    def tab(self) -> AbstractAsyncContextManager[Page]:
        """An open page."""


@dataclass(frozen=True)
class Subject:
    """One chat. `servers` are its processes, `others` those beside it, by name: what they use is told apart."""

    name: str
    people: Sequence[Person]
    servers: Sequence[int] = ()
    others: Mapping[str, int] | None = None

    def used(self) -> dict[str, float]:
        """Seconds of processor time so far: those of the servers together, by the name ""."""
        others = {name: cpu_seconds(pid) for name, pid in (self.others or {}).items()}
        return {"": sum(map(cpu_seconds, self.servers)), **others}


@asynccontextmanager
async def opened(people: Sequence[Person]) -> AsyncIterator[list[Page]]:
    """A page for each of the people."""
    async with AsyncExitStack() as stack:
        pages: list[Page] = []
        for first in range(0, len(people), OPENED_AT_ONCE):
            some = people[first : first + OPENED_AT_ONCE]
            pages += await asyncio.gather(*(stack.enter_async_context(person.tab()) for person in some))
        yield pages
