"""The syntax of formulas: $..$ and \\(..\\) within a line; $$..$$, \\[..\\] and environments on lines of their own.

The rules for $ begin with Pandoc's, https://pandoc.org/MANUAL.html#extension-tex_math_dollars; the brackets are
LaTeX's. Beyond them stands what keeps money, variables of a shell and brackets of other meanings out of it.
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

CLOSERS = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]", "\\\\(": "\\\\)", "\\\\[": "\\\\]"}
ENVIRONMENT = re.compile(
    r"\\begin\{((?:align|gather|equation|multline|alignat|flalign|eqnarray|displaymath|math|split|aligned|gathered"
    r"|cases|array|[pbBvV]?matrix)\*?)\}"
)

# A formula that is open for longer is most likely text, and so is one with a row of plain words.
MAX_OPEN_CHARACTERS = 200
MAX_OPEN_LONG_CHARACTERS = 1_000
SENTENCE = re.compile(r"(?:^|[\s,;:(])[a-z]{2,}(?:[,;:.]?\s+[a-z]{2,}){2}")
SIGN = re.compile(r"[\\^_={}]")

AMOUNT = re.compile(r"\d[\d.,]*\s?(?:[kKmMbB]\b|bn\b)?")
WORD = re.compile(r"[^\W\d_]{2,}")
# What may follow a formula directly: the end of a word that it counts with, "$n$th".
ENDING = re.compile(r"(?:st|nd|rd|th|ths|s)\b")
CURRENCY = re.compile(r"(?:^|[^A-Za-z])[A-Z]{1,3}$")
# While it is written: amounts, names of shares and of variables in a shell.
UNLIKELY = re.compile(r"\d|[A-Za-z]{2}|\{|\w+\(|[^$]*[-:<>/.,]$")
# What opens beside a letter or digit, and closes so: "H$_2$O", "25$^\\circ$C", "$\\mu$m".
ATTACHED = re.compile(r"(?:[\^_](?:\{[^{}$]{1,20}\}|\\[A-Za-z]+|[\d+*-]{1,3}|[a-z])|\\[A-Za-z]{2,})\$")
# Spaces within the marks, "$ x $", which Pandoc does not allow: one letter, a command, a relation without words.
SPACED = re.compile(
    r" [A-Za-z\u0370-\u03ff] | (?![=<>+*/|&-])[^$\n]*\\[A-Za-z]+[^$\n]* | \w{1,3} ?[\^_=<>][^$\n]*[^\s$=<>+*/|&,-] "
)
LINES_ABOVE = 20
# Brackets that were escaped: classes of characters, numbers and words in brackets.
ESCAPED = re.compile(r"\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|\\?[^\s\\^{}=<>|/])+|\d+|[^\W\d_]{3,}(?:[\s,.]+\w{3,})*|\s*")
# Words in brackets, and the groups of a regular expression.
WORDS = re.compile(r"[^\W\d_A-Z]{3,}(?:\\\|[^\W\d_]{2,})*|[^\W\d_A-Z]{2,}(?:[\s,]+[^\W\d_]{2,})+")
MATHEMATICAL = re.compile(r"[\\^_=<>{}|/+*]|\s[-]\s|\d[-−]\d")
QUANTIFIER = re.compile(r"[+*?{]|\w")


@dataclass(frozen=True, slots=True)
class Formula:
    """One in a line: its opening mark, its TeX, and the position after it."""

    mark: str
    tex: str
    end: int


def formula_at(text: str, start: int, end: int) -> Formula | None:
    """The formula that starts at `start` in the line `text` and ends before `end`; None where none does."""
    if environment := ENVIRONMENT.match(text, start, end):
        after = _end_of_environment(text, environment[1], start, end)
        return Formula(environment[0], text[start:after], after) if after >= 0 else None
    mark = _mark(text, start)
    if not mark:
        return None
    first = start + len(mark)
    close = _close(text, mark, first, end)
    if close < 0:
        return None
    tex, after = text[first:close], close + len(CLOSERS[mark])
    return Formula(mark, _unescaped(mark, tex), after) if _KINDS[mark](text, mark, tex, after) else None


def may_become_formula(text: str, start: int) -> bool:
    """Whether what stands at `start` is a formula that is still being written."""
    if environment := ENVIRONMENT.match(text, start):
        return _end_of_environment(text, environment[1], start, len(text)) < 0
    mark = _mark(text, start)
    if not mark or _close(text, mark, start + len(mark), len(text)) >= 0:
        return False
    tex = text[start + len(mark) :]
    if SENTENCE.search(tex) and not SIGN.search(tex):
        return False
    if mark == "$":
        return len(tex) < MAX_OPEN_CHARACTERS and not UNLIKELY.match(tex)
    return len(tex) < MAX_OPEN_LONG_CHARACTERS


def use_formulas(parser: MarkdownIt) -> None:
    """Add the rules for formulas to `parser`."""
    parser.inline.ruler.before("escape", "formula", _inline)
    parser.block.ruler.before("fence", "formula_block", _block, {"alt": ["paragraph", "blockquote", "list"]})


def _mark(text: str, start: int) -> str:
    """The mark at `start` that may open a formula, or nothing."""
    if text.startswith("\\", start):
        mark = text[start : start + (3 if text.startswith("\\\\", start) else 2)]
        return mark if mark in CLOSERS else ""
    before = text[start - 1 : start]
    if not text.startswith("$", start) or before == "$":
        return ""
    if before.isascii() and before.isalnum():
        return "$" if ATTACHED.match(text, start + 1) else ""
    if text.startswith("$$", start):
        return "" if text.startswith("$$$", start) else "$$"
    return "$" if not text[start + 1 : start + 2].isspace() or SPACED.match(text, start + 1) else ""


def _close(text: str, mark: str, position: int, end: int) -> int:
    """Where the closing mark stands, or -1."""
    closer = CLOSERS[mark]
    while (position := text.find(closer, position, end)) >= 0:
        slashes = len(text[:position]) - len(text[:position].rstrip("\\")) if text[position - 1] == "\\" else 0
        if slashes % 2 == 0:
            return position
        position += 1
    return -1


def _end_of_environment(text: str, name: str, start: int, end: int) -> int:
    """The position after the end of the environment `name` that begins at `start`, or -1."""
    depth = 0
    for found in re.compile(rf"\\(begin|end)\{{{re.escape(name)}\}}").finditer(text, start, end):
        depth += 1 if found[1] == "begin" else -1
        if depth == 0:
            return found.end()
    return -1


def _unescaped(mark: str, tex: str) -> str:
    """`tex` with one backslash where a model wrote each of them twice."""
    return tex.replace("\\\\", "\\") if len(mark) == 3 and "\\" not in tex.replace("\\\\", "") else tex


def _is_in_dollars(text: str, mark: str, tex: str, end: int) -> bool:
    after = text[end : end + 1]
    if ATTACHED.fullmatch(f"{tex}$"):
        return True
    if tex[:1] == " ":
        return bool(SPACED.fullmatch(tex)) and not after.isalnum()
    if not tex or tex[0].isspace() or tex[-1].isspace() or (tex[-1] in "([" and "\\" not in tex):
        return False
    if after.isascii() and after.isalnum() and not ENDING.match(text, end):
        return False
    if CURRENCY.search(tex) and text[end : end + 2].lstrip()[:1].isdigit():
        return False
    if after == "_" or (tex[0] in "({" and after == tex[0]):
        return False
    if SIGN.search(tex):
        return not (AMOUNT.match(tex) and SENTENCE.search(tex) and "\\" not in tex)
    amount = AMOUNT.match(tex)
    return not (SENTENCE.search(tex) or (amount and (amount[0][-1].isalpha() or WORD.search(tex))))


def _is_in_double_dollars(text: str, mark: str, tex: str, end: int) -> bool:
    if not tex.strip() or text.startswith("$", end):
        return False
    words = WORD.search(tex) or not re.search(r"\w", tex) or re.search(r"^\s.*[,;:]\s*$", tex, re.DOTALL)
    return bool(SIGN.search(tex) or (not tex[0].isspace() and not SENTENCE.search(tex)) or not words)


def _is_in_brackets(text: str, mark: str, tex: str, end: int) -> bool:
    tex = tex.strip()
    if not tex or (not SIGN.search(tex) and SENTENCE.search(tex)):
        return False
    if mark == "\\(":
        return not WORDS.fullmatch(tex)
    if len(mark) == 3:
        return bool(SIGN.search(tex))
    if QUANTIFIER.match(text, end) and ESCAPED.fullmatch(tex):
        return False
    return bool(MATHEMATICAL.search(tex)) and not re.fullmatch(r"\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|[\w.,+*-])+", tex)


_KINDS = {"$": _is_in_dollars, "$$": _is_in_double_dollars} | {
    mark: _is_in_brackets for mark in CLOSERS if mark.startswith("\\")
}


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    formula = formula_at(state.src, state.pos, state.posMax)
    if formula is None:
        return False
    if not silent:
        double = formula.mark not in ("$", "\\(", "\\\\(")
        token = state.push("math_inline_double" if double else "math_inline", "math", 0)
        token.content = formula.tex
    state.pos = formula.end
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule. A block that is never closed ends at the first empty line and is shown as a paragraph, so that the
    block of a line never depends on lines far below it."""
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].rstrip()
    environment = ENVIRONMENT.match(first)
    mark = environment[0] if environment else first[: 3 if first.startswith("\\\\") else 2]
    closer = f"\\end{{{environment[1]}}}" if environment else CLOSERS.get(mark, "")
    if len(closer) < 2 or first.startswith("$$$") or (silent and _is_open_above(state, start, closer)):
        return False
    rest = first[len(mark) :]
    if rest[: -len(closer)].strip() == "" and rest.endswith(closer):
        return False
    if closer in rest and not _closes(rest, closer):
        return False
    if (
        mark != "\\("
        and not environment
        and closer in rest
        and not _KINDS[mark](first, mark, rest[: -len(closer)], len(first))
    ):
        return False
    if silent:
        return True
    line, closed = start, _closes(rest, closer)
    while not closed and line + 1 < end and not state.isEmpty(line + 1) and state.sCount[line + 1] >= state.blkIndent:
        line += 1
        closed = state.src[state.bMarks[line] : state.eMarks[line]].rstrip().endswith(closer)
    state.line = line + 1
    content = state.getLines(start, line + 1, state.blkIndent, False).strip()
    if closed:
        token = state.push("math_block", "math", 0)
        token.content = content if environment else _unescaped(mark, content[len(mark) : -len(closer)])
        token.map = [start, state.line]
    else:
        _push_paragraph(state, content, [start, state.line])
    return True


def _is_open_above(state: StateBlock, line: int, closer: str) -> bool:
    """Whether a formula with this closing mark is open in the paragraph above `line`: "so $$", and its end below."""
    if state.parentType != "paragraph" or closer != "$$":
        return False
    first = max(state.line, line - LINES_ABOVE)
    return first < line and state.src[state.bMarks[first] : state.eMarks[line - 1]].count("$$") % 2 == 1


def _closes(rest: str, closer: str) -> bool:
    """Whether `closer` ends the line `rest`, and stands nowhere before in it."""
    return rest.find(closer) == len(rest) - len(closer) >= 0


def _push_paragraph(state: StateBlock, content: str, lines: list[int]) -> None:
    state.push("paragraph_open", "p", 1).map = lines
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = content, lines, []
    state.push("paragraph_close", "p", -1)
