"""Answers that come after what they were asked for is gone change nothing on the page."""

import asyncio
import json
import re
from typing import Any

from playwright.async_api import APIResponse, Page, Route, WebSocketRoute, expect
from redis import Redis

from assistant.database import in_thread
from assistant.runs import keys
from imagine.models import Picture
from tests.e2e.imagining import button, cards, enter_as, pictures_of, wall, words
from tests.e2e.talk import Opened, conversation_of, converse, held
from tests.easel import Easel
from tests.fake_llama import FakeLlama
from tests.people import Visitor
from tests.servers import Valkey

CARD = re.compile(r"/p/[^/]+/\?card=1$")
REFUSED = "That is something I do not draw."


class Cable:
    """The socket of a page, to the real server; messages of one type are held back."""

    def __init__(self, held_type: str) -> None:
        self.held_type = held_type
        self.held: asyncio.Queue[str] = asyncio.Queue()
        self.studio: dict[str, Any] = {}

    def connect(self, page: WebSocketRoute) -> None:
        self.page = page
        page.connect_to_server().on_message(self.take)

    def take(self, data: str | bytes) -> None:
        """A message of the server's."""
        message = json.loads(data) if isinstance(data, str) else {}
        if message.get("type") == "studio":
            self.studio = message
        if message.get("type") == self.held_type:
            self.held.put_nowait(str(data))
        else:
            self.page.send(data)

    async def show_finish(self, page: Page) -> None:
        """Wait until all that was sent so far is carried out: messages keep their order, and this one is seen."""
        self.page.send(json.dumps({**self.studio, "redraw": True}))
        await expect(page.locator("[data-preview=finish]")).not_to_have_attribute("hidden", "")


async def test_a_refusal_of_words_that_are_gone_is_not_shown(page: Page) -> None:
    cable = Cable("refused")
    await page.route_web_socket("**/ws/imagine/", cable.connect)
    await page.goto("/imagine/")
    await words(page).fill("a naked child ")
    refusal = await cable.held.get()
    await words(page).fill("")
    cable.page.send(refusal)
    await cable.show_finish(page)
    await expect(page.get_by_text(REFUSED)).to_have_count(0)


class Held:
    """Requests of the page that wait for the test, each already answered by the server."""

    def __init__(self) -> None:
        self.answered: asyncio.Queue[tuple[Route, APIResponse]] = asyncio.Queue()

    async def take(self, route: Route) -> None:
        self.answered.put_nowait((route, await route.fetch()))

    async def release(self, answer: tuple[Route, APIResponse]) -> None:
        await answer[0].fulfill(response=answer[1])


@in_thread
def waiting_picture(visitor: Visitor) -> Picture:
    return Picture.objects.create(person=visitor.person, made=Picture.Made.DRAWN, prompt="a red llama")


@in_thread
def set_status(picture: Picture, status: Picture.Status) -> None:
    """As when the message about it was missed."""
    Picture.objects.filter(id=picture.id).update(status=status)


async def test_of_two_answers_about_a_picture_the_one_asked_for_last_is_shown(
    page: Page, alice: Visitor, valkey: Valkey
) -> None:
    easel, requests = Easel(valkey.url), Held()
    await enter_as(page, alice)
    picture = await waiting_picture(alice)
    work = await in_thread(easel.take)(picture.person_id)
    await set_status(picture, Picture.Status.WAITING)

    async def take_first(route: Route) -> None:
        await set_status(picture, Picture.Status.DRAWING)
        await requests.take(route)

    await page.route(CARD, requests.take)
    await page.route(CARD, take_first, times=1)
    await page.goto("/imagine/")
    await expect(wall(page).get_by_text("Waiting")).to_be_visible()
    drawing = await requests.answered.get()
    await in_thread(easel.finish)(work)
    done = await requests.answered.get()
    await requests.release(drawing)
    await expect(wall(page).get_by_text("Drawing")).to_be_visible()
    await requests.release(done)
    await expect(wall(page).get_by_role("img", name="a red llama")).to_be_visible()


async def test_better_words_for_words_that_are_gone_are_not_offered(
    page: Page, alice: Visitor, fake_llama: FakeLlama
) -> None:
    await enter_as(page, alice)
    gate = held(fake_llama, "A fox in the snow at dusk\nA sleepy fox", 1)
    await page.goto("/imagine/")
    await words(page).fill("a fox")
    await button(page, "Improve").click()
    await words(page).fill("a boat")
    gate.open()
    await expect(button(page, "Improve")).to_be_enabled()
    await expect(page.get_by_role("group", name="Better words")).to_have_count(0)


async def test_what_is_drawn_are_the_words_at_the_press_of_the_button(page: Page) -> None:
    begins = Held()
    await page.route("**/imagine/begin", begins.take)
    await page.goto("/imagine/")
    await words(page).fill("a red llama")
    begun = await begins.answered.get()
    await words(page).press("Enter")
    await words(page).fill("a boat")
    await begins.release(begun)
    await expect(cards(page)).to_have_count(4)
    assert {picture.prompt for picture in await pictures_of(page)} == {"a red llama"}


async def test_a_thumb_outlives_a_refresh_that_was_asked_for_before(page: Page, valkey: Valkey) -> None:
    opened = Opened(page)
    await converse(page, "Tell me something")
    await opened.wait()
    refreshes = Held()
    await page.route(re.compile(r"/messages$"), refreshes.take)
    conversation = await conversation_of(page)
    with Redis.from_url(valkey.url) as redis:
        redis.publish(keys.conversation(conversation.id), "another tab")
    async with asyncio.timeout(10):
        before, answer = await refreshes.answered.get()
    good = page.get_by_role("button", name="Good answer")
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    await before.fulfill(response=answer)
    async with asyncio.timeout(10):
        again, fresh = await refreshes.answered.get()
    await again.fulfill(response=fresh)
    await expect(good).to_have_attribute("aria-pressed", "true")
