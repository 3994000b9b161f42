"""Search the web, and read the best pages that are found."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Literal

from assistant.errors import AssistantError
from assistant.events import Event, StepTaken, Waiting
from assistant.sources import Reading, Step
from assistant.tools.base import Told
from assistant.tools.kit import Kit
from assistant.tools.reading import Candidate, read_pages
from assistant.tools.schema import Bounds, tool
from assistant.websearch.results import Result

# So many pages are read, and so many tried where some cannot be.
PAGES = 3
TRIES = 6


@tool
async def web_search(
    query: Annotated[str, Bounds(1, 400)],
    freshness: Literal["any", "day", "week", "month", "year"] = "any",
    *,
    kit: Kit,
) -> AsyncGenerator[Event | Reading | Told, None]:
    """Search the web and read the best pages: for news, prices, people, places, and all that may have changed lately.

    Raises SearchError where nothing could be searched.

    - query: what to search for, in the words that such pages use
    - freshness: how old the pages may be
    """
    yield Waiting("searching", words=query)
    kit.library.prepare()
    try:
        results = await kit.web.search(query, freshness=None if freshness == "any" else freshness)
    except AssistantError as error:
        yield StepTaken(Step("web_search", query, error.code).to_json())
        raise
    yield StepTaken(Step("web_search", query).to_json())
    candidates = [
        Candidate(one.url, one.site, one.title, one.date.isoformat() if one.date else "")
        for one in one_per_site(results)[:TRIES]
    ]
    read = 0
    async for item in read_pages(kit.library, candidates, PAGES):
        read += isinstance(item, Reading)
        yield item
    yield summary(results, read)


def summary(results: Sequence[Result], read: int) -> Told:
    """What the model is told beside the pages that were read; without any the results as the engines describe them."""
    if read:
        return Told("The pages that were read are quoted below.")
    if not results:
        return Told("Nothing was found.")
    lines = [(one.site, f"- {one.title} ({one.site}): {one.snippet}") for one in results[:TRIES]]
    return Told("No page could be read. The results of the search, not to be cited:", lines)


def one_per_site(results: Sequence[Result]) -> list[Result]:
    """The best result of each site first, then the others, so that an answer rests on different voices."""
    seen = set[str]()
    first: list[Result] = []
    others: list[Result] = []
    for result in results:
        (others if result.site in seen else first).append(result)
        seen.add(result.site)
    return [*first, *others]
