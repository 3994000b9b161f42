"""A model's answer as the bubbles that an app is sent.

What becomes what stands in docs/channels/formatting.md.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from django.utils.translation import gettext

from assistant.markdown.parts import cleaned
from assistant.sources import Source
from integrations.text.bubbles import Packer
from integrations.text.dialect import MESSENGER, WHATSAPP, Dialect
from integrations.text.graphemes import boundaries
from integrations.text.lines import LINK, Line, Run
from integrations.text.tree import lines_of

# An answer that needs more is read on the website.
MOST_BUBBLES = 3
TITLE_CHARACTERS = 60
# A source's address that is longer is left out: its title can be searched for.
ADDRESS_SHARE = 0.4
ELLIPSIS = "…"


def render(text: str, dialect: Dialect, sources: Sequence[Source] = (), *, more: str = "") -> list[str]:
    """The answer `text`, Markdown, as bubbles in their order, each within the limit of `dialect`; none for no words.

    A number that it cites stays as [1], and the `sources` with these numbers are listed at the end. With `more`, the
    address of the whole answer, there are at most MOST_BUBBLES, the last of which ends with it where something is left
    out. Raises nothing: every text is Markdown.
    """
    bubbles = Packer(dialect).bubbles(_lines(text, dialect, sources))
    if not more:
        return list(bubbles)
    shown = list(islice(bubbles, MOST_BUBBLES + 1))
    if len(shown) <= MOST_BUBBLES:
        return shown
    ending = gettext("The whole answer: %(address)s") % {"address": more}
    reserved = dialect.size(f"\n\n{ending}")
    if reserved > dialect.limit // 2:
        return shown[:MOST_BUBBLES]
    packer = Packer(dialect, lambda number: reserved if number == MOST_BUBBLES - 1 else 0)
    shown = list(islice(packer.bubbles(_lines(text, dialect, sources)), MOST_BUBBLES))
    return [*shown[:-1], f"{shown[-1]}\n\n{ending}"]


def plain(text: str) -> str:
    """The Markdown `text` as one line of plain text, without addresses behind words: for titles and captions."""
    lines = lines_of(text, MESSENGER, 0, set(), addresses=False)
    return " ".join(" ".join(f"{line.marker}{line.text}" for line in lines).split())


def fit(text: str, limit: int, dialect: Dialect) -> str:
    """`text`, cut at a word, with an ellipsis, where it is larger than `limit` in the unit of `dialect`."""
    text = cleaned(text).strip()
    if dialect.size(text) <= limit:
        return text
    room, size, start, end, word = limit - dialect.size(ELLIPSIS), 0, 0, 0, 0
    if room < 0:
        return ""
    for boundary in boundaries(text):
        size += dialect.size(text[start:boundary])
        if size > room:
            word = end if text[start:boundary].isspace() else word
            break
        if text[start:boundary].isspace():
            word = start
        start = end = boundary
    # A first word that is very long is cut.
    cut = word if word > end // 2 else end
    return text[:cut].rstrip(" ,.;:-–") + ELLIPSIS


def _lines(text: str, dialect: Dialect, sources: Sequence[Source]) -> Iterator[Line]:
    """The lines of the answer, then those of the sources that it cites."""
    cited = set[int]()
    return chain(lines_of(text, dialect, len(sources), cited), _source_lines(dialect, sources, cited))


def _source_lines(dialect: Dialect, sources: Sequence[Source], cited: set[int]) -> Iterator[Line]:
    for place, number in enumerate(sorted(cited)):
        source = sources[number - 1]
        name = " ".join(cleaned(source.title or source.site).split())
        runs = [Run(fit(name, TITLE_CHARACTERS, WHATSAPP))] if name else []
        address = "".join(cleaned(source.url).split())
        if address and dialect.size(address) <= dialect.limit * ADDRESS_SHARE:
            runs += [Run(" – "), Run(address, LINK)] if runs else [Run(address, LINK)]
        yield Line(runs, marker=f"{number}. ", gap=not place, together=True)
