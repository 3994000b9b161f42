"""Small things that people notice: a thumb taken back, a list that changes behind the hand, a reading place kept."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import Locator, Page, expect
from redis import Redis

from assistant.database import in_thread
from assistant.models import Conversation, Feedback, Message
from imagine import keys
from imagine.status import RoleStatus, publish_status
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, conversation_of, converse, held, is_answered, questions
from tests.e2e.test_talking import add_past, top_of
from tests.fake_llama import FakeLlama, says
from tests.people import conversation_id
from tests.servers import Valkey


def side(page: Page) -> Locator:
    return page.locator("#side")


def named(page: Page, title: str) -> Locator:
    return side(page).get_by_role("link", name=title, exact=True)


async def open_menu(page: Page, title: str) -> None:
    await named(page, title).hover()
    await side(page).get_by_role("link", name=f"Rename or delete: {title}").click()


async def refresh_list(page: Page) -> None:
    """The list is fetched again, as after an answer."""
    async with page.expect_response(re.compile(r"/c/\?q=")):
        await page.evaluate("document.querySelector('[data-search] input').dispatchEvent(new Event('input'))")
    # What the script does with the answer is done two tasks later.
    await page.evaluate("new Promise(done => setTimeout(() => setTimeout(done)))")


@in_thread
def delete_elsewhere(url: str) -> None:
    """As an operator does, without a word to the page."""
    Conversation.objects.filter(id=conversation_id(url)).delete()


async def delete_in_another_tab(page: Page) -> None:
    other = await page.context.new_page()
    await other.goto(page.url)
    await other.locator("#side [aria-current]").hover()
    await other.locator("#side [aria-current] ~ .icon-more").click()
    await other.get_by_role("menuitem", name="Delete").click()
    await other.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(other).to_have_url(re.compile(r":\d+/$"))
    await other.close()


# Thumbs


@in_thread
def thumbs(conversation: Conversation) -> list[tuple[bool, str]]:
    return list(Feedback.objects.filter(message__conversation=conversation).values_list("good", "word"))


async def test_a_thumb_is_taken_back_by_pressing_it_again(page: Page) -> None:
    await converse(page, "Hello")
    bad = page.get_by_role("button", name="Bad answer")
    await bad.click()
    await page.get_by_label("What was wrong with it?").fill("Too short")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Thank you, it is noted.")).to_be_visible()
    await expect(bad).to_be_focused()
    conversation = await conversation_of(page)
    assert await thumbs(conversation) == [(False, "Too short")]
    await bad.click()
    await expect(bad).to_have_attribute("aria-pressed", "false")
    await expect(page.locator("#status")).to_have_text("Taken back")
    await expect(page.get_by_label("What was wrong with it?")).to_have_count(0)
    assert await thumbs(conversation) == []
    await page.get_by_role("button", name="Good answer").click()
    await expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    await page.reload()
    await expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="Good answer").click()
    await expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "false")
    assert await thumbs(conversation) == []


async def test_a_thumb_is_taken_back_without_script(open_page: OpenPage) -> None:
    page = await open_page(java_script_enabled=False)
    await begin(page)
    good = page.get_by_role("button", name="Good answer")
    await good.click(timeout=15_000)
    await expect(good).to_have_attribute("aria-pressed", "true")
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "false")
    assert await thumbs(await conversation_of(page)) == []


# The list of conversations, which is fetched again behind the hand


async def test_a_menu_outlives_a_new_list(page: Page) -> None:
    await converse(page, "Lamps")
    await converse(page, "Bread")
    await open_menu(page, "Lamps")
    await refresh_list(page)
    await expect(side(page).get_by_role("link", name="Rename or delete: Lamps")).to_have_attribute(
        "aria-expanded", "true"
    )
    await page.keyboard.press("Escape")
    await expect(side(page).get_by_role("link", name="Rename or delete: Lamps")).to_be_focused()
    await open_menu(page, "Lamps")
    await refresh_list(page)
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_label("Name of the conversation").fill("Lanterns")
    await page.evaluate("document.querySelector('[data-search] input').dispatchEvent(new Event('input'))")
    await page.get_by_label("Name of the conversation").press("Enter")
    await expect(named(page, "Lanterns")).to_be_focused()
    await open_menu(page, "Lanterns")
    await page.get_by_role("menuitem", name="Delete").click()
    await refresh_list(page)
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(named(page, "Lanterns")).to_have_count(0)
    await expect(named(page, "Bread")).to_be_focused()
    await page.reload()
    await expect(named(page, "Lanterns")).to_have_count(0)


async def test_the_focus_stays_on_a_conversation_when_the_list_is_new(page: Page) -> None:
    await converse(page, "Lamps")
    lamps = page.url
    await converse(page, "Bread")
    await named(page, "Lamps").focus()
    await refresh_list(page)
    await expect(named(page, "Lamps")).to_be_focused()
    await delete_elsewhere(lamps)
    await refresh_list(page)
    await expect(named(page, "Bread")).to_be_focused()


@pytest.mark.parametrize("action", ["Rename", "Delete"])
async def test_a_conversation_that_vanished_meanwhile_is_said_to_be(page: Page, action: str) -> None:
    await converse(page, "Lamps")
    lamps = page.url
    await converse(page, "Bread")
    await open_menu(page, "Lamps")
    await delete_elsewhere(lamps)
    await page.get_by_role("menuitem", name=action).click()
    if action == "Rename":
        await page.get_by_label("Name of the conversation").fill("Lanterns")
        await page.keyboard.press("Enter")
    else:
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(side(page).get_by_text("This conversation was deleted.")).to_be_visible()
    await expect(named(page, "Lamps")).to_have_count(0)
    await expect(named(page, "Bread")).to_be_focused()


async def test_enter_that_ends_a_word_of_an_input_method_ends_no_renaming(page: Page) -> None:
    await converse(page, "Lamps")
    await open_menu(page, "Lamps")
    await page.get_by_role("menuitem", name="Rename").click()
    name = page.get_by_label("Name of the conversation")
    await name.fill("")
    keyboard = await page.context.new_cdp_session(page)
    await keyboard.send("Input.insertText", {"text": "日本"})
    # As Safari reports it: the word has ended already, and the code is that of the input method.
    enter = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    await keyboard.send("Input.dispatchKeyEvent", enter)
    await expect(name).to_have_value("日本")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("日本")


# A conversation that is gone


def gone(page: Page) -> Locator:
    return page.get_by_role("main").get_by_text("This conversation was deleted.")


async def test_a_tab_says_that_its_conversation_was_deleted_in_another(page: Page) -> None:
    await converse(page, "Lamps")
    await composer(page).fill("Half a thought")
    await delete_in_another_tab(page)
    await expect(gone(page)).to_be_visible()
    await expect(answers(page)).to_be_visible()
    await expect(page.get_by_role("link", name="New conversation").last).to_be_focused()
    await expect(page.locator("#notice")).to_have_text("")
    await page.get_by_role("main").get_by_role("link", name="New conversation").click()
    await expect(composer(page)).to_have_value("Half a thought")


async def test_what_is_sent_to_a_deleted_conversation_is_kept(page: Page) -> None:
    await converse(page, "Lamps")
    await delete_elsewhere(page.url)
    await composer(page).fill("Where are you")
    await composer(page).press("Enter")
    await expect(gone(page)).to_be_visible()
    await expect(page.locator(".pending")).to_have_count(0)
    await page.get_by_role("main").get_by_role("link", name="New conversation").click()
    await expect(composer(page)).to_have_value("Where are you")


async def test_a_thumb_for_a_deleted_conversation_tells_so(page: Page) -> None:
    await converse(page, "Lamps")
    await delete_elsewhere(page.url)
    # By a script: the page may find out by itself, and hide it.
    await page.locator(".icon-good").evaluate("thumb => thumb.click()")
    await expect(gone(page)).to_be_visible()
    await expect(page.get_by_role("main").get_by_text("is kept")).to_be_hidden()


# Dates


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Auckland", "Jan. 1, 2026"), ("America/Lima", "Dec. 31, 2025")])
async def test_dates_are_those_where_the_browser_is(open_page: OpenPage, zone: str, day: str) -> None:
    page = await open_page(timezone_id=zone)
    await converse(page, "Lamps")
    conversation = await conversation_of(page)
    new_year = datetime(2025, 12, 31, 22, tzinfo=UTC)
    await in_thread(Conversation.objects.filter(id=conversation.id).update)(updated_at=new_year)
    await page.goto("/c/")
    await expect(page.get_by_role("main").locator("time")).to_have_text(day)


# The reading place


async def long_conversation(page: Page, messages: int = 98) -> None:
    await converse(page, "The newest words")
    await add_past(await conversation_of(page), messages)
    await page.reload()
    await expect(page.get_by_text("The newest words", exact=True).last).to_be_in_viewport()


async def read_back(page: Page, text: str) -> Locator:
    """Scroll there as a reader does; gives the message."""
    message = page.get_by_text(text, exact=True)
    await page.mouse.move(640, 300)
    while not await message.count() or (await top_of(message)) < 100:
        await page.mouse.wheel(0, -400)
        await page.evaluate("new Promise(done => requestAnimationFrame(done))")
        earlier = page.get_by_role("link", name="Earlier messages")
        if await page.evaluate("scrollY") == 0 and await earlier.count():
            await earlier.click()
            await expect(page.locator("article.message")).to_have_count(100)
    return message


@pytest.mark.parametrize("text", ["Old words 80.", "Old words 20."])
async def test_a_reload_opens_where_one_was_reading(page: Page, text: str) -> None:
    await long_conversation(page)
    message = await read_back(page, text)
    before = await top_of(message)
    await page.reload()
    await expect(message).to_be_in_viewport()
    assert abs(await top_of(message) - before) < 4
    await expect(page.get_by_role("button", name="Jump to the end")).to_be_visible()


async def test_the_way_back_leads_where_one_was_reading_and_a_link_to_the_end(page: Page) -> None:
    await long_conversation(page)
    url = page.url
    message = await read_back(page, "Old words 80.")
    before = await top_of(message)
    await page.goto("/about/")
    await page.go_back()
    await expect(message).to_be_in_viewport()
    assert abs(await top_of(message) - before) < 4
    await page.goto("/about/")
    await page.goto(url)
    await expect(page.get_by_text("The newest words", exact=True).last).to_be_in_viewport()


async def test_a_link_to_a_message_leads_to_it(page: Page) -> None:
    await long_conversation(page)
    url = page.url
    found = page.get_by_text("Old words 70.", exact=True)
    target = await found.locator("xpath=ancestor::article").get_attribute("id")
    await page.goto("/about/")
    await page.goto(f"{url}#{target}")
    await expect(found).to_be_in_viewport()
    assert 56 <= await top_of(found) < 500
    await page.goto(url)
    other = page.get_by_text("Old words 60.", exact=True)
    target = await other.locator("xpath=ancestor::article").get_attribute("id")
    await page.evaluate(f"location.hash = '{target}'")
    await expect(other).to_be_in_viewport()
    assert 56 <= await top_of(other) < 200


# A small window, and the dock

PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
COVERED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  if (!one.closest("#thread")) return null;
  const top = document.querySelector(".topbar").getBoundingClientRect().bottom;
  const bottom = document.querySelector(".dock").getBoundingClientRect().top;
  // What is taller than the room between the bars cannot be seen whole.
  const fits = box.height <= bottom - top;
  const hidden = fits ? box.top < top - 1 || box.bottom > bottom + 1 : box.bottom < top || box.top > bottom;
  return `${hidden ? "hidden" : "seen"} ${one.outerHTML.slice(0, 80)} ${box.top} ${box.bottom} ${top} ${bottom}`;
}"""


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
@pytest.mark.parametrize("height", [720, 420])
async def test_nothing_that_has_the_focus_is_under_the_composer(
    open_page: OpenPage, fake_llama: FakeLlama, key: str, height: int
) -> None:
    page = await open_page(viewport={"width": 900, "height": height})
    fake_llama.script(says("\n\n".join(f"Line {n}, see [a page](https://example.com/{n})." for n in range(12))))
    await converse(page, "Long")
    await add_past(await conversation_of(page), 18)
    await page.reload()
    await expect(page.locator("article.message")).to_have_count(20)
    await (page.locator("#main") if key == "Tab" else composer(page)).focus()
    stops = []
    for _ in range(120):
        await page.keyboard.press(key)
        await page.evaluate(PAINTED)
        if stop := await page.evaluate(COVERED):
            stops.append(stop)
        elif stops:
            break
    assert len(stops) > 40
    assert [stop for stop in stops if stop.startswith("hidden")] == []


