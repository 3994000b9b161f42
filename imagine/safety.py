"""What is not drawn: words before a picture is made, pixels after."""

from functools import cache
from pathlib import Path

from imagine.errors import RefusedWordsError
from imagine.wordlist import WordList

WORDS = Path(__file__).parent / "refused_words.txt"
REFUSED, YOUNG, SUGGESTIVE = "refused", "young", "suggestive"


def check_words(text: str, typing: bool = False) -> None:
    """Raises RefusedWordsError for words that ask for what refused_words.txt lists, in whatever disguise.

    Two words may be fine alone and refused together. With `typing`, the last word counts only once something
    follows it, so that nobody is stopped half-way through an innocent word; check again before a picture is kept.
    """
    groups = _word_list().groups(text, typing)
    if REFUSED in groups or {YOUNG, SUGGESTIVE} <= groups:
        raise RefusedWordsError(f"the words touch: {', '.join(sorted(groups))}")


@cache
def _word_list() -> WordList:
    return WordList(WORDS)
