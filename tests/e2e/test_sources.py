"""Answers that look things up, and show what they rest on."""

import json
from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, is_answered, say
from tests.fake_llama import FakeLlama, Gate, says
from tests.fake_web import FakePage, FakeWeb
from tests.scripted_http import Reply


def picture(kind: str, size: tuple[int, int]) -> bytes:
    data = BytesIO()
    Image.new("RGB", size, "orange").save(data, kind)
    return data.getvalue()


QUESTION = "What happened in the world today?"
NEWS = FakePage(
    "/news/llamas",
    "Llamas cross the Andes",
    (
        "It was a cold morning in the highlands, and the herders had been up since four o'clock to load the animals.",
        "A caravan of two hundred llamas crossed the Andes today, the largest in more than forty years of records.",
        "They carried salt and wool to the markets of the valley, where they are expected on Sunday afternoon.",
    ),
    "2026-03-01",
    "/icon.png",
)
WEATHER = FakePage(
    "/weather",
    "Snow on the passes",
    (
        "Heavy snow fell on the passes of the Andes during the night, and several roads are closed to cars.",
        "The weather service expects the sky to clear on Friday, with cold nights until the end of the week.",
    ),
)
CALL = json.dumps({"name": "web_search", "parameters": {"query": "world news today"}})
ANSWER = "A caravan of two hundred llamas crossed the Andes today [1]. Heavy snow fell on the passes [2]."


def chips(page: Page) -> Locator:
    return page.locator(".message-answer .cite")


def card(page: Page) -> Locator:
    return page.get_by_role("note")


async def always(page: Page) -> None:
    await page.get_by_role("combobox", name="Search the web").select_option("Always")


