"""Which pictures of a conversation a model is shown, and how they stand in the request."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from assistant.llama.messages import ChatMessage
from assistant.llama.pictures import PromptPicture, Sight
from assistant.llama.special import neutralise


def in_view(messages: Sequence[ChatMessage], most: int) -> list[ChatMessage]:
    """The messages with the newest `most` pictures; of the others only a line is left."""
    shown: list[ChatMessage] = []
    for message in reversed(messages):
        pictures = list[PromptPicture]()
        for picture in reversed(message.pictures):
            is_shown = bool(picture.data) and most > 0
            most -= is_shown
            pictures.append(picture if is_shown else PromptPicture())
        shown.append(replace(message, pictures=tuple(reversed(pictures))) if pictures else message)
    return shown[::-1]


def tokens(messages: Sequence[ChatMessage], sight: Sight, context: int) -> int:
    """The tokens that the pictures take at most. Half of a small window is the words' all the same."""
    return min(len(pictures_of(messages)) * sight.tokens, context // 2)


def pictures_of(messages: Sequence[ChatMessage]) -> list[PromptPicture]:
    """Those that are in view."""
    return [picture for message in messages for picture in message.pictures if picture.data]


def written(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The messages as a request has them. Text is a string wherever no picture is: some templates take nothing else.

    Beside pictures the system text stands in the first message of the person: the template of Llama 3.2 Vision refuses
    both together, "Prompting with images is incompatible with system messages".
    """
    if not pictures_of(messages):
        return [{"role": message.role, "content": neutralise(message.whole)} for message in messages]
    rules = [message.content for message in messages if message.role == "system"]
    first, *others = (message for message in messages if message.role != "system")
    told = [(first, "\n\n".join((*rules, first.whole))), *((message, message.whole) for message in others)]
    return [{"role": message.role, "content": _content(message, neutralise(text))} for message, text in told]


def _content(message: ChatMessage, text: str) -> str | list[dict[str, Any]]:
    """Pictures come first: what stands before one is read without it."""
    parts = [{"type": "image_url", "image_url": {"url": _data_url(one)}} for one in pictures_of([message])]
    return [*parts, {"type": "text", "text": text}] if parts else text


def _data_url(picture: PromptPicture) -> str:
    return f"data:image/jpeg;base64,{b64encode(picture.data).decode()}"
