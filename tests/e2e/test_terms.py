"""The terms of a site in a real browser: asked once, and what was typed goes by itself after the yes."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from assistant.database import in_thread
from assistant.models import Person
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, is_answered, questions, say
from tests.e2e.test_rooms import make, said
from tests.easel import drawn
from tests.fake_llama import FakeLlama, says
from tests.servers import Painter, Site, Valkey
from web.models import Session

YES, NO = "I am at least 16 and agree", "Not now"


@pytest.fixture(scope="module")
def asking_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LLAMA_DEMO": "1",
        "IMAGINE_MODEL": "/nowhere",
        "TERMS_URL": "/about/",
        "TERMS_AGE": "16",
    }
    site = Site(tmp_path_factory.mktemp("asking"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def site(asking_site: Site, fake_llama: FakeLlama) -> Site:
    """A site that asks for an age and for the terms."""
    return asking_site


def card(page: Page) -> Locator:
    return page.get_by_role("group", name="Before you begin")


def yes(page: Page) -> Locator:
    return card(page).get_by_role("button", name=YES)


async def person_of(page: Page) -> Person:
    cookies = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}  # type: ignore[typeddict-item]
    key = cookies["sessionid"]
    return await in_thread(lambda: Person.objects.get(id=Session.objects.get(session_key=key).person_id))()


async def test_the_first_message_goes_by_itself_after_the_yes(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Hello."))
    await page.goto("/")
    await expect(card(page)).to_be_hidden()
    await composer(page).fill("What is salt?")
    await page.keyboard.press("Enter")
    await expect(yes(page)).to_be_focused()
    await expect(card(page)).to_contain_text("people of 16 and over who agree to the terms")
    await expect(card(page).get_by_role("link", name="the terms")).to_have_attribute("href", "/about/")
    await expect(composer(page)).to_have_value("What is salt?")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/c/**")
    await expect(answers(page)).to_have_text("Hello.")
    await expect(questions(page)).to_have_text("What is salt?")
    assert (await person_of(page)).agreed_to == "16+"
    # Nothing is asked twice.
    await is_answered(page)
    fake_llama.script(says("Pepper."))
    await say(page, "And pepper?")
    await expect(answers(page).last).to_have_text("Pepper.")
    await expect(card(page)).to_have_count(0)
    await page.goto("/you/")
    await expect(page.get_by_text("You agreed to how this site may be used on")).to_be_visible()


async def test_after_not_now_the_words_are_in_the_composer(page: Page, fake_llama: FakeLlama) -> None:
    await page.goto("/")
    await say(page, "What is salt?")
    await card(page).get_by_role("button", name=NO).click()
    await expect(card(page)).to_be_hidden()
    await expect(composer(page)).to_have_value("What is salt?")
    await page.keyboard.press("Tab")
    await composer(page).press("Enter")
    await expect(yes(page)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(card(page)).to_be_hidden()
    await expect(composer(page)).to_be_focused()
    assert fake_llama.requests == []


async def test_a_suggestion_is_asked_after_the_yes(page: Page, fake_llama: FakeLlama) -> None:
    await page.goto("/")
    await page.get_by_role("button", name="Plan a weekend in Cusco").click()
    await yes(page).click()
    await page.wait_for_url("**/c/**")
    await expect(questions(page)).to_have_text("Plan a weekend in Cusco")


async def test_a_switch_and_a_file_go_along(page: Page) -> None:
    await page.goto("/")
    await page.get_by_role("button", name="Temporary").click()
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Some words"}
    await page.locator("input[type=file]").first.set_input_files([file])  # type: ignore[list-item]
    await expect(page.get_by_role("button", name="notes.txt, 10 bytes")).to_be_visible()
    await say(page, "Read it")
    await yes(page).click()
    await page.wait_for_url("**/c/**?temporary")
    await expect(page.locator(".message-user").get_by_text("notes.txt")).to_be_visible()


async def test_a_yes_in_one_tab_counts_in_the_other(page: Page, fake_llama: FakeLlama) -> None:
    other = await page.context.new_page()
    for tab in (page, other):
        await tab.goto("/")
        await say(tab, "Hello")
        await expect(card(tab)).to_be_visible()
    await yes(page).click()
    await page.wait_for_url("**/c/**")
    await expect(card(other)).to_be_hidden()
    await other.get_by_role("button", name="Send").click()
    await other.wait_for_url("**/c/**")


async def test_terms_that_changed_are_asked_in_an_open_conversation(page: Page, fake_llama: FakeLlama) -> None:
    await page.goto("/")
    await say(page, "Hello")
    await yes(page).click()
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    person = await person_of(page)
    await in_thread(Person.objects.filter(pk=person.pk).update)(agreed_to="13+")
    await page.reload()
    fake_llama.script(says("Once more."))
    await page.get_by_role("button", name="Answer again").click()
    await yes(page).click()
    await expect(answers(page)).to_have_text("Once more.")


async def top(page: Page) -> float:
    """Where one writes, from the top of the window."""
    return float(await composer(page).evaluate("field => field.getBoundingClientRect().top"))


async def test_a_picture_is_asked_for_while_one_types(page: Page, painter: Painter) -> None:
    refused = asyncio.Event()

    def hear(frame: bytes | str) -> None:
        if "agreement_needed" in str(frame):
            refused.set()

    page.on("websocket", lambda socket: socket.on("framereceived", hear))
    await page.goto("/imagine/")
    await expect(card(page)).to_be_hidden()
    place = await top(page)
    await page.locator("#text").press_sequentially("a llama")
    await expect(card(page)).to_be_visible()
    # Nothing moves under the hands of who writes.
    assert abs(await top(page) - place) < 1
    # The server refuses live prompts meanwhile; the card says why.
    await asyncio.wait_for(refused.wait(), 20)
    await page.evaluate("() => new Promise(requestAnimationFrame)")
    await expect(page.locator("#notice")).to_be_empty()
    assert abs(await top(page) - place) < 1
    await expect(page.locator("#status")).to_have_text("Before you begin")
    await expect(page.locator("#text")).to_be_focused()
    await expect(page.locator("#text")).to_have_value("a llama")
    await page.get_by_role("button", name="Draw", exact=True).click()
    await expect(yes(page)).to_be_focused()
    await yes(page).click()
    await expect(page.get_by_role("region", name="Your pictures").get_by_role("article")).to_have_count(4)


async def test_without_a_script_the_card_is_a_form(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Hello."))
    page = await open_page(java_script_enabled=False)
    await page.goto("/")
    await say(page, "What is\nsalt?")
    await expect(yes(page)).to_be_visible()
    await expect(card(page).get_by_role("button", name=NO)).to_be_hidden()
    await expect(composer(page)).to_have_value("What is\nsalt?")
    await yes(page).click()
    await page.wait_for_url("**/c/**")
    await expect(questions(page)).to_contain_text("salt?")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_the_card_fits(open_page: OpenPage, scheme: str) -> None:
    page = await open_page(viewport={"width": 320, "height": 568}, is_mobile=True, has_touch=True, color_scheme=scheme)
    await page.goto("/")
    await say(page, "Hello")
    for name in (YES, NO):
        box = await card(page).get_by_role("button", name=name).bounding_box()
        assert box
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_who_signs_up_is_not_asked_again(page: Page) -> None:
    await page.goto("/")
    await say(page, "Hello")
    await yes(page).click()
    await page.wait_for_url("**/c/**")
    await page.goto("/account/signup/")
    await page.locator("[name=username]").fill(f"cleo-{uuid4().hex[:8]}")
    await page.locator("[name=password1]").fill("quiet llama 42")
    await page.get_by_role("button", name="Create account").click()
    await begin(page, "Hello again")
    await expect(card(page)).to_have_count(0)


async def test_in_a_room_words_go_by_themselves_after_the_yes(page: Page) -> None:
    await page.goto("/rooms/new")
    await make(page)
    await say(page, "Hello all")
    await expect(composer(page)).to_have_value("Hello all")
    await yes(page).click()
    await expect(said(page)).to_have_text("Hello all")
    await expect(composer(page)).to_have_value("")


async def test_a_picture_of_before_is_varied_after_the_yes(page: Page) -> None:
    await page.goto("/rooms/new")
    await make(page)
    person = await person_of(page)
    picture = await in_thread(drawn)(person.id)
    await page.goto(f"/p/{picture.id}/")
    await page.get_by_role("button", name="Variants").click()
    await yes(page).click()
    await expect(page.get_by_role("region", name="Made from it").get_by_role("article")).to_have_count(4)


async def test_on_your_data_one_can_agree_before_a_program_asks(page: Page) -> None:
    await page.goto("/rooms/new")
    await make(page)
    await page.goto("/you/")
    await yes(page).click()
    await expect(card(page)).to_be_hidden()
    assert (await person_of(page)).agreed_to == "16+"
