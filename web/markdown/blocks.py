"""Render Markdown to safe HTML, block by block, and as plain text beyond a size limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.code.issues import Marks
from assistant.markdown import parts
from assistant.markdown.parser import Block
from assistant.markdown.parts import cleaned, without_thoughts
from web.markdown import html

NO_MARKS: Marks = {}


def render_blocks(text: str, sources: Sequence[str] = (), marks: Marks = NO_MARKS) -> list[str]:
    """Safe HTML for each top-level block (a paragraph, a list, a piece of code ...) of the Markdown in `text`.

    `sources` are the addresses of what it cites by number, `marks` are the issues of its code.
    """
    return render_rest(without_thoughts(cleaned(text)), 0, sources, marks)


def render_rest(text: str, offset: int, sources: Sequence[str], marks: Marks = NO_MARKS) -> list[str]:
    """The same for cleaned `text` that starts with a block, `offset` characters into the whole."""
    shown = list[str]()
    while text:
        part = next_part(text, offset, sources, marks, final=True)
        shown += part.html
        text, offset = text[part.end :], offset + part.counted
        if part.plain_after:
            return [*shown, plain(text)]
    return shown


def plain_blocks(text: str) -> list[str]:
    """Safe HTML for `text` as it is: one block, in which the style sheet keeps lines, tabs and spaces."""
    return [plain(cleaned(text))] if text.strip() else []


def plain(text: str) -> str:
    """One block of plain text. Escaping is all it needs: there is no markup in it."""
    return f'<p class="plain">{escape(text, quote=False)}</p>'


@dataclass(frozen=True, slots=True)
class Part:
    """Blocks that later text cannot change, and the position after them.

    `counted` characters count towards MARKDOWN_CHARACTERS, see assistant/markdown/parts.py.
    `plain_after`: everything after them is shown as plain text.
    """

    html: list[str]
    end: int
    counted: int
    plain_after: bool = False


def next_part(text: str, offset: int, sources: Sequence[str], marks: Marks = NO_MARKS, *, final: bool) -> Part:
    """The first blocks of `text`, which starts with a block, `offset` characters into the whole.

    `final` says that nothing will follow `text`. Otherwise only its whole lines count, and of the blocks in them
    those that have ended.
    """
    part = parts.next_part(text, offset, len(sources), final=final)
    shown = [block_html(block, part.source, sources, marks=marks) for block in part.blocks]
    return Part(shown, part.end, part.counted, part.plain_after)


def block_html(
    block: Block,
    text: str,
    sources: Sequence[str],
    inlines: dict[str, str] | None = None,
    marks: Marks = NO_MARKS,
) -> str:
    """The HTML of `block`, found in `text`; as plain text where it nests too deep. For the others see html.py."""
    if not block.too_deep:
        return html.block_html(block, {} if inlines is None else inlines, sources, marks)
    return plain("\n".join(text.split("\n")[block.first : block.last]))
