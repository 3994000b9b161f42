"""Make unfinished Markdown renderable: close marks that are open, hold back what may still become a mark.

The patterns follow the grammar of CommonMark: list markers (https://spec.commonmark.org/0.31.2/#list-items), thematic
breaks and setext underlines, fences, character references (#entity-and-numeric-character-references), code spans; of
GFM: tables and their delimiter rows (https://github.github.com/gfm/#tables-extension-), tasks; and formulas.py.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from assistant.markdown.formulas import UNLIKELY, formula_at, may_become_formula

# A mark that is open for longer is most likely literal text.
MAX_OPEN_CHARACTERS = 200

# What a last line may start with, and what else it may hold, while it is undecided: it may become a list, a task, a
# heading, a thematic break, a formula or the end of a fence.
BULLETS = re.compile(r"(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*")
UNDECIDED = re.compile(
    r"[-+*_=~`#>|: \t]*|\d{1,9}[.)]?|\[[ xX]?\]?|\$\$?|\\\[?|\[![a-zA-Z]*\]?|\[\^[^\s\[\]]{0,40}\]?:?"
    r"|\\begin\{?[a-z]*\*?|</?[a-zA-Z]{0,7}|<details[^>]*>?\s*(?:<[^>]*)?|<!--.*"
)
UNDECIDED_CHARACTERS = 100
INDENT = " \t>"
DELIMITERS = re.compile(r"[-:| \t>]*")

ENTITY = re.compile(r"&#?\w{0,8}$")
RUNS = re.compile("`+")
ADDRESS_END = re.compile(r"[\s>]")
MARKS = re.compile(
    r"\\\\[(\[]|\\[(\[]|\\begin\{[a-zA-Z]+\*?\}|\\.?|`+|\$\$?|\[|\]\(?|<(?=https?:|mailto:)|<!--|</?(?:sub|sup|kbd)>|<[/!]?[a-z-]{0,4}/?$",
    re.DOTALL | re.IGNORECASE,
)
FOOTNOTE_START = re.compile(r"\[\^[^\s\[\]]{0,40}$")
LEAVES = frozenset({"inline", "fence", "code_block", "math_block", "hr"})


def renderable(text: str) -> str:
    """`text` without the lines at its end whose kind is undecided until more of them arrives."""
    lines = ["", "", *text.rsplit("\n", 3)]
    before, head, last = (_is_row(line) for line in lines[-3:])
    if head and not before and DELIMITERS.fullmatch(lines[-1]):
        held = 2
    else:
        held = int((last and not head) or _is_undecided(lines[-1]))
    return "\n".join(lines[2 : len(lines) - held])


def _is_row(line: str) -> bool:
    return line.lstrip(INDENT).startswith("|")


def _is_undecided(line: str) -> bool:
    line = line.strip(INDENT)
    if line.startswith(("```", "~~~")):
        return True
    bullets = BULLETS.match(line)
    return 0 < len(line) < UNDECIDED_CHARACTERS and bool(UNDECIDED.fullmatch(line, bullets.end() if bullets else 0))


def closed(content: str) -> str:
    """The inline Markdown `content`, which ends anywhere, with code and links closed and an open formula dropped."""
    return _OpenMarks(ENTITY.sub("", content.rstrip().rstrip("*_~`"))).closed()


class _OpenMarks:
    """Walks over the marks of a text that ends anywhere."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._brackets = list[int]()
        self._elements = list[str]()

    def closed(self) -> str:
        """The text with its marks closed, or without what may still become one."""
        position = 0
        while found := MARKS.search(self._text, position):
            after = self._after(found)
            if isinstance(after, str):
                return after + self._ends()
            position = after
        return _without_brackets(self._text, self._brackets) + self._ends()

    def _ends(self) -> str:
        return "".join(f"</{name}>" for name in reversed(self._elements))

    def _after(self, found: re.Match[str]) -> int | str:
        """The position after what the mark opens; the whole repaired text where that has not ended yet."""
        text, mark, start, position = self._text, found[0], found.start(), found.end()
        match mark[0]:
            case "`":
                end = _code_end(text, mark, position)
                return end if end >= 0 else text + mark
            case "$" | "\\":
                formula = formula_at(text, start, len(text))
                if formula is None and (mark in ("\\", "\\b") or may_become_formula(text, start)):
                    return text[:start].rstrip()
                if formula and formula.end == len(text) and mark == "$" and UNLIKELY.match(formula.tex):
                    # What follows decides: "$HOME/bin:$" is on its way to "$PATH".
                    return f"{text[:-1]}\\$"
                return formula.end if formula else position
            case "[":
                if FOOTNOTE_START.match(text, start):
                    return text[:start].rstrip()
                self._brackets.append(start)
                return position
            case "]":
                return self._link(mark, start, position) if self._brackets else position
        return self._tag(mark, start, position)

    def _link(self, mark: str, start: int, position: int) -> int | str:
        opened, end = self._brackets.pop(), self._text.find(")", position)
        if position == len(self._text) or (mark == "](" and end < 0):
            return _label(self._text, opened, start)
        return end + 1 if mark == "](" else position

    def _tag(self, mark: str, start: int, position: int) -> int | str:
        text = self._text
        if mark == "<" and text.startswith(("http", "mailto:"), position):
            return position if ADDRESS_END.search(text, position) else text[:start] + text[position:]
        end = text.find("-->", position)
        if mark[-1] != ">" and (mark != "<!--" or end < 0):
            return text[:start].rstrip()
        if mark == "<!--":
            return end + 3
        name = mark.strip("</>").lower()
        if mark[1] != "/":
            self._elements.append(name)
        elif name in self._elements:
            self._elements.remove(name)
        return position


