"""What happens while an answer is made: plain values, written to the log of the run and read by its viewers."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """The root. `kind` names the event in the log."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The event as JSON values, `kind` included."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Waiting(Event):
    """Nothing to show yet. `place` counts the answers before this one in the queue.

    Of a picture being drawn, `done` of `of` steps are made (0 of 0: not begun). `words` say what is searched
    for or read.
    """

    kind = "waiting"
    reason: Literal["queue", "loading", "thinking", "drawing", "painter_away", "searching", "reading"]
    place: int = 0
    done: int = 0
    of: int = 0
    words: str = ""


@dataclass(frozen=True)
class TextDelta(Event):
    """The next piece of the answer, as the model wrote it (Markdown, not yet safe to show)."""

    kind = "text"
    text: str


@dataclass(frozen=True)
class TextReplaced(Event):
    """The whole answer up to here, when earlier events may have been lost."""

    kind = "replaced"
    text: str


@dataclass(frozen=True)
class ReasoningDelta(Event):
    """The next piece of what the model thinks before it answers; `seconds` is how long it has thought so far."""

    kind = "reasoning"
    text: str
    seconds: float


@dataclass(frozen=True)
class ReasoningReplaced(Event):
    """The whole reasoning up to here, after a TextReplaced."""

    kind = "reasoning_replaced"
    text: str
    seconds: float


@dataclass(frozen=True)
class StepTaken(Event):
    """Something was done for the answer. `step` is a Step as JSON, see sources.py."""

    kind = "step"
    step: dict[str, Any]


@dataclass(frozen=True)
class SourcesFound(Event):
    """All sources of the answer so far, each a Source as JSON. The text cites them by their places, from 1."""

    kind = "sources"
    sources: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class PictureMade(Event):
    """A picture belongs to the answer and is done. `picture` is its id."""

    kind = "picture"
    picture: str


@dataclass(frozen=True)
class TurnFinished(Event):
    """The answer is complete, or was stopped. `reason` is "length" when the model ran out of room.

    `instead`: the usual model answered, as the best one did not.
    """

    kind = "finished"
    reason: Literal["stop", "length", "stopped"]
    model: str = ""
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    token_factor: float | None = None
    # The attached files that the model was not given whole, as `CutFile` of assistant/llama/files.py has them.
    cut_files: list[dict[str, Any]] = field(default_factory=list)
    instead: bool = False


@dataclass(frozen=True)
class TurnFailed(Event):
    """The answer ended early. `problem` is the code of an AssistantError or an ImagineError."""

    kind = "failed"
    problem: str
    retry: bool = True


@dataclass(frozen=True)
class Unknown(Event):
    """What another version wrote, in a rolling update. It keeps its number, and says nothing to viewers."""

    kind = "unknown"


EVENTS: dict[str, type[Event]] = {
    event.kind: event
    for event in (
        Waiting,
        TextDelta,
        TextReplaced,
        ReasoningDelta,
        ReasoningReplaced,
        StepTaken,
        SourcesFound,
        PictureMade,
        TurnFinished,
        TurnFailed,
    )
}


def from_json(value: dict[str, Any]) -> Event:
    """The event that `to_json` wrote. Unknown fields are dropped; an event of an unknown kind or form is `Unknown`."""
    try:
        event = EVENTS[value["kind"]]
        known = {one.name for one in fields(event)}
        return event(**{name: item for name, item in value.items() if name in known})
    except (LookupError, TypeError):
        logger.warning("an event of another version is skipped: %.40s", value.get("kind"))
        return Unknown()
