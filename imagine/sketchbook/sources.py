"""Choose the things from the packages, with their drawings, names and keywords."""

import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imagine.sketchbook import wordnet
from imagine.sketchbook.heldout import WITHHELD_WORDS
from imagine.sketchbook.packages import FLUENT, KEYWORDS, NAMES, NOTO, RASTERISER, place
from imagine.sketchbook.sprites import SIDE, Sprite

GROUPS = {0: "face", 1: "person", 3: "nature", 4: "food", 5: "travel", 6: "activity", 7: "object", 8: "symbol"}
# The world, chosen by hand: what people ask a painter for, and of several that look alike one.
THINGS = frozenset(Path(__file__).with_name("things.txt").read_text("utf-8").splitlines())
# Their WordNet neighbours are things too; among faces and people they are not.
WITH_SYNONYMS = {"nature", "food", "travel", "activity", "object"}
COLOUR_WORDS = re.compile(r"\b(red|orange|yellow|green|blue|purple|pink|brown|black|white|grey|gray)\b")
# Plain words that no name has, and what they mean first.
USUAL = {
    "car": "🚗", "auto": "🚗", "apple": "🍎", "tree": "🌳", "bee": "🐝", "book": "📕", "flower": "🌸", "boat": "⛵",
    "plane": "✈", "bike": "🚲", "home": "🏠", "moon": "🌙", "heart": "❤", "ball": "⚽", "football": "⚽",
    "coffee": "☕", "tea": "🍵", "beer": "🍺", "wine": "🍷", "cake": "🎂", "burger": "🍔", "fries": "🍟", "donut": "🍩",
    "cheese": "🧀", "phone": "📱", "computer": "💻", "clock": "⏰", "gift": "🎁", "present": "🎁", "bunny": "🐰",
    "dinosaur": "🦖", "smiley": "😀", "smile": "😀", "kitten": "🐱", "puppy": "🐶", "king": "🤴", "queen": "👸",
    "doctor": "🧑‍🔬", "hat": "🎩", "shoe": "👟", "shirt": "👕", "sad face": "😢", "happy face": "😊", "sheep": "🐑",
    "motorbike": "🏍", "truck": "🛻", "soccer": "⚽",
}  # fmt: skip
# A word that stands for more things than this says too little of any of them.
MOST_SHARED = 4


def drawn(folder: Path) -> Iterator[tuple[Sprite, Image.Image]]:
    """Every thing with its drawing, read from the unpacked packages in `folder`."""
    noto, fluent, kinds = noto_svgs(folder), fluent_files(folder), subgroups(folder)
    for entry, nouns, tags in named(folder):
        code = plain(entry["hexcode"])
        if code in fluent or code in noto:
            solid = code in fluent
            drawing = Image.open(fluent[code]).convert("RGBA") if solid else raster(folder, noto[code])
            name = clean(entry["label"])
            yield (
                Sprite(
                    name,
                    uncoloured(entry["emoji"]),
                    GROUPS[entry["group"]],
                    kinds[entry["subgroup"]],
                    tuple(nouns),
                    tuple(tags),
                    file=f"{code}.webp",
                    hue=None if COLOUR_WORDS.search(name) else main_hue(drawing),
                ),
                drawing,
            )


@cache
def subgroups(folder: Path) -> dict[int, str]:
    """The names of the subgroups by number."""
    said = read(place(folder, NAMES) / "package" / "en" / "messages.json")["subgroups"]
    return {one["order"]: one["key"] for one in said}


def named(folder: Path) -> list[tuple[Any, list[str], list[str]]]:
    """The entries that are used, each with its nouns and its tags, without the words that are held out."""
    data = place(folder, NAMES) / "package" / "en"
    entries = [entry for entry in read(data / "data.json") if clean(entry["label"]) in THINGS]
    keywords = read(place(folder, KEYWORDS) / "package" / "dist" / "emoji-en-US.json")
    known = wordnet.read(place(folder, wordnet.PACKAGE) / "package" / "dict")
    found = [words_for(entry, keywords, known) for entry in entries]
    owners = owned(entries, found)
    result = []
    for entry, words in zip(entries, found, strict=True):
        name = clean(entry["label"])
        words = [word for word in words if word != name and word not in WITHHELD_WORDS]
        own = [word for word, owner in owners.items() if owner == name and word != name]
        # What people say most stands there most often.
        nouns = [word for word in own for _ in range(4 if word in USUAL else 1) if word not in WITHHELD_WORDS]
        result.append((entry, nouns, [word for word in words if word not in own]))
    return result


