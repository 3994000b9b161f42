"""Which passage of a page a sentence of an answer rests on, and citations where a model wrote none.

Both are told by the words that sentence and passage share: no model is asked, so this works with any.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.passages import Passage, counted, passages_of, sentences
from assistant.sources import Reading, Source

# A sentence with fewer words says too little to be traced.
FEWEST_WORDS = 4
# The part of a sentence's words that a passage must have for the sentence to be given its number.
SHARED = 0.6
MOST_SENTENCES = 60

CITATION = re.compile(r"[\[【](\d{1,2}(?:\s*[,;、]\s*\d{1,2})*)(?:†[^】\n]{0,80})?[\]】](?!\()")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
ENDS_SENTENCE = re.compile(r"[.!?。！？]+[\"'”»)*_]*\s*\Z")


def with_passages(readings: Sequence[Reading], answer: str) -> list[Source]:
    """The sources of `readings`, each with the passage on which the sentences of `answer` that cite it rest.

    One that is not cited has its first passage.
    """
    claims: dict[int, list[str]] = {}
    for sentence in sentences(answer):
        for numbers in CITATION.findall(sentence):
            for number in re.findall(r"\d+", numbers):
                claims.setdefault(int(number), []).append(sentence)
    found = []
    for number, reading in enumerate(readings, 1):
        wanted = counted(" ".join(claims.get(number, ())))
        best = max(passages_of(reading.text), key=lambda one: len(one.terms & wanted), default=None)
        found.append(replace(reading.source, passage=best.text if best else ""))
    return found


def cited(answer: str, readings: Sequence[Reading]) -> str:
    """`answer` with the numbers of the pages that its sentences rest on, where the model has given none at all.

    Code stays as it is, and so do sentences that share too little with every page.
    """
    if CITATION.search(answer) or FENCE.search(answer):
        return answer
    pages = [passages_of(reading.text) for reading in readings]
    out = []
    for place, sentence in enumerate(sentences(answer)):
        number = _source_of(sentence, pages) if place < MOST_SENTENCES else 0
        out.append(_with_number(sentence, number) if number else sentence)
    return "".join(out)


def _source_of(sentence: str, pages: Iterable[Sequence[Passage]]) -> int:
    """The number of the page that `sentence` rests on, or 0."""
    wanted = counted(sentence)
    if len(wanted) < FEWEST_WORDS:
        return 0
    shares = [max((len(one.terms & wanted) for one in passages), default=0) / len(wanted) for passages in pages]
    best = max(shares, default=0.0)
    return shares.index(best) + 1 if best >= SHARED else 0


def _with_number(sentence: str, number: int) -> str:
    """`sentence` with a citation before what ends it."""
    end = ENDS_SENTENCE.search(sentence)
    place = end.start() if end else len(sentence.rstrip())
    return f"{sentence[:place]} [{number}]{sentence[place:]}"
