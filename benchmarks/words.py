"""The answer that the scripted model gives: Markdown whose words are all different, so that each can be counted."""

import re
from collections import Counter
from collections.abc import Iterator

WORD = re.compile(r"w\d{4}")
QUESTION = re.compile(r"Tell me (\d+) words \((m\d+)\)")
MOST_WORDS = 9_999


def answer(words: int) -> str:
    """An answer of `words` words, w0000 and up, in paragraphs, lists and code as models write them."""
    left = iter([f"w{number:04}" for number in range(words)])
    text = ""
    while section := _section(left):
        text += section
    return text


def question(words: int, number: int) -> str:
    """What asks the scripted model for so many words; `number` makes its mark, "m7"."""
    return f"Tell me {words} words (m{number})"


def asked(text: str) -> tuple[int, str]:
    """The words that a question asks for, and its mark; 0 and "" where it is none."""
    found = QUESTION.search(text)
    return (int(found[1]), found[2]) if found else (0, "")


def _section(left: Iterator[str]) -> str:
    """The next sixty words or fewer; nothing when there are none left."""
    words = [word for _, word in zip(range(60), left, strict=False)]
    if len(words) < 60:
        return " ".join(words)
    opening = [*words[:8], f"**{words[8]}**", *words[9:15], f"`{words[15]}`", *words[16:24]]
    items = "\n".join("- " + " ".join(words[first : first + 6]) for first in (24, 30, 36))
    code = "\n".join("{} = {} + {}".format(*words[first : first + 3]) for first in (42, 45, 48))
    return f"{' '.join(opening)}.\n\n{items}\n\n```python\n{code}\n```\n\n{' '.join(words[51:])}.\n\n"


def lost_and_doubled(text: str, expected: int) -> tuple[int, int]:
    """How many of the first `expected` words `text` lacks, and how many it has too often."""
    found = Counter(WORD.findall(text))
    lost = sum(f"w{number:04}" not in found for number in range(expected))
    return lost, sum(found.values()) - len(found)
