"""A renderer for checkpoints of stickers: it reads the prompt, has each thing drawn alone, and puts them together."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from PIL import Image

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.pipeline import Painted, Renderer, Stroke, Watch
from imagine.diffusion.recipes import RenderOptions
from imagine.diffusion.watching import unwatched
from imagine.sketches import lexicon
from imagine.sketches.composing import EFFECTS, compose, tinted
from imagine.sketches.cutting import cut
from imagine.sketches.lexicon import Lexicon
from imagine.sketches.reading import Part, Scene, read

# For a prompt of which nothing is known: it says that there could be a picture, and is drawn well.
UNKNOWN = "artist palette"
# The cuts that are kept, of 64 KB at most each: while a prompt grows, what it named before is not drawn again.
MOST_CUTS = 96
# A seed changes hardly what a thing looks like, so noise is drawn from so many.
NOISES = 4
# The ground for a thing in a colour of its own choice: far from that colour.
KEYS = {"green": "purple", "yellow": "blue", "turquoise": "red", "white": "blue", "orange": "blue", "gray": "red"}
OTHER_KEY = "green"


class Order(NamedTuple):
    """A thing to be drawn alone."""

    caption: str
    noise: int


class Sketcher(Renderer):
    """Not safe for threads, as any renderer."""

    def __init__(self, drawn_by: Renderer, words: Lexicon, cuts: "OrderedDict[Order, Image.Image]") -> None:
        super().__init__(drawn_by.name, drawn_by.pipes, drawn_by.recipe, drawn_by.batch)
        self.abilities = replace(self.abilities, anew=True, styles=tuple(EFFECTS))
        self._words = words
        self._cuts = cuts

    def twin(self) -> "Sketcher":
        """As Renderer.twin; the cuts are shared too."""
        return Sketcher(super().twin(), self._words, self._cuts)

    def reads(self, prompt: str) -> bool:
        """Whether all of a prompt is read: here of any, as far as its words are known."""
        return True

    def paint(self, strokes: Sequence[Stroke], watch: Watch = unwatched) -> list[Painted]:
        """As Renderer.paint. What begins from a picture is drawn over that, with the words for the main thing."""
        scenes = [self.scene(stroke.prompt) for stroke in strokes]
        if strokes and strokes[0].start is not None:
            return super().paint([over(stroke, scene) for stroke, scene in zip(strokes, scenes, strict=True)], watch)
        wanted = [
            [order(part, stroke.seed) for part in scene.parts] for stroke, scene in zip(strokes, scenes, strict=True)
        ]
        there = self._drawn(dict.fromkeys(one for orders in wanted for one in orders), watch)
        painted = []
        for stroke, scene, orders in zip(strokes, scenes, wanted, strict=True):
            cuts = [coloured(there[one], part) for one, part in zip(orders, scene.parts, strict=True)]
            width, height = self.sides(stroke.width, stroke.height)
            painted.append(Painted(compose(scene, cuts, stroke.seed, width, height, stroke.turn), unsafe=False))
        return painted

    def scene(self, prompt: str) -> Scene:
        """What is drawn for a prompt: of one that says nothing known, a thing that stands for painting."""
        scene = read(prompt, self._words)
        return scene if scene.parts else replace(scene, parts=(Part(self._words.thing(UNKNOWN)),))

    def _drawn(self, orders: "dict[Order, None]", watch: Watch) -> dict[Order, Image.Image]:
        """Each order's cut: kept ones, and new ones drawn together. Raises what Renderer.paint raises."""
        there = {one: self._cuts[one] for one in orders if one in self._cuts}
        new = [one for one in orders if one not in there]
        if new:
            side = self.recipe.live_size
            drawn = super().paint([Stroke(one.caption, one.noise, side, side) for one in new], watch)
            there |= {one: cut(painted.image) for one, painted in zip(new, drawn, strict=True)}
        else:
            watch(0, 1)
        for one in orders:
            self._cuts[one] = there[one]
            self._cuts.move_to_end(one)
        while len(self._cuts) > MOST_CUTS:
            self._cuts.popitem(last=False)
        return there


def load(checkpoint: Checkpoint, options: RenderOptions) -> Renderer:
    """As Renderer.load; a checkpoint that brings a lexicon is a Sketcher. Raises CheckpointError."""
    words, renderer = lexicon.find(checkpoint.path), Renderer.load(checkpoint, options)
    return Sketcher(renderer, words, OrderedDict()) if words else renderer


def order(part: Part, seed: int) -> Order:
    """How a part is asked for: in a colour only where the checkpoint learned that, on the ground that shows it best."""
    thing, colour = part.thing, part.colour if part.thing.tinted else ""
    key = KEYS.get(colour, OTHER_KEY) if colour else thing.key
    return Order(f"{colour} {thing.name} on a {key} background".strip(), seed % NOISES)


def coloured(thing: Image.Image, part: Part) -> Image.Image:
    """A cut in the colour of its part, where it could not be asked for in that."""
    return (
        tinted(thing, part.colour)
        if part.colour and not part.thing.tinted and part.colour not in part.thing.name
        else thing
    )


def over(stroke: Stroke, scene: Scene) -> Stroke:
    """A stroke over a picture, with the words that the checkpoint learned."""
    main = scene.parts[0]
    return replace(stroke, prompt=f"{main.colour} {main.thing.name}".strip())
