"""Ideas for the checkpoint that ships, which draws stickers of everyday things on simple grounds.

Things and grounds are those that it was trained on, see imagine/sketchbook/README.md.
"""

import random

from django.utils.translation import gettext as _

GROUNDS = (
    "on a yellow background",
    "on a light blue background",
    "in the snow",
    "on the beach",
    "at night",
    "at sunset",
    "in a meadow",
    "in space",
)


def suggestions() -> list[str]:
    """Prompts that the checkpoint draws well, in random order."""
    found = [
        _("A happy dog on a red background"),
        _("A rocket in space"),
        _("A penguin in the snow"),
        _("A green turtle on the beach"),
        _("Two strawberries on a yellow background"),
        _("A sailboat at sunset"),
        _("An owl at night"),
        _("A llama in a meadow"),
        _("A blue car on an orange background"),
        _("A fox next to a mushroom"),
        _("A birthday cake on a pink background"),
        _("A purple octopus at sea"),
    ]
    random.shuffle(found)
    return found


def improvements(prompt: str, count: int) -> list[str]:
    """`prompt` on `count` different grounds. Raises ValueError for more than there are."""
    return [f"{prompt} {ground}" for ground in random.sample(GROUNDS, count)]
