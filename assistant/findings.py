"""What is found for an answer: calls of tools that are run, and the pages that they read."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from assistant import prompts
from assistant.citing import cited, with_passages
from assistant.errors import AssistantError
from assistant.events import Event, SourcesFound, StepTaken, TextReplaced
from assistant.guard.prompt_guard import TOLD, Place, PromptGuard
from assistant.links import without_links
from assistant.llama.calls import Call
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.messages import ChatMessage
from assistant.memory_wishes import forget_wish, remember_wish
from assistant.passages import counted
from assistant.sources import Reading, Step
from assistant.tools import offers
from assistant.tools.base import BoundTool, Told, Work
from imagine.errors import ImagineError

logger = logging.getLogger(__name__)

LOW_CONTEXT = 2048
# A page takes at most so many tokens of the prompt, and pages are quoted so short that as many fit.
PAGE_TOKENS = 1500
MOST_PAGES = 3
CALLS_AT_ONCE = 4
WEB_SEARCH, OPEN_PAGE = "web_search", "open_page"
# The tools that ask something of other sites.
OF_THE_WEB = frozenset({WEB_SEARCH, OPEN_PAGE, "weather"})
# The tools that write what is kept: none does once a page was read that may have asked for it.
OF_MEMORY = frozenset({"remember", "forget"})
# Words that say nothing of anybody: choices of parameters, and how recent something shall be.
HARMLESS = counted("week month year metric imperial true false none today latest news current")
# A message with fewer words is searched for together with the one before it.
FEWEST_WORDS = 3
QUERY_CHARACTERS = 200


class Findings:
    """Runs calls for the question that `messages` end with, and keeps what they find.

    `turns` are the calls and their results, as the model is told them after the question; `readings` are all pages;
    `noted` is what became of `remember_first`. `prompt_guard` screens what others wrote, where there is one.
    """

    def __init__(
        self,
        client: LlamaClient,
        tools: Mapping[str, BoundTool],
        messages: Sequence[ChatMessage],
        factor: float,
        prompt_guard: PromptGuard | None = None,
    ) -> None:
        self.turns: list[ChatMessage] = []
        self.readings: list[Reading] = []
        self.noted = ""
        self._client = client
        self._tools = tools
        self._question = messages[-1].content
        self._factor = factor
        self._prompt_guard = prompt_guard
        self._left_out: list[Step] = []
        self._said: set[Step] = set()

    async def before_asking(self, calls: Sequence[Call]) -> AsyncGenerator[Event, None]:
        """Run calls that the model did not ask for, before it is asked."""
        async with aclosing(self.run(calls)) as events:
            async for event in events:
                yield event
        # The pages stand before the question.
        self.turns = []

    async def remember_first(self) -> AsyncGenerator[Event, None]:
        """Remember, or forget, what the question asks for in so many words, before the model is asked."""
        wishes = {"remember": remember_wish(self._question), "forget": forget_wish(self._question)}
        calls = [Call(name, json.dumps({"text": what})) for name, what in wishes.items() if what][:1]
        async with aclosing(self.run(calls)) as events:
            async for event in events:
                yield event
        self.noted = prompts.NOTED.format(result=self.turns[-1].content.rpartition("\n\n")[2]) if calls else ""
        self.turns = []

    async def quotation(self) -> str:
        """All pages as they stand before the question; empty without any."""
        return await self._quoted(self.readings, 1)

    async def run(self, calls: Sequence[Call]) -> AsyncGenerator[Event, None]:
        """Run calls at once, and keep what they find and what the model is told of them."""
        before = len(self.readings)
        told: dict[str, list[str]] = {call.id: [] for call in calls}
        read: dict[str, list[Reading]] = {call.id: [] for call in calls}
        works = {call.id: self._work(call) for call in calls[:CALLS_AT_ONCE]}
        async with aclosing(together(works)) as items:
            async for call_id, item in items:
                match item:
                    case Told():
                        told[call_id].append(await self._told(item))
                    case Reading():
                        read[call_id].append(item)
                    case _:
                        yield item
        for call in calls[:CALLS_AT_ONCE]:
            number = len(self.readings) + 1
            self.readings += read[call.id]
            quoted = await self._quoted(read[call.id], number)
            result = "\n\n".join([*told[call.id], quoted] if quoted else told[call.id]) or "Done."
            self.turns += offers.call_turns(call, result)
        for event in self.left_out():
            yield event
        if len(self.readings) > before:
            yield SourcesFound([reading.source.to_json() for reading in self.readings])

    def note(self, steps: Sequence[Step]) -> None:
        """Keep steps that say of what a part was left out."""
        self._left_out += steps

    def left_out(self) -> list[Event]:
        """Those that were not said before."""
        new = [step for step in dict.fromkeys(self._left_out) if step not in self._said]
        self._said.update(new)
        return [StepTaken(step.to_json()) for step in new]

    async def _work(self, call: Call) -> Work:
        """One call. What goes wrong is told to the model, as the person has seen it in a step."""
        if self.readings and call.name in OF_MEMORY:
            logger.warning("a call of %s was not made: a page may have asked for it", call.name)
            yield Told("Nothing is remembered or forgotten once pages were read. The person has to ask for it alone.")
            return
        if self._is_outward(call) and await asyncio.to_thread(self._carries_out, call):
            logger.warning("a call of %s was not made: a page may have asked for it", call.name)
            yield Told("This is not looked up: it has words that stand neither in the question nor in the pages.")
            return
        try:
            async with aclosing(self._tools[call.name](json.loads(call.arguments))) as items:
                async for item in items:
                    yield item
        except (AssistantError, ImagineError) as error:
            logger.warning("%s failed: %s: %s", call.name, error.code, error)
            yield Told(f"{call.name} failed: {error.sentence}")

    def _is_outward(self, call: Call) -> bool:
        """Whether a page may have asked for a call that says something to the web.

        An address is safe in any case: only those that the person has named are opened.
        """
        return bool(self.readings) and call.name in OF_THE_WEB and call.name != OPEN_PAGE

    def _carries_out(self, call: Call) -> bool:
        """Whether a call would carry words of the conversation to the web.

        Once pages were read, only what stands in the question or in these pages is looked up.
        """
        given = counted(" ".join(map(str, json.loads(call.arguments).values())))
        return not given <= HARMLESS.union(counted(self._question), *(counted(one.text) for one in self.readings))

    async def _quoted(self, readings: Sequence[Reading], first: int) -> str:
        """Pages as the model is given them, numbered from `first`; empty without any."""
        if not readings:
            return ""
        context = await context_of(self._client)
        # Half of what the model reads holds all pages. Half a byte is a token by our estimate, see llama/tokens.py.
        tokens = min(PAGE_TOKENS, context // 2 // max(MOST_PAGES, len(self.readings)))
        size = int(tokens * 2 / self._factor)
        # Many milliseconds of work on long pages, in which no other answer must stand still.
        excerpts = await asyncio.to_thread(
            lambda: [prompts.excerpt(reading, self._question, size) for reading in readings]
        )
        screened = await self._screened("page", [reading.source.site for reading in readings], excerpts)
        return prompts.found_pages(screened, first)

    async def _told(self, told: Told) -> str:
        """What the model is told, with the lines of others as it may read them."""
        lines = await self._screened("result", [site for site, _ in told.quoted], [line for _, line in told.quoted])
        return "\n".join([told.text, *lines])

    async def _screened(self, place: Place, sites: Sequence[str], texts: Sequence[str]) -> list[str]:
        """Texts of others as the model may read them; what was left out is noted by their sites."""
        if self._prompt_guard is None or not texts:
            return list(texts)
        found = await self._prompt_guard.screen(place, texts)
        self.note([Step(TOLD[one.found], site) for site, one in zip(sites, found, strict=True) if one.found in TOLD])
        return [one.text for one in found]


async def together(works: Mapping[str, Work]) -> AsyncGenerator[tuple[str, Event | Reading | Told], None]:
    """What several tools do at once, as it comes, each item with the key of its tool. Raises what one of them does."""
    items: asyncio.Queue[tuple[str, Event | Reading | Told] | None] = asyncio.Queue()

    async def pump(key: str, work: Work) -> None:
        try:
            async with aclosing(work):
                async for item in work:
                    items.put_nowait((key, item))
        finally:
            items.put_nowait(None)

    tasks = [asyncio.create_task(pump(key, work)) for key, work in works.items()]
    try:
        running = len(tasks)
        while running:
            item = await items.get()
            if item is None:
                running -= 1
            else:
                yield item
        for task in tasks:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def query_of(messages: Sequence[ChatMessage]) -> str:
    """What to search for: the last message, after the one before it where it says little alone: "And in June?"."""
    *earlier, last = (without_links(message.content) for message in messages if message.role == "user")
    if earlier and len(counted(last)) < FEWEST_WORDS:
        return f"{earlier[-1][:QUERY_CHARACTERS]} {last}"[: 2 * QUERY_CHARACTERS]
    return last[: 2 * QUERY_CHARACTERS]


def grounded(text: str, readings: Sequence[Reading]) -> list[Event]:
    """The answer `text` with its citations, where they had to be found, and its sources with the cited passages."""
    text_cited = cited(text, readings)
    events: list[Event] = [TextReplaced(text_cited)] if text_cited != text else []
    sources = with_passages(readings, text_cited)
    return [*events, SourcesFound([source.to_json() for source in sources])]


async def context_of(client: LlamaClient) -> int:
    """The tokens that the model reads at once; a low guess where its server does not say now."""
    try:
        return (await client.backend_soon()).context
    except LlamaError:
        # The request for the answer meets the same error, and handles it.
        return LOW_CONTEXT
