"""Messages to the model and the parts of its answer, as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from assistant.llama.files import CutFile, TextFile, render
from assistant.llama.pictures import OUT_OF_VIEW, PromptPicture


def size_of(text: str) -> int:
    """The bytes of `text`."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of the prompt, or a summary of what came before, which `tokens.fit` puts before the first turn."""

    role: Literal["system", "summary", "user", "assistant"]
    content: str
    files: tuple[TextFile, ...] = ()
    pictures: tuple[PromptPicture, ...] = ()

    @property
    def whole(self) -> str:
        """What is sent beside pictures: the files, then the words."""
        # Nearly all are such, and each is asked some ten times for a prompt.
        if not (self.files or self.pictures):
            return self.content if self.content.strip() else ""
        missing = [OUT_OF_VIEW for picture in self.pictures if not picture.data]
        return "\n\n".join(part for part in (*missing, *map(render, self.files), self.content) if part.strip())

    @property
    def size(self) -> int:
        """The bytes of `whole`."""
        return size_of(self.whole)


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The next piece of what the model thinks before it answers. `retracts`: all text so far was part of it."""

    text: str
    retracts: bool = False


@dataclass(frozen=True, slots=True)
class Loading:
    """The server is up and still loads its model."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of the answer: complete ("stop") or at the token limit ("length"). The counts are the server's, if any.

    `factor` corrects our estimate of tokens for the next prompt of this conversation, see `tokens.correction`.
    `cut_files` are those that the prompt did not hold whole. `tool_calls` are the pieces of `delta.tool_calls`, as
    they came: there may be no text beside them. `pieces` is in how many the server sent the text.
    """

    reason: Literal["stop", "length"]
    prompt_tokens: int | None
    answer_tokens: int | None
    model: str
    factor: float | None = None
    cut_files: tuple[CutFile, ...] = ()
    tool_calls: tuple[dict[str, Any], ...] = ()
    pieces: int = field(default=0, compare=False)


Part: TypeAlias = Delta | Reasoning | Loading | Finish


def alternate(messages: Iterable[ChatMessage]) -> list[ChatMessage]:
    """The same text in a form that every chat template accepts: nothing empty, the first turn from the user,
    neighbours of one role joined by a blank line. The system text stays in front."""
    taken: list[ChatMessage] = []
    for message in messages:
        early = message.role == "assistant" and not any(before.role == "user" for before in taken)
        if early or not (message.content.strip() or message.files or message.pictures):
            continue
        if taken and taken[-1].role == message.role:
            before = taken.pop()
            words = "\n\n".join(part for part in (before.content, message.content) if part)
            files, pictures = (*before.files, *message.files), (*before.pictures, *message.pictures)
            message = ChatMessage(message.role, words, files, pictures)
        taken.append(message)
    return taken
