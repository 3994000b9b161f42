"""What a checkpoint of stickers has words for: read from `things.json` beside its weights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from imagine.diffusion.part import read_json
from imagine.errors import CheckpointError

FILE = "things.json"
LONGEST, MOST = 40, 50_000
# The most words that a name of one thing has.
PHRASE = 5
SINGULARS = (
    (re.compile("ies$"), "y"),
    (re.compile("ves$"), "f"),
    (re.compile("(s|x|ch|sh|o)es$"), r"\1"),
    (re.compile("s$"), ""),
)

Level = Literal["sure", "near"]


@dataclass(frozen=True)
class Thing:
    """`name` is what the checkpoint calls it, `key` the colour of the ground from which it is cut out best; `tinted`
    ones were learned in other colours too."""

    name: str
    key: str
    tinted: bool


@dataclass(frozen=True)
class Match:
    """A thing that words stand for. `near`: only as the nearest that there is. `plural`: there are several."""

    thing: Thing
    near: bool = False
    plural: bool = False


class Lexicon:
    """Words in small letters, and what they are drawn as."""

    def __init__(self, things: Mapping[str, Thing], words: Mapping[str, str], near: Mapping[str, str]) -> None:
        self._things = things
        self._words = {"sure": words, "near": near}
        self._begin_phrase = {word.partition(" ")[0] for word in (*words, *near) if " " in word}

    def thing(self, name: str) -> Thing:
        """The thing of that name. Raises KeyError."""
        return self._things[name]

    def begins_phrase(self, word: str) -> bool:
        """Whether some phrase of several words begins with it."""
        return word in self._begin_phrase

    def match(self, said: str) -> Match | None:
        """What a word or a phrase stands for, as it is or in the singular."""
        for level in ("sure", "near"):
            words = self._words[level]
            if said in words:
                return Match(self._things[words[said]], level == "near")
            for ending, singular in SINGULARS if said.endswith("s") else ():
                one = ending.sub(singular, said)
                if one != said and one in words:
                    return Match(self._things[words[one]], level == "near", plural=True)
        return None


def find(folder: Path) -> Lexicon | None:
    """The lexicon beside a checkpoint's weights, None where there is none. Raises CheckpointError for a broken one."""
    path = folder / FILE
    return lexicon(read_json(path), path) if path.is_file() else None


def lexicon(data: Mapping[str, Any], path: Path) -> Lexicon:
    """A lexicon from its file. Raises CheckpointError."""
    try:
        things = {
            str(name): Thing(str(name), str(one["key"]), bool(one["tinted"])) for name, one in data["things"].items()
        }
        words, near = ({str(w): str(name) for w, name in data[level].items()} for level in ("words", "near"))
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} does not say which words stand for which thing.") from error
    unknown = {*words.values(), *near.values()} - set(things)
    if unknown or len(words) + len(near) > MOST:
        raise CheckpointError(f"{path} has too many words, or words for things that it does not have.")
    return Lexicon(things, words, near)
