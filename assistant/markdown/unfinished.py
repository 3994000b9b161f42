"""Makes unfinished Markdown presentable: marks still open are closed, what may yet become a mark is held back."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# Marks that stay open longer than this were most likely meant as they are.
PATIENCE = 200
FORMULA_PATIENCE = 1_000

# What a last line may start with, and what else it may hold, before it is known to be a list, a task, a heading,
# a rule, a formula or the end of a fence.
BULLETS = re.compile(r"(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*")
WAITING = re.compile(r"[-+*_=~`#>|: \t]*|\d{1,9}[.)]?|\[[ xX]?\]?|\$\$?|\\\[?")
WAITING_CHARACTERS = 100
INDENT = " \t>"
DELIMITERS = re.compile(r"[-:| \t>]*")

ENTITY = re.compile(r"&#?\w{0,8}$")
RUNS = re.compile("`+")
ADDRESS_END = re.compile(r"[\s>]")
MARKS = re.compile(r"\\[(\[]|\\.?|`+|\$\$?|\[|\]\(?|<(?=https?:|mailto:)", re.DOTALL)
CLOSERS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
LEAVES = frozenset({"inline", "fence", "code_block", "math_block", "hr"})


def settled(text: str) -> str:
    """`text` without the lines at its end that cannot be shown before more of them is known."""
    lines = ["", "", *text.rsplit("\n", 3)]
    before, head, last = (_is_row(line) for line in lines[-3:])
    if head and not before and DELIMITERS.fullmatch(lines[-1]):
        held = 2
    else:
        held = int((last and not head) or _is_waiting(lines[-1]))
    return "\n".join(lines[2 : len(lines) - held])


def _is_row(line: str) -> bool:
    return line.lstrip(INDENT).startswith("|")


def _is_waiting(line: str) -> bool:
    line = line.strip(INDENT)
    if line.startswith(("```", "~~~")):
        return True
    bullets = BULLETS.match(line)
    return 0 < len(line) < WAITING_CHARACTERS and bool(WAITING.fullmatch(line, bullets.end() if bullets else 0))


def mended(content: str) -> str:
    """The inline Markdown `content`, which breaks off, with code and links closed and an open formula left out."""
    text = ENTITY.sub("", content.rstrip().rstrip("*_~`"))
    brackets, position = list[int](), 0
    while found := MARKS.search(text, position):
        mark, start, position = found[0], found.start(), found.end()
        if mark == "\\":
            return text[:start]
        if mark[0] == "`":
            end = _code_end(text, mark, position)
            if end < 0:
                return text + mark
            position = end
        elif mark[0] == "$" or mark in CLOSERS:
            end = _formula_end(text, mark, start, position)
            if end < 0:
                return text[:start].rstrip()
            position = end
        elif mark == "[":
            brackets.append(start)
        elif mark[0] == "]" and brackets:
            opened = brackets.pop()
            end = text.find(")", position)
            if position == len(text) or (mark == "](" and end < 0):
                return _label(text, opened, start)
            position = end + 1 if mark == "](" else position
        elif mark == "<" and not ADDRESS_END.search(text, position):
            return text[:start] + text[position:]
    return _without_brackets(text, brackets)


def _code_end(text: str, mark: str, position: int) -> int:
    runs = RUNS.finditer(text, position)
    return next((run.end() for run in runs if len(run[0]) == len(mark)), -1)


def _formula_end(text: str, mark: str, start: int, position: int) -> int:
    """Where the formula opened by `mark` ends, or where to look on if it is none; -1 if its end is still to come."""
    closer = CLOSERS.get(mark, mark)
    end = text.find(closer, position)
    if end >= 0:
        return end + len(closer) if mark != "$" or _is_formula(text, start, end) else position
    if len(text) - start > FORMULA_PATIENCE or (mark == "$" and not _may_open(text, start)):
        return position
    return -1


def _is_formula(text: str, start: int, end: int) -> bool:
    inside, after = text[start + 1 : end], text[end + 1 : end + 2]
    return bool(inside) and inside == inside.strip() and not after.isdigit() and not text[start - 1 : start].isdigit()


def _may_open(text: str, start: int) -> bool:
    """Whether the $ at `start` looks like the start of a formula that is still being written, and not like money."""
    after = text[start + 1 : start + 2]
    return (
        not (after.isspace() or after.isdigit() or text[start - 1 : start].isdigit()) and len(text) - start < PATIENCE
    )


def _label(text: str, opened: int, closed: int) -> str:
    before = text[:opened]
    return before.removesuffix("!") + text[opened + 1 : closed]


def _without_brackets(text: str, brackets: list[int]) -> str:
    for opened in reversed(brackets):
        if len(text) - opened < PATIENCE:
            text = text[:opened].removesuffix("!") + text[opened + 1 :]
    return text


def use_mending(parser: MarkdownIt) -> None:
    """Teach `parser` to mend the end of its text where the environment says `mend`."""
    parser.core.ruler.after("block", "mend", _mend)
    parser.inline.ruler2.after("balance_pairs", "open_marks", _note_open_marks)


def _mend(state: StateCore) -> None:
    """A core rule: mends the last piece of text, or notes that the last fence is still open."""
    if not state.env.get("mend"):
        return
    leaf = next((token for token in reversed(state.tokens) if token.type in LEAVES and token.content), None)
    if leaf is not None and leaf.type == "inline":
        content = mended(leaf.content)
        content += _open_marks(state.md, content)
        leaf.meta["mended"] = content != leaf.content
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


def _open_marks(parser: MarkdownIt, content: str) -> str:
    """The marks that close what emphasis and strikethrough `content` leaves open."""
    if not re.search(r"[*_~]", content):
        return ""
    env: dict[str, str] = {"open_marks": ""}
    parser.inline.parse(content, parser, env, [])
    return env["open_marks"]


def _note_open_marks(state: StateInline) -> None:
    """An inline rule of the second pass: after the pairs are found, what is left open goes to the environment."""
    if "open_marks" not in state.env:
        return
    closing, after = "", 0
    for position in range(len(state.delimiters) - 1, -1, -1):
        delimiter = state.delimiters[position]
        if delimiter.open and delimiter.end < 0:
            after = sum(len(token.content) for token in state.tokens[delimiter.token :])
            if after > PATIENCE:
                break
            closing += chr(delimiter.marker) * (2 if delimiter.marker == ord("~") else 1)
    state.env["open_marks"] = closing
