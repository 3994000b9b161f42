"""Whether words in a room are for the assistant: they name it with an `@`, or speak to it by its name.

Spoken to is who is called at the beginning or the end of a sentence, set off as one does who calls: "Chaski, when?",
"hey Chaski", "what do you think, Chaski?", "Chaski帮我". Who only speaks about it is not answered: "I asked Chaski",
"Chaski said so", "Chaski's answer". Rather no answer than one that intrudes: an `@` always helps.
"""

import re
import unicodedata
from collections.abc import Sequence

from django.conf import settings

from assistant import naming

# Besides its name it may be called by these, with an `@` only.
ROLES = ("assistant", "ai", "bot")
# What is not said to anybody now, beyond what naming.py leaves out: blocks of code, addresses.
FENCE = re.compile(r"[ \t]{0,3}(```|~~~)")
ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|(?<![^\s<(])[^\s@]{1,64}@[^\s@]{1,255}\.\w{2,}")

_GREETINGS = (
    "hey|hi|hello|hallo|he|ok|okay|yo|dear|so|and|but|well|please|thanks|thank you"
    "|hola|oye|gracias|salut|bonjour|coucou|merci|ciao|ehi|grazie|ol\u00e1|oi|obrigad[oa]|bitte|danke|liebe[rs]?|na|moin|servus"
    "|hej|hei|moi|cze\u015b\u0107|ahoj|merhaba|selam|\u043f\u0440\u0438\u0432\u0435\u0442|\u043f\u0440\u0438\u0432\u0456\u0442|\u044d\u0439|\u03b3\u03b5\u03b9\u03b1|\u0645\u0631\u062d\u0628\u0627|\u064a\u0627|\u05d4\u05d9\u05d9"
    "|\u0928\u092e\u0938\u094d\u0924\u0947|\u0938\u0941\u0928\u094b|\u4f60\u597d|\u55e8|\u563f|\u306d\u3048|\u3084\u3042|\uc548\ub155"
)
# How a question or a wish goes on right after the name, without a comma: "chaski when shall we go".
_ASKING = (
    "who|what|when|where|why|how|which|(?:can|could|would|will) you|please|pls|tell|show|draw|find|search|look"
    "|help|give|make|write|plan|list|explain|translate|summari[sz]e|compare"
    "|wer|was|wann|wo|warum|wie|welche[rsn]?|kannst|k\u00f6nntest|bitte|zeig|such|suche|finde|erkl\u00e4re?|mach"
    "|qui[e\u00e9]n|qu[e\u00e9]|cu[a\u00e1]ndo|d[o\u00f3]nde|c[o\u00f3]mo|puedes|dime|busca|dibuja"
    "|qui|que|quand|o\u00f9|pourquoi|comment|peux|dis|cherche|dessine"
)
_BEFORE = re.compile(rf"(?:^|[.!?\u2026\n\u3002\uff01\uff1f\u00bf\u00a1(]|\b(?:{_GREETINGS})\b,?)\s*$", re.IGNORECASE)
_SET_OFF_BEFORE = re.compile(r"[,;\uff0c\u3001\u060c]\s*$")
_SET_OFF_AFTER = re.compile(r"\s*(?:[,:;!?\u2026\uff0c\u3001\uff1a\uff01\uff1f\u061f\u060c]|\s[-\u2013\u2014]\s|\n|\Z)")
_END = re.compile(r"\s*[.!?\u2026\u3002\uff01\uff1f\u061f)]*\s*(?:\n|\Z)")
_ASKS = re.compile(
    rf"\s+(?:{_ASKING})\b|\s+(?:is|are|do|does|did|will|would|can|could)\b[^.!\n]{{0,400}}\?", re.IGNORECASE
)
# Before a name in the middle, as one who calls says it: Arabic "ya".
_CALLS = re.compile(r"(?:^|\s)(?:\u064a\u0627|o)\s*$", re.IGNORECASE)
# So long a text is looked at; who calls does so at its beginning or end.
REACH = 4_000


def our_names() -> tuple[str, ...]:
    """What the assistant is called."""
    return (settings.SITE_NAME,)


def called_by() -> tuple[str, ...]:
    """What it is called after an `@`: its names, and what it is."""
    return *our_names(), *ROLES


def is_called(text: str, names: Sequence[str]) -> bool:
    """Whether `text` is for the assistant, whose names are `names`. Bounded work, whatever the text."""
    text = _plain(text)
    if is_mentioned(text, names):
        return True
    bare = naming.without_quotations(text)
    return any(_speaks_to(bare, start, end) for start, end in naming.places(bare, names))


def is_mentioned(text: str, names: Sequence[str]) -> bool:
    """Whether `text` names the assistant with an `@`. Bounded work, whatever the text."""
    text = _plain(text)
    return naming.may_name(text) and naming.is_named(text, [*names, *ROLES])


def _plain(text: str) -> str:
    """The beginning and the end of `text`, without code and addresses."""
    text = text if len(text) <= 2 * REACH else f"{text[:REACH]}\n{text[-REACH:]}"
    return ADDRESS.sub(" ", _without_code(unicodedata.normalize("NFC", text)))


def _without_code(text: str) -> str:
    """`text` without fenced blocks; one that is not closed goes on to the end."""
    kept, mark = [], ""
    for line in text.split("\n"):
        found = FENCE.match(line)
        if found and mark in ("", found[1]):
            mark = "" if mark else found[1]
            kept.append("")
        elif not mark:
            kept.append(line)
    return "\n".join(kept)


def _speaks_to(text: str, start: int, end: int) -> bool:
    """Whether the name that stands there is spoken to."""
    before, after = text[:start], text[end:]
    opens = bool(_BEFORE.search(before[-60:]))
    set_off = bool(_SET_OFF_BEFORE.search(before[-8:]))
    if opens and (_SET_OFF_AFTER.match(after) or _ASKS.match(after) or _goes_on_unspaced(after)):
        return True
    if opens and _greets(before):
        return True
    if set_off and (_SET_OFF_AFTER.match(after) or _END.match(after)):
        return True
    return bool(_CALLS.search(before[-8:]))


def _greets(before: str) -> bool:
    """Whether a greeting stands right before the name: "hey Chaski I need ..."."""
    found = re.search(rf"(?:^|[.!?\n,]\s*)({_GREETINGS}),?\s*$", before[-60:], re.IGNORECASE)
    return found is not None and found[1].casefold() not in (
        "so",
        "and",
        "but",
        "well",
        "na",
        "thanks",
        "thank you",
        "he",
    )


def _goes_on_unspaced(after: str) -> bool:
    """Whether what follows is of a script that writes without spaces, where a name that begins is mostly a call."""
    return bool(after) and naming.is_unspaced(after.lstrip()[:1] or " ")
