"""Which other words of English are drawn as which thing, because it is the nearest that there is."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch

from imagine.sketchbook.sources import USUAL
from imagine.sketchbook.sprites import Sprite
from imagine.sketchbook.wordnet import LEFT_OUT, Wordnet

Encode = Callable[[Sequence[str]], torch.Tensor]
# An anchor of a meaning: a thing, its word, and how well that word stands for it.
Anchor = tuple[int, str, float]

# By group the areas of WordNet (its lexnames manual) that its things are in; faces, hands and symbols are in none.
AREAS = {
    "nature": {"05", "20", "13", "17"}, "food": {"13", "20", "06"}, "travel": {"06", "17", "19", "15", "11", "22"},
    "activity": {"06", "04"}, "object": {"06", "21", "17"}, "person": {"18", "09"},
}  # fmt: skip
PEOPLE = {"person-role", "person-fantasy"}
# So many of the meanings of a name may be meant, and of another noun.
MEANINGS, MEANINGS_OF_NOUN = 8, 2
BY_NAME, BY_FACE, BY_NOUN, BY_END = 1.0, 0.9, 0.55, 0.45
# A meaning one or two steps wider than a name's: a yacht is no sailboat, but both are vessels.
COUSIN, WIDER = 0.8, 0.15
# Steps down to a kind; a meaning with more kinds than TOO_WIDE says too little, with more than COUSINS nothing of kin.
LEVELS, TOO_WIDE, COUSINS = 6, 1100, 500
# What a step down costs, a less usual meaning, and each doubling of the kinds beyond NARROW.
STEP, RARER, WIDTH, NARROW = 0.06, 0.1, 0.05, 30
LEAST, ALIKE, RARE_ALIKE = 0.88, 0.1, 0.3
# So near by the encoder that WordNet need not know of it.
SURE = 0.68
KINDS, USED, MOST = 300, 9_000, 60
WORD = re.compile(r"[a-z][a-z'-]{2,17}( [a-z][a-z'-]{1,17}){0,2}")


class Kind(NamedTuple):
    """A word whose `order`-th meaning lies `steps` below the meaning of some anchors, which has `kinds` kinds."""

    word: str
    steps: int
    order: int
    kinds: int
    anchors: tuple[Anchor, ...]


class Found(NamedTuple):
    score: float
    word: str
    thing: int


class Vectors:
    """What the encoder says of texts, each asked for once."""

    def __init__(self, encode: Encode) -> None:
        self.encode, self.known = encode, dict[str, torch.Tensor]()

    def of(self, texts: Sequence[str]) -> torch.Tensor:
        """[texts, width]"""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known.update(zip(new, self.encode(new), strict=True))
        return torch.stack([self.known[text] for text in texts])

    def alike(self, one: str, other: str) -> float:
        return float(self.known[one] @ self.known[other])


def kin(things: Sequence[Sprite], known: Wordnet, encode: Encode) -> list[tuple[str, ...]]:
    """For each thing the words that are drawn as it, the best first: at most MOST, and none that names another thing.

    `encode` gives [texts, width], each row of length one.
    """
    vectors = Vectors(encode)
    taken = {word for thing in things for word in (thing.name, *thing.nouns)} | LEFT_OUT
    kinds = [kind for kind in below(anchored(things, known, vectors), known) if kind.word not in taken]
    found = nearest(kinds, vectors)
    used = (word for word in known.most_used(USED) if is_plain(word, known))
    found += alone(things, [*{*used} - taken - {one.word for one in found}], vectors)
    return chosen(len(things), found, known)


def words(thing: Sprite) -> dict[str, float]:
    """A thing's words, and how well each stands for it: its name, the ends of its name, and its nouns."""
    parts = thing.name.split()
    said = dict.fromkeys(thing.nouns, BY_NOUN)
    said |= {" ".join(parts[at:]): BY_END for at in range(1, len(parts))}
    said |= {thing.name.removesuffix(" face"): BY_FACE, thing.name: BY_NAME}
    return said | {word: BY_NAME for word, char in USUAL.items() if thing.char == char}


def anchored(things: Sequence[Sprite], known: Wordnet, vectors: Vectors) -> dict[str, list[Anchor]]:
    """By meaning the things that stand for its kinds."""
    vectors.of([word for thing in things for word in words(thing)])
    found: dict[str, list[Anchor]] = defaultdict(list)
    for number, thing in enumerate(things):
        if thing.group in AREAS and (thing.group != "person" or thing.subgroup in PEOPLE):
            for meaning, word, worth in anchors_of(thing, known, vectors):
                found[meaning].append((number, word, worth))
    return found


