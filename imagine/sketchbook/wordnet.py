"""Words that mean the same, and words of English with what they mean, from WordNet's files (see its wndb manual)."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from imagine.sketchbook.packages import WORDNET as PACKAGE

__all__ = ["PACKAGE", "Wordnet", "read"]

# Rude or hurtful where a thing is meant.
LEFT_OUT = {"pussy", "ass", "jackass", "tit", "tits", "cock", "booby", "bitch", "queen", "beaver", "bastard", "butt"}
MOST_KINDS = 12


@dataclass(frozen=True)
class Synset:
    """One meaning: its words, what it is a kind of has this one among its `kinds`, and its explanation."""

    words: tuple[str, ...]
    kinds: tuple[str, ...]
    gloss: str


@dataclass(frozen=True)
class Wordnet:
    """Meanings by their place in the file; `first` is a noun's most usual meaning; `uses` how often a word was met."""

    meanings: dict[str, Synset]
    first: dict[str, str]
    uses: dict[str, int]

    def synonyms(self, name: str) -> list[str]:
        """Words for the most usual meaning of a noun, then the names of its kinds: of a dog, poodle and collie."""
        meaning = self.meanings.get(self.first.get(name, ""))
        if meaning is None:
            return []
        kinds = [self.meanings[kind].words[0] for kind in meaning.kinds if kind in self.meanings]
        kinds.sort(key=lambda word: -self.uses[word])
        return [word for word in (*meaning.words, *kinds[:MOST_KINDS]) if word not in LEFT_OUT]

    def explained(self, count: int) -> list[str]:
        """The most used nouns, each alone and with its meaning: `count` of them."""
        words = sorted(self.first, key=lambda word: -self.uses[word])[:count]
        glosses = (self.meanings[self.first[word]].gloss for word in words)
        return [*words, *(f"{word}, {gloss}" for word, gloss in zip(words, glosses, strict=True))]


def read(folder: Path) -> Wordnet:
    """Read the nouns. `folder` has data.noun, index.noun and index.sense."""
    meanings = {line[:8]: synset(line) for line in lines(folder / "data.noun")}
    first = {
        fields[0].replace("_", " "): first_offset(fields) for fields in map(str.split, lines(folder / "index.noun"))
    }
    uses: dict[str, int] = defaultdict(int)
    for line in lines(folder / "index.sense"):
        key, _, _, count = line.split()
        word, _, kind = key.partition("%")
        if kind.startswith("1"):
            uses[word.replace("_", " ")] += int(count)
    return Wordnet(meanings, first, uses)


def lines(path: Path) -> list[str]:
    """All but the licence, whose lines begin with spaces."""
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("  ")]


def synset(line: str) -> Synset:
    said, _, gloss = line.partition("|")
    fields = said.split()
    count = int(fields[3], 16)
    words = tuple(fields[4 + 2 * place].replace("_", " ").lower() for place in range(count))
    pointers = fields[5 + 2 * count :]
    kinds = tuple(pointers[at + 1] for at in range(0, len(pointers) - 3, 4) if pointers[at] == "~")
    return Synset(words, kinds, gloss.partition(";")[0].strip())


def first_offset(fields: list[str]) -> str:
    """The first of the offsets at the end of a line of an index."""
    return fields[-int(fields[2])]
