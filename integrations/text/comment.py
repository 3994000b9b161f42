"""An answer as a comment under a post: one line of plain words, with one address at most, and nobody else named."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext

from assistant.sources import Source
from integrations.text.dialect import MESSENGER
from integrations.text.render import fit, plain

CITED = re.compile(r"[ \t]*\[(\d{1,2})\]")
ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
# Instagram refuses a comment with more.
MOST_TAGS = 4
ADDRESS_CHARACTERS = 100


def comment(text: str, limit: int, sources: Sequence[Source] = ()) -> str:
    """The answer `text`, Markdown, in at most `limit` characters; empty for no words.

    It ends with the notice that an AI wrote it: who reads a comment has seen neither the greeting nor the profile. The
    first source that it cites is its address, unless it names one itself.
    """
    cited = next((int(number) for number in CITED.findall(text) if 0 < int(number) <= len(sources)), 0)
    said = _quiet(plain(CITED.sub("", text)))
    if not said:
        return ""
    mark = gettext("(AI)")
    address = "".join(sources[cited - 1].url.split()) if cited else ""
    if ADDRESS.search(said) or len(address) > min(ADDRESS_CHARACTERS, limit // 3):
        address = ""
    ending = f" {mark}\n{address}" if address else f" {mark}"
    return fit(said, limit - len(ending), MESSENGER) + ending


def _quiet(text: str) -> str:
    """Nobody is called by their `@name`, no address but the first, and few `#tags`."""
    text = re.sub(r"(?<!\w)[@＠﹫](?=\w)", "", text)
    addresses = iter(range(len(text)))
    text = ADDRESS.sub(lambda found: found[0] if next(addresses) == 0 else "", text)
    tags = iter(range(len(text)))
    text = re.sub(r"#(?=\w)", lambda found: found[0] if next(tags) < MOST_TAGS else "", text)
    return " ".join(text.split())