def anchors_of(thing: Sprite, known: Wordnet, vectors: Vectors) -> Iterator[tuple[str, str, float]]:
    """Meanings with the word and its worth. Other nouns count by their nearness to the name; wider ones do not."""
    areas, said = AREAS[thing.group], words(thing)
    own = {meaning for word, worth in said.items() if worth >= BY_FACE for meaning, _ in meant(word, areas, known)}
    wider = known.wider(own, 8)
    for word, worth in said.items():
        if worth < BY_FACE:
            worth += 0.4 * (vectors.alike(word, thing.name) - 0.4)
        for meaning, order in meant(word, areas, known):
            if said[word] >= BY_FACE or (meaning not in wider and order < MEANINGS_OF_NOUN):
                yield meaning, word, worth - RARER * min(order, 3)
            if said[word] >= BY_FACE:
                yield from cousins(meaning, word, known)


def meant(word: str, areas: set[str], known: Wordnet) -> list[tuple[str, int]]:
    """The meanings of a noun, or of its singular, in these areas, each with its place among its meanings."""
    senses = known.senses.get(word) or known.senses.get(word.removesuffix("s"), ())
    return [(one, order) for order, one in enumerate(senses[:MEANINGS]) if known.meanings[one].area in areas]


def cousins(meaning: str, word: str, known: Wordnet) -> Iterator[tuple[str, str, float]]:
    for step in (1, 2):
        for wider in known.wider({meaning}, step) - known.wider({meaning}, step - 1):
            if len(known.narrower(wider, LEVELS)) <= COUSINS:
                yield wider, word, COUSIN - WIDER * step


def below(anchors: dict[str, list[Anchor]], known: Wordnet) -> Iterator[Kind]:
    """The words of all kinds of the anchored meanings: of each, the KINDS that are said most."""
    for meaning, ones in anchors.items():
        kinds = known.narrower(meaning, LEVELS)
        if len(kinds) <= TOO_WIDE:
            found = [
                Kind(word, steps, known.senses[word].index(kind), len(kinds), tuple(ones))
                for kind, steps in kinds.items()
                for word in known.meanings[kind].words
                if is_plain(word, known) and kind in known.senses.get(word, ())
            ]
            found.sort(key=lambda one: (one.word.count(" "), -min(known.uses[one.word], 3), one.steps))
            yield from found[:KINDS]


def is_plain(word: str, known: Wordnet) -> bool:
    """It is written in letters and ends in a noun: Latin names do not."""
    return bool(WORD.fullmatch(word)) and word.rpartition(" ")[2] in known.senses


def nearest(kinds: Sequence[Kind], vectors: Vectors) -> list[Found]:
    """For each word the thing that it is nearest to, or the few that are equally near."""
    vectors.of([kind.word for kind in kinds] or [""])
    scores: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for kind in kinds:
        cost = STEP * kind.steps + RARER * min(kind.order, 3) + WIDTH * max(0.0, math.log2(kind.kinds / NARROW))
        for thing, word, worth in kind.anchors:
            alike = vectors.alike(kind.word, word)
            if alike > (RARE_ALIKE if kind.order else ALIKE):
                scores[kind.word][thing] = max(scores[kind.word][thing], alike + worth - cost)
    best = {word: max(found.values()) for word, found in scores.items()}
    return [
        Found(score, word, thing)
        for word, found in scores.items()
        for thing, score in found.items()
        if score >= max(LEAST, best[word] - 1e-6)
    ]


def alone(things: Sequence[Sprite], rest: Sequence[str], vectors: Vectors) -> list[Found]:
    """Words that the encoder alone puts near a thing's noun, its name and all of its words together."""
    said = [(number, word) for number, thing in enumerate(things) if thing.group != "symbol" for word in words(thing)]
    if not rest or not said:
        return []
    near = vectors.of([word for _, word in said]) / 2
    near += vectors.of([things[number].name for number, _ in said]) / 4
    near += vectors.of([", ".join((things[number].name, *things[number].nouns[:6])) for number, _ in said]) / 4
    scores, places = (vectors.of(rest) @ near.T).max(1)
    found = zip(scores.tolist(), rest, places.tolist(), strict=True)
    return [Found(score, word, said[at][0]) for score, word, at in found if score >= SURE]


def chosen(count: int, found: Sequence[Found], known: Wordnet) -> list[tuple[str, ...]]:
    """The best MOST of each thing: what people say, single words, what is nearest."""
    ordered = sorted(found, key=lambda one: (one.word.count(" "), -min(known.uses[one.word], 3), -one.score, one.word))
    result: list[list[str]] = [[] for _ in range(count)]
    for one in ordered:
        if len(result[one.thing]) < MOST:
            result[one.thing].append(one.word)
    return [tuple(words) for words in result]
