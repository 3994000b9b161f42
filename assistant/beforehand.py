"""What is looked up before the model is asked: for models that call no tools, and where that saves a round."""

import json
from collections.abc import Sequence

from assistant.arithmetic import calculation
from assistant.calculator.errors import CalculationError
from assistant.calculator.work import work_out
from assistant.findings import OPEN_PAGE, WEB_SEARCH, query_of
from assistant.gate import asks_of_now, may_use_tools
from assistant.links import is_bare, links_in
from assistant.llama.calls import Call
from assistant.llama.messages import ChatMessage

# The codes of Run.Search with which the web is searched before the model is asked, or not at all.
ALWAYS, NEVER = "always", "never"


def calls_before(messages: Sequence[ChatMessage], search: str, *, calls_tools: bool) -> list[Call]:
    """The pages that the last message names, and a search for what it asks, as far as these are wanted.

    `search` is a code of Run.Search; `calls_tools`: the model may look up by itself what the message does not demand.
    """
    text = messages[-1].content
    if search == NEVER or not may_use_tools(text):
        return []
    bare, links = is_bare(text), links_in(text) or links_before(messages)
    pages = links if bare or search == ALWAYS or not calls_tools else []
    calls = [Call(OPEN_PAGE, json.dumps({"address": link})) for link in pages]
    # What is asked with a picture is mostly about that.
    may_search = not (calls_tools or links or messages[-1].pictures)
    searched = search == ALWAYS or (may_search and asks_of_now(text))
    if searched and not bare:
        calls.append(Call(WEB_SEARCH, json.dumps({"query": query_of(messages)})))
    return calls


def links_before(messages: Sequence[ChatMessage]) -> list[str]:
    """The addresses that the person's message before the last one consists of: then the last one is about them."""
    asked = [message.content for message in messages if message.role == "user"]
    return links_in(asked[-2]) if len(asked) > 1 and is_bare(asked[-2]) else []


async def worked_out(question: str) -> str:
    """What a message plainly asks to be calculated, with its result, in a line; empty where it asks no such thing."""
    asked = calculation(question)
    if not asked:
        return ""
    try:
        result = await work_out(asked)
    except CalculationError:
        # It only looked like one.
        return ""
    asked = asked.removeprefix("compare ")
    return result if result.startswith(asked) else f"{asked}: {result}"
