"""A prompt in the words that a text encoder reads: without marks of weights, and with names for emoji."""

from imagine.emojis import named
from imagine.weights import Weighed, weighed


def spoken(prompt: str) -> Weighed:
    """`prompt` as it is read, which knows the weights that its marks gave."""
    return weighed(named(prompt))
