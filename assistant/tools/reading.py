"""Reading pages for an answer: several at once, each within its time."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from assistant.errors import AssistantError
from assistant.events import Event, StepTaken, Waiting
from assistant.pages.library import Library
from assistant.passages import passages_of
from assistant.sources import Reading, Source, Step

logger = logging.getLogger(__name__)

READ_SECONDS = 10.0


@dataclass(frozen=True)
class Candidate:
    """A page that may be read, with what is known of it before."""

    url: str
    site: str
    title: str = ""
    date: str = ""


async def read_pages(
    library: Library, candidates: Sequence[Candidate], most: int
) -> AsyncGenerator[Event | Reading, None]:
    """Read `most` pages, the first ones that can be read; a step for each that was tried."""
    deadline = asyncio.get_running_loop().time() + READ_SECONDS
    while candidates and most and asyncio.get_running_loop().time() < deadline:
        batch, candidates = candidates[:most], candidates[most:]
        yield Waiting("reading", words=", ".join(one.site for one in batch))
        for candidate, found in zip(batch, await _read_all(library, batch, deadline), strict=True):
            problem = found if isinstance(found, str) else ""
            yield StepTaken(Step("open_page", candidate.site, problem).to_json())
            if isinstance(found, Reading):
                most -= 1
                yield found


async def _read_all(library: Library, batch: Sequence[Candidate], deadline: float) -> list[Reading | str]:
    """The pages of `batch`, read at once; the code of an error for each that cannot be read in time."""
    tasks = [asyncio.create_task(_read(library, candidate)) for candidate in batch]
    try:
        await asyncio.wait(tasks, timeout=deadline - asyncio.get_running_loop().time())
        return [task.result() if task.done() else "site_slow" for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(library: Library, candidate: Candidate) -> Reading | str:
    try:
        page = await library.read(candidate.url)
    except AssistantError as error:
        logger.info("%s cannot be read: %s: %s", candidate.site, error.code, error)
        return error.code
    # Quoting and citing need them: by now, while other pages are still under way, and not after the last one.
    await asyncio.to_thread(passages_of, page.text)
    source = Source(
        page.url,
        page.title or candidate.title,
        page.site or candidate.site,
        page.date or candidate.date,
        icon=page.icon,
    )
    return Reading(source, page.text)
