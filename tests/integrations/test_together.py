"""Four people share a room: two with browsers, one of them a phone's, two with phones of the emulator."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Page, expect

from assistant.database import in_thread
from assistant.models import Room
from integrations.models import Contact
from tests.conftest import note_errors
from tests.e2e.talk import converse, say
from tests.e2e.test_rooms import join, make_from_conversation, said, sheet
from tests.fake_llama import FakeLlama, Gate, says
from tests.fake_web import FakePage, FakeWeb
from tests.integrations.conftest import SUGGESTING, Messengers
from tests.integrations.couriers import time_passes
from tests.integrations.test_walk import SLOW, Hands, few_people
from tests.people import next_address
from tests.servers import Painter

__all__ = ["few_people"]

TRAINS = FakePage(
    "/trains", "Trains to the Alps", ("The emptiest weekend is the second one of January, by all counts.",)
)
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
OpenBrowser = Callable[..., Awaitable[Page]]


@pytest.fixture
async def opened(browser: Browser) -> AsyncIterator[OpenBrowser]:
    """Opens a browser of somebody; an error of a script fails the test."""
    errors: list[str] = []
    contexts = []

    async def open_browser(size: dict[str, int], **more: Any) -> Page:
        headers = {"X-Forwarded-For": next_address()}
        context = await browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            reduced_motion="reduce",
            extra_http_headers=headers,
            **more,
        )
        contexts.append(context)
        page = await context.new_page()
        note_errors(page, errors)
        return page

    yield open_browser
    for context in contexts:
        await context.close()
    assert errors == []


async def enter(phone: Hands, token: str, name: str) -> None:
    """Join by the words that an invitation types."""
    await phone.write(f"Join room {token}")
    await phone.reads("You are invited to the room")
    await phone.write(name)
    await phone.reads(f"as {name}")


@in_thread
def away(app: str) -> None:
    """A day and an hour pass since they wrote."""
    wrote_at = timezone.now() - timedelta(hours=25)
    Contact.objects.filter(channel=app, conversation__isnull=False).update(wrote_at=wrote_at)


@in_thread
def numbers(token: str) -> list[int]:
    return list(Room.objects.get(token=token).events.values_list("number", flat=True))


@pytest.mark.slow
async def test_four_people_plan_a_trip_in_a_room(
    few_people: Messengers,
    painter: Painter,
    fake_llama: FakeLlama,
    fake_web: FakeWeb,
    opened: OpenBrowser,
) -> None:
    site, emulator = few_people.site, few_people.emulator
    fake_llama.on(SUGGESTING, says(""))
    ana, bo = await opened(DESK, base_url=site.url), await opened(PHONE, base_url=site.url, has_touch=True)
    phones = await opened({"width": 1440, "height": 900})
    await phones.goto(emulator.url)
    await expect(phones.locator("body.ready")).to_be_visible()
    cy, di = Hands(phones, "messenger"), Hands(phones, "whatsapp")

    # A conversation becomes a room, and they come by four doors.
    fake_llama.script(says("To the Alps."))
    await converse(ana, "Where can one ski in January?")
    link = await make_from_conversation(ana)
    token = link.rpartition("/")[2]
    await join(bo, link)
    await enter(cy, token, "Cy")
    await enter(di, token, "Di")
    await expect(ana.locator(".room-line").last).to_have_text("Di joined")

    await say(bo, "Hello all")
    for phone in (cy, di):
        await phone.reads("Bo: Hello all")
    await cy.write("Hello from the train")
    for page in (ana, bo):
        await expect(said(page).last).to_have_text("Hello from the train")
    await di.reads("Cy: Hello from the train")

    # The assistant searches for all of them.
    fake_web.finds(TRAINS)
    fake_llama.script(
        says('{"name": "web_search", "parameters": {"query": "emptiest weekend trains Alps"}}'),
        says("The **second weekend** of January [1]."),
    )
    await di.write("Chaski, search the web: which weekend is emptiest?")
    for page in (ana, bo):
        answer = page.locator(".message-answer").last
        await expect(answer.locator(".prose")).to_contain_text("second weekend", timeout=SLOW)
        await expect(answer).to_contain_text("Trains to the Alps")
    for phone in (cy, di):
        await phone.reads(re.compile(r"second weekend of January *\[1\]"))
        await phone.reads("Trains to the Alps")

    # The courier dies while one asks, the web server while another speaks.
    gate = Gate()
    fake_llama.on("How long is the ride", says("Four hours.", gate=gate))
    await cy.write("Chaski, how long is the ride? How long is the ride to the valley?")
    await expect(ana.locator(".message-answer[aria-busy]")).to_be_visible(timeout=SLOW)
    await asyncio.to_thread(few_people.courier.kill)
    gate.open()
    await say(ana, "While it thinks")
    await in_thread(time_passes)()
    await asyncio.to_thread(few_people.courier.start)
    for phone in (cy, di):
        await phone.reads("Ana: While it thinks")
        await phone.reads("Four hours.")
    await asyncio.to_thread(site.kill)
    await say(bo, "Is anybody there?")
    await asyncio.to_thread(site.start)
    await expect(said(ana).last).to_have_text("Is anybody there?", timeout=SLOW)
    for phone in (cy, di):
        await phone.reads("Bo: Is anybody there?")

    # A picture for all.
    await say(ana, "/imagine a hut in the snow")
    for page in (ana, bo):
        await expect(page.locator(".message-answer img").last).to_be_visible(timeout=SLOW)
    for phone in (cy, di):
        await expect(phone.phone.locator(".row.theirs img").last).to_be_visible(timeout=SLOW)

    # A vote, each by their own means.
    await di.write("/poll Which weekend? | The first | The second")
    await cy.reads("Di asks all to vote: Which weekend?")
    await cy.tap("The second")
    await cy.reads("The second: 1 ✓")
    await bo.get_by_role("button", name="The second").tap()
    await expect(ana.locator(".poll")).to_contain_text("2 votes")

    # Cy is beyond the 24 hours: the others are told, and Cy gets it all on coming back.
    await away("messenger")
    await say(ana, "I have booked the second weekend")
    await di.reads("Cy cannot be reached in Messenger now")
    await cy.write("Back again")
    await cy.reads("Ana: I have booked the second weekend")
    await di.reads("Cy: Back again")

    # One is removed, and reads no more.
    await ana.get_by_role("link", name="People and settings").click()
    await sheet(ana).locator("summary[aria-label='More about Di']").click()
    await sheet(ana).get_by_role("button", name="Remove", exact=True).click()
    await di.reads("You were taken out of the room")
    await sheet(ana).get_by_role("button", name="Close").click()
    await say(ana, "Between the three of us")
    await cy.reads("Ana: Between the three of us")
    await expect(said(bo).last).to_have_text("Between the three of us")
    await expect(di.theirs.filter(has_text="Between the three of us")).to_have_count(0)

    # Nothing was lost or doubled, by any door.
    spoken = ["Hello all", "Hello from the train", "While it thinks", "Is anybody there?", "I have booked"]
    for words in spoken:
        for page in (ana, bo):
            await expect(said(page).filter(has_text=words)).to_have_count(1)
    for words in ("Bo: Hello all", "Ana: While it thinks", "Bo: Is anybody there?"):
        for phone in (cy, di):
            await expect(phone.theirs.filter(has_text=words)).to_have_count(1)
    for phone in (cy, di):
        await expect(phone.theirs.filter(has_text="Four hours.")).to_have_count(1)
    found = await numbers(token)
    assert found == sorted(set(found))
