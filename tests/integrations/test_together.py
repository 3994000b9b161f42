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
from assistant.names import isolated
from integrations.models import ChannelState, Contact
from tests.conftest import note_errors
from tests.e2e.talk import converse, say
from tests.e2e.test_account_pages import PASSWORD
from tests.e2e.test_rooms import join, make_from_conversation, said, sheet
from tests.fake_llama import FakeLlama, Gate, says
from tests.fake_web import FakePage, FakeWeb
from tests.integrations.conftest import SUGGESTING, Messengers
from tests.integrations.couriers import time_passes
from tests.integrations.test_walk import SLOW, Hands, few_people
from tests.people import next_address
from tests.servers import Painter, soon

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
    await expect(ana.locator(".room-line").last).to_have_text(isolated("Di") + " joined")

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


async def join_group(phones: Page, whatsapp: Hands, link: str, holder: str) -> None:
    """Somebody at the WhatsApp phone opens the link of a group, and joins."""
    await whatsapp.phone.locator(".holder-chip", has_text=holder).click()
    back = whatsapp.phone.get_by_role("button", name="To the list of chats")
    if await back.is_visible():
        await back.click()
    await whatsapp.phone.get_by_role("button", name="Open an invite link").click()
    await phones.get_by_role("textbox", name="Invite link").fill(link)
    await phones.keyboard.press("Enter")
    await whatsapp.phone.get_by_role("button", name="Join the group").click()
    await expect(whatsapp.phone.get_by_role("heading", name="Ski group")).to_be_visible()


@pytest.mark.slow
async def test_a_whatsapp_group_plans_by_its_own_rules(
    few_people: Messengers,
    painter: Painter,
    fake_llama: FakeLlama,
    fake_web: FakeWeb,
    opened: OpenBrowser,
) -> None:
    fake_llama.on(SUGGESTING, says(""))
    await soon(lambda: ChannelState.objects.filter(channel="whatsapp", official=True).exists())
    ana = await opened(DESK, base_url=few_people.site.url)
    phones = await opened({"width": 1440, "height": 900})
    await phones.goto(few_people.emulator.url)
    await expect(phones.locator("body.ready")).to_be_visible()
    whatsapp = Hands(phones, "whatsapp")

    # An account makes it, two people come by its link.
    await ana.goto("/account/signup/?next=/rooms/new")
    await ana.get_by_role("main").get_by_label("Name", exact=True).fill("ana-of-the-group")
    await ana.get_by_label("Password").fill(PASSWORD)
    await ana.get_by_role("button", name="Create account").click()
    await ana.get_by_label("Name of the room").fill("Ski group")
    await ana.get_by_label("What the others call you").fill("Ana")
    await ana.get_by_label("As a WhatsApp group").check()
    await ana.get_by_role("button", name="Make the room").click()
    field = sheet(ana).get_by_label("Link to the WhatsApp group")
    await expect(field).to_have_value(re.compile("https://chat.whatsapp.com/"), timeout=SLOW)
    link = await field.input_value()
    await sheet(ana).get_by_role("button", name="Close").click()
    for holder in ("Ada Brandt", "Bo Larsen"):
        await join_group(phones, whatsapp, link, holder)
    await expect(ana.locator(".room-line").last).to_have_text(isolated("bo.larsen") + " joined")

    # Chatter is nobody's business; a call is answered for all, with what was found.
    await whatsapp.write("Who brings the skis?")
    fake_web.finds(TRAINS)
    fake_llama.script(
        says('{"name": "web_search", "parameters": {"query": "emptiest weekend trains Alps"}}'),
        says("The **second weekend** of January [1]."),
    )
    await whatsapp.write("Chaski, search the web: which weekend is emptiest?")
    await whatsapp.reads(re.compile(r"second weekend of January *\[1\]"))
    answer = ana.locator(".message-answer").last
    await expect(answer.locator(".prose")).to_contain_text("second weekend", timeout=SLOW)
    await expect(ana.locator("#thread")).not_to_contain_text("Who brings the skis?")

    # The courier dies meanwhile, and so does the web server.
    await say(ana, "I can come")
    await asyncio.to_thread(few_people.courier.kill)
    await say(ana, "On both days")
    await in_thread(time_passes)()
    await asyncio.to_thread(few_people.courier.start)
    await whatsapp.reads("Ana: On both days")
    await asyncio.to_thread(few_people.site.kill)
    await asyncio.to_thread(few_people.site.start)
    await whatsapp.write("/imagine a hut in the snow")
    await expect(whatsapp.phone.locator(".row.theirs img").last).to_be_visible(timeout=SLOW)
    await expect(ana.locator(".message-answer img").last).to_be_visible(timeout=SLOW)

    # A vote by numbers, and on the web by a tap.
    await whatsapp.write("/poll Which weekend? | The first | The second")
    await expect(ana.locator(".poll")).to_contain_text("Which weekend?", timeout=SLOW)
    await whatsapp.write("2")
    await ana.get_by_role("button", name="The second").click()
    await expect(ana.locator(".poll")).to_contain_text("2 votes", timeout=SLOW)

    # One is removed by the host, and WhatsApp shows them out.
    await ana.get_by_role("link", name="People and settings").click()
    # WhatsApp has told us the name of who spoke.
    await sheet(ana).locator("summary[aria-label='More about Bo Larsen']").click()
    await sheet(ana).get_by_role("button", name="Remove", exact=True).click()
    await expect(whatsapp.phone.locator(".outside")).to_have_text("You are no longer in this group.", timeout=SLOW)
    for words in ("Ana: I can come", "Ana: On both days"):
        await expect(whatsapp.theirs.filter(has_text=words)).to_have_count(1)
