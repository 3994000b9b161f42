"""What may be a call, while it is being read: the state that the readers of all dialects share."""

from typing import NoReturn, TypeAlias

from assistant.llama.calls import Call, Offered, Trouble
from assistant.llama.source import ENDS, EndedError, Reading, Source

Item: TypeAlias = Call | Trouble


class NoCallError(Exception):
    """What is being read is ordinary text."""


class BrokenError(Exception):
    """It is a call, and its form is broken. Nothing says where it ends."""


class Candidate:
    """A place of `source` where one of the `offered` calls may begin."""

    def __init__(self, source: Source, offered: Offered) -> None:
        self.source = source
        self.offered = offered
        self.restart()

    def restart(self) -> None:
        """Another place."""
        self.claimed: str | None = None
        """Set once it is certainly a call and never text: its name, or nothing where that is not known yet."""
        self.settled = 0
        """How many characters are text and nothing else, if it turns out to be no call."""
        self.fenced = False
        """Whether it stands in a fence, where all that is no call of an offered tool is text."""
        self.over = False
        """Whether all that follows belongs to it."""

    def knows(self, name: str) -> bool:
        """Whether a tool of this name was offered."""
        return name in self.offered.words

    def refuse(self) -> NoReturn:
        """It has not the form of a call. Raises NoCallError, or BrokenError where it is claimed."""
        raise NoCallError if self.claimed is None or self.fenced else BrokenError

    def fail(self) -> NoReturn:
        """It does not go on as a call does. Raises as `refuse`, or EndedError where the text has ended here."""
        if self.source.ended and self.source.at == len(self.source.text):
            raise EndedError
        self.refuse()

    def expect(self, mark: str) -> Reading[None]:
        """Read `mark`, or fail."""
        if not (yield from self.source.choice((mark,))):
            self.fail()

    def message_ended(self) -> Reading[bool]:
        """Whether the model ended its message, or the text ended, here."""
        here = self.source.at
        mark = yield from self.source.choice(ENDS)
        self.source.at = here
        return bool(mark) or here == len(self.source.text)
