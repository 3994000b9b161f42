"""What a tool is: something the assistant does besides talking, called by name with JSON arguments."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from assistant.events import Event


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


# A tool bound to a run: arguments in, events out.
BoundTool = Callable[[Mapping[str, Any]], AsyncGenerator[Event, None]]


class Tool(Protocol):
    """A tool of this process."""

    def call(self, run: UUID, arguments: Mapping[str, Any]) -> AsyncGenerator[Event, None]:
        """Do it for the answer of `run`; the last event is the end of the turn, or there is none.

        Raises AssistantError, ImagineError.
        """

    async def cancel(self, run: UUID) -> None:
        """The person stopped `run`: what was begun for it is no longer wanted."""
