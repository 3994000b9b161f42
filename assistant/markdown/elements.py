"""The few elements of HTML that people expect to work: br, sub, sup, kbd, details; comments are dropped.

All other tags stay text: there is no HTML in an answer.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

INLINE = ("sub", "sup", "kbd")
# The line break that often follows it in the source is the same one.
BREAK = re.compile(r"<(?:br\s*/?\s*|/br\s*)>(?:[ \t]*\n)?", re.IGNORECASE)
OPENING = re.compile(rf"<({'|'.join(INLINE)})>", re.IGNORECASE)
MARKS = {name: re.compile(rf"<(/?){name}>", re.IGNORECASE) for name in INLINE}
# Bounds the time for hostile text.
MAX_NESTED = 10
COMMENT = re.compile(r"<!--(?!-?>).*?-->", re.DOTALL)

DETAILS = re.compile(r"<details(?P<open>\s+open(?:=[\"']?\w*[\"']?)?)?\s*>", re.IGNORECASE)
DETAILS_MARK = re.compile(r"<(/?)details\b[^>]*>", re.IGNORECASE)
BOLD_SUMMARY = re.compile(r"<(b|strong)>(.*)</\1>", re.IGNORECASE)
SUMMARY = re.compile(r"\s*<summary>\s*(.*?)(?:\s*</summary>[ \t]*\n?|\Z|\n)", re.IGNORECASE | re.DOTALL)
FENCE = re.compile(r"\s*(`{3,}|~{3,})")
MAX_DETAILS = 5


def use_elements(parser: MarkdownIt) -> None:
    """Add these elements to `parser`."""
    parser.inline.ruler.before("autolink", "element", _inline)
    parser.block.ruler.before("fence", "comment", _comment, {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.before("fence", "details", _details, {"alt": ["paragraph", "blockquote", "list"]})


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<":
        return False
    if found := BREAK.match(state.src, state.pos, state.posMax):
        if not silent:
            state.push("hardbreak", "br", 0)
    elif not (found := COMMENT.match(state.src, state.pos, state.posMax)):
        return _pair(state, silent)
    state.pos = found.end()
    return True


def _pair(state: StateInline, silent: bool) -> bool:
    """An element with its end, as one: an end without a start, or the other way round, stays text."""
    opening = OPENING.match(state.src, state.pos, state.posMax)
    closing = opening and _closing(state, opening)
    if not opening or not closing:
        return False
    if not silent:
        name, last = opening[1].lower(), state.posMax
        state.push(f"{name}_open", name, 1)
        state.pos, state.posMax = opening.end(), closing.start()
        state.md.inline.tokenize(state)
        state.posMax = last
        state.push(f"{name}_close", name, -1)
    state.pos = closing.end()
    return True


def _closing(state: StateInline, opening: re.Match[str]) -> re.Match[str] | None:
    """The end of the element that `opening` starts; others of its name may stand within."""
    depth = 0
    for mark in MARKS[opening[1].lower()].finditer(state.src, opening.start(), state.posMax):
        depth += -1 if mark[1] else 1
        if depth == 0:
            return mark
        if depth > MAX_NESTED:
            break
    return None


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()


def _comment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: a comment on lines of its own, without empty lines, is dropped."""
    if state.is_code_block(start) or not _line(state, start).startswith("<!--"):
        return False
    line = start
    while "-->" not in _line(state, line):
        line += 1
        if line >= end or state.isEmpty(line):
            return False
    if not _line(state, line).endswith("-->"):
        return False
    if not silent:
        state.line = line + 1
    return True


def _details(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule. What is never closed reaches to the end."""
    depth = state.env.get("details", 0)
    if state.is_code_block(start) or not DETAILS.match(_line(state, start)) or depth >= MAX_DETAILS:
        return False
    if silent:
        return True
    last, closed = _last_line(state, start, end)
    source = state.getLines(start, last + 1, state.blkIndent, False)
    opening = DETAILS.match(source.lstrip())
    source = source.lstrip()[opening.end() if opening else 0 :]
    ends = [mark for mark in DETAILS_MARK.finditer(source) if mark[1]] if closed else []
    body, rest = (source[: ends[-1].start()], source[ends[-1].end() :]) if ends else (source, "")
    summary = SUMMARY.match(body)
    details = state.push("details_open", "details", 1)
    details.map, details.meta["unfolded"] = [start, last + 1], bool(opening and opening["open"])
    words = summary[1].strip() if summary else ""
    bold = BOLD_SUMMARY.fullmatch(words)
    _push_inline(state, "summary", f"**{bold[2].strip()}**" if bold else words)
    state.env["details"] = depth + 1
    _push_blocks(state, body[summary.end() if summary else 0 :], start)
    state.env["details"] = depth
    state.push("details_close", "details", -1)
    if rest.strip():
        _push_inline(state, "p", rest.strip())
    state.line = last + 1
    return True


def _last_line(state: StateBlock, start: int, end: int) -> tuple[int, bool]:
    """The last line of the details at `start`, and whether a tag in it closes them; tags within code do not count."""
    depth, fence = 0, ""
    for line in range(start, end):
        text = _line(state, line)
        if not state.isEmpty(line) and state.sCount[line] < state.blkIndent:
            return line - 1, False
        mark = FENCE.match(text)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and text.strip() == mark[1] else fence
            continue
        if mark:
            fence = mark[1]
            continue
        for tag in DETAILS_MARK.finditer(text):
            depth += -1 if tag[1] else 1
            if depth == 0:
                return line, True
    return end - 1, False


def _push_inline(state: StateBlock, tag: str, content: str) -> None:
    kind = {"p": "paragraph"}.get(tag, tag)
    state.push(f"{kind}_open", tag, 1)
    inline = state.push("inline", "", 0)
    inline.content, inline.children = content, []
    state.push(f"{kind}_close", tag, -1)


def _push_blocks(state: StateBlock, source: str, line: int) -> None:
    """Add the blocks of `source`, which stands at `line` or below it, within what is open."""
    tokens = list[Token]()
    state.md.block.parse(source, state.md, state.env, tokens)
    for token in tokens:
        token.level += state.level
        token.map = token.map and [line + token.map[0], line + token.map[1]]
    state.tokens += tokens
