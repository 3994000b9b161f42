"""What people do and see in a conversation, in the tests' words."""

import asyncio
import re
import time

from playwright.async_api import Locator, Page, Route, expect

from assistant.database import in_thread
from assistant.models import Conversation
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import conversation_id
from tests.servers import soon


def composer(page: Page) -> Locator:
    """The field one writes in."""
    return page.locator("#text")


def answers(page: Page) -> Locator:
    return page.locator(".message-answer .prose")


def questions(page: Page) -> Locator:
    return page.locator(".message-user .prose")


async def say(page: Page, text: str) -> None:
    await composer(page).fill(text)
    await page.get_by_role("button", name="Send").click()


async def begin(page: Page, text: str = "Hello") -> None:
    """Say the first words, from the start page."""
    await page.goto("/")
    await say(page, text)
    await page.wait_for_url("**/c/**")


async def is_answered(page: Page) -> None:
    """Wait until nothing is being written any more."""
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    await expect(page.locator(".message-answer").last.get_by_role("button", name="Answer again")).to_be_attached()


async def converse(page: Page, *texts: str) -> None:
    """A conversation with these questions, answered."""
    first, *more = texts
    await begin(page, first)
    await is_answered(page)
    for number, text in enumerate(more, 2):
        await say(page, text)
        await expect(answers(page)).to_have_count(number)
        await is_answered(page)


def held(llama: FakeLlama, text: str, pieces: int) -> Gate:
    """An answer that stops after so many words until its gate opens."""
    gate = Gate()
    gate.let(pieces)
    llama.script(says(text, gate=gate))
    return gate


@in_thread
def conversation_of(page: Page) -> Conversation:
    """The conversation that the page shows, from the database."""
    return Conversation.objects.get(id=conversation_id(page.url))


async def open_slowly(page: Page, url: str) -> asyncio.Event:
    """Open a conversation whose script does not come before the event is set, as on a slow line."""
    comes = asyncio.Event()

    async def hold(route: Route) -> None:
        await comes.wait()
        await route.continue_()

    await page.route(re.compile(r"/conversation[^/]*\.js$"), hold)
    await page.goto(url, wait_until="commit")
    return comes


async def becomes(page: Page, expression: str, value: object = True) -> None:
    """Wait until the expression has this value; the page's policy lets nothing wait within it."""
    deadline = time.monotonic() + 20
    while (found := await page.evaluate(expression)) != value:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)


class Opened:
    """Whether the socket of a page has its conversation open. Made before the page is led there."""

    def __init__(self, page: Page) -> None:
        self.messages: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda data: self.messages.append(str(data))))

    async def wait(self) -> None:
        await soon(lambda: any('"opened"' in message for message in self.messages))
