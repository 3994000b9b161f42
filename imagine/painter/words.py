"""The words that a checkpoint is given for a picture: what it cannot read any more is left out of the middle."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from imagine.diffusion.pipeline import Renderer
from imagine.spoken import spoken
from imagine.styles import STYLES
from imagine.weights import Weighed, beginning, joined

# People are told the beginning of what was left out.
MOST_TOLD = 200


class Words(NamedTuple):
    """What a checkpoint is given to `read`, and the beginning of what was left out for it; empty where nothing was."""

    read: Weighed
    left_out: str


def words_for(renderer: Renderer, prompt: str, style: str, last: str = "") -> Words:
    """`prompt` with the words of its style, as much as `renderer` reads, as it is spoken.

    `last` is what the prompt ends with where a picture was changed by these words. They and the style stay, and so does
    how the prompt begins: a checkpoint reads no more than some fifty words, or 150, and would drop what comes last.
    """
    text, change = spoken(prompt), spoken(last)
    head = beginning(text, len(text.removesuffix(change))) if change else text
    known = renderer.abilities.styles
    own = STYLES[style].words if style in STYLES and (known is None or style in known) else ""
    tail = [part for part in (change, own) if part]

    def whole(end: int) -> Weighed:
        return joined([part for part in (beginning(head, end), *tail) if part])

    if renderer.reads(whole(len(head))):
        return Words(whole(len(head)), "")
    if change and not renderer.reads(whole(0)):
        words = words_for(renderer, last, style)
        return words._replace(left_out=shortened(", ".join(filter(None, [head, words.left_out]))))
    ends = [place for place, sign in enumerate(head) if sign == " "] + [len(head)]
    # A script without blanks, or one endless word, is cut where it has to be.
    end = longest(ends, lambda end: renderer.reads(whole(end))) or longest(
        range(1, ends[0] + 1), lambda end: renderer.reads(whole(end))
    )
    return Words(whole(end), shortened(head[end:].strip(" ,")))


def longest(ends: Sequence[int], fits: Callable[[int], bool]) -> int:
    """The last of `ends` that fits, 0 where none does; each more takes at least one token more."""
    least, most = 0, len(ends)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if fits(ends[middle - 1]) else (least, middle - 1)
    return ends[least - 1] if least else 0


def shortened(text: str) -> str:
    """`text`, its beginning where it is longer than MOST_TOLD."""
    return text if len(text) <= MOST_TOLD else f"{text[: MOST_TOLD - 1].rstrip()}…"
