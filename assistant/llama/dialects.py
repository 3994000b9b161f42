"""The dialects in which Llama 3 models call tools, by their first characters.

- `{` and `[`: see json_calls.py and python_calls.py; JSON also in a fence
- `<|python_tag|>` before any of them, or before code
- `<function=name>{…}</function>`
  https://github.com/meta-llama/llama-models/tree/main/models, the prompt_format.md of 3_1, 3_2 and 3_3
- `<tool_call>{…}</tool_call>`, which other models and some templates for Llama use
  https://github.com/NousResearch/Hermes-Function-Calling
"""

import re

from assistant.llama.calls import Offered, Trouble
from assistant.llama.candidate import BrokenError, Candidate, Item, NoCallError
from assistant.llama.json_calls import JsonCalls
from assistant.llama.python_calls import PythonCalls
from assistant.llama.source import EndedError, Reading, Source

PYTHON_TAG, FUNCTION_TAG, FUNCTION_END = "<|python_tag|>", "<function=", "</function>"
HERMES_TAGS = {f"<{name}>": f"</{name}>" for name in ("tool_call", "tool_calls", "function_call")}
MARKS = (PYTHON_TAG, FUNCTION_TAG, *HERMES_TAGS)
CLOSINGS = (FUNCTION_END, *HERMES_TAGS.values())
TAG_NAME = re.compile(r"[\w.:-]*")
TAG_END, TAG_SLIPS = re.compile(r"[>=(:\s]*"), re.compile(r"[>)]*")
FENCE, SEPARATORS = re.compile(r"`+|~+|"), re.compile(r"[\s;,]*")
FENCED = ("json", "tool_call", "tool_calls", "function_call", "function_calls")
# What follows the python tag and is no call is code, if it begins as code does.
HINT = 80
CODE = re.compile(
    r"""import[ ]\w | from[ ][\w.]+[ ]import | (?:def|class|async)[ ]\w | @\w | \#
    | \w[\w.\[\]]*\s*[-+*/]?=(?!=) | \w[\w.]*\( | (?:for|while|if|with|try)\b[^\n]*:\s*(?:\n|\#|\Z)""",
    re.VERBOSE,
)


