"""Versions of answers and questions: go back and forth, branch, go on, ask for another kind of answer."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import APIResponse, Locator, Page, Route, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.hands import Hand, Way, screen
from tests.e2e.talk import answers, begin, conversation_of, converse, held, is_answered, open_slowly, questions, say
from tests.fake_llama import FakeLlama, says

SCREENS: tuple[Way, ...] = ("keyboard", "touch")


def earlier(page: Page) -> Locator:
    return page.get_by_role("button", name="Earlier version")


def later(page: Page) -> Locator:
    return page.get_by_role("button", name="Later version")


def again(page: Page) -> Locator:
    return page.get_by_role("button", name="Answer again")


def asked(llama: FakeLlama) -> list[str]:
    """What the model was sent last, without the system text, the tools and the date."""
    messages = llama.requests[-1]["messages"][1:]
    return [message["content"].split("\n\n(Today")[0].rpartition("})\n\n")[2] for message in messages]


async def focus_is_kept(page: Page) -> None:
    assert await page.evaluate("document.activeElement !== document.body")


@pytest.mark.parametrize("way", SCREENS)
async def test_a_person_goes_back_to_an_answer_and_on_from_there(
    open_page: OpenPage, fake_llama: FakeLlama, way: Way
) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    fake_llama.script(says("First."), says("Second."), says("After the first."), says("After the second."))
    await converse(page, "Say something")
    await hand.press(again(page))
    await expect(answers(page)).to_have_text(["Second."])
    await is_answered(page)
    await focus_is_kept(page)
    await expect(page.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await hand.press(earlier(page))
    await expect(answers(page)).to_have_text(["First."])
    await expect(earlier(page)).to_be_focused()
    await expect(page.locator("#status")).to_have_text("Version 1 of 2")
    await page.reload()
    await expect(answers(page)).to_have_text(["First."])
    await say(page, "And then?")
    await expect(answers(page)).to_have_text(["First.", "After the first."])
    await is_answered(page)
    assert asked(fake_llama) == ["Say something", "First.", "And then?"]
    await hand.press(later(page))
    await expect(answers(page)).to_have_text(["Second."])
    await expect(questions(page)).to_have_text(["Say something"])
    await expect(later(page)).to_be_focused()
    await say(page, "What else?")
    await expect(answers(page)).to_have_text(["Second.", "After the second."])
    await is_answered(page)
    assert asked(fake_llama) == ["Say something", "Second.", "What else?"]
    await hand.press(earlier(page))
    await expect(questions(page)).to_have_text(["Say something", "And then?"])
    await expect(answers(page)).to_have_text(["First.", "After the first."])


async def test_a_person_goes_back_to_what_they_had_said_first(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Lima."), says("Sucre."))
    await converse(page, "Capital of Peru?")
    await page.locator(".message-user").hover()
    await page.get_by_role("link", name="Edit").click()
    await page.locator(".edit textarea").fill("Capital of Bolivia?")
    await page.locator(".edit textarea").press("Control+Enter")
    await expect(answers(page)).to_have_text(["Sucre."])
    await is_answered(page)
    await focus_is_kept(page)
    await earlier(page).click()
    await expect(questions(page)).to_have_text(["Capital of Peru?"])
    await expect(answers(page)).to_have_text(["Lima."])
    # There is none before the first; the button stays, for the focus.
    await expect(earlier(page)).to_be_disabled()
    await earlier(page).press("Enter")
    await expect(earlier(page)).to_be_focused()
    await expect(questions(page)).to_have_text(["Capital of Peru?"])
    await later(page).click()
    await expect(answers(page)).to_have_text(["Sucre."])


async def test_another_tab_shows_the_version_that_was_chosen(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("First."), says("Second."))
    await converse(page, "Say something")
    other = await page.context.new_page()
    await other.goto(page.url)
    await again(page).click()
    await expect(answers(other)).to_have_text(["Second."])
    await is_answered(other)
    await earlier(other).click()
    await expect(answers(page)).to_have_text(["First."])


async def test_a_slow_page_shows_the_version_that_was_chosen_before_its_socket_was_there(
    page: Page, fake_llama: FakeLlama
) -> None:
    fake_llama.script(says("First."), says("Second."))
    await converse(page, "Say something")
    await again(page).click()
    await expect(answers(page)).to_have_text(["Second."])
    await is_answered(page)
    slow = await page.context.new_page()
    script_comes = await open_slowly(slow, page.url)
    await expect(answers(slow)).to_have_text(["Second."])
    await earlier(page).click()
    await expect(answers(page)).to_have_text(["First."])
    script_comes.set()
    await expect(answers(slow)).to_have_text(["First."])


async def test_no_version_is_chosen_while_an_answer_is_written(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("First."), says("Second."))
    await converse(page, "Say something")
    await again(page).click()
    await expect(answers(page)).to_have_text(["Second."])
    await is_answered(page)
    gate = held(fake_llama, "One two three.", 1)
    await say(page, "More")
    await expect(answers(page).last).to_have_text("One")
    await earlier(page).click()
    await expect(page.get_by_text("An answer is still being written.")).to_be_visible()
    gate.open()
    await is_answered(page)
    await expect(answers(page)).to_have_text(["Second.", "One two three."])


async def test_a_person_without_script_goes_back_and_forth(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("First."), says("Second."), says("Brief."))
    page = await open_page(java_script_enabled=False)
    await begin(page, "Say something")
    await expect(answers(page)).to_have_text(["First."], timeout=15_000)
    await again(page).click()
    await expect(answers(page)).to_have_text(["Second."], timeout=15_000)
    await earlier(page).click()
    await expect(answers(page)).to_have_text(["First."])
    await later(page).click()
    await expect(answers(page)).to_have_text(["Second."])
    await page.get_by_role("button", name="Answer in another way").click()
    await page.get_by_role("button", name="Shorter", exact=True).click()
    await expect(answers(page)).to_have_text(["Brief."], timeout=15_000)
    assert "few words" in fake_llama.requests[-1]["messages"][-1]["content"]


# Other ways to answer


@pytest.mark.parametrize("way", SCREENS)
async def test_a_person_asks_for_a_shorter_answer(open_page: OpenPage, fake_llama: FakeLlama, way: Way) -> None:
    page = await open_page(**screen(way))
    hand = Hand(page, way)
    fake_llama.script(says("A long answer."), says("Brief."), says("Plain."))
    await converse(page, "Say something")
    await hand.press(page.get_by_role("button", name="Answer in another way"))
    menu = page.get_by_role("menu", name="Answer in another way")
    await expect(menu.get_by_role("menuitem")).to_have_text(["Answer again", "Shorter", "Longer", "Simpler"])
    await expect(menu.get_by_role("menuitem", name="Answer again")).to_be_focused()
    if way == "keyboard":
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Answer in another way")).to_be_focused()
        for key in ("Enter", "ArrowDown", "Enter"):
            await page.keyboard.press(key)
    else:
        await menu.get_by_role("menuitem", name="Shorter").tap()
    await expect(answers(page)).to_have_text(["Brief."])
    await is_answered(page)
    await focus_is_kept(page)
    assert "few words" in fake_llama.requests[-1]["messages"][-1]["content"]
    await hand.press(again(page))
    await expect(answers(page)).to_have_text(["Plain."])
    await is_answered(page)
    assert "few words" not in fake_llama.requests[-1]["messages"][-1]["content"]
    await expect(page.get_by_role("group", name="Version 3 of 3")).to_be_visible()


# Going on


async def test_a_cut_piece_of_code_goes_on_as_one(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(
        says("Here:\n\n```python\nfor i in range(3):\n    pri", reason="length"),
        says("```python\n    print(i)\n```\n\nThat is all."),
    )
    await begin(page, "Some code")
    await expect(page.locator("#thread").get_by_text("reached its longest length")).to_be_visible()
    await page.get_by_role("button", name="Continue").click()
    await expect(answers(page)).to_contain_text("That is all.")
    await is_answered(page)
    await focus_is_kept(page)
    for _ in range(2):
        await expect(page.locator("figure code")).to_have_text("for i in range(3):\n    print(i)")
        await expect(page.get_by_role("button", name="Continue")).to_have_count(0)
        await expect(page.locator(".versions")).to_have_count(0)
        await page.reload()
    assert asked(fake_llama)[:2] == ["Some code", "Here:\n\n```python\nfor i in range(3):\n    pri"]


async def test_what_a_person_stopped_goes_on_and_is_stopped_and_goes_on(page: Page, fake_llama: FakeLlama) -> None:
    held(fake_llama, "One two three four.", 2)
    await begin(page)
    await expect(answers(page)).to_have_text("One two")
    await page.get_by_role("button", name="Stop").click()
    held(fake_llama, " three and four.", 1)
    await page.get_by_role("button", name="Continue").click()
    await expect(answers(page)).to_have_text("One two three")
    await page.reload()
    await expect(answers(page)).to_have_text("One two three")
    await page.get_by_role("button", name="Stop").click()
    fake_llama.script(says(" four."))
    await page.get_by_role("button", name="Continue").click()
    await expect(answers(page)).to_have_text("One two three four.")
    await is_answered(page)
    conversation = await conversation_of(page)
    assert await conversation.messages.acount() == 2


async def test_a_person_without_script_lets_an_answer_go_on(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("One two", reason="length"), says("three."))
    page = await open_page(java_script_enabled=False)
    await begin(page)
    await page.get_by_role("button", name="Continue").click(timeout=15_000)
    await expect(answers(page)).to_have_text("One two three.", timeout=15_000)


# Answers to requests that come too late


class Held:
    """Requests for the messages that wait for the test, each already answered by the server."""

    def __init__(self) -> None:
        self.answered: asyncio.Queue[tuple[Route, APIResponse]] = asyncio.Queue()

    async def take(self, route: Route) -> None:
        self.answered.put_nowait((route, await route.fetch()))


async def test_messages_fetched_before_one_was_accepted_do_not_remove_it(page: Page, fake_llama: FakeLlama) -> None:
    await converse(page, "One")
    requests: Any = Held()
    await page.route("**/messages", requests.take, times=1)
    other = await page.context.new_page()
    await other.goto(page.url)
    fake_llama.script(says("Two."), says("Three."))
    await say(other, "From the other tab")
    route, response = await requests.answered.get()
    await is_answered(other)
    await expect(answers(other)).to_have_count(2)
    await say(page, "From this tab")
    await expect(answers(page).last).to_have_text("Three.")
    await is_answered(page)
    await route.fulfill(response=response)
    await expect(questions(page)).to_have_text(["One", "From the other tab", "From this tab"])
    await expect(answers(page)).to_have_text(["Hello from the llama.", "Two.", "Three."])
