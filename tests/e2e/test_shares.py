"""Sharing a conversation, and reading one that was shared, in a real browser."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from assistant.database import in_thread
from assistant.models import Conversation, Message
from imagine import shares as picture_shares
from imagine.files import storage
from imagine.models import Picture
from tests.e2e.conftest import OpenPage
from tests.e2e.hands import WAYS, Hand, Way, screen
from tests.e2e.talk import answers, begin, composer, conversation_of, converse, held, is_answered, questions, say
from tests.fake_llama import FakeLlama, says

GONE = "There is nothing behind this link."
NARROW = "document.documentElement.scrollWidth <= innerWidth"


def panel(page: Page) -> Locator:
    return page.locator("[data-share-content]")


async def open_panel(page: Page) -> Locator:
    await page.get_by_role("link", name="Share").click()
    await expect(panel(page)).to_be_visible()
    return panel(page)


async def share(page: Page) -> str:
    """Make a link; its address."""
    await (await open_panel(page)).get_by_role("button", name="Make a link").click()
    return await address(page)


async def address(page: Page) -> str:
    field = panel(page).locator("[data-share-address]").first
    await expect(field).to_be_visible()
    return await field.input_value()


@pytest.mark.parametrize("way", WAYS)
async def test_a_link_is_made_read_and_taken_back(open_page: OpenPage, fake_llama: FakeLlama, way: Way) -> None:
    fake_llama.script(says("Llamas **hum**."), says("Only when they are calm."))
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    await converse(page, "What do llamas say?", "Always?")
    await hand.press(page.get_by_role("link", name="Share"))
    await expect(panel(page)).to_contain_text("A copy with 4 messages. It ends with “Only when they are calm.”")
    await hand.press(panel(page).get_by_role("button", name="Make a link"))
    link = await address(page)
    stranger = await open_page()
    await stranger.goto(link)
    await expect(stranger.get_by_role("heading", name="What do llamas say?")).to_be_visible()
    await expect(questions(stranger)).to_have_text(["What do llamas say?", "Always?"])
    await expect(answers(stranger).first.locator("strong")).to_have_text("hum")
    await expect(stranger.locator("main")).to_contain_text("Made with AI")
    await hand.press(panel(page).get_by_role("button", name="Take the link back"))
    await expect(panel(page).get_by_role("button", name="Make a link")).to_be_visible()
    response = await stranger.reload()
    assert response
    assert response.status == 404
    await expect(stranger.get_by_role("heading")).to_have_text(GONE)


async def test_later_words_are_not_there_until_it_is_shared_again(
    page: Page, open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("They hum."), says("In the mountains."))
    await converse(page, "What do llamas say?")
    link = await share(page)
    await page.keyboard.press("Escape")
    await expect(panel(page)).not_to_be_visible()
    await say(page, "Where do they live?")
    await expect(answers(page)).to_have_count(2)
    await is_answered(page)
    stranger = await open_page()
    await stranger.goto(link)
    await expect(questions(stranger)).to_have_text(["What do llamas say?"])
    await (await open_panel(page)).get_by_role("button", name="Share again with what came since").click()
    await expect(panel(page).get_by_role("button", name="Let it last longer")).to_be_visible()
    assert await address(page) == link
    await stranger.reload()
    await expect(questions(stranger)).to_have_text(["What do llamas say?", "Where do they live?"])


async def test_an_answer_being_written_is_left_out_and_the_panel_says_so(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("They hum."))
    await converse(page, "What do llamas say?")
    gate = held(fake_llama, "In the mountains, far up.", 2)
    await say(page, "Where do they live?")
    await expect(answers(page)).to_have_count(2)
    shown = await open_panel(page)
    await expect(shown).to_contain_text("A copy with 2 messages. It ends with “They hum.”")
    await expect(shown).to_contain_text("The answer being written is not in it.")
    await page.keyboard.press("Escape")
    await expect(page.locator("[aria-busy]")).to_have_count(1)
    gate.open()
    await is_answered(page)


async def test_before_the_first_answer_there_is_nothing_to_share(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "They hum.", 0)
    await begin(page, "What do llamas say?")
    await expect(await open_panel(page)).to_contain_text("There is no finished answer to share yet.")
    gate.open()
    await page.keyboard.press("Escape")
    await is_answered(page)


async def test_a_reader_goes_on_in_a_conversation_of_their_own(
    page: Page, open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("They hum."), says("In the mountains."))
    await converse(page, "What do llamas say?")
    link = await share(page)
    reader = await open_page()
    await reader.goto(link)
    await reader.get_by_role("link", name="Continue this conversation").click()
    await reader.get_by_role("button", name="Continue").click()
    await reader.wait_for_url("**/c/**")
    await expect(questions(reader)).to_have_text(["What do llamas say?"])
    await expect(reader.locator("h1[data-page-title]")).to_have_text("What do llamas say?")
    await say(reader, "Where do they live?")
    await expect(answers(reader)).to_have_text(["They hum.", "In the mountains."])
    sent = [message["content"] for message in fake_llama.requests[-1]["messages"]]
    assert sent[1:3] == ["What do llamas say?", "They hum."]
    await page.reload()
    await expect(questions(page)).to_have_text(["What do llamas say?"])
    await reader.reload()
    await expect(questions(reader)).to_have_text(["What do llamas say?", "Where do they live?"])


async def test_an_account_shows_its_name_where_it_wants(page: Page, open_page: OpenPage, fake_llama: FakeLlama) -> None:
    name = f"cleo-{uuid4().hex[:8]}"
    await page.goto("/account/signup/")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill("quiet llama 42")
    await page.locator("main").get_by_role("button").first.click()
    await page.wait_for_url("**/")
    fake_llama.script(says("They hum."))
    await converse(page, "What do llamas say?")
    stranger = await open_page()
    await stranger.goto(await share(page))
    await expect(stranger.locator("main")).not_to_contain_text(name)
    await panel(page).get_by_role("button", name="Show my name").click()
    await expect(panel(page)).to_contain_text(f"People see your name, {name}.")
    await stranger.reload()
    await expect(stranger.locator("main")).to_contain_text(f"Shared by {name}")


@in_thread
def add_pictures(message: Message) -> None:
    """A picture and a loop, as if they had been drawn for the answer."""
    person = message.conversation.members.get()
    image = (Path(__file__).parents[2] / "docs" / "sketchbook.png").read_bytes()
    for made in (Picture.Made.DRAWN, Picture.Made.ANIMATED):
        picture = Picture.objects.create(
            person=person, made=made, status=Picture.Status.DONE, prompt="A fox", width=64, height=64
        )
        # A browser goes by what is in the file.
        storage.save(picture.id, dict.fromkeys(("picture.webp", "picture.jpg", "loop.mp4"), image))
        message.pictures.add(picture)


@in_thread
def last_answer(conversation: Conversation) -> Message:
    return Message.objects.filter(conversation=conversation).select_related("conversation").latest("position")


async def test_pictures_and_loops_are_seen_through_the_link(
    page: Page, open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("A fox."))
    await converse(page, "Draw a fox")
    await add_pictures(await last_answer(await conversation_of(page)))
    link = await share(page)
    stranger = await open_page()
    await stranger.goto(link)
    picture = stranger.get_by_role("img", name="A picture, made with AI")
    await expect(picture).to_be_visible()
    await picture.evaluate("one => one.decode()")
    await expect(stranger.locator("video source")).to_have_attribute("src", re.compile(r"^/s/c/.+/2-2/loop\.mp4$"))


async def test_your_data_lists_what_is_shared_and_takes_it_back(
    page: Page, open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("They hum."))
    await converse(page, "What do llamas say?")
    link = await share(page)
    await page.goto("/you/")
    await expect(page.get_by_role("link", name="What do llamas say?").last).to_be_visible()
    await page.get_by_role("button", name="Take the link back").click()
    await expect(page.get_by_role("heading", name="Shared conversations")).to_have_count(0)
    stranger = await open_page()
    await stranger.goto(link)
    await expect(stranger.get_by_role("heading")).to_have_text(GONE)


async def test_everything_works_without_script(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("They hum."))
    page = await open_page(java_script_enabled=False)
    await page.goto("/")
    await composer(page).fill("What do llamas say?")
    await page.get_by_role("button", name="Send").click()
    await expect(answers(page)).to_have_text("They hum.")
    await page.get_by_role("link", name="Share").click()
    await page.get_by_role("button", name="Make a link").click()
    link = await address(page)
    reader = await open_page(java_script_enabled=False)
    await reader.goto(link)
    await expect(answers(reader)).to_have_text("They hum.")
    await reader.get_by_role("link", name="Continue this conversation").click()
    await reader.get_by_role("button", name="Continue").click()
    await expect(answers(reader)).to_have_text("They hum.")
    assert "/c/" in reader.url
    await page.get_by_role("button", name="Take the link back").click()
    await reader.goto(link)
    await expect(reader.get_by_role("heading")).to_have_text(GONE)


@in_thread
def share_picture(message: Message) -> str:
    """The path of a link to the first picture of an answer."""
    picture = message.pictures.filter(made=Picture.Made.DRAWN).get()
    return f"/s/{picture_shares.make(picture.person_id, picture.id).token}/"


@pytest.mark.parametrize("what", ["conversation", "picture"])
async def test_a_browser_sends_a_report(page: Page, open_page: OpenPage, fake_llama: FakeLlama, what: str) -> None:
    fake_llama.script(says("They hum."))
    await converse(page, "What do llamas say?")
    stranger = await open_page()
    if what == "picture":
        answer = await last_answer(await conversation_of(page))
        await add_pictures(answer)
        await stranger.goto(await share_picture(answer))
    else:
        await stranger.goto(await share(page))
    await stranger.get_by_role("link", name="Report").click()
    await expect(stranger.get_by_role("heading")).to_have_text(f"Report this {what}?")
    await stranger.get_by_label("What is wrong with it").fill("It names me.")
    await stranger.get_by_role("button", name="Report").click()
    await expect(stranger.get_by_role("heading")).to_have_text("Thank you for telling us")


async def test_a_copied_address_is_said_and_on_the_clipboard(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("They hum."))
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await converse(page, "What do llamas say?")
    link = await share(page)
    await panel(page).get_by_role("button", name="Copy").click()
    await expect(panel(page).get_by_role("status")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == link


async def test_code_is_copied_from_the_page_of_a_link(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("```python\nprint('hum')\n```"))
    page, stranger = await open_page(), await open_page(permissions=["clipboard-read", "clipboard-write"])
    await converse(page, "What do llamas say?")
    await stranger.goto(await share(page))
    await stranger.locator(".copy-code").click()
    await expect(stranger.get_by_role("status")).to_have_text("Copied")
    assert await stranger.evaluate("navigator.clipboard.readText()") == "print('hum')"


async def test_a_link_that_is_not_made_says_why(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("They hum."))
    await converse(page, "What do llamas say?")
    shown = await open_panel(page)
    await page.route("**/share", lambda route: route.abort())
    await shown.get_by_role("button", name="Make a link").click()
    await expect(shown.get_by_role("status")).to_have_text("That did not work. Please try again.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_phone(open_page: OpenPage, fake_llama: FakeLlama, scheme: str) -> None:
    fake_llama.script(says("Hum.\n\n```python\n" + "print('a very long line of code')  # " * 6 + "\n```\n"))
    size = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": scheme}
    page, stranger = await open_page(**size), await open_page(**size)
    await converse(page, "What do llamas say? " + "Pneumonoultramicroscopic" * 4)
    link = await share(page)
    assert await page.evaluate(NARROW)
    await stranger.goto(link)
    assert await stranger.evaluate(NARROW)
    await stranger.get_by_role("link", name="Continue this conversation").tap()
    await stranger.wait_for_url("**/continue*")
    assert await stranger.evaluate(NARROW)
    for target in (stranger.get_by_role("button", name="Continue"), page.get_by_role("link", name="Share")):
        box = await target.bounding_box()
        assert box
        assert box["height"] >= 44
