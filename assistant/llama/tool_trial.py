"""Try how a model can be told of tools: two tiny questions at most.

- `native`: in the request's field `tools`. The server renders them by the model's own template, and reads the calls.
- `text`: in words of the prompt, with calls read from the answer. It works on every server.
- `off`: not at all.
"""

import logging
import re
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.llama.backends import Kind
from assistant.llama.call_reader import CallReader
from assistant.llama.calls import Trouble
from assistant.llama.client import LlamaClient
from assistant.llama.errors import (
    ContextTooLongError,
    EmptyAnswerError,
    LlamaError,
    LlamaServerError,
    ModelNotFoundError,
    NoAnswerError,
    RefusalError,
)
from assistant.llama.messages import ChatMessage, Delta, Finish, Reasoning
from assistant.llama.native_calls import NativeCalls
from assistant.llama.options import LlamaOptions
from assistant.llama.tool_prompt import tool_prompt

logger = logging.getLogger(__name__)

ToolMode = Literal["native", "text", "off"]

# Enough for a call, and for the first thoughts of a model that thinks.
TRIAL_TOKENS = 200
TRIAL_SECONDS = 30.0
# With tools offered, llama.cpp takes each brace in an answer of Llama 3 for a call, and ends the answer in an error
# where it is none: https://github.com/ggml-org/llama.cpp/issues/20800; so did that of xllamacpp 2026.10.11549.
READS_NO_BRACES: tuple[Kind, ...] = ("llamacpp",)

NAME = "door_code"
TOOL: dict[str, Any] = {
    "name": NAME,
    "description": "Look up the four-digit code of a door of this house. The codes change every hour.",
    "parameters": {
        "type": "object",
        "properties": {"room": {"type": "integer", "description": "the number of the room"}},
        "required": ["room"],
    },
}
QUESTION = "What is the code of the door of room 12 at this moment?"
BRACES = 'Write a JSON object with the keys "city" and "country" for Paris, in a code block, and nothing else.'
# A code that nobody has told the model.
MADE_UP = re.compile(r"(?<!\d)\d{4}(?!\d)")

NATIVE = "the server reads the calls of tools"
BY_KIND = "llama.cpp can lose answers with braces while it reads calls itself, so they are read from the text"
BRACES_LOST = "the server loses answers with braces while it reads calls, so they are read from the text"
IN_TEXT = "calls are read from the text of the answer"
NOT_CALLED = "the model called no tool in the trial, but may where it has to"
UNDECIDED = "the trial came to no end, and this works with every server"
MADE_UP_CODE = "the model made up what it should have looked up"
BROKEN = "the model's calls cannot be read"
REFUSED = "no answer comes where tools are described to the model"
TOO_SMALL = "the context has no room for tools"


@dataclass(frozen=True)
class TrialResult:
    """The mode that was chosen, why, and what the operator may do about it. `decided`: a trial came to an end."""

    mode: ToolMode
    reason: str
    advice: str = ""
    decided: bool = True


UNTRIED = TrialResult("text", UNDECIDED, decided=False)


def trial_options(options: LlamaOptions) -> LlamaOptions:
    """The options of the client for a trial: short answers, always the same ones, and not waited for for long."""
    return options.brief(TRIAL_TOKENS, TRIAL_SECONDS)


async def try_tools(client: LlamaClient, kind: Kind) -> TrialResult:
    """How the model behind `client` should be told of tools. Nothing is raised: what fails is a result."""
    if kind in READS_NO_BRACES:
        return await _try_text(client, BY_KIND)
    asked = await _ask(client, QUESTION, native=True)
    if asked.called_natively:
        braces = await _ask(client, BRACES, native=True)
        return TrialResult("text", BRACES_LOST) if braces.refused else TrialResult("native", NATIVE)
    if asked.called_in_text:
        return TrialResult("text", IN_TEXT)
    if asked.error and not asked.refused:
        return UNTRIED
    return await _try_text(client, IN_TEXT)


async def _try_text(client: LlamaClient, reason: str) -> TrialResult:
    asked = await _ask(client, f"{QUESTION}\n\n({tool_prompt([TOOL])})")
    if asked.called_in_text or asked.called_natively:
        return TrialResult("text", reason)
    if isinstance(asked.error, ContextTooLongError):
        return TrialResult("off", TOO_SMALL, "Start the server with a context of 8192 tokens or more.")
    if asked.refused:
        return TrialResult(
            "off", REFUSED, "Look into the server's own log, or set LLAMA_TOOLS=text to try all the same."
        )
    if asked.error or asked.was_cut:
        return UNTRIED
    if asked.trouble:
        return TrialResult("off", BROKEN, "Use a model that was trained to call tools, such as Llama 3.1.")
    if MADE_UP.search(asked.text):
        return TrialResult("off", MADE_UP_CODE, "Use a model that was trained to call tools, such as Llama 3.1.")
    return TrialResult(
        "text", NOT_CALLED, "Set LLAMA_TOOLS=off if the model speaks of tools instead of answering people."
    )


@dataclass
class _Trial:
    """One question and what came of it."""

    text: str = ""
    called_natively: bool = False
    called_in_text: bool = False
    was_cut: bool = False
    trouble: Trouble | None = None
    error: LlamaError | None = None
    pieces: list[dict[str, Any]] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the server failed at this request, rather than at any."""
        if isinstance(self.error, RefusalError | NoAnswerError):
            return False
        # OpenRouter knows no such model with tools.
        return isinstance(self.error, LlamaServerError | EmptyAnswerError | ModelNotFoundError)


async def _ask(client: LlamaClient, question: str, *, native: bool = False) -> _Trial:
    """Ask it, with the tool offered in the request's field where `native`."""
    trial, reader = _Trial(), CallReader([NAME])
    tools = [{"type": "function", "function": TOOL}] if native else ()
    try:
        async with aclosing(client.stream([ChatMessage("user", question)], tools=tools, marks=True)) as stream:
            async for part in stream:
                match part:
                    case Delta(text):
                        trial.text += reader.feed(text)
                    case Reasoning(_, retracts):
                        if retracts:
                            trial.text, reader = "", CallReader([NAME])
                    case Finish():
                        trial.was_cut = part.reason == "length"
                        trial.pieces += part.tool_calls
    except LlamaError as error:
        logger.info("a trial of tools ended early: %s", error)
        trial.error = error
    trial.text += reader.flush()
    fields = NativeCalls([NAME])
    fields.feed(trial.pieces)
    fields.finish(length=trial.was_cut)
    trial.called_natively = bool(fields.calls) and trial.error is None
    # A name that was not offered shows as well that calls are written, and can be read.
    unoffered = reader.trouble is not None and reader.trouble.kind == "unoffered"
    trial.called_in_text = bool(reader.calls) or unoffered
    trial.trouble = reader.trouble or fields.trouble
    return trial
