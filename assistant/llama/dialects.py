"""The dialects in which Llama 3 models call tools. Each method reads one from the place where it may begin.

- JSON: `{"name": …, "parameters": {…}}`, also in OpenAI's shape, in a list, in a fence, behind `<|python_tag|>`
- built-in: `brave_search.call(query="…")`, and code behind `<|python_tag|>`
- function tag: `<function=name>{…}</function>`
- pythonic: `[f(a='x'), g()]`; 3.3 also writes one of those calls without the brackets
  https://github.com/meta-llama/llama-models/tree/main/models, the prompt_format.md of 3_1, 3_2 and 3_3
- Hermes, which other models and some templates for Llama use: `<tool_call>{…}</tool_call>`
  https://github.com/NousResearch/Hermes-Function-Calling
"""

import re
from dataclasses import dataclass
from typing import Any

from assistant.llama import arguments
from assistant.llama.calls import Call, Offered, Trouble
from assistant.llama.source import ENDS, EndedError, Reading, Source

Item = Call | Trouble

PYTHON_TAG, FUNCTION_TAG = "<|python_tag|>", "<function="
HERMES_TAGS = {f"<{name}>": f"</{name}>" for name in ("tool_call", "tool_calls", "function_call")}
MARKS = (PYTHON_TAG, FUNCTION_TAG, *HERMES_TAGS)
CLOSINGS = ("</function>", *HERMES_TAGS.values())
# Tools that Llama was trained with. It calls them unasked, so these are calls even where they are not offered.
BUILT_IN = ("brave_search", "wolfram_alpha")
# How a JSON call may begin, and what it may hold while its name is not known.
KEYS = ("name", "type", "id", "function", "parameters", "arguments", "tool_calls")
TYPES = ("function", "function_call", "tool_call")
NAME = re.compile(r"[A-Za-z_][\w.:-]{0,63}")
WORD, IDENTIFIER, LITERAL = re.compile(r"[\w.]*"), re.compile(r"\w*"), re.compile(r"[^\s,{}\[\]\"]*")
BLANK, TAG_NAME = re.compile(r"[ \t]*"), re.compile(r"[\w.:-]*")
TAG_END, TAG_SLIPS = re.compile(r"[>=(:\s]*"), re.compile(r"[>)]*")
FENCE = re.compile(r"`+|~+|")
FENCED = re.compile(r"[ \t]*(?:json|tool_calls?|function_calls?)?[ \t\r]*", re.IGNORECASE)
SEPARATORS = re.compile(r"[\s;,]*")
# How arguments without a keyword begin. None has a place in a call, yet they show that one was meant.
LITERALS = "\"'{[-0123456789"
# What follows the python tag and is no call is code, if it begins as code does.
HINT = 80
CODE = re.compile(
    r"""import[ ]\w | from[ ][\w.]+[ ]import | (?:def|class|async)[ ]\w | @\w | \#
    | \w[\w.\[\]]*\s*[-+*/]?=(?!=) | \w[\w.]*\( | (?:for|while|if|with|try)\b[^\n]*:\s*(?:\n|\#|\Z)""",
    re.VERBOSE,
)


class NoCallError(Exception):
    """What is being read is ordinary text."""


class BrokenError(Exception):
    """It is a call, and its form is broken. Nothing says where it ends."""


@dataclass
class Draft:
    """What is known of a JSON call while it is read."""

    name: str = ""
    arguments: str | None = None
    id: str = ""
    items: list[Item] | None = None
    """The calls in it, where it only holds a list of them."""
    data: bool = False
    """Whether it has keys that no call has."""


