"""Prompts, styles and shapes as people send them, made valid."""

from django.conf import settings

from imagine import safety
from imagine.errors import EmptyPromptError, RefusedInputError
from imagine.shapes import SHAPES, SQUARE
from imagine.styles import STYLES


def clean_prompt(text: str, typing: bool = False) -> str:
    """`text` as a prompt: printable characters, single blanks. With `typing`, its last word may be half a word.

    Raises EmptyPromptError, RefusedInputError, RefusedWordsError.
    """
    prompt = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if not prompt:
        raise EmptyPromptError("no words")
    if len(prompt) > settings.PROMPT_CHARACTERS:
        raise RefusedInputError("the prompt is too long")
    safety.check_words(text, typing=typing)
    return prompt


def clean_negative(text: str, prompt: str) -> str:
    """`text` as the negative prompt of `prompt`, what is not to be seen; it may be empty.

    Raises RefusedInputError, and RefusedWordsError where leaving it out would show what is refused.
    """
    negative = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if len(negative) > settings.NEGATIVE_CHARACTERS:
        raise RefusedInputError("the negative prompt is too long")
    safety.check_left_out(prompt, negative)
    return negative


def known_style(style: str) -> str:
    """`style`, empty where there is no such style."""
    return style if style in STYLES else ""


def known_shape(shape: str) -> str:
    """`shape`, or a square where there is no such shape."""
    return shape if shape in SHAPES else SQUARE


def nearest_shape(width: int, height: int) -> str:
    """The shape that loses least of a picture of that size."""
    return min(SHAPES, key=lambda name: abs(width * SHAPES[name].down / (height * SHAPES[name].across) - 1))
