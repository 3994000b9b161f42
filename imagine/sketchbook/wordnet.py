"""Words that mean the same, and words of English with what they mean, from WordNet's files (see its wndb manual)."""

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from imagine.sketchbook.packages import WORDNET as PACKAGE

__all__ = ["PACKAGE", "Wordnet", "read"]

# Rude or hurtful where a thing is meant.
LEFT_OUT = {"pussy", "ass", "jackass", "tit", "tits", "cock", "booby", "bitch", "queen", "beaver", "bastard", "butt"}
MOST_KINDS = 12


@dataclass(frozen=True)
class Synset:
    """One meaning: its words, its `kinds`, its explanation, and the `wider` meanings that it is a kind of.

    `area` is the number of its part of the world: animals, food, artifacts (see WordNet's lexnames manual).
    """

    words: tuple[str, ...]
    kinds: tuple[str, ...]
    gloss: str
    wider: tuple[str, ...] = ()
    area: str = ""


@dataclass(frozen=True)
class Wordnet:
    """Meanings by their place in the file; `senses` are a noun's, the most usual first; `uses` how often it was met."""

    meanings: dict[str, Synset]
    senses: dict[str, tuple[str, ...]]
    uses: dict[str, int]

    def synonyms(self, name: str) -> list[str]:
        """Words for the most usual meaning of a noun, then the names of its kinds: of a dog, poodle and collie."""
        meaning = self.meanings.get(self.senses.get(name, ("",))[0])
        if meaning is None:
            return []
        kinds = [self.meanings[kind].words[0] for kind in meaning.kinds if kind in self.meanings]
        kinds.sort(key=lambda word: -self.uses[word])
        return [word for word in (*meaning.words, *kinds[:MOST_KINDS]) if word not in LEFT_OUT]

    def most_used(self, count: int) -> list[str]:
        """Nouns."""
        return sorted(self.senses, key=lambda word: -self.uses[word])[:count]

    def wider(self, meanings: Set[str], steps: int) -> set[str]:
        """All that these are kinds of, at most so many steps up."""
        found: set[str] = set()
        for _ in range(steps):
            meanings = {wider for one in meanings for wider in self.meanings[one].wider}
            found |= meanings
        return found

    def narrower(self, meaning: str, steps: int) -> dict[str, int]:
        """A meaning and its kinds, with how many steps down each lies, at most so many."""
        found, layer = {meaning: 0}, [meaning]
        for step in range(1, steps + 1):
            layer = [kind for one in layer for kind in self.meanings[one].kinds if kind not in found]
            found |= dict.fromkeys(layer, step)
        return found

    def explained(self, count: int) -> list[str]:
        """The most used nouns, each alone and with its meaning: `count` of them."""
        words = self.most_used(count)
        glosses = (self.meanings[self.senses[word][0]].gloss for word in words)
        return [*words, *(f"{word}, {gloss}" for word, gloss in zip(words, glosses, strict=True))]


def read(folder: Path) -> Wordnet:
    """Read the nouns. `folder` has data.noun, index.noun and index.sense."""
    meanings = {line[:8]: synset(line) for line in lines(folder / "data.noun")}
    senses = {fields[0].replace("_", " "): offsets(fields) for fields in map(str.split, lines(folder / "index.noun"))}
    uses: dict[str, int] = defaultdict(int)
    for line in lines(folder / "index.sense"):
        key, _, _, count = line.split()
        word, _, kind = key.partition("%")
        if kind.startswith("1"):
            uses[word.replace("_", " ")] += int(count)
    return Wordnet(meanings, senses, uses)


def lines(path: Path) -> list[str]:
    """All but the licence, whose lines begin with spaces."""
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("  ")]


def synset(line: str) -> Synset:
    said, _, gloss = line.partition("|")
    fields = said.split()
    count = int(fields[3], 16)
    words = tuple(fields[4 + 2 * place].replace("_", " ").lower() for place in range(count))
    pointers = fields[5 + 2 * count :]
    kinds, wider = (
        tuple(pointers[at + 1] for at in range(0, len(pointers) - 3, 4) if pointers[at] == sign) for sign in "~@"
    )
    return Synset(words, kinds, gloss.partition(";")[0].strip(), wider, fields[1])


def offsets(fields: list[str]) -> tuple[str, ...]:
    """The offsets at the end of a line of an index."""
    return tuple(fields[-int(fields[2]) :])
