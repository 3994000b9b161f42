"""The model speaks once: what it says and thinks as events, and apart from that the tools that it calls."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from assistant.events import Event, ReasoningDelta, TextDelta, TextReplaced, Waiting
from assistant.llama.call_reader import CallReader
from assistant.llama.calls import Call, Trouble
from assistant.llama.messages import Delta, Finish, Loading, Part, Reasoning
from assistant.llama.native_calls import NativeCalls
from assistant.llama.special import Stripper
from assistant.seam import Seam
from assistant.thinking import ThinkingTime
from assistant.tools.schema import FunctionTool


class Speech:
    """What the model says in one stream, after `begun`, the answer so far where it goes on.

    Calls of the tools in `names` are told from the text, and not shown. `end` is how it ended, once it did.
    """

    def __init__(self, begun: str, names: Sequence[str], aliases: Mapping[str, str]) -> None:
        self.end: Finish | None = None
        self._begun = begun
        self._names = names
        self._aliases = aliases
        self._begin()

    async def events(self, stream: AsyncGenerator[Part]) -> AsyncGenerator[Event, None]:
        """What happens up to the end of `stream`. Raises what that raises."""
        thinking = ThinkingTime()
        async with aclosing(stream) as parts:
            async for part in parts:
                match part:
                    case Delta(text):
                        thinking.pause()
                        if words := self._seam.feed(self._stripper.feed(self._reader.feed(text))):
                            yield self._say(words)
                    case Reasoning(text, retracts):
                        if retracts:
                            self._begin()
                            yield TextReplaced(self._begun)
                        yield ReasoningDelta(text, thinking.seconds(since_text=retracts))
                    case Loading():
                        yield Waiting("loading")
                    case Finish():
                        rest = self._stripper.feed(self._reader.flush()) + self._stripper.flush()
                        if words := self._seam.feed(rest) + self._seam.close():
                            yield self._say(words)
                        self.end = part

    @property
    def text(self) -> str:
        """The whole answer so far."""
        return "".join(self._said)

    @property
    def has_words(self) -> bool:
        """Whether anything was said."""
        return self.text != self._begun

    @property
    def is_call_alone(self) -> bool:
        """Whether nothing came but a call in a field of its own."""
        return self.end is not None and bool(self.end.tool_calls) and not self.has_words

    def calls(self, offered: Sequence[FunctionTool[..., Any]]) -> tuple[list[Call], Trouble | None]:
        """The calls of `offered` tools, in the text or else in fields of their own, and what was wrong with others."""
        calls, trouble = self._reader.calls, self._reader.trouble
        if not calls and self.end and self.end.tool_calls:
            native = NativeCalls(self._names, self._aliases)
            native.feed(list(self.end.tool_calls))
            native.finish(length=self.end.reason == "length")
            calls, trouble = native.calls, native.trouble or trouble
        names = {tool.name for tool in offered}
        wanted = [call for call in calls if call.name in names]
        return wanted, Trouble("unoffered", calls[0].name) if calls and not wanted else trouble

    def _begin(self) -> None:
        """Nothing is said or called yet. What was only thought does not count."""
        self._said = [self._begun]
        self._reader, self._stripper = CallReader(self._names, self._aliases), Stripper()
        self._seam = Seam(self._begun)

    def _say(self, words: str) -> TextDelta:
        self._said.append(words)
        return TextDelta(words)
