"""Marks by which other programs weigh the words of a prompt: read, and taken away, as they would be read as text."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

# `(words:1.2)` and `[words:0.8]`, of letters, so that neither a time nor a ratio is one. Nothing inside repeats a mark.
WEIGHED = re.compile(r"[(\[]([^()\[\]:]*[^\W\d_][^()\[\]:]*):\s*([+-]?\d{0,2}(?:\.\d{1,3})?)\s*[)\]]")
# `((words))` and `[[words]]`.
DOUBLED = re.compile(r"\(\(([^()]*)\)\)|\[\[([^\[\]]*)\]\]")
# `<lora:name:0.8>` names a file.
FILES = re.compile(r"<(?:lora|lyco|hypernet|embedding)s?:[^<>]{0,200}>", re.IGNORECASE)
# Marks within marks: each pass takes away the innermost.
PASSES = 4
# What a bracket counts in the programs that brought these marks up; `[words:0.8]` is no weight in them.
BRACKET = 1.1
LEAST, MOST = 0.1, 2.0


class Piece(NamedTuple):
    """Words that count alike."""

    text: str
    weight: float


class Weighed(str):
    """A prompt without its marks. `weights` has one number for each of its signs, none where no word is weighed."""

    __slots__ = ("weights",)
    weights: tuple[float, ...]

    def __new__(cls, text: str, weights: Sequence[float] = ()) -> "Weighed":
        """`text` with one weight for each sign."""
        prompt = super().__new__(cls, text)
        prompt.weights = tuple(weights) if any(weight != 1 for weight in weights) else ()
        return prompt


def weighed(prompt: str) -> Weighed:
    """`prompt` without marks of weights; others, such as words in brackets, stay as they are."""
    text, weights = without(FILES, prompt, [1.0] * len(prompt))
    for _ in range(PASSES):
        before = text
        text, weights = without(DOUBLED, *without(WEIGHED, text, weights))
        if text == before:
            break
    return Weighed(prompt) if text == prompt else single_blanks(text, weights)


def without(mark: re.Pattern[str], text: str, weights: Sequence[float]) -> tuple[str, list[float]]:
    """`text` and the weights of its signs with what each `mark` encloses in its place."""
    kept, left, end = [], [], 0
    for found in mark.finditer(text):
        inner = next((group for group in range(1, (mark.groups or 0) + 1) if found[group] is not None), 0)
        start, stop = found.span(inner) if inner else (found.end(), found.end())
        factor = factor_of(mark, found)
        kept += [text[end : found.start()], text[start:stop]]
        left += [*weights[end : found.start()], *(clamped(one * factor) for one in weights[start:stop])]
        end = found.end()
    return "".join([*kept, text[end:]]), [*left, *weights[end:]]


def factor_of(mark: re.Pattern[str], found: re.Match[str]) -> float:
    """By what the words in a mark are multiplied."""
    if mark is WEIGHED:
        number = found[2].strip("+-.")
        return float(found[2]) if number and found[0].startswith("(") else 1.0
    return BRACKET**2 if found[0].startswith("(") else BRACKET**-2


def clamped(weight: float) -> float:
    return min(max(weight, LEAST), MOST)


def single_blanks(text: str, weights: Sequence[float]) -> Weighed:
    """`text` as " ".join(text.split()) has it, and the weights of what stays."""
    words = list(re.finditer(r"\S+", text))
    kept = [one for word in words for one in (*weights[word.start() : word.end()], 1.0)]
    return Weighed(" ".join(word[0] for word in words), kept[:-1])


def weights_of(text: str) -> Sequence[float]:
    """One weight for each sign of `text`."""
    return (text.weights if isinstance(text, Weighed) else ()) or [1.0] * len(text)


def beginning(text: str, end: int) -> Weighed:
    """`text` up to `end`, without blanks and commas there; its weights stay."""
    kept = text[:end].rstrip(" ,")
    return Weighed(kept, weights_of(text)[: len(kept)])


def joined(parts: Sequence[str]) -> Weighed:
    """All `parts` with a comma between them; their weights stay."""
    weights = [weight for part in parts for weight in (*weights_of(part), 1.0, 1.0)]
    return Weighed(", ".join(parts), weights[:-2])


def pieces(prompt: str) -> list[Piece]:
    """The words of `prompt` in groups that count alike; a word counts as its first sign does."""
    weights = weights_of(prompt)
    words = [(found[0], weights[found.start()]) for found in re.finditer(r"\S+", prompt)]
    groups = groupby(words, key=lambda word: word[1])
    return [Piece(" ".join(word for word, _ in group), weight) for weight, group in groups]
