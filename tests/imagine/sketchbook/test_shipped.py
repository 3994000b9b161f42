"""The checkpoint that comes along: it is small, it says how it wants to be used, and it draws at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import Browser, expect

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions
from tests.e2e.imagining import looks, preview_of, words
from tests.ports import free_port
from tests.servers import eventually
from tests.started import Started

FOLDER: Path = settings.SHIPPED_CHECKPOINT
LARGEST = 60_000_000
OTHER_THING, OTHER_GROUND = 5, 20
# Torch is loaded first.
FIRST_MS = 120_000


@pytest.fixture(scope="module")
def sketchbook() -> Renderer:
    return Renderer.load(find(str(FOLDER), Path("/nowhere")), RenderOptions(device="cpu"))


def test_it_is_small_enough_to_come_along() -> None:
    sizes = [file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()]
    assert 1_000_000 < sum(sizes) <= LARGEST
    assert "Microsoft" in (FOLDER / "CREDITS.txt").read_text()


def test_it_is_drawn_with_as_it_wants(sketchbook: Renderer) -> None:
    recipe = sketchbook.recipe
    assert (sketchbook.name, recipe.size, recipe.live_size, recipe.steps) == ("Sketchbook", 128, 128, 2)
    assert recipe.guidance == 1
    assert sketchbook.abilities.redraw


def test_other_words_give_another_picture_and_the_same_words_the_same(sketchbook: Renderer) -> None:
    prompts = ("a dog on red", "a rocket on red", "a dog on blue", "a dog on red")
    dog, rocket, blue, again = (
        sketchbook.paint([Stroke(prompt, seed=7, width=128, height=128)])[0].image for prompt in prompts
    )
    assert dog.size == (128, 128)
    assert dog.tobytes() == again.tobytes()
    assert apart(dog, rocket) > OTHER_THING
    assert apart(dog, blue) > OTHER_GROUND


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of all their colours, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """A fresh machine on which nothing is set but that chat shall not wait for a model."""
    started = Started(tmp_path, shipped=True, LLAMA_URL=f"http://127.0.0.1:{free_port()}/v1")
    eventually(started.is_up, 90)
    yield started
    started.process.terminate()
    assert started.ended()[0] == 0


@pytest.mark.slow
async def test_a_stranger_sees_a_picture_on_a_fresh_machine(started: Started, browser: Browser) -> None:
    assert "Pictures   Sketchbook, " in started.said()
    assert "a small demonstration model. For a real one: make run PICTURES=sd-turbo" in started.said()
    async with await browser.new_context(base_url=f"http://127.0.0.1:{started.port}") as context:
        page = await context.new_page()
        await page.goto("/imagine/")
        await expect(page.get_by_text("A small demonstration model draws here")).to_be_visible()
        await words(page).fill("a happy dog on a red background")
        await expect(preview_of(page, "a happy dog on a red background")).to_be_visible(timeout=FIRST_MS)
        assert (await looks(page)).size == (128, 128)
