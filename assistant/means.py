"""What an answer may use, of what this process has."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from assistant.engine import Means, permitted_at_once
from assistant.llama.messages import ChatMessage
from assistant.model_server import ModelServer
from assistant.runtime import Runtime
from assistant.tools import toolbox
from assistant.tools.kit import Kit
from assistant.tools.open_page import pages_in


def pages_named(messages: Sequence[ChatMessage]) -> frozenset[str]:
    """The pages that the person has named, as `Kit.named` holds them."""
    said = (message.content for message in messages if message.role == "user")
    return frozenset(name for text in said for name in pages_in(text))


async def means_of(
    runtime: Runtime,
    server: ModelServer,
    kit: Kit,
    report_place: Callable[[int], None],
    *,
    memory: bool = False,
    without: Collection[str] = (),
    most_tokens: int | None = None,
    permitted: Callable[[], Awaitable[None]] | None = None,
) -> Means:
    """The means of one answer by the model of `server`, for which `server.tool_choice.answering()` is entered.

    `report_place` hears of the place in the queue; `memory`: see toolbox.available; `without` names tools that it may
    not use; the model speaks of `most_tokens` at a time, or as many as the settings say. No tool is used before
    `permitted` returns.
    """
    mode = await server.tool_choice.mode()
    available = toolbox.available(runtime.web_search, pages_named=bool(kit.named), memory=memory)
    return Means(
        server.client,
        {name: tool for name, tool in toolbox.bound(kit).items() if name not in without},
        [] if mode == "off" else [tool for tool in available if tool.name not in without],
        toolbox.ALIASES,
        mode == "native",
        partial(server.queue.seat, report_place),
        server.tool_choice.native_failed,
        permitted or permitted_at_once,
        most_tokens,
        runtime.prompt_guard,
    )
