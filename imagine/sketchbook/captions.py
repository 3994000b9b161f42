"""Say in words what a scene shows, in one of many ways."""

import re
from collections.abc import Sequence
from random import Random

from imagine.sketchbook.palette import COLOURS, LANDS, OTHER_WORDS, nearest
from imagine.sketchbook.scenes import Scene, Thing
from imagine.sketchbook.sprites import Sprite
from imagine.styles import STYLES

NUMBERS = {2: ("two", "2", "a pair of"), 3: ("three", "3"), 4: ("four", "4"), 5: ("five", "5", "many")}
SCALE_WORDS = {
    "tiny": ("tiny", "very small", "little"),
    "small": ("small",),
    "big": ("big", "large"),
    "huge": ("huge", "giant", "very big"),
}
BETWEEN = {
    "and": ("and", "and", "next to", "beside", "with"),
    "left": ("to the left of", "left of"),
    "right": ("to the right of", "right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
    "on": ("on", "on top of", "standing on"),
}
EFFECT_WORDS = {
    "sticker": ("sticker", "as a sticker", "sticker with a white outline"),
    "pixel": ("pixel art", STYLES["pixel"].words),
    "gray": ("black and white", STYLES["pencil"].words, STYLES["ink"].words),
}
# What people add without meaning anything that this world could show.
FILLERS = ("cute", "cute little", "happy", "lovely", "nice", "funny", "beautiful", "sweet", "cool")
BEFORE = ("", "", "", "", "", "a picture of ", "a drawing of ", "draw ", "an image of ", "an emoji of ", "please draw ")
SHOWN_STYLES = {"pixel", "pencil", "ink"}
IDLE_STYLES = tuple(style.words for key, style in STYLES.items() if key not in SHOWN_STYLES)
PLURALS = ((re.compile(r"(s|x|ch|sh)$"), r"\1es"), (re.compile(r"([^aeiou])y$"), r"\1ies"), (re.compile(r"$"), "s"))


def caption(scene: Scene, sprites: Sequence[Sprite], lots: Random) -> str:
    """A caption for a scene. Sometimes cut, as it is while somebody still types."""
    text = lots.choice(BEFORE) + things(scene, sprites, lots) + place(scene, lots)
    parts = [text + ground(scene.ground, lots)]
    parts += [lots.choice(EFFECT_WORDS[scene.effect])] if scene.effect else []
    if len(parts) == 1 and lots.random() < 0.08:
        parts.append(lots.choice(IDLE_STYLES))
    said = ", ".join(parts)
    return said[: lots.randrange(len(said) * 2 // 3, len(said))] if lots.random() < 0.05 else said


def things(scene: Scene, sprites: Sequence[Sprite], lots: Random) -> str:
    """The things and how they stand to each other."""
    first = scene.things[0]
    if scene.layout == "several":
        number = lots.choice(NUMBERS[len(scene.things)])
        return f"{number} {coloured(first, plural(noun(sprites[first.sprite], lots)), sprites, lots)}"
    said = [article(described(thing, scene, sprites, lots), lots) for thing in scene.things]
    if scene.layout == "three":
        return f"{said[0]}, {said[1]} and {said[2]}"
    return f" {lots.choice(BETWEEN[scene.layout])} ".join(said) if len(said) == 2 else said[0]


def described(thing: Thing, scene: Scene, sprites: Sequence[Sprite], lots: Random) -> str:
    """A noun with its adjectives, and now and then a tag behind it."""
    sprite = sprites[thing.sprite]
    said = coloured(thing, noun(sprite, lots), sprites, lots)
    if scene.scale:
        said = f"{lots.choice(SCALE_WORDS[scene.scale])} {said}"
    elif sprite.group != "face" and lots.random() < 0.06:
        said = f"{lots.choice(FILLERS)} {said}"
    if len(scene.things) == 1 and sprite.tags and lots.random() < 0.1:
        said = f"{said}, {lots.choice(sprite.tags)}"
    return said


def noun(sprite: Sprite, lots: Random) -> str:
    """Its name in four of ten cases, else another word for it, or one that is drawn as it: of those there are most."""
    lot = lots.random()
    others = sprite.kin if lot < 0.35 else sprite.nouns if lot < 0.6 else ()
    return lots.choice(others or (sprite.name,))


def coloured(thing: Thing, said: str, sprites: Sequence[Sprite], lots: Random) -> str:
    """With the colour it was painted in; at times with the one that it has by itself."""
    hue = sprites[thing.sprite].hue
    word = thing.tint or (nearest(hue) if hue is not None and lots.random() < 0.1 else "")
    return f"{colour_word(word, lots)} {said}" if word else said


def colour_word(word: str, lots: Random) -> str:
    return lots.choice(OTHER_WORDS[word]) if lots.random() < 0.15 else word


def place(scene: Scene, lots: Random) -> str:
    if not scene.place:
        return ""
    side = f"{scene.place} corner" if " " in scene.place else scene.place
    return lots.choice((f" on the {side}", f" in the {side}", f" at the {side}", f", {side}"))


def ground(key: str, lots: Random) -> str:
    """What is said of the ground; nothing of a pale one."""
    if key in LANDS:
        return f" {lots.choice(LANDS[key].words)}"
    if key in COLOURS:
        word = colour_word(key, lots)
        return lots.choice(
            (f" on a {word} background", f" on {word}", f", {word} background", f" with a {word} background")
        )
    return ""


def article(said: str, lots: Random) -> str:
    """With its article, or without, as people type."""
    return said if lots.random() < 0.45 else with_article(said)


def with_article(said: str) -> str:
    return f"{'an' if said[0] in 'aeiou' else 'a'} {said}"


def plural(said: str) -> str:
    if said.endswith("s"):
        return said
    for ending, other in PLURALS:
        if ending.search(said):
            return ending.sub(other, said, count=1)
    return said
