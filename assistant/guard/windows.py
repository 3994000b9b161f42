"""Text in windows for a classifier that reads 512 tokens, and what stays of it once some were left out."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from unicodedata import is_normalized, normalize

# A token has a character or more once text is normalised, as the tokenizer of Prompt Guard does: no text, however
# strange, is longer than the model reads. Nothing shorter than the overlap falls between two windows.
WINDOW_CHARACTERS = 480
OVERLAP_CHARACTERS = 120
# A window ends between two words, where one ends within so many characters of it.
EDGE_CHARACTERS = 40


class Window(NamedTuple):
    """A part of a text, from `start` to `end`, and its words as they are judged."""

    start: int
    end: int
    words: str


def windows(text: str) -> list[Window]:
    """All of `text`, in windows that overlap; none where it is blank."""
    return [part for window in _cut(text) for part in _fitting(text, *window)]


def without(text: str, spans: Sequence[tuple[int, int]], mark: str) -> str:
    """`text` with `mark` in place of each of the `spans`, those joined that touch or overlap."""
    kept, end = list[str](), 0
    for start, stop in joined(spans):
        kept += [text[end:start], mark]
        end = stop
    return "".join([*kept, text[end:]])


def joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in their order, those joined that touch or overlap."""
    found = list[tuple[int, int]]()
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(stop, found[-1][1])
        else:
            found.append((start, stop))
    return found


def _cut(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = start + WINDOW_CHARACTERS
        if end < len(text):
            end = text.rfind(" ", end - EDGE_CHARACTERS, end) + 1 or end
        yield start, min(end, len(text))
        if end >= len(text):
            return
        overlap = end - OVERLAP_CHARACTERS
        start = text.find(" ", overlap, overlap + EDGE_CHARACTERS) + 1 or overlap


def _fitting(text: str, start: int, end: int) -> Iterator[Window]:
    """The window, in halves where normalising makes it too long: one sign may become eighteen."""
    part = text[start:end]
    words = part if is_normalized("NFKC", part) else normalize("NFKC", part)
    if len(words) > WINDOW_CHARACTERS and end - start > 1:
        middle = (start + end) // 2
        yield from _fitting(text, start, middle)
        yield from _fitting(text, middle, end)
    elif words.strip():
        yield Window(start, end, words)