async def test_news_is_searched_read_and_cited(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.finds(NEWS, WEATHER)
    fake_llama.script(says(CALL), says(ANSWER))
    await begin(page, QUESTION)
    await is_answered(page)
    await expect(chips(page)).to_have_text(["1", "2"])
    assert fake_web.queries == ["world news today"]
    await expect(chips(page).first).to_have_attribute("href", f"{fake_web.url}/news/llamas")
    await page.get_by_text("2 sources").click()
    found = page.locator(".found")
    await expect(found).to_contain_text("Searched for “world news today”")
    await expect(found.get_by_role("link", name="Llamas cross the Andes")).to_be_visible()
    await expect(found).to_contain_text("March 1, 2026")
    await expect(found).to_contain_text("the largest in more than forty years")
    await page.reload()
    await expect(chips(page)).to_have_text(["1", "2"])
    await expect(page.get_by_text("2 sources")).to_be_visible()


async def test_hello_is_not_searched(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    await begin(page, "hello")
    await is_answered(page)
    assert fake_web.asked == []
    assert "web_search" not in json.dumps(fake_llama.requests[-1])
    await expect(page.locator(".found")).to_have_count(0)


async def test_which_is_greater_is_calculated(page: Page, fake_llama: FakeLlama) -> None:
    call = json.dumps({"name": "calculate", "parameters": {"expression": "9.11 or 9.9"}})
    fake_llama.script(says(call), says("9.9 is greater than 9.11."))
    await begin(page, "Which is greater, 9.11 or 9.9?")
    await is_answered(page)
    await expect(answers(page)).to_have_text("9.9 is greater than 9.11.")
    assert "9.9 is larger than 9.11" in fake_llama.requests[-1]["messages"][-1]["content"]
    await page.get_by_text("Calculated 9.11 or 9.9").click()


async def test_always_searches_first_and_cites_for_a_model_that_does_not(
    page: Page, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_web.finds(NEWS, WEATHER)
    fake_llama.script(says("A caravan of two hundred llamas crossed the Andes today, the largest in years."))
    await page.goto("/")
    await always(page)
    await expect(composer(page)).to_be_focused()
    await say(page, QUESTION)
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    assert fake_web.queries == [QUESTION]
    await expect(chips(page)).to_have_text(["1"])
    # The choice holds, also for what is said by the socket.
    await expect(page.get_by_role("combobox", name="Search the web")).to_have_value("always")
    fake_llama.script(says("Snow [2]."))
    await say(page, "And what about the snow on the passes there?")
    await expect(answers(page)).to_have_count(2)
    await is_answered(page)
    assert fake_web.queries[-1] == "And what about the snow on the passes there?"


async def test_never_searches_nothing(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    await page.goto("/")
    await page.get_by_role("combobox", name="Search the web").select_option("Never")
    await say(page, QUESTION)
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    assert "web_search" not in json.dumps(fake_llama.requests[-1])


async def test_numbers_are_there_while_it_is_written_and_after_a_reload(
    page: Page, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_web.finds(NEWS)
    gate = Gate()
    fake_llama.script(says(CALL), says(ANSWER, gate=gate))
    await begin(page, QUESTION)
    gate.let(11)
    await expect(chips(page)).to_have_text(["1"])
    await page.reload()
    await expect(chips(page)).to_have_text(["1"])
    gate.open()
    await is_answered(page)
    # Only one page was read: there is no second source.
    await expect(answers(page)).to_contain_text("on the passes [2].")
    await expect(page.get_by_text("1 source")).to_be_visible()


async def test_one_sees_what_is_searched_for_and_can_stop_it(
    page: Page, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_web.script("/search", Reply(hangs=True))
    fake_llama.script(says(CALL), says("This is not said."))
    await begin(page, QUESTION)
    await expect(page.locator(".waiting")).to_contain_text("Searching for “world news today”")
    await page.reload()
    await expect(page.locator(".waiting")).to_contain_text("Searching for “world news today”")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator(".trouble")).to_contain_text("You stopped this answer.")
    assert len(fake_llama.requests) == 1


async def test_a_search_that_fails_is_said_in_a_line(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.fails()
    fake_llama.script(says(CALL), says("I could not look it up."))
    await begin(page, QUESTION)
    await is_answered(page)
    await expect(answers(page)).to_have_text("I could not look it up.")
    await expect(page.locator(".found")).to_contain_text("Searched for “world news today”, without success")


async def test_a_link_that_a_person_pastes_is_read(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.finds(NEWS)
    address = f"{fake_web.url}/news/llamas"
    call = json.dumps({"name": "open_page", "parameters": {"address": address}})
    fake_llama.script(says(call), says("It is about a caravan of llamas [1]."))
    await begin(page, f"What does {address} say?")
    await is_answered(page)
    await expect(chips(page)).to_have_text(["1"])
    assert fake_web.queries == []


async def test_a_page_that_nobody_named_is_not_opened(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.finds(NEWS)
    call = json.dumps({"name": "open_page", "parameters": {"address": f"{fake_web.url}/news/llamas"}})
    fake_llama.script(says(call), says("I cannot open that."))
    await begin(page, "Tell me a secret, please")
    await is_answered(page)
    assert fake_web.asked == []


async def test_the_picture_of_a_site_comes_from_us_alone(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.finds(NEWS)
    fake_web.script("/icon.png", Reply(picture("PNG", (64, 64)), headers={"content-type": "image/png"}))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fake_llama.script(says(CALL), says(ANSWER))
    await begin(page, QUESTION)
    await is_answered(page)
    await page.get_by_text("1 source").click()
    icon = page.locator(".source-letter img")
    await expect(icon).to_be_visible()
    await expect(icon).to_have_js_property("naturalWidth", 32)
    assert not [url for url in asked if url.startswith(fake_web.url)]


# The card over a number


@pytest.fixture
async def cited(open_page: OpenPage, fake_llama: FakeLlama, fake_web: FakeWeb) -> Page:
    fake_web.finds(NEWS, WEATHER)
    fake_llama.script(says(CALL), says(ANSWER))
    page = await open_page()
    await begin(page, QUESTION)
    await is_answered(page)
    return page


async def test_the_pointer_on_a_number_shows_its_passage(cited: Page) -> None:
    await chips(cited).first.hover()
    await expect(card(cited)).to_contain_text("A caravan of two hundred llamas crossed the Andes today")
    await chips(cited).last.hover()
    await expect(card(cited)).to_contain_text("Heavy snow fell on the passes")
    await composer(cited).hover()
    await expect(card(cited)).to_have_count(0)


async def test_by_keyboard_a_number_shows_its_passage_until_escape(cited: Page) -> None:
    await chips(cited).first.focus()
    await cited.keyboard.press("Tab")
    await expect(card(cited)).to_contain_text("Heavy snow fell on the passes")
    # Screen readers hear it.
    await expect(cited.locator("#status")).to_contain_text("Heavy snow fell on the passes")
    await cited.keyboard.press("Escape")
    await expect(card(cited)).to_have_count(0)
    await expect(chips(cited).last).to_be_focused()


async def test_an_open_list_and_a_card_stay_while_another_tab_goes_on(cited: Page) -> None:
    await cited.get_by_text("2 sources").click()
    await chips(cited).first.focus()
    await expect(card(cited)).to_contain_text("A caravan of two hundred llamas")
    other = await cited.context.new_page()
    await other.goto(cited.url)
    await say(other, "Thank you")
    await expect(answers(cited)).to_have_count(2)
    await is_answered(cited)
    await expect(chips(cited).first).to_be_focused()
    await expect(card(cited)).to_contain_text("A caravan of two hundred llamas")
    await expect(cited.locator(".found").first).to_have_attribute("open", "")


async def test_a_finger_on_a_number_shows_its_passage_and_the_way_there(
    phone: Page, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_web.finds(NEWS, WEATHER)
    fake_llama.script(says(CALL), says(ANSWER))
    await begin(phone, QUESTION)
    await is_answered(phone)
    await chips(phone).first.tap()
    await expect(card(phone)).to_contain_text("A caravan of two hundred llamas crossed the Andes today")
    await expect(card(phone).get_by_role("link", name="Llamas cross the Andes")).to_be_visible()
    box = await card(phone).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    await phone.locator(".topbar").tap()
    await expect(card(phone)).to_have_count(0)


async def test_a_copied_answer_keeps_its_numbers(open_page: OpenPage, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.finds(NEWS, WEATHER)
    fake_llama.script(says(CALL), says(ANSWER))
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await begin(page, QUESTION)
    await is_answered(page)
    await page.get_by_role("button", name="Copy as text").click()
    await expect(page.locator("#status")).to_have_text("Copied")
    text = await page.evaluate("navigator.clipboard.readText()")
    assert text == ANSWER.replace(" [", "[")


async def test_who_has_the_link_sees_the_sources_too_and_goes_on_with_them(
    cited: Page, open_page: OpenPage, fake_web: FakeWeb
) -> None:
    await cited.get_by_role("link", name="Share", exact=True).click()
    await cited.get_by_role("button", name="Make a link").click()
    link = await cited.locator("[data-share-address]").input_value()
    stranger = await open_page()
    await stranger.goto(link)
    await expect(stranger.locator(".cite")).to_have_text(["1", "2"])
    await expect(stranger.get_by_role("link", name="Llamas cross the Andes")).to_be_visible()
    await stranger.get_by_role("link", name="Continue this conversation").click()
    await stranger.get_by_role("button", name="Continue").click()
    await stranger.wait_for_url("**/c/**")
    await expect(chips(stranger)).to_have_text(["1", "2"])
    await expect(stranger.get_by_text("2 sources")).to_be_visible()
