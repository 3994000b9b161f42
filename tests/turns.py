"""A turn of the engine as tests look at it: what was said before, and what its events show."""

from collections.abc import Sequence

from assistant.events import Event, TextDelta, TextReplaced
from assistant.llama.messages import ChatMessage


def said(*texts: str) -> list[ChatMessage]:
    """A conversation in which the person and the assistant speak in turn."""
    return [ChatMessage("assistant" if index % 2 else "user", text) for index, text in enumerate(texts)]


def words(events: Sequence[Event]) -> str:
    """The answer at its end."""
    text = ""
    for event in events:
        if isinstance(event, TextDelta):
            text += event.text
        elif isinstance(event, TextReplaced):
            text = event.text
    return text


def shown(events: Sequence[Event]) -> str:
    """All that was on the page at any time."""
    return "".join(event.text for event in events if isinstance(event, TextDelta | TextReplaced))
