"""Whole pictures out of words, of a file of one's own, and of ideas."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, Route, expect

from assistant.database import in_thread
from imagine.models import Picture
from imagine.painter.claim import Claim
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.imagining import (
    DRAW_MS,
    are_drawn,
    button,
    cards,
    enter_as,
    imagine,
    paused,
    pictures_of,
    preview_of,
    seed,
    wall,
    words,
)
from tests.easel import Easel
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor
from tests.servers import Painter, Valkey

pytestmark = pytest.mark.usefixtures("painter")


@pytest.fixture
def photo(folder: Path) -> Path:
    """A photograph as a phone makes it."""
    path = folder / "photo.jpg"
    Image.linear_gradient("L").convert("RGB").resize((320, 240)).save(path)
    return path


@pytest.mark.parametrize("way", WAYS)
async def test_drawing_gives_four_pictures_to_choose_from(open_page: OpenPage, way: Way) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await page.goto("/imagine/")
    await words(page).fill("a red llama")
    if way == "keyboard":
        await words(page).press("Enter")
    else:
        await hand.press(button(page, "Draw"))
    await are_drawn(page, 4)
    await expect(words(page)).to_have_value("a red llama")
    seeds = [picture.seed for picture in await pictures_of(page)]
    first = await seed(page)
    assert seeds == list(range(first, first + 4))
    await hand.press(cards(page).get_by_role("link", name="a red llama").first)
    await page.wait_for_url("**/p/**")
    await expect(page.get_by_role("heading", name="Drawn together")).to_be_visible()


# While it is drawn


@in_thread
def begun(picture: Picture, easel: Easel) -> Claim:
    work = Claim.claim(picture.id, easel.redis, 60)
    assert work
    return work


@in_thread
def draw_on(easel: Easel, work: Claim, done: int, of: int) -> None:
    easel.step(work, done, of)


@in_thread
def finish(easel: Easel, work: Claim) -> None:
    easel.finish(work)


async def test_one_sees_how_far_each_picture_is(page: Page, painter: Painter, valkey: Valkey) -> None:
    easel = Easel(valkey.url)
    await imagine(page, "a red llama")
    with paused(painter):
        await button(page, "Draw").click()
        await expect(wall(page).get_by_text("Waiting")).to_have_count(4)
        work = await begun((await pictures_of(page))[0], easel)
        await draw_on(easel, work, 2, 5)
        card = page.locator(f"#p-{work.picture.id}")
        await expect(card).to_contain_text("Drawing 2/5")
        bar = card.get_by_role("progressbar", name="How far it is")
        assert [await bar.get_attribute(name) for name in ("value", "max")] == ["2", "5"]
        await finish(easel, work)
        await expect(card.get_by_role("img", name="a red llama")).to_be_visible()
    await are_drawn(page, 4)


async def test_pictures_that_are_done_before_they_hang_on_the_wall_are_seen(page: Page) -> None:
    done = asyncio.Event()

    async def late(route: Route) -> None:
        response = await route.fetch()
        await done.wait()
        await route.fulfill(response=response)

    def seen(frame: str | bytes) -> None:
        if isinstance(frame, str) and json.loads(frame).get("status") == "done":
            done.set()

    page.on("websocket", lambda socket: socket.on("framereceived", seen))
    await imagine(page, "a red llama")
    await page.route("**/imagine/keep", late)
    await button(page, "Keep").click()
    await are_drawn(page, 1)


async def test_how_far_the_pictures_are_is_said_every_ten_seconds(page: Page, painter: Painter, valkey: Valkey) -> None:
    easel, said = Easel(valkey.url), page.locator("#status")
    await page.clock.install()
    with paused(painter):
        await ask_in_vain(page)
        await expect(said).to_have_text("Drawing your pictures")
        await page.clock.fast_forward(10_000)
        await expect(said).to_have_text("Waiting")
        works = [await begun(picture, easel) for picture in (await pictures_of(page))[:2]]
        for work, done in zip(works, (2, 4), strict=True):
            await draw_on(easel, work, done, 5)
            await expect(page.locator(f"#p-{work.picture.id}")).to_contain_text(f"Drawing {done}/5")
        await expect(said).to_have_text("Waiting")
        await page.clock.fast_forward(10_000)
        # Two fifths and four fifths of two pictures out of four.
        await expect(said).to_have_text("Drawing: 30%")
        for work in works:
            await finish(easel, work)


async def test_a_preview_that_takes_longer_says_so_and_then_no_more(page: Page, painter: Painter) -> None:
    await imagine(page, "a llama")
    await page.clock.install()
    notice = page.locator("#notice")
    with paused(painter):
        await words(page).fill("a llama in a boat")
        async with asyncio.timeout(15):
            while not await notice.filter(has_text="Drawing").count():
                await page.clock.fast_forward(2_000)
        await expect(page.locator(".composer[data-drawing]")).to_be_visible()
        await page.clock.fast_forward(10_000)
        await expect(notice).to_have_text("Still drawing. On a busy or small machine this can take a minute.")
        await expect(notice).to_have_role("status")
    await expect(preview_of(page, "a llama in a boat")).to_be_visible(timeout=DRAW_MS)
    await expect(notice).to_be_empty()


async def ask_in_vain(page: Page) -> None:
    """Ask for pictures that nobody draws yet."""
    await page.goto("/imagine/")
    await words(page).fill("a red llama")
    await words(page).press("Enter")
    await expect(wall(page).get_by_text("Waiting")).to_have_count(4)


async def are_stopped(page: Page, count: int) -> None:
    await expect(wall(page).get_by_text("You stopped this picture.")).to_have_count(count)


@pytest.mark.parametrize("way", WAYS)
async def test_one_stops_what_is_not_wanted_and_draws_it_again(open_page: OpenPage, painter: Painter, way: Way) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    with paused(painter):
        await ask_in_vain(page)
        await hand.press(page.locator("#composer").get_by_role("button", name="Stop", exact=True))
        await are_stopped(page, 4)
    await expect(button(page, "Draw")).to_be_visible()
    await hand.press(cards(page).nth(0).get_by_role("button", name="Draw again"))
    await expect(cards(page).nth(0).get_by_role("link", name="a red llama")).to_be_visible(timeout=DRAW_MS)
    await hand.press(cards(page).nth(1).get_by_role("button", name="Take away"))
    await expect(cards(page)).to_have_count(3)


async def test_escape_stops_all(page: Page, painter: Painter) -> None:
    with paused(painter):
        await ask_in_vain(page)
        await page.keyboard.press("Escape")
        await are_stopped(page, 4)


async def test_one_of_four_is_stopped_alone(page: Page, painter: Painter) -> None:
    with paused(painter):
        await ask_in_vain(page)
        await cards(page).nth(2).get_by_role("button", name="Stop").click()
        await are_stopped(page, 1)
    await expect(wall(page).locator("[data-status=done]")).to_have_count(3, timeout=DRAW_MS)


# A picture of one's own


async def is_there(page: Page) -> None:
    """Wait until the one that was sent hangs on the wall, as it was."""
    await are_drawn(page, 1)
    [picture] = await pictures_of(page)
    assert (picture.made, picture.shape) == ("uploaded", "landscape")


@pytest.mark.parametrize("way", WAYS)
async def test_a_person_chooses_a_picture_to_begin_with(open_page: OpenPage, photo: Path, way: Way) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await page.goto("/imagine/")
    field = page.locator("input[type=file]")
    await expect(field).to_have_accessible_name("Begin with a picture of yours")
    async with page.expect_file_chooser() as chooser:
        await hand.press(field if way == "keyboard" else hand.label(field))
    await (await chooser.value).set_files(photo)
    await is_there(page)
    # From here on it is like any other picture.
    await hand.press(cards(page).get_by_role("link", name="A picture of yours"))
    await page.wait_for_url("**/p/**")
    await expect(button(page, "Style")).to_be_visible()


async def test_a_person_drops_a_picture_on_the_page(page: Page, photo: Path) -> None:
    await page.goto("/imagine/")
    await expect(words(page)).to_be_focused()
    hand = await page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(photo)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await hand.send("Input.dispatchDragEvent", {"type": kind, "x": 640, "y": 300, "data": data})
    await is_there(page)
    await expect(page).to_have_url(re.compile("/imagine/$"))


COPY = """async ([width, height]) => {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").fillRect(0, 0, width, height / 2);
  await navigator.clipboard.write([new ClipboardItem({"image/png": await canvas.convertToBlob()})]);
}"""


async def test_a_person_pastes_a_picture(open_page: OpenPage) -> None:
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await page.goto("/imagine/")
    await page.evaluate(COPY, [320, 240])
    await words(page).press("Control+v")
    await is_there(page)
    await expect(words(page)).to_have_value("")


async def test_a_file_that_is_no_picture_is_refused_kindly(page: Page) -> None:
    await page.goto("/imagine/")
    file = FilePayload(name="photo.png", mimeType="image/png", buffer=b"not a picture at all")
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_text("This file is not a picture we can read.")).to_be_visible()
    await expect(cards(page)).to_have_count(0)


# Ideas


@pytest.mark.parametrize("way", WAYS)
async def test_an_idea_fills_the_field_and_is_drawn(
    open_page: OpenPage, alice: Visitor, fake_llama: FakeLlama, way: Way
) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await enter_as(page, alice)
    fake_llama.script(says("A fox in the snow\nA lamp in the fog"), says("A fox in the snow at dusk\nA sleepy fox"))
    await page.goto("/imagine/")
    await hand.press(button(page, "Ideas"))
    await hand.press(button(page, "A fox in the snow"))
    await expect(words(page)).to_have_value("A fox in the snow")
    await expect(words(page)).to_be_focused()
    await expect(preview_of(page, "A fox in the snow")).to_be_visible(timeout=DRAW_MS)
    await hand.press(button(page, "Improve"))
    await hand.press(page.get_by_role("group", name="Better words").get_by_role("button").first)
    await expect(words(page)).to_have_value("A fox in the snow at dusk")
    await expect(preview_of(page, "A fox in the snow at dusk")).to_be_visible(timeout=DRAW_MS)


async def test_without_the_model_there_are_ideas_all_the_same(page: Page, fake_llama: FakeLlama) -> None:
    await page.goto("/imagine/")
    await button(page, "Ideas").click()
    ideas = page.get_by_role("group", name="Ideas").get_by_role("button")
    await expect(ideas).to_have_count(4)
    idea = await ideas.first.inner_text()
    await ideas.first.click()
    await expect(words(page)).to_have_value(idea)
    await expect(ideas).to_have_count(0)