@pytest.mark.parametrize("path", ["/", "conversation", "/imagine/"])
async def test_a_long_message_on_a_phone_on_its_side_can_be_sent(open_page: OpenPage, path: str) -> None:
    page = await open_page(viewport={"width": 740, "height": 330}, is_mobile=True, has_touch=True)
    await (converse(page, "Hello") if path == "conversation" else page.goto(path))
    await composer(page).fill("\n".join(["One more line of what I have to say"] * 12))
    await composer(page).scroll_into_view_if_needed()
    button = page.locator(".send")
    await expect(button).to_be_enabled()
    await expect(button).to_be_in_viewport(ratio=1)
    await expect(composer(page)).to_be_in_viewport(ratio=1)


# An offer to draw


@pytest.fixture
def painter_ready(valkey: Valkey) -> Iterator[None]:
    """A painter has reported, though nobody draws."""
    with Redis.from_url(valkey.url) as redis:
        publish_status(redis, RoleStatus("final", "ready"))
        yield
        redis.delete(keys.painter("final"))


@in_thread
def said(conversation: Conversation) -> list[str]:
    return list(conversation.messages.filter(role=Message.Role.USER).values_list("text", flat=True))


async def test_a_picture_asked_for_in_words_is_drawn_by_a_chip(page: Page, painter_ready: None) -> None:
    await converse(page, "Zeichne mir einen Hund")
    chip = page.get_by_role("button", name="Draw this")
    await expect(chip).to_be_visible()
    await page.reload()
    await chip.click()
    await expect(questions(page).last).to_have_text("/imagine einen Hund")
    await expect(chip).to_be_hidden()
    await expect(composer(page)).to_be_focused()
    await expect(page.locator(".pending")).to_have_count(0)
    assert await said(await conversation_of(page)) == ["Zeichne mir einen Hund", "/imagine einen Hund"]


async def test_the_chip_is_under_the_last_answer_only(page: Page, painter_ready: None) -> None:
    await converse(page, "Draw me a cat", "Thank you")
    await expect(page.get_by_role("button", name="Draw this")).to_be_hidden()
    await page.reload()
    await expect(page.get_by_role("button", name="Draw this")).to_have_count(0)


async def test_without_script_too_the_chip_draws(open_page: OpenPage, painter_ready: None) -> None:
    page = await open_page(java_script_enabled=False)
    await begin(page, "dessine-moi un mouton")
    await page.get_by_role("button", name="Draw this").click(timeout=15_000)
    await expect(questions(page).last).to_have_text("/imagine un mouton")


async def test_the_chip_waits_until_the_answer_is_over(page: Page, fake_llama: FakeLlama, painter_ready: None) -> None:
    gate = held(fake_llama, "I cannot draw.", 1)
    await begin(page, "Draw me a cat")
    await expect(answers(page)).to_have_text("I")
    await expect(page.get_by_role("button", name="Draw this")).to_have_count(0)
    gate.open()
    await is_answered(page)
    await expect(page.get_by_role("button", name="Draw this")).to_be_visible()
