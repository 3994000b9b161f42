"""What Sketchbook makes of the sentences that people type."""

import time

import pytest
from django.conf import settings

from imagine.sketches import lexicon
from imagine.sketches.lexicon import Lexicon
from imagine.sketches.reading import Scene, read

# For ten readings. The longest prompts take a tenth of it on an idle core.
BOUND_MS = 400.0


@pytest.fixture(scope="module")
def words() -> Lexicon:
    found = lexicon.find(settings.SHIPPED_CHECKPOINT)
    assert found
    return found


def said(scene: Scene) -> str:
    """A scene in one line: each thing with its number, colour and stand; the grounds behind a bar."""
    parts = [
        " ".join(
            filter(None, [str(part.count) if part.count > 1 else "", part.colour, part.thing.name, f"({part.stands})"])
        ).removesuffix(" ()")
        for part in scene.parts
    ]
    return " | ".join(filter(None, [", ".join(parts), " ".join(scene.grounds), scene.effect]))


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("two cats", "2 cat"),
        ("my car is blue", "blue automobile"),
        ("the blue car", "blue automobile"),
        ("a house with a red roof", "house"),
        ("three green apples in a bowl", "3 green apple"),
        ("an astronaut riding a horse", "astronaut, horse (under)"),
        ("a dog wearing a crown", "dog, crown (hat)"),
        ("two dogs and a cat", "2 dog, cat (beside)"),
        ("a bird in a tree", "bird, deciduous tree (behind)"),
        ("christmas tree with presents", "christmas tree, wrapped gift"),
        ("a cup of coffee on a wooden table", "hot beverage | room"),
        ("a portrait of an old man", "old man"),
        ("a dog on a red background", "dog | red"),
        ("a dog on red", "dog | red"),
        ("a girl with long hair dancing", "woman dancing"),
        ("happy birthday mom", "birthday cake, woman"),
        ("wedding sign that says cat & dog", "wedding"),
        ("an apple pie", "pie"),
        ("un gato negro", "black cat"),
        ("ein roter apfel", "red apple"),
        ("perro en la playa", "dog | sand"),
        ("🐱 on the 🌙", "cat face, crescent moon (under)"),
        ("kitty", "cat"),
        ("hen", "chicken"),
        ("an orange", "tangerine"),
        ("an orange cat", "orange cat"),
        ("northern lights", "snow-capped mountain | aurora"),
        ("a rainy street in Tokyo at night", "automobile | rain city night"),
        ("a fox, pixel art, small palette, crisp square pixels", "fox | pixel"),
        ("trout", "fish"),
        ("xyzzy qwrt", ""),
        ("", ""),
    ],
)
def test_a_sentence_becomes_few_things_that_can_be_drawn(words: Lexicon, prompt: str, scene: str) -> None:
    assert said(read(prompt, words)) == scene


def test_what_is_typed_on_changes_nothing_until_it_is_a_known_word(words: Lexicon) -> None:
    typed = "a cat in the snow"
    scenes = [said(read(typed[:end], words)) for end in range(1, len(typed) + 1)]
    assert list(dict.fromkeys(scene for scene in scenes if scene)) == ["cat", "cat | snow"]


def test_no_sentence_takes_long_or_asks_for_many_things(words: Lexicon) -> None:
    prompts = ("cat and dog and " * 100, "🐱" * 500, "a " * 1000, "red " * 500, "northern " * 300, "ice cream, " * 200)
    for prompt in prompts:
        began = time.perf_counter()
        scenes = [read(prompt, words) for _ in range(10)]
        assert (time.perf_counter() - began) * 1000 < BOUND_MS
        assert len(scenes[0].parts) <= 3
        assert all(part.count <= 5 for part in scenes[0].parts)
