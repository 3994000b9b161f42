"""Try what a model server can do, and say what its operator should mend. A handful of tiny questions is asked."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from assistant.llama.backends import Backend, Kind
from assistant.llama.client import LlamaClient
from assistant.llama.errors import (
    DecodingError,
    LlamaError,
    LlamaServerError,
    ModelLoadingError,
    ModelNotFoundError,
    NotAllowedError,
    RateLimitedError,
    ReadTimeout,
    UnreachableError,
)
from assistant.llama.messages import ChatMessage, Delta, Finish, Reasoning
from assistant.llama.options import LlamaOptions
from assistant.llama.problems import SEE_ADDRESS
from assistant.llama.tokens import is_credible
from assistant.llama.tool_trial import ToolMode, TrialResult, trial_options, try_tools

# Enough for a model that thinks first.
ANSWER_TOKENS = 512
ANSWER_SECONDS = 60.0
# Slower than this, and people take the page for broken.
SLOW_SECONDS = 10.0
# All in one piece after this time: what was sent piece by piece was held back on the way.
HELD_BACK_SECONDS = 1.0
SMALL_CONTEXT = 4096

TINY = (ChatMessage("user", "Say hello in one word."),)
COUNT = (ChatMessage("user", "Count from one to twenty in words, with a space between, and say nothing else."),)
STOP_WORD = "five"
SYSTEM_WORD = "marigold"
SYSTEM = (
    ChatMessage("system", f"The secret word is {SYSTEM_WORD}. When somebody asks for it, say it."),
    ChatMessage("user", "What is the secret word? Answer with that word alone."),
)

REMEDIES: dict[type[LlamaError], str] = {
    UnreachableError: "Start the server, or set LLAMA_URL to its address, which usually ends in /v1.",
    NotAllowedError: "Set LLAMA_KEY to a key that this server accepts, of an account with credit.",
    ModelNotFoundError: "Set LLAMA_MODEL to a model that the server has.",
    ModelLoadingError: "Wait until the model is loaded, and try again.",
    RateLimitedError: "Wait a while, or raise the limit of the account or the server.",
    ReadTimeout: "Use a smaller model or a faster machine, or look whether the server hangs.",
    DecodingError: "See that LLAMA_URL is the address of an OpenAI-compatible server: it usually ends in /v1.",
}
ADDRESS_REMEDY = (
    "See that LLAMA_URL is the whole address: it usually ends in /v1, or /v1/openai/v1 for a Llama Stack before 0.3."
)
OTHER_REMEDY = "Look into the server's own log."


@dataclass
class Report:
    """What was found; None where it could not be tried."""

    host: str
    backend: Backend | None = None
    error: LlamaError | None = None
    first_seconds: float | None = None
    streams: bool | None = None
    stops: bool | None = None
    counts: bool | None = None
    hears_system: bool | None = None
    tools: TrialResult | None = None
    tools_set: ToolMode | None = None
    """How the model is told of tools by setting; None leaves it to the trial."""

    @property
    def advice(self) -> list[str]:
        """One plain sentence for each problem, for the operator."""
        found = [] if self.backend is None else _backend_advice(self.backend)
        if self.error:
            if str(self.error).endswith(SEE_ADDRESS):
                return [*found, ADDRESS_REMEDY]
            remedies = (remedy for kind, remedy in REMEDIES.items() if isinstance(self.error, kind))
            return [*found, next(remedies, OTHER_REMEDY)]
        if (self.first_seconds or 0.0) > SLOW_SECONDS:
            found.append("The first word takes long: use a smaller model or a faster machine.")
        if self.streams is False:
            found.append(
                "The answer comes in one piece: switch on streaming at the server, or switch off buffering at a proxy."
            )
        if self.stops is False:
            found.append("The server ignores `stop`, so answers may run on after their end: update it.")
        if self.counts is False:
            found.append(
                "The server does not count all tokens of a prompt, so long conversations are cut by a cautious guess: "
                "update it."
            )
        if self.hears_system is False:
            found.append("The model does not heed the system text: use an Instruct model with its own chat template.")
        return [*found, *self._tool_advice()]

    def _tool_advice(self) -> list[str]:
        """What the operator may do about tools; nothing where they are switched off."""
        tried, chosen = self.tools, self.tools_set
        if tried is None or chosen == "off":
            return []
        if chosen is None or (chosen == "text" and tried.mode != "off"):
            return [tried.advice] if tried.advice else []
        if tried.mode in ("native", chosen) or not tried.decided:
            return []
        return [f"LLAMA_TOOLS is {chosen}, but {tried.reason}: set LLAMA_TOOLS={tried.mode}, or leave it unset."]


@dataclass
class Trial:
    """One question and what came of it."""

    text: str = ""
    pieces: int = 0
    first_seconds: float | None = None
    finish: Finish | None = None
    error: LlamaError | None = None


def _backend_advice(backend: Backend) -> list[str]:
    if not backend.model:
        return ["The server names no model: set LLAMA_MODEL."]
    found = []
    if backend.models and not backend.lists_model:
        found.append(f"The server does not list {backend.model}: set LLAMA_MODEL to one that it has.")
    if not backend.context_is_told:
        found.append(
            f"The server does not tell its context, and {backend.context} tokens are assumed: set LLAMA_CONTEXT."
        )
    elif backend.context < SMALL_CONTEXT:
        found.append("The context holds a few turns only: start the server with 8192 tokens or more.")
    return found


async def check(options: LlamaOptions, tools: ToolMode | None = None) -> Report:
    """Ask the server what it is, and try what it can do. `tools` is how the model is told of them, where that is set.

    Errors are in the report; nothing is raised.
    """
    report = Report(options.host, tools_set=tools)
    client = LlamaClient(options.brief(ANSWER_TOKENS, ANSWER_SECONDS))
    try:
        report.backend = await client.backend(fresh=True)
        await _try_all(client, report)
        if tools != "off":
            report.tools = await _tried_tools(options, report.backend.kind)
    except LlamaError as error:
        report.error = error
    finally:
        await client.close()
    return report


async def _tried_tools(options: LlamaOptions, kind: Kind) -> TrialResult:
    client = LlamaClient(trial_options(options))
    try:
        return await try_tools(client, kind)
    finally:
        await client.close()


async def _try_all(client: LlamaClient, report: Report) -> None:
    """Raises LlamaError where the tiny question is not answered; what else fails is a finding."""
    tiny = await _ask(client, TINY)
    if tiny.error:
        raise tiny.error
    report.first_seconds = tiny.first_seconds
    report.counts = tiny.finish is not None and is_credible(TINY, tiny.finish.prompt_tokens)
    counted = await _ask(client, COUNT)
    if counted.finish and len(counted.text.split()) > 2:
        was_held_back = counted.pieces == 1 and (counted.first_seconds or 0.0) > HELD_BACK_SECONDS
        report.streams = counted.finish.pieces > 1 and not was_held_back
    stopped = await _ask(client, COUNT, STOP_WORD)
    if STOP_WORD in counted.text.lower() and stopped.finish:
        report.stops = STOP_WORD not in stopped.text.lower()
    told = await _ask(client, SYSTEM)
    if told.finish or isinstance(told.error, LlamaServerError):
        # Some templates refuse a system message.
        report.hears_system = SYSTEM_WORD in told.text.lower()


async def _ask(client: LlamaClient, messages: Sequence[ChatMessage], stop: str = "") -> Trial:
    trial = Trial()
    begun = asyncio.get_running_loop().time()
    try:
        async with aclosing(client.stream(messages, stop=stop)) as stream:
            async for part in stream:
                match part:
                    case Delta(text):
                        trial.text += text
                        trial.pieces += 1
                    case Reasoning(_, retracts):
                        trial.text = "" if retracts else trial.text
                    case Finish():
                        trial.finish = part
                if trial.first_seconds is None and isinstance(part, Delta | Reasoning):
                    trial.first_seconds = asyncio.get_running_loop().time() - begun
    except LlamaError as error:
        trial.error = error
    return trial
