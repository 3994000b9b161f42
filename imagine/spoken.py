"""A prompt in the words that a text encoder reads: without marks of weights, and with names for emoji."""

from imagine.emojis import named
from imagine.weights import unweighted


def spoken(prompt: str) -> str:
    """`prompt` as it is read."""
    return named(unweighted(prompt))
