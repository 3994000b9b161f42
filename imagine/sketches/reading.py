"""Read a prompt as a scene of few known things: what cannot be drawn is left out, so that the rest comes out well."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from imagine.sketches.grammar import (
    ACTIONS,
    AND,
    COLOURS,
    EFFECTS,
    EQUAL,
    GREETINGS,
    HATS,
    NUMBERS,
    PARTS,
    PERSONS,
    RELATIONS,
    SKIPPED,
    SPOKEN,
    STOPS,
    WRAPPERS,
)
from imagine.sketches.grounds import GROUNDS, in_order
from imagine.sketches.lexicon import PHRASE, Lexicon, Match, Thing

MOST_READ, MOST_THINGS, MOST_COUNT = 400, 3, 5
TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[,.;:!?&\"“”]|[^\w\s]")


@dataclass(frozen=True)
class Part:
    """A thing, its colour word or "", and how often it is there.

    `stands` is how it stands to the first: beside, under, behind, above, hat; "" is in front of it, small.
    """

    thing: Thing
    colour: str = ""
    count: int = 1
    stands: str = ""


@dataclass(frozen=True)
class Scene:
    """What is drawn: the first part is the main one. `grounds` are names in GROUNDS. Nothing known: no parts."""

    parts: tuple[Part, ...] = ()
    grounds: tuple[str, ...] = ()
    effect: str = ""


def read(prompt: str, lexicon: Lexicon) -> Scene:
    """The scene that a prompt asks for, as far as there are things for it."""
    text = unicodedata.normalize("NFC", prompt[:MOST_READ]).lower().replace("\N{VARIATION SELECTOR-16}", "")
    effect = ""
    for words, name in EFFECTS.items():
        if words in text:
            text, effect = text.replace(words, " , "), effect or name
    reader = Reader(lexicon)
    for said in spans(text, lexicon):
        if said in SPOKEN:
            break
        reader.take(said)
    return replace(reader.scene(), effect=effect)


def spans(text: str, lexicon: Lexicon) -> Iterator[str]:
    """Its words in turn, those together that stand for one thing or one ground."""
    words = TOKEN.findall(text)
    at = 0
    while at < len(words):
        most = PHRASE if lexicon.begins_phrase(words[at]) or words[at] in BEGIN_PLACES else 1
        for length in range(min(most, len(words) - at), 0, -1):
            said = " ".join(words[at : at + length])
            if length == 1 or said in PLACES or lexicon.match(said):
                yield said
                at += length
                break


PLACES = {word: name for name, ground in GROUNDS.items() for word in ground.words}
BEGIN_PLACES = {word.partition(" ")[0] for word in PLACES if " " in word}


@dataclass
class Reader:
    """Takes one word or phrase after another."""

    lexicon: Lexicon
    parts: list[tuple[Part, bool]] = field(default_factory=list)
    grounds: list[str] = field(default_factory=list)
    colour: str = ""
    count: int = 0
    stands: str = ""
    # Whether the last word named a thing that the next one may replace: an apple, pie.
    open: bool = False
    # Whether "on" or "in" came before, so that a colour without a thing is that of the ground.
    placed: bool = False

    def take(self, said: str) -> None:
        """Raises nothing: what is not understood closes a run of words."""
        if said in STOPS or said in AND:
            self.close(equal=said in EQUAL)
        elif said in RELATIONS:
            self.close()
            self.stands, self.placed = RELATIONS[said], said == "on"
        elif said in ("background", "backdrop", "ground") and self.colour:
            self.grounds, self.colour = [self.colour, *self.grounds], ""
        elif said in COLOURS:
            self.colour, self.open = COLOURS[said], False
        elif said in NUMBERS:
            self.count, self.open = NUMBERS[said], False
        elif said in ACTIONS and self.parts and self.parts[0][0].thing.name in PERSONS:
            self.parts[0] = (replace(self.parts[0][0], thing=self.lexicon.thing(ACTIONS[said])), False)
            self.close()
        elif said in PLACES:
            self.grounds.append(PLACES[said])
            self.close()
        elif said in SKIPPED or said in WRAPPERS or (said in PARTS and self.parts):
            self.skip(said)
        else:
            self.name(said)

    def close(self, equal: bool = False) -> None:
        """End a run of words. A colour that named nothing is that of the ground after "on", else of what is before."""
        if self.colour and self.placed:
            self.grounds.append(self.colour)
        elif self.colour and self.parts and not self.parts[-1][0].colour:
            self.parts[-1] = (replace(self.parts[-1][0], colour=self.colour), self.parts[-1][1])
        self.colour, self.count, self.open, self.placed = "", 0, False, False
        self.stands = "beside" if equal else ""

    def skip(self, said: str) -> None:
        self.open = False
        if said in PARTS:
            # Red is the roof, not the house.
            self.colour = ""
            self.close()

    def name(self, said: str) -> None:
        found = self.lexicon.match(said)
        if found is None or len(self.parts) > MOST_THINGS or (found.near and (len(said) < 4 or said.endswith("ing"))):
            self.open = False
            return
        part = self.part(found)
        self.stands = ""
        if self.open and not (found.near and not self.parts[-1][1]):
            # Keep what was said of the run so far.
            part = replace(part, colour=part.colour or self.parts[-1][0].colour, stands=self.parts[-1][0].stands)
            self.parts[-1] = (part, found.near)
        elif not self.open:
            self.parts.append((part, found.near))
        self.open, self.colour, self.count, self.placed = said.partition(" ")[0] not in GREETINGS, "", 0, False

    def part(self, found: Match) -> Part:
        count = min(self.count or (2 if found.plural else 1), MOST_COUNT)
        stands = "hat" if found.thing.name in HATS and self.parts else self.stands
        if stands == "hat" and found.thing.name not in HATS:
            stands = ""
        return Part(found.thing, self.colour, count, stands)

    def own(self, part: Part) -> Part:
        """Some things are others in a colour: a black cat, a green apple."""
        found = self.lexicon.match(f"{part.colour} {part.thing.name.rpartition(' ')[2]}") if part.colour else None
        return replace(part, thing=found.thing, colour="") if found and not found.near else part

    def scene(self) -> Scene:
        """What was said; of what is only near something, nothing but the main thing, where nothing else is known."""
        if self.colour == "orange" and not self.parts:
            self.parts.append((Part(self.lexicon.thing("tangerine")), False))
            self.colour = ""
        self.close()
        sure = [part for part, near in self.parts if not near] or [part for part, _ in self.parts[:1]]
        sure = [self.own(part) for part in sure]
        distinct = list({part.thing.name: part for part in reversed(sure)}.values())[::-1][:MOST_THINGS]
        grounds = tuple(dict.fromkeys(self.grounds))
        shown = next((GROUNDS[name].shows for name in in_order(grounds) if GROUNDS[name].shows), "")
        if not distinct and shown:
            distinct = [Part(self.lexicon.thing(shown))]
        return Scene(tuple(distinct), grounds)