class Dialects:
    """Readers of `source` for the calls of `offered`.

    `claimed` is set once what is being read is certainly a call: its name, or nothing where that is not known yet.
    From then on it is not text any more. `settled` is how much is text and nothing else, where it turns out to be.
    """

    def __init__(self, source: Source, offered: Offered) -> None:
        self._source = source
        self._offered = offered
        self._openings = [*(f"{name}(" for name in offered.words)]
        dotted = [f"{name}.call(" for name in {*offered.words, *BUILT_IN}]
        self._bare_openings = [*self._openings, *dotted]
        self._fenced = False
        self.initials = frozenset(opening[0] for opening in self._bare_openings)
        self.claimed: str | None = None
        self.settled = 0
        self.over = False
        """Whether what follows belongs to the call, or to nothing."""

    def read(self, *, opening: bool) -> Reading[list[Item]]:
        """The calls that begin here; `opening`: with the answer. More may follow.

        Raises NoCallError, BrokenError, EndedError, TooLongError.
        """
        self.claimed, self.settled, self.over, self._fenced = None, 0, False, False
        match self._source.text[0]:
            case "{":
                return (yield from self._object(marked=False))
            case "[":
                return (yield from self._list(marked=False, opening=opening))
            case "<":
                return (yield from self._tagged())
            case "`" | "~":
                return (yield from self._fence())
        return [(yield from self._bare())]

    # JSON

    def _object(self, *, marked: bool) -> Reading[list[Item]]:
        """One object. `marked`: a mark before it says that it is a call, whatever its name."""
        if marked:
            self.claimed = self.claimed or ""
        draft = Draft()
        yield from self._members(draft, marked)
        return [self._item(draft, marked)] if draft.items is None else draft.items

    def _members(self, draft: Draft, marked: bool) -> Reading[None]:
        source = self._source
        source.at += 1
        while True:
            yield from source.space()
            char = yield from source.ahead()
            if char == "}":
                source.at += 1
                return
            key = yield from self._key()
            yield from source.space()
            if not (yield from source.choice((":",))):
                self._fail()
            yield from source.space()
            yield from self._member(draft, key, marked)
            self.settled = source.at
            yield from source.space()
            char = yield from source.ahead()
            if char == ",":
                source.at += 1
            elif char != "}":
                # Llama 3.2 is known to forget the last brace: then all that matters is there.
                if ((draft.name and draft.arguments) or draft.items) and (yield from self._message_ended()):
                    return
                self._fail()

    def _message_ended(self) -> Reading[bool]:
        """Whether the model ended its message, or the text ended, here."""
        source = self._source
        here = source.at
        mark = yield from source.choice(ENDS)
        source.at = here
        return bool(mark) or here == len(source.text)

    def _key(self) -> Reading[str]:
        source = self._source
        if self.claimed:
            if (yield from source.ahead()) != '"':
                self._fail()
            return (yield from source.value())[1:-1]
        keys = [f'"{key}"' for key in KEYS]
        key = yield from source.choice(keys)
        if not key and source.ends_in(keys):
            raise EndedError
        if not key:
            self._fail()
        return key[1:-1]

    def _member(self, draft: Draft, key: str, marked: bool) -> Reading[None]:
        source = self._source
        char = yield from source.ahead()
        if key == "function" and char == "{":
            yield from self._members(draft, marked)
        elif key in ("name", "function"):
            yield from self._name(draft, marked)
        elif key in ("parameters", "arguments"):
            yield from self._arguments(draft, char)
        elif key == "tool_calls" and char == "[" and draft == Draft():
            draft.items = yield from self._list(marked=marked, opening=False)
        elif key == "tool_calls":
            self._fail()
        elif key == "type":
            if (yield from source.choice([f'"{kind}"' for kind in TYPES])) == "":
                self._fail()
        elif key == "id":
            draft.id = arguments.decode((yield from self._string()))
        else:
            draft.data = True
            # The definition of a tool, and no call of it.
            if key == "description" and not marked:
                raise NoCallError
            yield from self._any(char)

    def _name(self, draft: Draft, marked: bool) -> Reading[None]:
        begin = self._source.at + 1
        try:
            text = yield from self._string()
        except EndedError:
            begun = self._source.text[begin : self._source.at]
            if begun and any(word.startswith(begun) for word in self._offered.words):
                self.claimed = self.claimed or ""
            raise
        name = text[1:-1]
        if draft.name or not NAME.fullmatch(name):
            self._fail()
        draft.name = name
        if name in self._offered.words or marked:
            self.claimed = name
        elif self._fenced:
            raise NoCallError

    def _arguments(self, draft: Draft, char: str) -> Reading[None]:
        try:
            if char not in ("{", '"', "n"):
                self._fail()
            text = yield from self._any(char)
        except EndedError:
            if draft.name:
                self.claimed = draft.name
            raise
        if draft.arguments is None or draft.arguments in ("{}", "null"):
            draft.arguments = text
        elif text not in ("{}", "null", draft.arguments):
            self._fail()

    def _any(self, char: str) -> Reading[str]:
        """A value of any kind, as it is written."""
        if char and char in '{["':
            return (yield from self._source.value())
        return (yield from self._source.run(LITERAL))

    def _string(self) -> Reading[str]:
        if (yield from self._source.ahead()) != '"':
            self._fail()
        return (yield from self._source.value())

    def _fail(self) -> None:
        """Leave an object that has not the form of a call."""
        if self._source.ended and self._source.at == len(self._source.text):
            raise EndedError
        raise NoCallError if self.claimed is None or self._fenced else BrokenError

    def _item(self, draft: Draft, marked: bool) -> Item:
        """What the object was."""
        offered = draft.name in self._offered.words
        if not draft.name:
            self._fail_whole()
        if draft.arguments is None:
            # A record of data may well be named as a tool is.
            if not offered and marked:
                return Trouble("unoffered", draft.name)
            if not offered or draft.data:
                raise NoCallError
            self._fail_whole()
        text = "{}" if draft.arguments in (None, "null") else draft.arguments
        try:
            parsed = arguments.decode(arguments.from_json(text or ""))
        except ValueError:
            self._fail_whole()
        if not marked and (_is_schema(parsed) or not (offered or text)):
            raise NoCallError
        return self._offered.call(draft.name, text or "", draft.id)

    def _fail_whole(self) -> None:
        raise NoCallError if self.claimed is None or self._fenced else BrokenError

    # Lists, of JSON or pythonic

    def _list(self, *, marked: bool, opening: bool) -> Reading[list[Item]]:
        source = self._source
        begin = source.at
        source.at += 1
        yield from source.space()
        if (yield from source.ahead()) != "{":
            return (yield from self._pythonic(begin, marked=marked, opening=opening))
        items: list[Item] = []
        while True:
            items += yield from self._object(marked=marked)
            yield from source.space()
            if (yield from source.choice(("]",))) or (yield from self._message_ended()):
                return items
            if not (yield from source.choice((",",))):
                self._fail()
            yield from source.space()
            if (yield from source.ahead()) != "{":
                self._fail()

    def _pythonic(self, begin: int, *, marked: bool, opening: bool) -> Reading[list[Item]]:
        source = self._source
        if marked or opening:
            name = yield from source.run(WORD)
            if not NAME.fullmatch(name) or not (yield from source.choice(("(",))):
                raise NoCallError
        elif not (name := (yield from source.choice(self._openings))[:-1]):
            raise NoCallError
        offered = name in self._offered.words
        yield from self._first_argument(LITERALS if offered else "")
        self.claimed = name if offered or marked else None
        source.at = begin
        text = yield from source.value("\"'")
        # A link whose words look like a call.
        if (yield from source.ahead()) == "(":
            raise NoCallError
        return self._items(text)

    # Python

    def _bare(self) -> Reading[Item]:
        """A call at the start of a line: servers drop the python tag before it. Nothing follows it on its line."""
        source = self._source
        opening = yield from source.choice(self._bare_openings)
        if not opening:
            raise NoCallError
        begin = source.at - len(opening)
        yield from self._first_argument("\"'{" if opening.endswith(".call(") else "{")
        source.at = begin + len(opening) - 1
        self.claimed = opening.removesuffix("(").removesuffix(".call")
        yield from source.value("\"'")
        end = source.at
        yield from source.run(BLANK)
        if (yield from source.ahead()) not in ("", "\n", "\r", ";", "<"):
            raise NoCallError
        source.at = end
        return self._items(source.text[begin:end])[0]

    def _first_argument(self, literals: str) -> Reading[None]:
        """Leave what is no call by its first argument: it has a keyword, or begins with one of `literals`."""
        source = self._source
        yield from source.space()
        if (yield from source.choice((")",))):
            return
        word = yield from source.run(IDENTIFIER)
        yield from source.space()
        sign = yield from source.ahead(2)
        if word.isidentifier() and sign[:1] == "=" and sign != "==":
            return
        if not sign:
            raise EndedError
        if (word or sign)[0] not in literals:
            raise NoCallError

    def _items(self, text: str) -> list[Item]:
        try:
            found = arguments.from_python(text)
        except ValueError:
            self._fail_whole()
        return [self._offered.call(name.removesuffix(".call"), values) for name, values in found]

    # Marks

    def _tagged(self) -> Reading[list[Item]]:
        source = self._source
        tag = yield from source.choice(MARKS)
        if tag == PYTHON_TAG:
            return (yield from self._behind_python_tag())
        if tag == FUNCTION_TAG:
            return [(yield from self._function_tag())]
        if tag:
            return (yield from self._hermes(HERMES_TAGS[tag]))
        raise EndedError if source.ends_in(MARKS) else NoCallError

    def _behind_python_tag(self) -> Reading[list[Item]]:
        source = self._source
        self.claimed = ""
        yield from source.space()
        begin = source.at
        try:
            tag = yield from source.choice(MARKS[1:])
            if not tag and source.ends_in(MARKS[1:]):
                raise EndedError
            if tag == FUNCTION_TAG:
                return [(yield from self._function_tag())]
            return (yield from (self._hermes(HERMES_TAGS[tag]) if tag else self._body()))
        except NoCallError:
            source.at = begin
        if CODE.match((yield from self._line())):
            self.over = True
            return [Trouble("unoffered", "python")]
        # A tag that strayed into words. It is dropped, they are not.
        source.take(len(PYTHON_TAG))
        self.claimed, self.settled = None, 0
        raise NoCallError

    def _line(self) -> Reading[str]:
        """The beginning of the line, as much as tells code from words."""
        for length in range(1, HINT):
            here = yield from self._source.ahead(length)
            if len(here) < length or here[-1] == "\n":
                break
        return here

    def _hermes(self, closing: str) -> Reading[list[Item]]:
        source = self._source
        yield from source.space()
        self.claimed = "" if (yield from source.ahead()) in ("{", "[") else None
        items = yield from self._body()
        yield from self._closing(closing)
        return items

    def _body(self) -> Reading[list[Item]]:
        """What a mark announced: JSON, a list, or one call of Python."""
        source = self._source
        char = yield from source.ahead()
        if char == "{":
            return (yield from self._object(marked=True))
        if char == "[":
            return (yield from self._list(marked=True, opening=True))
        begin = source.at
        name = yield from source.run(WORD)
        if not (yield from source.ahead()) and any(known.startswith(name) for known in self._bare_openings):
            raise EndedError
        if not NAME.fullmatch(name) or not (yield from source.choice(("(",))):
            raise NoCallError
        yield from self._first_argument(LITERALS)
        source.at = begin + len(name)
        self.claimed = name.removesuffix(".call")
        yield from source.value("\"'")
        if self.claimed in self._offered.words:
            return self._items(source.text[begin : source.at])
        # Perhaps the first line of code.
        self.over = True
        return [Trouble("unoffered", self.claimed)]

    def _function_tag(self) -> Reading[Item]:
        source = self._source
        name = yield from source.run(TAG_NAME)
        self.claimed = name
        yield from source.run(TAG_END)
        char = yield from source.ahead()
        if char == "{":
            text = yield from source.value()
        elif (yield from source.choice((CLOSINGS[0], "<parameter"))) == CLOSINGS[0] and name:
            return self._checked(name, "{}")
        elif not char:
            raise EndedError
        elif source.text[: source.at].endswith("<parameter"):
            raise BrokenError
        else:
            self.claimed = None
            raise NoCallError
        # Llama also writes `<function=f({…})></function>` and closes with `<function>`.
        yield from source.run(TAG_SLIPS)
        yield from self._closing(CLOSINGS[0], "<function>")
        return self._checked(name, text)

    def _checked(self, name: str, text: str) -> Item:
        item = self._offered.call(name, text)
        if isinstance(item, Trouble) and item.kind == "broken":
            raise BrokenError
        return item

    def _closing(self, *marks: str) -> Reading[None]:
        """Read the closing mark, if it is there."""
        end = self._source.at
        yield from self._source.space()
        if not (yield from self._source.choice(marks)):
            self._source.at = end

    # Fences

    def _fence(self) -> Reading[list[Item]]:
        """A block of JSON that holds calls of offered tools and nothing else.

        Llama often fences a call that it means, and never learns that it was not one: so these are run. The price is
        small: whoever wants an example of our own tools' calls gets the tool. Anything else in the fence, an unknown
        name, or a form that is broken, and it is an example: text.
        """
        source = self._source
        self._fenced = True
        marks = yield from source.run(FENCE)
        if len(marks) < 3 or not (yield from self._fence_line()):
            raise NoCallError
        items: list[Item] = []
        while True:
            yield from source.run(SEPARATORS)
            char = yield from source.ahead()
            if char == "{":
                items += yield from self._object(marked=False)
            elif char == "[":
                source.at += 1
                yield from source.space()
                if (yield from source.ahead()) != "{":
                    raise NoCallError
                source.at -= 1
                source.at = source.text.rindex("[", 0, source.at + 1)
                items += yield from self._list(marked=False, opening=False)
            else:
                closing = yield from source.run(FENCE)
                cut_off = source.at == len(source.text) and marks.startswith(closing)
                if items and (closing.startswith(marks) or cut_off):
                    return items
                raise NoCallError

    def _fence_line(self) -> Reading[bool]:
        """Whether the words after the opening marks allow a call."""
        source = self._source
        begin = source.at
        while True:
            line = source.text[begin:].partition("\n")
            if line[1] or source.ended:
                source.at = begin + len(line[0])
                return bool(line[1]) and FENCED.fullmatch(line[0]) is not None
            if not any(word.startswith(line[0].strip().lower()) for word in ("json", "tool_calls", "function_calls")):
                return False
            yield


def _is_schema(value: Any) -> bool:
    """Whether arguments are the description of arguments: models repeat definitions when asked what they can do."""
    properties = value.get("properties") if value.get("type") == "object" else None
    return isinstance(properties, dict) and all(isinstance(item, dict) for item in properties.values())
