"""What tools are called with, and what comes of them."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.events import Event
from assistant.sources import Reading


@dataclass(frozen=True)
class ToolCall:
    """One call. `arguments` are JSON values."""

    name: str
    arguments: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "arguments": dict(self.arguments)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ToolCall":
        """The call that `to_json` wrote."""
        return cls(value["name"], value["arguments"])


@dataclass(frozen=True)
class Told:
    """What the model is told of a tool's work: `text`, then what others say, each with its site, in a line of its own.

    Pages come beside it, as readings.
    """

    text: str
    quoted: Sequence[tuple[str, str]] = ()


# What a tool does: events for the person, pages that were read, what the model is told. A tool that gives the answer
# itself, as a picture, ends with the end of the turn.
Work = AsyncGenerator[Event | Reading | Told, None]
# A tool bound to a run: arguments in. Raises AssistantError, ImagineError.
BoundTool = Callable[[Mapping[str, Any]], Work]
