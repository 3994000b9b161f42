"""What a program asks, read strictly: what has another type is refused, what is not known is ignored."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from assistant.conversations import ANSWER_CHARACTERS
from assistant.history import HISTORY_MESSAGES
from assistant.llama.messages import ChatMessage
from web.api.errors import ApiError

# A message may come in so many parts.
MOST_PARTS = 100
NAME_CHARACTERS = 200


@dataclass(frozen=True)
class CompletionRequest:
    """A conversation up to the message that shall be answered, and how the answer is sent.

    `instructions` are the system messages of the program, joined; `most_tokens` is how long the answer may be.
    """

    model: str
    messages: list[ChatMessage]
    instructions: str = ""
    stream: bool = False
    include_usage: bool = False
    most_tokens: int | None = None


def read_request(body: bytes) -> CompletionRequest:
    """The request in a body. Raises ApiError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError("The body is no JSON.", code="invalid_json") from error
    if not isinstance(value, dict):
        raise ApiError("The body must be a JSON object.")
    refuse_what_is_not_offered(value)
    model = field(value, "model", str)
    if not model or len(model) > NAME_CHARACTERS:
        raise ApiError("'model' must name a model.", param="model")
    options = field(value, "stream_options", dict) or {}
    instructions, messages = read_messages(value.get("messages"))
    return CompletionRequest(
        model,
        messages,
        instructions,
        bool(field(value, "stream", bool)),
        bool(field(options, "include_usage", bool, "stream_options.")),
        most_tokens(value),
    )


def field(value: dict[str, Any], name: str, kind: type, prefix: str = "") -> Any:
    """A field that may be missing, or null, and else has the type `kind`. Raises ApiError."""
    found = value.get(name)
    # True is an int to Python alone.
    if found is None or (isinstance(found, kind) and (kind is bool or not isinstance(found, bool))):
        return found
    names = {str: "a string", bool: "true or false", dict: "an object", int: "a whole number", list: "a list"}
    raise ApiError(f"'{prefix}{name}' must be {names[kind]}.", param=f"{prefix}{name}")


def most_tokens(value: dict[str, Any]) -> int | None:
    """How long the answer may be. Raises ApiError."""
    for name in ("max_completion_tokens", "max_tokens"):
        found = field(value, name, int)
        if found is not None:
            if found < 1:
                raise ApiError(f"'{name}' must be 1 or more.", param=name)
            return int(found)
    return None


# What would make another answer than ours, and when it asks for nothing of the kind.
NOT_OFFERED: dict[str, Callable[[Any], bool]] = {
    "n": lambda value: value == 1 and not isinstance(value, bool),
    "logprobs": lambda value: value is False,
    "top_logprobs": lambda value: False,
    "logit_bias": lambda value: value == {},
    "stop": lambda value: value == [],
    "tools": lambda value: value == [],
    "functions": lambda value: value == [],
    "response_format": lambda value: value == {"type": "text"},
    "modalities": lambda value: value == ["text"],
    "audio": lambda value: False,
}


def refuse_what_is_not_offered(value: dict[str, Any]) -> None:
    """Raises ApiError where a program relies on what it would not get."""
    for name, asks_nothing in NOT_OFFERED.items():
        if value.get(name) is not None and not asks_nothing(value[name]):
            raise ApiError(f"'{name}' is not offered here. Please leave it out.", code="unsupported", param=name)


def read_messages(value: object) -> tuple[str, list[ChatMessage]]:
    """The system messages, joined, and the others, of which the last is the user's. Raises ApiError."""
    if not isinstance(value, list) or not value:
        raise ApiError("'messages' must be a list with at least one message.", param="messages")
    if len(value) > HISTORY_MESSAGES:
        raise ApiError(f"'messages' may hold {HISTORY_MESSAGES} messages at most.", param="messages")
    found = [read_message(message, f"messages[{place}]") for place, message in enumerate(value)]
    instructions = "\n\n".join(message.content for message in found if message.role == "system")
    said = [message for message in found if message.role != "system"]
    if not said or said[-1].role != "user" or not said[-1].content.strip():
        raise ApiError("The last of 'messages' must be what the user says.", param="messages")
    return instructions, said


def read_message(value: object, place: str) -> ChatMessage:
    """One message. Raises ApiError."""
    if not isinstance(value, dict):
        raise ApiError(f"'{place}' must be an object.", param=place)
    role = value.get("role")
    if role not in ("system", "user", "assistant"):
        raise ApiError(f"'{place}.role' must be system, user or assistant.", param=f"{place}.role")
    text = clean(read_content(value.get("content"), f"{place}.content"))
    most = ANSWER_CHARACTERS if role == "assistant" else settings.MESSAGE_CHARACTERS
    if len(text) > most:
        raise ApiError(f"'{place}.content' may have {most} characters at most.", param=f"{place}.content")
    return ChatMessage(role, text)


def read_content(value: object, place: str) -> str:
    """The text of a message: a string, or a list of parts that are text. Raises ApiError."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value or len(value) > MOST_PARTS:
        raise ApiError(f"'{place}' must be a string, or a list of text parts.", param=place)
    parts = []
    for part in value:
        text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
        if not isinstance(text, str):
            raise ApiError(f"'{place}' may hold parts of text only.", code="unsupported", param=place)
        parts.append(text)
    return "\n\n".join(parts)


def clean(text: str) -> str:
    """`text` without what no server takes: NUL, and halves of characters, which become question marks."""
    return text.replace("\0", "").encode(errors="replace").decode()