def _code_end(text: str, mark: str, position: int) -> int:
    runs = RUNS.finditer(text, position)
    return next((run.end() for run in runs if len(run[0]) == len(mark)), -1)


def _label(text: str, opened: int, closed: int) -> str:
    before = text[:opened]
    return before.removesuffix("!") + text[opened + 1 : closed]


def _without_brackets(text: str, brackets: list[int]) -> str:
    for opened in reversed(brackets):
        if len(text) - opened < MAX_OPEN_CHARACTERS:
            text = text[:opened].removesuffix("!") + text[opened + 1 :]
    return text


def use_closing(parser: MarkdownIt) -> None:
    """Add rules to `parser` that close open marks at the end of its text where the environment has `close_marks`."""
    parser.core.ruler.after("block", "close_marks", _close_marks)
    parser.inline.ruler2.after("balance_pairs", "closing_marks", _store_closing_marks)


def _close_marks(state: StateCore) -> None:
    """A core rule: closes the marks of the last inline content, or flags the last fence as open."""
    if not state.env.get("close_marks"):
        return
    leaf = next((token for token in reversed(state.tokens) if token.type in LEAVES and token.content), None)
    if leaf is not None and leaf.type == "inline":
        content = closed(leaf.content)
        content += _closing_marks(state.md, content)
        leaf.meta["repaired"] = content != leaf.content
        leaf.content = content
    elif state.tokens and (fence := _last_fence(state.tokens)):
        fence.meta["open"] = not _is_closed(fence, state.src)


def _last_fence(tokens: list[Token]) -> Token | None:
    last = next((token for token in reversed(tokens) if token.nesting == 0), None)
    return last if last is not None and last.type == "fence" else None


def _is_closed(fence: Token, source: str) -> bool:
    lines = source.rstrip().split("\n")
    first, last = (fence.map or [0, 0])[0], lines[-1].lstrip(" \t>")
    return len(lines) - 1 > first and len(last) >= len(fence.markup) and not last.strip(fence.markup[0])


def _closing_marks(parser: MarkdownIt, content: str) -> str:
    """The marks that close what emphasis and strikethrough `content` leaves open."""
    if not re.search(r"[*_~]", content):
        return ""
    env: dict[str, str] = {"closing_marks": ""}
    parser.inline.parse(content, parser, env, [])
    return env["closing_marks"]


def _store_closing_marks(state: StateInline) -> None:
    """An inline rule of the second pass: delimiters without a pair go to the environment, as the marks to close."""
    if "closing_marks" not in state.env:
        return
    closing, after = "", 0
    for position in range(len(state.delimiters) - 1, -1, -1):
        delimiter = state.delimiters[position]
        if delimiter.open and delimiter.end < 0:
            after = sum(len(token.content) for token in state.tokens[delimiter.token :])
            if after > MAX_OPEN_CHARACTERS:
                break
            closing += chr(delimiter.marker) * (2 if delimiter.marker == ord("~") else 1)
    state.env["closing_marks"] = closing
