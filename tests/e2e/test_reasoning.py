"""What a model thinks before it answers, in a real browser: a closed line that opens, never part of the answer."""

import re

from playwright.async_api import Locator, Page, expect

from tests.e2e.talk import answers, begin, composer, conversation_of, held, is_answered, questions, say
from tests.fake_llama import FakeLlama, Gate, says, thinks

THOUGHT_FOR = re.compile(r"Thought for (a moment|\d+ s)")
THOUGHT = "The person greets. <b>I</b> could\n\ngreet back & smile."


def line(page: Page) -> Locator:
    """The line over the answer."""
    return page.locator(".reasoning summary")


def thoughts(page: Page) -> Locator:
    return page.locator(".reasoning .thoughts")


async def test_a_thought_is_a_closed_line_that_opens_by_keyboard(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(f"<think>\n{THOUGHT}\n</think>\n\nGood *day*."))
    await begin(page)
    await is_answered(page)
    await expect(answers(page)).to_have_text("Good day.")
    await expect(line(page)).to_have_text(THOUGHT_FOR)
    await expect(thoughts(page)).to_be_hidden()
    await line(page).focus()
    await page.keyboard.press("Enter")
    await expect(thoughts(page)).to_be_visible()
    assert await thoughts(page).inner_text() == THOUGHT
    await page.keyboard.press("Enter")
    await expect(thoughts(page)).to_be_hidden()
    assert (await conversation_of(page)).title == "Hello"


async def test_a_thought_can_be_read_while_it_grows_and_stays_open(page: Page, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(thinks("One two three.", "The answer.", gate=gate))
    gate.let(2)
    await begin(page)
    await expect(line(page)).to_have_text("Thinking")
    await expect(page.locator(".waiting")).to_be_hidden()
    await line(page).click()
    await expect(thoughts(page)).to_have_text("One two")
    gate.let(2)
    await expect(thoughts(page)).to_have_text("One two three.")
    await expect(line(page)).to_have_text(THOUGHT_FOR)
    await expect(answers(page)).to_have_text("The")
    gate.open()
    await is_answered(page)
    await expect(answers(page)).to_have_text("The answer.")
    await expect(thoughts(page)).to_be_visible()
    await expect(thoughts(page)).to_have_text("One two three.")


async def test_text_that_turns_out_to_be_thought_becomes_one(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "I think about it.\n\nLong.\n</think>\n\nThe answer.", 4)
    await begin(page)
    await expect(answers(page)).to_have_text("I think about it.")
    gate.open()
    await is_answered(page)
    await expect(answers(page)).to_have_text("The answer.")
    await line(page).click()
    assert await thoughts(page).inner_text() == "I think about it.\n\nLong."


async def test_a_thought_outlives_a_reload_a_cut_line_and_a_second_tab(page: Page, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(thinks("One two three four.", "The answer.", field="reasoning", gate=gate))
    gate.let(2)
    await begin(page)
    await line(page).click()
    await expect(thoughts(page)).to_have_text("One two")
    await page.reload()
    await line(page).click()
    await expect(thoughts(page)).to_have_text("One two")
    second = await page.context.new_page()
    await second.goto(page.url)
    gate.let(1)
    await page.context.set_offline(True)
    await page.context.set_offline(False)
    for tab in (page, second):
        await expect(thoughts(tab)).to_have_text("One two three")
    gate.open()
    for tab in (page, second):
        await expect(answers(tab)).to_have_text("The answer.")
        await expect(thoughts(tab)).to_have_text("One two three four.")
    await is_answered(page)
    await page.reload()
    await expect(line(page)).to_have_text(THOUGHT_FOR)
    await expect(thoughts(page)).to_have_text("One two three four.")


async def test_stopping_a_thought_keeps_it_and_the_model_is_not_told_of_it(page: Page, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(thinks("One two three.", "The answer.", gate=gate))
    gate.let(2)
    await begin(page)
    await expect(line(page)).to_have_text("Thinking")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#thread").get_by_text("You stopped this answer.")).to_be_visible()
    await expect(page.get_by_role("button", name="Copy")).to_have_count(1)
    await expect(thoughts(page)).to_have_text("One two")
    fake_llama.script(says("<think>Again.</think>Good day."), says("And you?"))
    await say(page, "Hello again")
    await expect(answers(page).last).to_have_text("Good day.")
    await is_answered(page)
    await say(page, "I am well")
    await expect(answers(page).last).to_have_text("And you?")
    sent = [message["content"] for message in fake_llama.requests[-1]["messages"][1:]]
    assert "Good day." in sent
    assert not any("One two" in text or "Again." in text for text in sent)


async def test_a_model_that_only_thinks_can_be_asked_again(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("<think>Round and round", reason="length"), says("Here."))
    await begin(page)
    await expect(page.locator("#thread").get_by_text("came to no answer")).to_be_visible()
    await expect(thoughts(page)).to_have_text("Round and round")
    await page.get_by_role("button", name="Try again").click()
    await expect(answers(page)).to_have_text("Here.")
    await is_answered(page)
    await expect(line(page)).to_have_count(0)


async def test_copying_leaves_the_thought_out(page: Page, fake_llama: FakeLlama) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fake_llama.script(says("<thinking>Hmm.</thinking>Good day."))
    await begin(page)
    await is_answered(page)
    await page.locator(".message-answer").get_by_role("button", name="Copy", exact=True).click()
    await expect(page.locator("#status")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == "Good day."


async def test_a_long_thought_opens_in_place_and_fits_a_phone(phone: Page, fake_llama: FakeLlama) -> None:
    long = "\n\n".join(f"Step {number}: {'a' * 80} and on." for number in range(60))
    fake_llama.script(says(f"<think>{long}</think>The answer.", chunk="all"))
    await begin(phone)
    await is_answered(phone)
    box = await line(phone).bounding_box()
    assert box
    assert box["height"] >= 44
    await line(phone).tap()
    await expect(thoughts(phone)).to_be_visible()
    await expect(phone.get_by_role("button", name="Jump to the end")).to_be_visible()
    await expect(line(phone)).to_be_in_viewport()
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
    await composer(phone).fill("And")
    await expect(questions(phone)).to_have_count(1)


async def test_a_model_that_does_not_think_shows_no_such_line(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("A `<think>` mark is closed by `</think>`."))
    await begin(page)
    await is_answered(page)
    await expect(answers(page)).to_have_text("A <think> mark is closed by </think>.")
    await expect(line(page)).to_have_count(0)