class Dialects:
    """Reads `source` from where a call of `offered` may begin. `candidate` says what is known of it."""

    def __init__(self, source: Source, offered: Offered) -> None:
        self.candidate = Candidate(source, offered)
        self._source = source
        self._json = JsonCalls(self.candidate)
        self._python = PythonCalls(self.candidate)
        self.line_initials = self._python.initials | {"`", "~"}
        """Characters with which a call may begin at the start of a line, and only there."""

    def read(self, *, opening: bool) -> Reading[list[Item]]:
        """The calls that begin here; `opening`: with the answer. More may follow.

        Raises NoCallError, BrokenError, EndedError, TooLongError.
        """
        self.candidate.restart()
        match self._source.text[0]:
            case "{":
                return (yield from self._json.object(marked=False))
            case "[":
                return (yield from self._list(any_name=opening, marked=False))
            case "<":
                return (yield from self._tagged())
            case "`" | "~":
                return (yield from self._fence())
        return (yield from self._python.bare())

    def _list(self, *, any_name: bool, marked: bool) -> Reading[list[Item]]:
        begin = self._source.at
        yield from self.candidate.expect("[")
        yield from self._source.space()
        if (yield from self._source.ahead()) == "{":
            return (yield from self._json.elements(marked=marked))
        return (yield from self._python.listed(begin, any_name=any_name, marked=marked))

    # Marks

    def _tagged(self) -> Reading[list[Item]]:
        tag = yield from self._source.choice(MARKS)
        if tag == PYTHON_TAG:
            return (yield from self._behind_python_tag())
        return (yield from self._behind(tag, MARKS))

    def _behind(self, tag: str, tags: tuple[str, ...]) -> Reading[list[Item]]:
        """What follows `tag`, which was found as one of `tags`, or was not."""
        if tag == FUNCTION_TAG:
            return [(yield from self._function_tag())]
        if tag:
            return (yield from self._hermes(HERMES_TAGS[tag]))
        raise EndedError if self._source.ends_in(tags) else NoCallError

    def _behind_python_tag(self) -> Reading[list[Item]]:
        source = self._source
        self.candidate.claimed = ""
        yield from source.space()
        begin = source.at
        try:
            if (yield from source.ahead()) in ("", "<"):
                tag = yield from source.choice(MARKS[1:])
                return (yield from self._behind(tag, MARKS[1:]))
            return (yield from self._body())
        except NoCallError:
            source.at = begin
        if CODE.match((yield from self._line())):
            self.candidate.over = True
            return [Trouble("unoffered", "python")]
        # A tag that strayed into words. It is dropped, they are not.
        source.take(len(PYTHON_TAG))
        self.candidate.restart()
        raise NoCallError

    def _line(self) -> Reading[str]:
        """The beginning of the line, as much as tells code from words."""
        for length in range(1, HINT):
            here = yield from self._source.ahead(length)
            if len(here) < length or here[-1] == "\n":
                break
        return here

    def _hermes(self, closing: str) -> Reading[list[Item]]:
        yield from self._source.space()
        self.candidate.claimed = "" if (yield from self._source.ahead()) in ("{", "[") else None
        items = yield from self._body()
        yield from self._closing(closing)
        return items

    def _body(self) -> Reading[list[Item]]:
        """What a mark announced: JSON, a list, or one call of Python."""
        char = yield from self._source.ahead()
        if char == "{":
            return (yield from self._json.object(marked=True))
        if char == "[":
            return (yield from self._list(any_name=True, marked=True))
        return (yield from self._python.behind_mark())

    def _function_tag(self) -> Reading[Item]:
        source, candidate = self._source, self.candidate
        candidate.claimed = name = yield from source.run(TAG_NAME)
        yield from source.run(TAG_END)
        char = yield from source.ahead()
        if char == "{":
            text = yield from source.value()
            # Llama also writes `<function=f({…})></function>`, and closes with `<function>`.
            yield from source.run(TAG_SLIPS)
            yield from self._closing(FUNCTION_END, "<function>")
        else:
            yield from self._no_arguments(char)
            text = "{}"
        item = candidate.offered.call(name, text)
        if isinstance(item, Trouble) and item.kind == "broken":
            raise BrokenError
        return item

    def _no_arguments(self, char: str) -> Reading[None]:
        """The closing mark in place of arguments, which begin with `char`."""
        mark = yield from self._source.choice((FUNCTION_END, "<parameter"))
        if mark == FUNCTION_END and self.candidate.claimed:
            return
        if not char:
            raise EndedError
        if mark == "<parameter":
            raise BrokenError
        self.candidate.claimed = None
        raise NoCallError

    def _closing(self, *marks: str) -> Reading[None]:
        """Read one of the closing marks, if it is there."""
        end = self._source.at
        yield from self._source.space()
        if not (yield from self._source.choice(marks)):
            self._source.at = end

    # Fences

    def _fence(self) -> Reading[list[Item]]:
        """A block of JSON that holds calls of offered tools and nothing else.

        Llama often fences a call that it means (https://github.com/ollama/ollama/issues/13519), so these are run. The
        price is small: whoever wants an example of our own tools' calls gets the tool. Anything else in the fence, an
        unknown name, or a form that is broken, and it is an example: text.
        """
        source = self._source
        self.candidate.fenced = True
        marks = yield from source.run(FENCE)
        if len(marks) < 3 or not (yield from self._allows_a_call()):
            raise NoCallError
        items: list[Item] = []
        while True:
            yield from source.run(SEPARATORS)
            char = yield from source.ahead()
            if char == "{":
                items += yield from self._json.object(marked=False)
            elif char == "[":
                yield from self.candidate.expect("[")
                yield from source.space()
                items += yield from self._json.elements(marked=False)
            else:
                closing = yield from source.run(FENCE)
                cut_off = source.at == len(source.text) and marks.startswith(closing)
                if items and (closing.startswith(marks) or cut_off):
                    return items
                raise NoCallError

    def _allows_a_call(self) -> Reading[bool]:
        """Whether the words after a fence's opening marks do. They are read, and the end of their line is not."""
        source = self._source
        begin = source.at
        while True:
            line, end, _ = source.text[begin:].partition("\n")
            words = line.strip().lower()
            if end or source.ended:
                source.at = begin + len(line)
                return bool(end) and words in ("", *FENCED)
            if not any(allowed.startswith(words) for allowed in FENCED):
                return False
            yield