def owned(entries: list[Any], found: list[list[str]]) -> dict[str, str]:
    """For every word that can stand for a thing, the name of that thing: its own before all, then USUAL, then the first
    that has the word. A word for two things would be drawn as the blurred mean of both."""
    shared = Counter(word for words in found for word in set(words))
    owners = {clean(entry["label"]): clean(entry["label"]) for entry in entries}
    names = {uncoloured(entry["emoji"]): clean(entry["label"]) for entry in entries}
    for word, char in USUAL.items():
        if char in names:
            owners.setdefault(word, names[char])
    for entry, words in zip(entries, found, strict=True):
        for word in words:
            if shared[word] <= MOST_SHARED:
                owners.setdefault(word, clean(entry["label"]))
    return owners


def words_for(entry: Any, keywords: dict[str, list[str]], known: wordnet.Wordnet) -> list[str]:
    """Every word that somebody may say for a thing: tags, keywords, synonyms and kinds of it."""
    words = [*entry.get("tags", ()), *keywords.get(entry["emoji"], ())]
    if GROUPS[entry["group"]] in WITH_SYNONYMS:
        words += known.synonyms(clean(entry["label"]))
    cleaned = (clean(word) for word in words)
    return list(dict.fromkeys(word for word in cleaned if re.fullmatch(r"[a-z][a-z' -]{2,30}", word)))


def uncoloured(char: str) -> str:
    """Without the sign that only asks for a coloured drawing."""
    return char.replace("\N{VARIATION SELECTOR-16}", "")


def clean(text: str) -> str:
    """Lower case, spaces for signs."""
    return re.sub(r"\s+", " ", re.sub(r"[_:“”\"(),.!]", " ", text.lower().replace("’", "'"))).strip()


def plain(code: str) -> str:
    """A sequence of code points without the sign that only asks for colour."""
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def fluent_files(folder: Path) -> dict[str, Path]:
    """Files by code points."""
    assets = place(folder, FLUENT) / "package" / "assets"
    return {plain(path.stem): path for path in assets.glob("*.webp")}


def noto_svgs(folder: Path) -> dict[str, str]:
    """SVG text by code points."""
    package = place(folder, NOTO) / "package"
    icons, chars = read(package / "icons.json"), read(package / "chars.json")
    bodies = icons["icons"]
    box = f"0 0 {icons['width']} {icons['height']}"
    return {
        plain(code): f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}">{bodies[name]["body"]}</svg>'
        for code, name in chars.items()
        if name in bodies
    }


def raster(folder: Path, svg: str) -> Image.Image:
    """An SVG in pixels."""
    path = str(place(folder, RASTERISER))
    if path not in sys.path:
        sys.path.append(path)
    # Fetched beside the art and needed only here, so it is no requirement of the project.
    import resvg_py

    data = resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(data))).convert("RGBA")


def main_hue(image: Image.Image) -> int | None:
    """The hue in degrees that nearly all coloured pixels have; None when there are several, or little colour."""
    small = image.resize((64, 64), Image.Resampling.BOX)
    opaque = np.asarray(small.getchannel("A")) > 128
    hue, saturation, _ = (np.asarray(one)[opaque] for one in small.convert("RGB").convert("HSV").split())
    coloured = hue[saturation > 80].astype(float) * 360 / 255
    if len(coloured) < 0.5 * max(opaque.sum(), 1):
        return None
    middle = np.degrees(np.angle(np.exp(1j * np.radians(coloured)).mean()))
    apart = np.abs((coloured - middle + 180) % 360 - 180)
    return round(float(middle) % 360) if (apart < 30).mean() > 0.85 else None


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
