"""One search: two engines at once, the next where one fails, and one ranking of what they found."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

import httpx
from redis.asyncio import Redis

from assistant.cache import Cache
from assistant.websearch.cooldown import Cooldown
from assistant.websearch.engine import Engine
from assistant.websearch.errors import EngineError, SearchError, SearchOffError
from assistant.websearch.fusion import fuse
from assistant.websearch.options import SearchOptions, build
from assistant.websearch.results import RESULTS, Query, Result, read_results

logger = logging.getLogger(__name__)

# So many engines are asked at once.
TOGETHER = 2
# A whole search, with those asked in place of others, takes so many times the limit of one engine.
ROUNDS = 2


class WebSearch:
    """Create one per event loop and share it: it pools connections. `close` it at the end."""

    def __init__(self, redis: "Redis", options: SearchOptions) -> None:
        # Engines are the operator's own choice. Their addresses need no check, and no proxy of the environment.
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(options.seconds), trust_env=False, headers={"User-Agent": options.agent}
        )
        self._engines = build(options, self._http)
        self._seconds = options.seconds
        self._cooldown = Cooldown(redis)
        self._cache = Cache(redis, "websearch")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def is_on(self) -> bool:
        """Whether there is an engine to ask."""
        return bool(self._engines)

    async def search(
        self, text: str, *, language: str = "", freshness: str | None = None, count: int = 10
    ) -> list[Result]:
        """The best `count` pages for `text`, at most 20, perhaps none. They may be ten minutes old.

        `language` is as "de" or "pt-br"; `freshness` is "day", "week", "month" or "year", for those who can search in
        what is new. Raises SearchError: SearchOffError without engines, EmptyQueryError for no words.
        """
        if not self._engines:
            raise SearchOffError("no engine is switched on, see SEARCH_ENGINES")
        query = Query.make(text, language, freshness, count)
        # Where only new pages are wanted, those who cannot tell come last.
        engines = sorted(self._engines, key=lambda engine: bool(query.freshness and not engine.knows_freshness))
        key = [query.text.casefold(), query.language, query.freshness, [engine.name for engine in engines]]
        found = read_results(await self._cache.get(key))
        if not found:
            found = fuse(await self._rankings(query, engines))[:RESULTS]
            if found:
                await self._cache.put(key, [result.to_json() for result in found])
        return found[: query.count]

    async def _rankings(self, query: Query, engines: Sequence[Engine]) -> list[list[Result]]:
        """What the first engines found that found something, in the order of the engines. Raises SearchError."""
        resting = await self._cooldown.resting([engine.name for engine in engines])
        waiting = deque(engine for engine in engines if engine.name not in resting)
        if not waiting:
            raise SearchError(f"all engines rest after failures: {', '.join(sorted(resting))}")
        deadline = asyncio.get_running_loop().time() + ROUNDS * self._seconds
        running: dict[asyncio.Task[list[Result]], Engine] = {}
        answers: dict[str, list[Result]] = {}
        problems: list[str] = []
        try:
            while (left := deadline - asyncio.get_running_loop().time()) > 0:
                found = sum(1 for answer in answers.values() if answer)
                while waiting and found + len(running) < TOGETHER:
                    engine = waiting.popleft()
                    running[asyncio.create_task(self._ask(engine, query))] = engine
                if not running:
                    break
                done, _ = await asyncio.wait(running, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    engine = running.pop(task)
                    try:
                        answers[engine.name] = task.result()
                    except EngineError as error:
                        problems.append(f"{engine.name}: {error}")
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if not answers:
            raise SearchError("; ".join(problems) or "no engine answered in time")
        return [answers[engine.name] for engine in engines if answers.get(engine.name)]

    async def _ask(self, engine: Engine, query: Query) -> list[Result]:
        """What one engine finds within its time. Raises EngineError, after what follows from it is kept for all."""
        try:
            async with asyncio.timeout(self._seconds):
                found = await engine.search(query)
        except TimeoutError:
            problem = EngineError(f"no answer within {self._seconds:g} s")
        except EngineError as error:
            problem = error
        else:
            await self._cooldown.worked(engine.name)
            return found
        logger.warning("search engine %s failed: %s", engine.name, problem)
        await self._cooldown.failed(engine.name, problem)
        raise problem
