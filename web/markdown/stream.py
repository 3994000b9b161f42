"""Incremental rendering of an answer as it streams: finished blocks once, plain text appended without rendering."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from time import monotonic, thread_time

from assistant.markdown.parser import Block, parse
from assistant.markdown.parts import BLOCK_CHARACTERS, CODE_CHARACTERS, cleaned, may_be_thoughts, without_thoughts
from assistant.markdown.unfinished import renderable
from web.markdown.blocks import block_html, next_part, plain, render_rest

# Characters without meaning in Markdown within a line, and without escapes in HTML.
PROSE = re.compile(r"[^\x00-\x1f\x7f-\xa0\\`*_~\[\]<>&$|:#@\u2028\u2029\ud800-\udfff]*")
IN_CODE = {mark: re.compile(rf"[^\x00-\x08\x0b-\x1f\x7f-\xa0{mark}\ud800-\udfff]*") for mark in "`~"}
# A block that takes longer than this to render is throttled: it is rendered again only after that time multiplied by
# the factor, as the thread renders other answers too.
FAST_RENDER_SECONDS = 0.01
THROTTLE_FACTOR = 15

LETTER = re.compile(r"[^\W\d_]")
END_TAGS = re.compile(r"(?:</[a-z0-9]+>)+$")


@dataclass(frozen=True, slots=True)
class Append:
    """Text, not HTML, to append to block number `block`.

    The page starts at the block's element, descends while the last child node is an element, and appends a text node to
    the one it reaches:
    `let end = block; while (end.lastChild instanceof Element) end = end.lastChild; end.append(text)`
    """

    block: int
    text: str


class MarkdownStream:
    """Markdown that grows at its end. After `finish`, `blocks` is what `render_blocks` makes of the whole text.

    `sources` are the addresses of what it cites by number.
    """

    def __init__(self, text: str = "", sources: Sequence[str] = ()) -> None:
        self._sources = sources
        self._chunks = [text] if text else []
        self._tail = ""
        """The source from the start of the first block that may still change."""
        self._offset = 0
        """Where the tail starts in the whole text."""
        self._ended: list[str] = []
        self._open: list[str] = []
        self._inlines = dict[str, str]()
        """The HTML of what stands in the open blocks, cell by cell and item by item, so that it is not parsed again."""
        self._appendable: re.Pattern[str] | None = None
        """Text that may be appended to the last open block without rendering it again."""
        self._held_space = ""
        """White space at the end of the tail, shown once something follows it."""
        self._added: list[str] = []
        self._plain = False
        self._started = False
        """Whether anything but thoughts has come."""
        self._line_ended = True
        self._stale = False
        """Whether text arrived that was neither rendered nor is `_held_space`."""
        self._throttled_until = 0.0

    def feed(self, text: str) -> None:
        """Add the next chunk of the text, of any length."""
        self._chunks.append(text)

    def changes(self) -> "list[tuple[int, str]] | Append":
        """The changes since the last call: text to append to one block, or the blocks that changed, by index.

        A block that was removed is changed to the empty string.
        """
        chunk = self._take()
        if not chunk and not self._stale:
            return []
        if self._plain:
            return self._append(chunk)
        self._tail += chunk
        self._line_ended = self._line_ended or "\n" in chunk
        longest = BLOCK_CHARACTERS if self._appendable is PROSE else CODE_CHARACTERS
        if self._appendable and self._appendable.fullmatch(chunk) and len(self._tail) <= longest:
            return self._append(chunk)
        self._stale, self._appendable = True, None
        if not self._started:
            if may_be_thoughts(self._tail):
                return []
            self._tail, self._started = without_thoughts(self._tail), True
        if monotonic() < self._throttled_until:
            return []
        return self._rerender()

    @property
    def blocks(self) -> list[str]:
        """All blocks as they are shown now."""
        return self._blocks_from(0)

    def finish(self) -> list[tuple[int, str]]:
        """Render the text as complete: the blocks that differ from what was shown, by index."""
        chunk, first = self._take(final=True), len(self._ended)
        before = self._blocks_from(first)
        if self._plain:
            self._append(chunk)
        else:
            self._tail += chunk
            rest = self._tail if self._started else without_thoughts(self._tail)
            self._ended += render_rest(rest, self._offset, self._sources)
            self._tail, self._open, self._appendable = "", [], None
        return _changed_blocks(before, self._blocks_from(first), first)

    def _take(self, final: bool = False) -> str:
        text = "".join(self._chunks)
        self._chunks.clear()
        if text.endswith("\r") and not final:
            self._chunks.append("\r")
            text = text[:-1]
        return text if PROSE.fullmatch(text) else cleaned(text)

    def _append(self, chunk: str) -> "list[tuple[int, str]] | Append":
        new = self._held_space + chunk
        if self._plain:
            shown = new
        elif self._appendable is PROSE:
            shown = new.rstrip()
        else:
            shown = new.removesuffix("\n")
        self._held_space = new[len(shown) :]
        if not shown:
            return []
        self._added.append(shown)
        return Append(len(self._ended) + len(self._open) - 1, shown)

    def _blocks_from(self, first: int) -> list[str]:
        """The blocks as they are shown now, from number `first`."""
        return [*self._ended[first:], *self._open[:-1], *self._last_open()]

    def _last_open(self) -> list[str]:
        """The last open block, with the text that was appended; nothing if none is open."""
        if self._added and self._open:
            html = self._open[-1]
            end = END_TAGS.search(html)
            cut = end.start() if end else len(html)
            self._open[-1] = html[:cut] + escape("".join(self._added), quote=False) + html[cut:]
            self._added.clear()
        return self._open[-1:]

    def _rerender(self) -> list[tuple[int, str]]:
        first = len(self._ended)
        before = self._blocks_from(first)
        if self._line_ended or len(self._tail) > BLOCK_CHARACTERS:
            self._end_blocks()
        if self._plain:
            self._open, self._held_space = [plain(self._tail)], ""
            self._tail, self._appendable = "", None
        else:
            self._render_open()
        self._stale, self._line_ended = False, False
        return _changed_blocks(before, self._blocks_from(first), first)

    def _end_blocks(self) -> None:
        while True:
            part = next_part(self._tail, self._offset, self._sources, final=False)
            self._ended += part.html
            self._tail, self._offset = self._tail[part.end :], self._offset + part.counted
            if part.html:
                self._inlines.clear()
            self._plain = part.plain_after
            if self._plain or not part.html:
                return

    def _render_open(self) -> None:
        started = thread_time()
        shown = renderable(self._tail)
        blocks = parse(shown, close_marks=True, known=self._inlines, sources=len(self._sources))
        self._open = [block_html(block, shown, self._sources, self._inlines) for block in blocks]
        self._appendable = _appendable(blocks[-1], shown, self._open[-1]) if blocks and shown == self._tail else None
        kept = shown.removesuffix("\n") if self._appendable is not PROSE else shown.rstrip()
        self._held_space = shown[len(kept) :]
        took = thread_time() - started
        self._throttled_until = monotonic() + took * THROTTLE_FACTOR if took > FAST_RENDER_SECONDS else 0.0


def _appendable(block: Block, source: str, html: str) -> re.Pattern[str] | None:
    """The text that can be appended to `source`, and so to the `html` of its last block, as it is."""
    if block.too_deep:
        return None
    if block.kind == "fence" and block.tokens[0].meta.get("open"):
        return IN_CODE[block.tokens[0].markup[0]] if not source[-1:].isspace() or source.endswith("\n") else None
    line = source[source.rfind("\n") + 1 :]
    words = line.split()
    prose = block.ends_in_text and LETTER.search(line) and PROSE.fullmatch(words[-1])
    return PROSE if prose and END_TAGS.search(html) else None


def _changed_blocks(before: list[str], after: list[str], first: int) -> list[tuple[int, str]]:
    """Where `after` differs from `before`, both of them the blocks from number `first`."""
    pairs = itertools.zip_longest(before, after, fillvalue="")
    return [(number, new) for number, (old, new) in enumerate(pairs, first) if old != new]
