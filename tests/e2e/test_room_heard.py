"""A room for those who hear it or go through it by the keyboard: what is announced, and where the focus stays."""

from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from assistant.database import in_thread
from assistant.models import Message, Person
from assistant.rooms import membership, polls, reactions, talk
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import composer, held, say
from tests.e2e.test_rooms import join, make, room_of, said, speak
from tests.fake_llama import FakeLlama
from tests.recordings import recording

pytestmark = pytest.mark.usefixtures("noticed")

FOCUSED = "document.activeElement.closest('article, section, body').className"


async def listen(page: Page) -> None:
    """Note all that screen readers are told from now on."""
    await page.evaluate(
        """() => { const status = document.getElementById("status"); window.told = [];
        new MutationObserver(() => told.push(status.textContent)).observe(status, {childList: true}); }"""
    )


async def heard(page: Page, part: str) -> str:
    """The first announcement with these words."""
    found = await page.wait_for_function("part => told.find((one) => one.includes(part))", arg=part)
    return str(await found.json_value()).replace("\u2068", "").replace("\u2069", "")


@in_thread
def member(room: str, name: str) -> Person:
    return Person.objects.get(memberships__conversation=room, memberships__name=name)


@in_thread
def message(room: str, text: str) -> Message:
    return Message.objects.get(conversation=room, text=text)


async def together(page: Page, other: Page) -> str:
    """Ana and Bo in a room."""
    await page.goto("/rooms/new")
    await join(other, await make(page))
    await expect(page.locator("[data-count]")).to_have_text("2")
    return room_of(page)


async def test_words_lines_recordings_and_votes_are_announced(page: Page, open_page: OpenPage) -> None:
    other = await open_page()
    room = await together(page, other)
    host, guest = await member(room, "Ana"), await member(room, "Bo")
    await listen(page)
    await speak(room, "Bo", "The first word")
    assert await heard(page, "The first word") == "Bo: The first word"
    # What comes in the next seconds is told together.
    await speak(room, "Bo", "The last word")
    await in_thread(membership.rename)(host, UUID(room), "Ski trip in May")
    told = await heard(page, "named this room")
    assert told == "Bo: The last word. Ana named this room “Ski trip in May”"
    sound = {"name": "note.ogg", "mimeType": "audio/ogg", "buffer": recording("ogg")}
    await other.get_by_label("Attach pictures, recordings, documents").set_input_files(sound)  # type: ignore[arg-type]
    await expect(other.locator(".tray input[name=attachments]")).to_have_count(1)
    await other.get_by_role("button", name="Send").click()
    assert await heard(page, "voice note") == "Bo: A voice note from Bo"
    await in_thread(polls.ask)(guest, UUID(room), "Which weekend?", ["This", "Next"])
    assert await heard(page, "Which weekend?") == "Bo asks. Which weekend?"
    # Who asked knows it.
    await listen(page)
    await in_thread(polls.ask)(host, UUID(room), "Where?", ["Alps", "Pyrenees"])
    await expect(page.locator(".poll")).to_have_count(2)
    await speak(room, "Bo", "No idea")
    assert await heard(page, "No idea") == "Bo: No idea"


async def test_the_focus_outlives_what_is_taken_away_under_it(
    page: Page, open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    other = await open_page()
    room = await together(page, other)
    host, guest = await member(room, "Ana"), await member(room, "Bo")
    await speak(room, "Bo", "Stays", "Goes")
    await expect(said(page)).to_have_count(2)

    stays = await message(room, "Stays")
    await in_thread(reactions.react)(guest, stays.pk, "👍")
    await page.locator(".reaction").focus()
    await in_thread(reactions.react)(guest, stays.pk, "")
    await expect(page.locator(".reaction")).to_have_count(0)
    assert "message" in await page.evaluate(FOCUSED)

    await page.locator(".message", has_text="Goes").get_by_label("React", exact=True).focus()
    await in_thread(talk.unsay)(guest, (await message(room, "Goes")).pk)
    await expect(said(page)).to_have_count(1)
    assert "message" in await page.evaluate(FOCUSED)

    asked = await in_thread(polls.ask)(guest, UUID(room), "When?", ["Friday", "Saturday"])
    assert asked.poll
    end = page.get_by_role("button", name="End the vote")
    await end.focus()
    await in_thread(polls.vote)(guest, asked.poll.pk, 1)
    await expect(page.locator(".poll")).to_contain_text("1 vote")
    await expect(end).to_be_focused()
    await in_thread(polls.close)(host, asked.poll.pk)
    await expect(page.locator(".poll")).to_contain_text("The vote is over")
    assert "poll" in await page.evaluate(FOCUSED)

    gate = held(fake_llama, "In February it is empty.", 2)
    await say(page, "@Chaski when?")
    await page.get_by_role("button", name="Stop").focus()
    gate.open()
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    assert "message-answer" in await page.evaluate(FOCUSED)

    await composer(page).focus()
    await in_thread(membership.end)(host, UUID(room))
    await expect(page.get_by_role("alert")).to_contain_text("You are not in this room any more")
    await expect(page.get_by_role("alert").get_by_role("link")).to_be_focused()
