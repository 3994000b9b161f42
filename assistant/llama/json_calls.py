"""Calls in JSON: `{"name": …, "parameters": {…}}` with its keys in any order, also as OpenAI has them, and lists.

`{"type": "function", "function": {"name": …, "arguments": "…"}}` and `{"tool_calls": […]}` are OpenAI's.
"""

import re
from dataclasses import dataclass
from typing import Any

from assistant.llama import arguments
from assistant.llama.calls import Trouble
from assistant.llama.candidate import Candidate, Item, NoCallError
from assistant.llama.source import EndedError, Reading

# How a call may begin, and what it may hold while its name is not known.
KEYS = [f'"{key}"' for key in ("name", "type", "id", "function", "parameters", "arguments", "tool_calls")]
TYPES = ('"function"', '"function_call"', '"tool_call"')
NAME = re.compile(r"[A-Za-z_][\w.:-]{0,63}")
LITERAL = re.compile(r"[^\s,{}\[\]\"]*")
ID_CHARACTERS = 100


@dataclass
class Draft:
    """What is known of a call so far."""

    name: str = ""
    arguments: str | None = None
    id: str = ""
    items: list[Item] | None = None
    """The calls in it, where it only holds a list of them."""
    data: bool = False
    """Whether it has keys that no call has."""

    @property
    def complete(self) -> bool:
        """Whether nothing is missing but closing brackets."""
        return bool(self.items or (self.name and self.arguments))


class JsonCalls:
    """Reads them from the source of `candidate`. All methods raise NoCallError, BrokenError, EndedError, TooLongError.

    `marked`: a mark before it says that it is a call, whatever its name.
    """

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._source = candidate.source

    def object(self, *, marked: bool) -> Reading[list[Item]]:
        """One object, from its brace."""
        if marked:
            self._candidate.claimed = self._candidate.claimed or ""
        draft = Draft()
        yield from self._members(draft, marked)
        return [self._item(draft, marked)] if draft.items is None else draft.items

    def elements(self, *, marked: bool) -> Reading[list[Item]]:
        """The objects of a list, from the first one's brace. They are calls only if all of them are."""
        items: list[Item] = []
        while (yield from self._source.ahead()) == "{":
            items += yield from self.object(marked=marked)
            yield from self._source.space()
            if (yield from self._source.choice(("]",))) or (yield from self._candidate.message_ended()):
                return items
            yield from self._candidate.expect(",")
            yield from self._source.space()
        self._candidate.fail()

    def _members(self, draft: Draft, marked: bool) -> Reading[None]:
        """All that stands between the braces of an object, and those."""
        source = self._source
        yield from self._candidate.expect("{")
        while True:
            yield from source.space()
            if (yield from source.choice(("}",))):
                return
            key = yield from self._key()
            yield from source.space()
            yield from self._candidate.expect(":")
            yield from source.space()
            yield from self._member(draft, key, marked)
            self._candidate.settled = source.at
            yield from source.space()
            # Llama 3.2 forgets the last brace at times: https://github.com/vllm-project/vllm/issues/11786
            if draft.complete and (yield from self._candidate.message_ended()):
                return
            if (yield from source.ahead()) != "}":
                yield from self._candidate.expect(",")

    def _key(self) -> Reading[str]:
        if self._candidate.claimed:
            return (yield from self._string())[1:-1]
        key = yield from self._source.choice(KEYS)
        if not key and self._source.ends_in(KEYS):
            raise EndedError
        return key[1:-1] if key else self._candidate.fail()

    def _member(self, draft: Draft, key: str, marked: bool) -> Reading[None]:
        char = yield from self._source.ahead()
        if key == "function" and char == "{":
            yield from self._members(draft, marked)
        elif key in ("name", "function"):
            yield from self._name(draft, marked)
        elif key in ("parameters", "arguments"):
            yield from self._arguments(draft, char)
        elif key == "tool_calls":
            yield from self._calls(draft, marked)
        elif key == "type":
            if not (yield from self._source.choice(TYPES)):
                self._candidate.fail()
        elif key == "id":
            draft.id = (yield from self._string())[1:-1]
        elif key == "description" and not marked:
            # The definition of a tool, and no call of it.
            raise NoCallError
        else:
            draft.data = True
            yield from self._value(char)

    def _name(self, draft: Draft, marked: bool) -> Reading[None]:
        begin = self._source.at + 1
        try:
            name = (yield from self._string())[1:-1]
        except EndedError:
            begun = self._source.text[begin : self._source.at]
            if begun and any(word.startswith(begun) for word in self._candidate.offered.words):
                self._candidate.claimed = self._candidate.claimed or ""
            raise
        if draft.name or not NAME.fullmatch(name):
            self._candidate.fail()
        draft.name = name
        if self._candidate.knows(name) or marked:
            self._candidate.claimed = name
        elif self._candidate.fenced:
            raise NoCallError

    def _arguments(self, draft: Draft, char: str) -> Reading[None]:
        if char not in ("{", '"', "n"):
            self._candidate.fail()
        try:
            text = yield from self._value(char)
        except EndedError:
            self._candidate.claimed = draft.name or self._candidate.claimed
            raise
        if draft.arguments in (None, "{}", "null"):
            draft.arguments = text
        elif text not in ("{}", "null", draft.arguments):
            self._candidate.fail()

    def _calls(self, draft: Draft, marked: bool) -> Reading[None]:
        if draft != Draft():
            self._candidate.fail()
        yield from self._candidate.expect("[")
        yield from self._source.space()
        draft.items = yield from self.elements(marked=marked)

    def _value(self, char: str) -> Reading[str]:
        """A value of any kind, as it is written; `char` is its first character."""
        if char and char in '{["':
            return (yield from self._source.value())
        return (yield from self._source.run(LITERAL))

    def _string(self) -> Reading[str]:
        """A string with its quotes, as it is written."""
        if (yield from self._source.ahead()) != '"':
            self._candidate.fail()
        return (yield from self._source.value())

    def _item(self, draft: Draft, marked: bool) -> Item:
        """What the object was."""
        known = self._candidate.knows(draft.name)
        if draft.name and draft.arguments is None:
            if marked and not known:
                return Trouble("unoffered", draft.name)
            # A record of data may well be named as a tool is.
            if draft.data and not marked:
                raise NoCallError
        if not draft.name or draft.arguments is None:
            self._candidate.refuse()
        text = "{}" if draft.arguments == "null" else draft.arguments
        try:
            values = arguments.decode(arguments.from_json(text))
        except ValueError:
            self._candidate.refuse()
        if _is_schema(values) and not marked:
            raise NoCallError
        plain = draft.id if draft.id.isprintable() and len(draft.id) <= ID_CHARACTERS else ""
        return self._candidate.offered.call(draft.name, text, plain)


def _is_schema(value: Any) -> bool:
    """Whether arguments are the description of arguments: models repeat definitions when asked what they can do."""
    properties = value.get("properties") if value.get("type") == "object" else None
    return isinstance(properties, dict) and all(isinstance(item, dict) for item in properties.values())
