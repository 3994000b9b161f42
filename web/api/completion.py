"""An answer in OpenAI's form, whole or in chunks."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from assistant.citing import CITATION
from assistant.events import Event, SourcesFound, TextDelta, TextReplaced, TurnFinished

# The one model that people may use here, whichever answers behind it.
MODEL = "chaski"
DONE = b"data: [DONE]\n\n"
# A comment, which readers of event streams pass over.
KEEP_ALIVE = b": still at it\n\n"

Json = dict[str, Any]


class Completion:
    """An answer as its events tell it: `end` is set at its end.

    What was sent cannot be taken back. Where the model said something on the way to looking something up, the answer
    follows after an empty line; citations that are put in at the end are missing in what was sent.
    """

    def __init__(self, answer_id: UUID, created: int) -> None:
        self.end: TurnFinished | None = None
        self._id = f"chatcmpl-{answer_id.hex}"
        self._created = created
        self._text: list[str] = []
        self._sent: list[str] = []
        self._taken_back = False
        self._sources: list[Json] = []

    def take(self, event: Event) -> str:
        """Take one event; returns the text that is sent for it."""
        match event:
            case TextDelta(text):
                self._text.append(text)
                return self._send(text)
            case TextReplaced(text):
                before, self._text = "".join(self._text), [text]
                if text.startswith(before):
                    return self._send(text[len(before) :])
                self._taken_back = not text and bool(self._sent)
            case SourcesFound(sources):
                self._sources = list(sources)
            case TurnFinished():
                self.end = event
        return ""

    def _send(self, text: str) -> str:
        if text and self._taken_back:
            self._taken_back = False
            text = f"\n\n{text}"
        self._sent.append(text)
        return text

    def whole(self) -> Json:
        """The whole answer, once it has ended."""
        text = "".join(self._text)
        message: Json = {"role": "assistant", "content": text, "refusal": None}
        if found := self._annotations(text):
            message["annotations"] = found
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._reason()}
        return self._object("chat.completion", [choice], usage=self._usage())

    def first_chunk(self) -> bytes:
        """Who speaks."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def text_chunk(self, text: str) -> bytes:
        """The next words."""
        return self._chunk({"content": text})

    def last_chunks(self, *, include_usage: bool) -> bytes:
        """The end: what the words rest on, why they end, and what was counted."""
        found = self._annotations("".join(self._sent))
        chunks = [self._chunk({"annotations": found} if found else {}, self._reason())]
        if include_usage and (usage := self._usage()):
            chunks.append(data(self._object("chat.completion.chunk", [], usage=usage)))
        return b"".join([*chunks, DONE])

    def _chunk(self, delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return data(self._object("chat.completion.chunk", [choice]))

    def _object(self, kind: str, choices: list[Json], **more: Json | None) -> Json:
        given = {name: value for name, value in more.items() if value is not None}
        head = {"id": self._id, "object": kind, "created": self._created, "model": MODEL}
        return {**head, "choices": choices, **given}

    def _reason(self) -> str:
        return "length" if self.end and self.end.reason == "length" else "stop"

    def _usage(self) -> Json | None:
        """What the model's server counted, if it did."""
        end = self.end
        if end is None or end.prompt_tokens is None or end.answer_tokens is None:
            return None
        counted = {"prompt_tokens": end.prompt_tokens, "completion_tokens": end.answer_tokens}
        return {**counted, "total_tokens": end.prompt_tokens + end.answer_tokens}

    def _annotations(self, text: str) -> list[Json]:
        """The pages that the text cites, each where it does so."""
        return [
            {
                "type": "url_citation",
                "url_citation": {
                    "url": self._sources[number - 1]["url"],
                    "title": self._sources[number - 1]["title"],
                    "start_index": start,
                    "end_index": end,
                },
            }
            for number, start, end in cited_numbers(text)
            if number <= len(self._sources)
        ]


def cited_numbers(text: str) -> Iterator[tuple[int, int, int]]:
    """The numbers of the sources that `text` cites, with the beginning and end of the brackets."""
    for mark in CITATION.finditer(text):
        for number in map(int, re.findall(r"\d+", mark[1])):
            if number:
                yield number, mark.start(), mark.end()


def data(value: Json, event: str = "") -> bytes:
    """One event of a stream."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(value, separators=(',', ':'))}\n\n".encode()
