"""A list of words and phrases in groups, and which of its groups a text matches."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagine.spelling import WORD, YOUNG_AGE, plain, readings, set_apart, words

# The group whose phrases are taken out of a text before it is judged.
FINE = "fine"
# Shorter ones are found by chance within single letters in a row.
LEAST_WITHIN = 4


@dataclass(frozen=True)
class Phrase:
    """Words in a row. With `begins`, the last one stands for all words that begin so."""

    group: str
    words: tuple[str, ...]
    begins: bool

    def stands_at(self, place: int, text: list[str]) -> bool:
        there = tuple(text[place : place + len(self.words)])
        if self.begins and len(there) == len(self.words):
            return there[:-1] == self.words[:-1] and there[-1].startswith(self.words[-1])
        return there == self.words

    def goes_on(self, text: list[str], unfinished: str) -> bool:
        """Whether it begins with all of `text`, then a word that begins with `unfinished`."""
        next_word = self.words[len(text) : len(text) + 1]
        return self.words[: len(text)] == tuple(text) and bool(next_word) and next_word[0].startswith(unfinished)


class WordList:
    """A file of the format of refused_words.txt, which explains it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, and ValueError for a phrase without a group or letters."""
        self._by_word: dict[str, list[Phrase]] = defaultdict(list)
        self._by_beginning: dict[str, list[Phrase]] = defaultdict(list)
        self._anywhere: list[tuple[str, str]] = []
        group = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = line.strip()
            if entry.startswith("["):
                group = entry.strip("[]")
            elif entry and not entry.startswith("#"):
                self._add(group, entry)
        self._lengths = sorted({len(beginning) for beginning in self._by_beginning})

    def groups(self, text: str, typing: bool = False) -> set[str]:
        """The groups that the text matches. With `typing`, a last word that may go on does not count yet."""
        text = plain(text)
        unfinished = typing and text[-1:].isalnum()
        found = {group for group, part in self._anywhere if part in text}
        found |= {phrase.group for run in set_apart(text) for phrase in self._within(run)}
        for reading in readings(text):
            found |= self._groups_of(words(reading), unfinished, typing)
        return found - {FINE}

    def _add(self, group: str, entry: str) -> None:
        listed = tuple(YOUNG_AGE if part == YOUNG_AGE else "".join(WORD.findall(plain(part))) for part in entry.split())
        if not group or not all(listed):
            raise ValueError(f"{entry!r} is no word in a [group]")
        if entry.startswith("*"):
            self._anywhere.append((group, " ".join(listed)))
            return
        phrase = Phrase(group, listed, begins=entry.endswith("*"))
        index = self._by_beginning if phrase.begins and len(listed) == 1 else self._by_word
        index[listed[0]].append(phrase)

    def _groups_of(self, text: list[str], unfinished: bool, typing: bool) -> set[str]:
        last = text.pop() if unfinished and text else ""
        found = list(self._find(text))
        fine = {place + step for phrase, place in found if phrase.group == FINE for step in range(len(phrase.words))}
        if typing:
            fine |= self._may_be_fine(text, last)
        return {phrase.group for phrase, place in found if place not in fine}

    def _find(self, text: list[str]) -> Iterator[tuple[Phrase, int]]:
        for place, word in enumerate(text):
            for phrase in self._starting_with(word):
                if phrase.stands_at(place, text):
                    yield phrase, place

    def _may_be_fine(self, text: list[str], last: str) -> set[int]:
        """The places at the end of the text that may become an innocent phrase with the next letters."""
        for place in range(max(0, len(text) - LEAST_WITHIN), len(text)):
            phrases = self._by_word.get(text[place], ())
            if any(phrase.group == FINE and phrase.goes_on(text[place:], last) for phrase in phrases):
                return set(range(place, len(text)))
        return set()

    def _starting_with(self, word: str) -> Iterator[Phrase]:
        yield from self._by_word.get(word, ())
        for length in self._lengths:
            if length <= len(word):
                yield from self._by_beginning.get(word[:length], ())

    def _within(self, run: str) -> Iterator[Phrase]:
        for index in (self._by_word, self._by_beginning):
            for word, phrases in index.items():
                if run == word or (len(word) >= LEAST_WITHIN and word in run):
                    yield from (phrase for phrase in phrases if len(phrase.words) == 1)
