"""What a search shows of a text: the words around the best place, those that were asked for told apart."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from assistant.folding import Word, normalized, words

LENGTH = 160
LEAD = 40
# So far a cut moves to stand between words.
SLACK = 20
MOST_SPANS = 500

# The signs of Markdown that a page does not show: fences, emphasis, code, links, and those that begin a line.
FENCE = re.compile(r"^ {0,3}(?:```|~~~).*$", re.MULTILINE)
RULE = re.compile(r"^[ \t|:-]*--[ \t|:-]*$", re.MULTILINE)
LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}\)")
LINE_SIGNS = re.compile(r"^[ \t]{0,9}(?:#{1,6}|>|[-*+](?=[ \t])|\|)[ \t]*", re.MULTILINE)
SIGNS = re.compile(r"\*\*|__|~~|`+|(?<!\w)[*_]+(?=\w)|(?<=\w)[*_]+(?!\w)|\|(?:[ \t:|-]*\|)?")


class Piece(NamedTuple):
    """A part of a text. `found` marks words that were asked for."""

    text: str
    found: bool = False


class _Span(NamedTuple):
    start: int
    end: int
    word: int


def marked(text: str, asked: list[Word]) -> list[Piece]:
    """The whole text in pieces."""
    text = normalized(text)
    return list(_pieces(text, list(_spans(text, asked)), 0, len(text)))


def excerpt(text: str, asked: list[Word], markdown: bool = False) -> list[Piece]:
    """About `LENGTH` characters of the text in pieces, on one line, where most of the words stand together."""
    plain = _one_line(_without_signs(text) if markdown else text)
    spans = list(_spans(plain, asked))
    if markdown and not spans:
        # They stand in what the page does not show, such as the address of a link.
        plain = _one_line(text)
        spans = list(_spans(plain, asked))
    start = _cut(plain, max(0, min(_best(spans) - LEAD, len(plain) - LENGTH)), forward=True)
    end = _cut(plain, min(len(plain), start + LENGTH), forward=False)
    pieces = list(_pieces(plain, spans, start, end))
    before = [Piece("…")] if start else []
    after = [Piece("…")] if end < len(plain) else []
    return [*before, *pieces, *after]


def plain(text: str) -> str:
    """A text on one line, without the signs of Markdown that a page does not show."""
    return _one_line(_without_signs(text))


def _one_line(text: str) -> str:
    return " ".join(normalized(text).split())


def _without_signs(text: str) -> str:
    for signs, instead in ((FENCE, " "), (RULE, " "), (LINK, r"\1"), (LINE_SIGNS, ""), (SIGNS, "")):
        text = signs.sub(instead, text)
    return text


def _spans(text: str, asked: list[Word]) -> Iterator[_Span]:
    """Where words of `asked` stand, in order and apart; at most MOST_SPANS."""
    left = MOST_SPANS
    for word in words(text):
        for span in _spans_in(word, asked):
            yield span
            left -= 1
            if not left:
                return


def _spans_in(word: Word, asked: list[Word]) -> list[_Span]:
    if not word.is_run:
        fits = (number for number, one in enumerate(asked) if _fits(word, one, one is asked[-1]))
        return [_Span(word.start, word.end, number) for number in fits][:1]
    spans: list[_Span] = []
    # A character that became two, or none, leaves no place for each: then it is the whole run.
    in_place = len(word.text) == word.end - word.start
    for number, one in enumerate(asked):
        at = word.text.find(one.text) if one.is_run else -1
        while at >= 0:
            span = _Span(word.start + at, word.start + at + len(one.text), number)
            spans.append(span if in_place else _Span(word.start, word.end, number))
            at = word.text.find(one.text, at + len(one.text))
    apart: list[_Span] = []
    for span in sorted(spans):
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
    return apart


def _fits(word: Word, asked: Word, is_last: bool) -> bool:
    return not asked.is_run and (word.text.startswith(asked.text) if is_last else word.text == asked.text)


def _best(spans: list[_Span]) -> int:
    """Where the first of the places begins from which on most different words follow."""
    best, most = 0, 0
    for at, span in enumerate(spans):
        near = {one.word for one in spans[at : at + LENGTH] if one.end <= span.start + LENGTH - LEAD}
        if len(near) > most:
            best, most = span.start, len(near)
    return best


def _cut(text: str, at: int, forward: bool) -> int:
    """A place near `at` between two words, or at least between two characters."""
    if at in (0, len(text)):
        return at
    if forward:
        space = text.find(" ", at - 1, at + SLACK)
        at = space + 1 if space >= 0 else at
    else:
        space = text.rfind(" ", at - SLACK, at + 1)
        at = space if space >= 0 else at
    while 0 < at < len(text) and unicodedata.category(text[at])[0] == "M":
        at += 1
    return at


def _pieces(text: str, spans: list[_Span], start: int, end: int) -> Iterator[Piece]:
    at = start
    for span in spans:
        if span.start < at or span.end > end:
            continue
        if span.start > at:
            yield Piece(text[at : span.start])
        yield Piece(text[span.start : span.end], found=True)
        at = span.end
    if at < end:
        yield Piece(text[at:end])
