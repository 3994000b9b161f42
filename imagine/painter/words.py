"""The words that a checkpoint is given for a picture: what it cannot read any more is left out of the middle."""

from imagine.diffusion.pipeline import Renderer
from imagine.styles import STYLES


def words_for(renderer: Renderer, prompt: str, style: str, last: str = "") -> str:
    """`prompt` with the words of its style, as much as `renderer` reads.

    `last` is what the prompt ends with where a picture was changed by these words. They and the style stay, and so does
    how the prompt begins: a checkpoint reads no more than some fifty words, and would drop what comes last.
    """
    head = prompt.removesuffix(last).rstrip(" ,") if last else prompt
    known = renderer.abilities.styles
    own = STYLES[style].words if style in STYLES and (known is None or style in known) else ""
    tail = [text for text in (last, own) if text]
    parts = head.split(" ")
    if not tail or renderer.reads(", ".join([head, *tail])):
        return ", ".join([text for text in (head, *tail) if text])
    # The most words that fit; each more takes at least one token more.
    least, most = 0, len(parts)
    while least < most:
        middle = (least + most + 1) // 2
        fits = renderer.reads(", ".join([" ".join(parts[:middle]).rstrip(","), *tail]))
        least, most = (middle, most) if fits else (least, middle - 1)
    # One endless word leaves no room for anything.
    return ", ".join([" ".join(parts[: least or None]).rstrip(","), *tail])
