"""All tools, in one place."""

import inspect
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings

from assistant.errors import AssistantError
from assistant.events import Event, StepTaken
from assistant.sources import Reading, Step
from assistant.tools.base import BoundTool, Told, Work
from assistant.tools.calculate import calculate
from assistant.tools.create_image import cancel_pictures, create_image
from assistant.tools.forget import forget
from assistant.tools.kit import Kit
from assistant.tools.open_page import open_page
from assistant.tools.remember import remember
from assistant.tools.schema import ArgumentsError, FunctionTool
from assistant.tools.weather import weather
from assistant.tools.web_search import web_search
from assistant.websearch.search import WebSearch
from imagine.status import is_configured

logger = logging.getLogger(__name__)

# In the order in which the model is told of them.
TOOLS: tuple[FunctionTool[..., Any], ...] = (
    web_search,
    open_page,
    calculate,
    weather,
    create_image,
    remember,
    forget,
)
# Names that Llama 3 was trained with, for tools that we have.
ALIASES = {"brave_search": "web_search", "wolfram_alpha": "calculate"}


def available(web: WebSearch, *, pages_named: bool, memory: bool = False) -> list[FunctionTool[..., Any]]:
    """The tools that work on this site, for a model that may call some. `pages_named`: the person has named a page;
    `memory`: they have a memory here, and may have asked to remember or forget something.
    """
    works = {
        web_search.name: web.is_on,
        open_page.name: pages_named,
        weather.name: bool(settings.WEATHER_URL),
        create_image.name: is_configured(),
        remember.name: memory,
        forget.name: memory,
    }
    return [tool for tool in TOOLS if works.get(tool.name, True)]


def bound(kit: Kit) -> dict[str, BoundTool]:
    """All tools by name, bound to what they may use; no search where none is set up."""
    return {tool.name: partial(call, tool, kit) for tool in TOOLS if tool is not web_search or kit.web.is_on}


async def call(
    tool: FunctionTool[..., Any], kit: Kit, arguments: Mapping[str, Any]
) -> AsyncGenerator[Event | Reading | Told, None]:
    """Call a tool with what the model, or a command, gave. Raises AssistantError, ImagineError."""
    try:
        given = tool.coerce(arguments)
    except ArgumentsError as error:
        yield Told(str(error))
        return
    if "kit" in inspect.signature(tool.function).parameters:
        given["kit"] = kit
    work: Any = tool(**given)
    if inspect.isasyncgenfunction(tool.function):
        items: Work = work
        async with aclosing(items):
            async for item in items:
                yield item
        return
    words = ", ".join(str(value) for name, value in given.items() if name != "kit")
    try:
        result = await work
    except AssistantError as error:
        yield StepTaken(Step(tool.name, words, error.code).to_json())
        raise
    yield StepTaken(Step(tool.name, words).to_json())
    yield Told(result)


async def cancel(run: UUID) -> None:
    """The person stopped `run`: what was begun for it is no longer wanted."""
    await cancel_pictures(run)
