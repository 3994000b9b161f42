"""Footnotes, [^1], and the alerts of GitHub, > [!NOTE].

Syntax: https://docs.github.com/en/get-started/writing-on-github. A footnote's text stays where it was written: a block
that has been shown never changes, and models write those texts at the end anyway.
"""

import re

from django.utils.translation import gettext
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

ALERTS = ("note", "tip", "important", "warning", "caution")
ALERT = re.compile(rf"\[!({'|'.join(ALERTS)})\][ \t]*(?:\n|$)", re.IGNORECASE)
LABEL = r"\[\^([^\s\[\]^]{1,40})\]"
REFERENCE = re.compile(LABEL)
# By which the further paragraphs of a footnote are indented.
INDENT = 4
DEFINITION = re.compile(LABEL + r":[ \t]*")


def alert_name(alert: str) -> str:
    """The name of an alert, one of ALERTS, in the reader's language."""
    names = {
        "note": gettext("Note"),
        "tip": gettext("Tip"),
        "important": gettext("Important"),
        "warning": gettext("Warning"),
        "caution": gettext("Caution"),
    }
    return names[alert]


def use_notes(parser: MarkdownIt) -> None:
    """Add both to `parser`."""
    parser.inline.ruler.before("link", "footnote", _reference)
    parser.block.ruler.before("paragraph", "footnote", _definition, {"alt": ["paragraph"]})
    parser.core.ruler.after("block", "alerts", _alerts)


def _reference(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("[^", state.pos):
        return False
    found = REFERENCE.match(state.src, state.pos, state.posMax)
    if not found or not (found[1].isdigit() or _is_attached(state.src, found)):
        return False
    if not silent:
        state.push("footnote", "sup", 0).content = found[1]
    state.pos = found.end()
    return True


def _is_attached(text: str, found: re.Match[str]) -> bool:
    """Whether it follows a word, and no class of characters as in [^abc] does."""
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    return bool(before.strip()) and before not in "(/[\\" and not after.isalnum() and after not in {"+", "*", "]", "("}


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: the text of a footnote is a paragraph with its label."""
    if state.is_code_block(start):
        return False
    found = DEFINITION.match(state.src, state.bMarks[start] + state.tShift[start], state.eMarks[start])
    if not found:
        return False
    if silent:
        return True
    line = _end_of_paragraph(state, start, end)
    last = _end_of_note(state, line, end)
    if last > line:
        state.push("footnote_open", "div", 1).map = [start, last]
    opening = state.push("footnote_text_open", "p", 1)
    opening.map, opening.meta = [start, line], {"footnote": found[1], "alone": last == line}
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = _text(state, start, line), [start, line], []
    state.push("paragraph_close", "p", -1)
    if last > line:
        indent, state.blkIndent = state.blkIndent, state.blkIndent + INDENT
        state.md.block.tokenize(state, line, last)
        state.blkIndent = indent
        state.push("footnote_close", "div", -1)
    state.line = last
    return True


def _end_of_paragraph(state: StateBlock, start: int, end: int) -> int:
    line = start + 1
    while line < end and not state.isEmpty(line) and not _starts_definition(state, line):
        line += 1
    return line


def _end_of_note(state: StateBlock, line: int, end: int) -> int:
    """The line after further paragraphs of a footnote, which are indented; `line` where there are none."""
    last = line
    while line < end and (state.isEmpty(line) or state.sCount[line] >= state.blkIndent + INDENT):
        line += 1
        last = last if state.isEmpty(line - 1) else line
    return last


def _starts_definition(state: StateBlock, line: int) -> bool:
    return bool(DEFINITION.match(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line]))


def _text(state: StateBlock, start: int, end: int) -> str:
    lines = state.getLines(start, end, state.blkIndent, False).strip().split("\n")
    return DEFINITION.sub("", "\n".join(line.strip() for line in lines), count=1)


def _alerts(state: StateCore) -> None:
    """A core rule: a quote that starts with [!NOTE] keeps the kind, and loses that line."""
    tokens = state.tokens
    emptied = list[int]()
    for index in range(2, len(tokens)):
        if tokens[index - 2].type != "blockquote_open" or tokens[index].type != "inline":
            continue
        if found := ALERT.match(tokens[index].content):
            tokens[index - 2].meta["alert"] = found[1].lower()
            tokens[index].content = tokens[index].content[found.end() :]
            if not tokens[index].content:
                emptied.append(index - 1)
    for index in reversed(emptied):
        del tokens[index : index + 3]
