"""What people ask is looked up, calculated or asked back, however a model is told of tools, or of none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, is_answered, questions, say
from tests.e2e.test_sources import ANSWER, NEWS, QUESTION, WEATHER, chips
from tests.fake_llama import DONE, Answer, FakeLlama, event, says, sends
from tests.fake_web import FakeWeb
from tests.servers import Painter, Site, Valkey

MODES = ["native", "text", "off"]
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


@pytest.fixture(scope="module", params=MODES)
def mode_and_site(
    request: pytest.FixtureRequest,
    database: None,
    valkey: Valkey,
    shared_llama: FakeLlama,
    shared_web: FakeWeb,
    checkpoint_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Site]]:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LLAMA_TOOLS": request.param,
        "IMAGINE_MODEL": str(checkpoint_folder),
        "SEARCH_ENGINES": "searxng",
        "SEARXNG_URL": shared_web.url,
        "FETCH_ALLOWED": shared_web.address,
    }
    site = Site(tmp_path_factory.mktemp(request.param), environment)
    site.start()
    yield request.param, site
    site.kill()


@pytest.fixture
def mode(mode_and_site: tuple[str, Site]) -> str:
    return mode_and_site[0]


@pytest.fixture
def site(mode_and_site: tuple[str, Site], fake_llama: FakeLlama) -> Site:
    return mode_and_site[1]


@pytest.fixture(params=SCREENS)
async def screen(request: pytest.FixtureRequest, open_page: OpenPage) -> Page:
    """A fresh browser, on a desk and on a phone."""
    return await open_page(**SCREENS[request.param])


def calls(mode: str, name: str, **parameters: str) -> list[Answer]:
    """The model calls a tool in the way of the mode; nothing where it calls none."""
    if mode == "off":
        return []
    if mode == "text":
        return [says(json.dumps({"name": name, "parameters": parameters}))]
    call = {"index": 0, "id": "call_1", "function": {"name": name, "arguments": json.dumps(parameters)}}
    return [sends(event({"content": None, "tool_calls": [call]}), event({}, "tool_calls") + DONE)]


def offered(llama: FakeLlama) -> bool:
    """Whether the model was told of tools the last time that it may call, in either way."""
    request = llama.requests[-1]
    named = bool(request.get("tools")) and request.get("tool_choice") != "none"
    return named or "web_search" in json.dumps(request["messages"])


def prompt(llama: FakeLlama) -> str:
    """The last turn of the last request."""
    text: str = llama.requests[-1]["messages"][-1]["content"]
    return text


def steps(page: Page) -> Locator:
    return page.locator(".message-answer .steps")


def ready(page: Page) -> Locator:
    return page.get_by_role("group", name="What you could say next").get_by_role("button")


async def test_news_is_searched_read_answered_and_cited(
    screen: Page, mode: str, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_web.finds(NEWS, WEATHER)
    fake_llama.script(calls(mode, "web_search", query="world news today"), says(ANSWER))
    await begin(screen, QUESTION)
    await is_answered(screen)
    await expect(chips(screen)).to_have_text(["1", "2"])
    assert fake_web.queries == ([QUESTION] if mode == "off" else ["world news today"])
    assert "A caravan of two hundred llamas crossed the Andes today" in prompt(fake_llama)
    await screen.get_by_text("2 sources").click()
    await expect(steps(screen)).to_contain_text("Searched for")
    await expect(screen.get_by_role("link", name="Llamas cross the Andes")).to_be_visible()


async def test_hello_is_neither_searched_nor_offered_tools(
    screen: Page, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    await begin(screen, "hello")
    await is_answered(screen)
    # The page of a test before may still have fetched the icon of a source, wherever it looks for one.
    assert [one.path for one in fake_web.asked if one.path not in ("/icon.png", "/favicon.ico")] == []
    assert not offered(fake_llama)
    assert len(fake_llama.requests) == 1
    await expect(screen.locator(".found")).to_have_count(0)


async def test_which_is_greater_is_calculated(
    screen: Page, mode: str, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_llama.script(calls(mode, "calculate", expression="9.11 or 9.9"), says("9.9 is greater than 9.11."))
    await begin(screen, "Which is greater, 9.11 or 9.9?")
    await is_answered(screen)
    await expect(answers(screen)).to_have_text("9.9 is greater than 9.11.")
    assert "9.9 is larger than 9.11" in prompt(fake_llama)
    await screen.get_by_text("Calculated 9.11 or 9.9").click()
    assert fake_web.asked == []


async def test_a_trip_is_asked_back_before_it_is_planned(
    screen: Page, mode: str, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    asks = "Gladly. First three questions:\n\n1. From where?\n2. For how many days?\n3. Mountains or sea?"
    plan = "- Friday: the train to Ollantaytambo\n- Saturday: the ruins\n- Sunday: the market"
    fake_llama.script(says(asks))
    await begin(screen, "Plan a weekend trip")
    await is_answered(screen)
    await expect(answers(screen).last.get_by_role("listitem")).to_have_text(
        ["From where?", "For how many days?", "Mountains or sea?"]
    )
    system = fake_llama.requests[-1]["messages"][0]
    assert system["role"] == "system"
    assert "Before you plan" in system["content"]
    assert "ask the two or three short questions that matter most" in system["content"]
    assert len(fake_llama.requests) == 1
    assert fake_web.asked == []
    await expect(screen.locator(".found")).to_have_count(0)
    fake_llama.script(says(plan))
    await say(screen, "From Cusco, three days, mountains")
    await expect(answers(screen)).to_have_count(2)
    await is_answered(screen)
    await expect(answers(screen).last.get_by_role("listitem")).to_have_count(3)
    said = [message["content"] for message in fake_llama.requests[-1]["messages"]]
    assert said[1].startswith("Plan a weekend trip")
    assert said[2] == asks
    assert fake_web.asked == []


async def test_a_link_alone_is_read_and_summarised_and_questions_are_offered(
    screen: Page, mode: str, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_web.finds(NEWS)
    fake_llama.script(says("It is about a caravan of two hundred llamas [1]."))
    address = f"{fake_web.url}/news/llamas"
    await begin(screen, address)
    await is_answered(screen)
    await expect(chips(screen)).to_have_text(["1"])
    assert len(fake_llama.requests) == 1
    assert fake_web.queries == []
    assert "A caravan of two hundred llamas crossed the Andes today" in prompt(fake_llama)
    assert "say in two or three sentences what its page says" in prompt(fake_llama)
    await expect(ready(screen)).to_have_text(
        ["What are the main points?", "Is this true?", "Explain it in simple words"]
    )
    await expect(ready(screen).first).to_be_in_viewport()
    fake_llama.script(says("Llamas, salt and wool."))
    await ready(screen).first.click()
    await expect(questions(screen).last).to_have_text("What are the main points?")
    await expect(answers(screen)).to_have_count(2)
    await is_answered(screen)
    await expect(ready(screen)).to_have_count(0)
    if mode == "off":
        # A model that cannot open the page again is given it again.
        assert "A caravan of two hundred llamas crossed the Andes today" in prompt(fake_llama)


async def test_a_link_in_a_question_is_read(page: Page, mode: str, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.finds(NEWS)
    address = f"{fake_web.url}/news/llamas"
    fake_llama.script(calls(mode, "open_page", address=address), says("It is about a caravan of llamas [1]."))
    await begin(page, f"What does {address} say?")
    await is_answered(page)
    await expect(chips(page)).to_have_text(["1"])
    assert fake_web.queries == []


async def test_a_page_that_cannot_be_read_is_said_to_the_model(
    page: Page, fake_llama: FakeLlama, fake_web: FakeWeb
) -> None:
    fake_llama.script(says("I could not read that page."))
    await begin(page, f"{fake_web.url}/nowhere")
    await is_answered(page)
    await expect(answers(page)).to_have_text("I could not read that page.")
    assert "could not be read" in prompt(fake_llama)
    await expect(page.locator(".found")).to_contain_text("Could not read")
    await expect(ready(page)).to_have_count(0)


async def test_who_wants_no_search_has_no_page_opened(page: Page, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    fake_web.finds(NEWS)
    await page.goto("/")
    await page.get_by_role("combobox", name="Search the web").select_option("Never")
    await say(page, f"{fake_web.url}/news/llamas")
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    assert fake_web.asked == []


async def test_a_pasted_text_alone_is_summarised_and_questions_are_offered(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("A long post about llamas."))
    await page.goto("/")
    await composer(page).evaluate(
        """(field, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        "Llamas are soft. " * 6_000,
    )
    await expect(page.get_by_text("Attached: Pasted text")).to_be_attached()
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    assert "The person sent this without a word" in prompt(fake_llama)
    await expect(ready(page)).to_have_count(3)
    await page.reload()
    await expect(ready(page)).to_have_count(3)


@pytest.mark.slow
async def test_draw_me_a_cat_is_drawn(page: Page, mode: str, fake_llama: FakeLlama, painter: Painter) -> None:
    wish = page.get_by_role("button", name="Draw this")
    fake_llama.script(calls(mode, "create_image", prompt="a cat"))
    if mode == "off":
        fake_llama.script(says("I can describe a cat."))
    await begin(page, "draw me a cat")
    if mode == "off":
        await wish.click(timeout=15_000)
    await expect(page.locator(".message-picture img")).to_be_visible(timeout=30_000)
    await is_answered(page)
    await expect(wish).to_have_count(0)
    await expect(page.get_by_role("link", name="Change, animate or share")).to_be_visible()
    await page.reload()
    await expect(page.locator(".message-picture img")).to_be_visible()
    await expect(wish).to_have_count(0)
