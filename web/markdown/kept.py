"""Long answers as HTML, kept in memory once they were rendered: each look at a page would render them anew.

Short ones are quicker to render than to look after.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from threading import Lock

from django.utils.translation import get_language

from assistant.code.issues import Marks
from web.markdown.blocks import NO_MARKS, render_blocks

# Of HTML: some 20 ms of work.
LEAST, MOST = 40_000, 16_000_000


class KeptBlocks:
    """The blocks of texts, the last used ones, `most` characters of HTML in all."""

    def __init__(self, render: Callable[[str, Sequence[str], Marks], list[str]], most: int = MOST) -> None:
        self._render, self._most = render, most
        self._kept: OrderedDict[bytes, list[str]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def blocks(self, text: str, sources: Sequence[str] = (), marks: Marks = NO_MARKS) -> list[str]:
        """What `render` makes of them in the language of now."""
        parts = (get_language() or "", *sources, repr(marks) if marks else "", text)
        key = blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        blocks = self._render(text, sources, marks)
        if LEAST <= _size(blocks) <= self._most:
            with self._lock:
                self._keep(key, blocks)
        return blocks

    def _keep(self, key: bytes, blocks: list[str]) -> None:
        self._size += _size(blocks) - _size(self._kept.pop(key, []))
        self._kept[key] = blocks
        while self._size > self._most:
            self._size -= _size(self._kept.popitem(last=False)[1])


def _size(blocks: list[str]) -> int:
    return sum(map(len, blocks))


_answers = KeptBlocks(render_blocks)
answer_blocks = _answers.blocks
