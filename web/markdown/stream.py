"""An answer as it arrives, shown block by block: what has ended is rendered once, plain words are just added."""

import itertools
import re
from dataclasses import dataclass
from html import escape
from time import monotonic

from assistant.markdown.parser import Block, parse
from assistant.markdown.unfinished import settled
from web.markdown.blocks import BLOCK_CHARACTERS, block_html, cleaned, next_part, plain, render_rest

# Characters that mean nothing to Markdown within a line, and are written in HTML as they are.
PROSE = re.compile(r"[^\x00-\x1f\x7f-\xa0\\`*_~\[\]<>&$|:#@\u2028\u2029\ud800-\udfff]*")
IN_CODE = {mark: re.compile(rf"[^\x00-\x08\x0b-\x1f\x7f-\xa0{mark}\ud800-\udfff]*") for mark in "`~"}
# A block that takes longer than this to draw is drawn again only after so many times that while, for
# other answers are drawn by the same thread.
QUICK_SECONDS = 0.01
REST = 15

LETTER = re.compile(r"[^\W\d_]")
END_TAGS = re.compile(r"(?:</[a-z0-9]+>)+$")


@dataclass(frozen=True, slots=True)
class Append:
    """Words to add at the end of what is shown of block number `block`. They are text, not HTML.

    The page starts at the block's element, goes down as long as the last child node is an element, and adds a
    text node at the end of the one it reaches:
    `let end = block; while (end.lastChild instanceof Element) end = end.lastChild; end.append(text)`
    """

    block: int
    text: str


class MarkdownStream:
    """Markdown that grows at its end. After `finish`, `blocks` is what `render_blocks` makes of the whole text."""

    def __init__(self, text: str = "") -> None:
        self._pieces = [text] if text else []
        self._tail = ""
        """The source from the start of the first block that may still change."""
        self._offset = 0
        """Where the tail starts in the whole text."""
        self._ended: list[str] = []
        self._open: list[str] = []
        self._growth: re.Pattern[str] | None = None
        """What may be added to the last open block without looking at it again."""
        self._owed = ""
        """White space at the end of the tail, to be shown when something follows it."""
        self._added: list[str] = []
        self._plain = False
        self._line_ended = True
        self._late = False
        """Whether something arrived that was neither drawn nor is `_owed`."""
        self._rests_until = 0.0

    def feed(self, text: str) -> None:
        """Takes the next piece of the text, of any length."""
        self._pieces.append(text)

    def changes(self) -> "list[tuple[int, str]] | Append":
        """What to show since the last call: words to add to one block, or the blocks that changed, by index.

        A block that vanished again is changed to the empty string.
        """
        piece = self._taken()
        if not piece and not self._late:
            return []
        if self._plain:
            return self._grown(piece)
        self._tail += piece
        self._line_ended = self._line_ended or "\n" in piece
        if self._growth and self._growth.fullmatch(piece) and len(self._tail) <= BLOCK_CHARACTERS:
            return self._grown(piece)
        self._late, self._growth = True, None
        if monotonic() < self._rests_until:
            return []
        return self._redrawn()

    @property
    def blocks(self) -> list[str]:
        """All blocks as they are shown now."""
        return self._blocks_from(0)

    def finish(self) -> list[tuple[int, str]]:
        """Takes the text as whole: the blocks that now differ from what was shown, by index."""
        piece, first = self._taken(final=True), len(self._ended)
        before = self._blocks_from(first)
        if self._plain:
            self._grown(piece)
        else:
            self._tail += piece
            self._ended += render_rest(self._tail, self._offset)
            self._tail, self._open, self._growth = "", [], None
        return _differences(before, self._blocks_from(first), first)

    def _taken(self, final: bool = False) -> str:
        text = "".join(self._pieces)
        self._pieces.clear()
        if text.endswith("\r") and not final:
            self._pieces.append("\r")
            text = text[:-1]
        return text if PROSE.fullmatch(text) else cleaned(text)

    def _grown(self, piece: str) -> "list[tuple[int, str]] | Append":
        new = self._owed + piece
        if self._plain:
            shown = new
        elif self._growth is PROSE:
            shown = new.rstrip()
        else:
            shown = new.removesuffix("\n")
        self._owed = new[len(shown) :]
        if not shown:
            return []
        self._added.append(shown)
        return Append(len(self._ended) + len(self._open) - 1, shown)

    def _blocks_from(self, first: int) -> list[str]:
        """The blocks as they are shown now, from number `first`."""
        return [*self._ended[first:], *self._open[:-1], *self._last()]

    def _last(self) -> list[str]:
        """The last open block, with what was added to it; nothing if none is open."""
        if self._added and self._open:
            html = self._open[-1]
            end = END_TAGS.search(html)
            cut = end.start() if end else len(html)
            self._open[-1] = html[:cut] + escape("".join(self._added), quote=False) + html[cut:]
            self._added.clear()
        return self._open[-1:]

    def _redrawn(self) -> list[tuple[int, str]]:
        first = len(self._ended)
        before = self._blocks_from(first)
        if self._line_ended or len(self._tail) > BLOCK_CHARACTERS:
            self._end_blocks()
        if self._plain:
            self._open, self._owed = [plain(self._tail)], ""
            self._tail, self._growth = "", None
        else:
            self._draw_open()
        self._late, self._line_ended = False, False
        return _differences(before, self._blocks_from(first), first)

    def _end_blocks(self) -> None:
        while True:
            part = next_part(self._tail, self._offset, final=False)
            self._ended += part.html
            self._tail, self._offset = self._tail[part.end :], self._offset + part.end
            self._plain = part.plain_after
            if self._plain or not part.html:
                return

    def _draw_open(self) -> None:
        started = monotonic()
        shown = settled(self._tail)
        blocks = parse(shown, mend=True)
        self._open = [block_html(block, shown) for block in blocks]
        self._growth = _growth(blocks[-1], shown, self._open[-1]) if blocks and shown == self._tail else None
        kept = shown.removesuffix("\n") if self._growth is not PROSE else shown.rstrip()
        self._owed = shown[len(kept) :]
        took = monotonic() - started
        self._rests_until = started + took * REST if took > QUICK_SECONDS else 0.0


def _growth(block: Block, source: str, html: str) -> re.Pattern[str] | None:
    """The characters that can be added at the end of `source`, and so of the `html` of its last block, as they are."""
    if block.too_deep:
        return None
    if block.kind == "fence" and block.tokens[0].meta.get("open"):
        return IN_CODE[block.tokens[0].markup[0]] if not source[-1:].isspace() or source.endswith("\n") else None
    line = source[source.rfind("\n") + 1 :]
    words = line.split()
    prose = block.ends_in_text and LETTER.search(line) and PROSE.fullmatch(words[-1])
    return PROSE if prose and END_TAGS.search(html) else None


def _differences(before: list[str], after: list[str], first: int) -> list[tuple[int, str]]:
    """Where `after` differs from `before`, both of them the blocks from number `first`."""
    pairs = itertools.zip_longest(before, after, fillvalue="")
    return [(number, new) for number, (old, new) in enumerate(pairs, first) if old != new]
