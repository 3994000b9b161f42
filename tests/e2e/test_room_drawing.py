"""Drawing together in a room: what one types a picture with, all see grow."""

from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect
from redis import Redis

from tests.e2e.conftest import OpenPage
from tests.e2e.imagining import DRAW_MS, PIXELS, until
from tests.e2e.talk import composer
from tests.e2e.test_rooms import join, make, room_of
from tests.servers import Valkey

pytestmark = pytest.mark.usefixtures("painter")


def drawn_by(page: Page, name: str) -> Locator:
    """What another draws now."""
    return page.get_by_role("img", name=f"\u2068{name}\u2069 is drawing")


def preview(page: Page) -> Locator:
    """One's own."""
    return page.get_by_role("region", name="Live picture")


async def together(page: Page, phone: Page) -> None:
    await page.goto("/rooms/new")
    await join(phone, await make(page), "Phone")


async def test_all_see_a_picture_grow_and_then_the_whole_one(page: Page, phone: Page) -> None:
    await together(page, phone)
    await composer(page).press_sequentially("/imagine a red llama")
    await expect(preview(page).get_by_role("img")).to_be_visible(timeout=DRAW_MS)
    await expect(drawn_by(phone, "Ana")).to_be_visible(timeout=DRAW_MS)
    before = await drawn_by(phone, "Ana").evaluate(PIXELS)
    await composer(page).press_sequentially(" in a boat at sea")

    async def is_another() -> bool:
        return bool(await drawn_by(phone, "Ana").evaluate(PIXELS) != before)

    await until(is_another)
    # Who draws sees it once.
    await expect(page.locator(".drawing")).to_have_count(0)
    await page.get_by_role("button", name="Send").click()
    for one in (page, phone):
        await expect(one.get_by_role("img", name="a red llama in a boat at sea")).to_be_visible(timeout=DRAW_MS)
    await expect(phone.locator(".drawing")).to_have_count(0)
    await expect(preview(page)).to_be_hidden()
    # It is that of who asked for it.
    await expect(page.get_by_role("link", name="Change, animate or share")).to_be_visible()
    await expect(phone.locator(".by-asker")).to_be_hidden()


async def test_one_draws_at_a_time_and_another_takes_over_after_some_seconds(page: Page, phone: Page) -> None:
    await together(page, phone)
    await composer(page).fill("/imagine a llama")
    await expect(drawn_by(phone, "Ana")).to_be_visible(timeout=DRAW_MS)
    await composer(phone).fill("/imagine a boat")
    await expect(preview(phone)).to_contain_text("\u2068Ana\u2069 is drawing. Once they have stopped")
    await expect(preview(phone).get_by_role("img")).to_be_hidden()
    await expect(page.locator(".drawing")).to_have_count(0)
    await expect(phone.locator(".drawing")).to_contain_text("\u2068Ana\u2069 has stopped drawing", timeout=15_000)
    await composer(phone).press_sequentially(" at sea")
    await expect(drawn_by(page, "Phone")).to_be_visible(timeout=DRAW_MS)
    await expect(phone.locator(".drawing")).to_have_count(0)
    await expect(preview(phone).get_by_role("img")).to_be_visible(timeout=DRAW_MS)


async def test_a_page_that_says_it_draws_and_draws_nothing_lets_another(
    page: Page, phone: Page, valkey: Valkey
) -> None:
    await together(page, phone)
    room = room_of(page)
    await page.evaluate(
        """([room, canvas]) => { const socket = new WebSocket("/ws/room/");
        const tell = () => socket.send(JSON.stringify({type: "drawing", sketch: canvas}));
        socket.onopen = () => {
          socket.send(JSON.stringify({type: "enter", room, after: 1000}));
          tell();
          setInterval(tell, 500);
        }; }""",
        [room, str(uuid4())],
    )
    await expect(phone.locator(".drawing")).to_contain_text("is drawing")
    await composer(phone).fill("/imagine a boat")
    await expect(preview(phone)).to_contain_text("Once they have stopped")

    # As if those seconds had passed, for the page that draws nothing.
    with Redis.from_url(valkey.url) as redis:
        redis.delete(f"room:{room}:turn:drawn")
    # One letter that asks for the turn: what is typed by then is drawn once it is there.
    await composer(phone).press_sequentially("s")
    await expect(phone.locator(".drawing")).to_have_count(0)
    await expect(drawn_by(page, "Phone")).to_be_visible(timeout=DRAW_MS)


async def test_words_that_are_not_a_command_draw_nothing(page: Page, open_page: OpenPage) -> None:
    await page.goto("/rooms/new")
    other = await open_page()
    await join(other, await make(page))
    await composer(page).press_sequentially("imagine a red llama on skis")
    await expect(preview(page)).to_have_count(0)
    await composer(page).fill("/imagine a red llama on skis")
    await expect(drawn_by(other, "Ana")).to_be_visible(timeout=DRAW_MS)
    await composer(page).fill("")
    await expect(other.locator(".drawing")).to_have_count(0)
