"""Everything one can do while talking, in a real browser."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from assistant.database import in_thread
from assistant.models import Conversation, Feedback, Message, Run
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, conversation_of, converse, held, is_answered, questions, say
from tests.fake_llama import FakeLlama, Gate, says
from tests.servers import Worker, soon

LONG = "\n\n".join(f"Paragraph {number} of a long answer, which goes on and on." for number in range(1, 41))


# The start page


async def test_a_visitor_finds_one_field_and_a_few_suggestions(page: Page) -> None:
    await page.goto("/")
    await expect(composer(page)).to_be_focused()
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    await expect(page.get_by_role("group", name="Suggestions").get_by_role("button")).to_have_count(4)
    await expect(page.get_by_text("No account needed.")).to_be_visible()


async def test_a_visitor_taps_a_suggestion_and_reads_an_answer(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Begin at the Plaza de Armas."))
    await page.goto("/")
    await page.get_by_role("button", name="Plan a weekend in Cusco").click()
    await page.wait_for_url("**/c/**")
    await expect(questions(page)).to_have_text("Plan a weekend in Cusco")
    await expect(answers(page)).to_have_text("Begin at the Plaza de Armas.")


async def test_spaces_alone_are_not_sent(page: Page) -> None:
    await page.goto("/")
    await composer(page).fill("   ")
    await composer(page).press("Enter")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    await expect(page).to_have_url(re.compile(r"/$"))


# Without any script


async def test_a_person_without_script_reads_the_answer_as_it_grows(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "Soft rain is falling on the roof.", 2)
    page = await open_page(java_script_enabled=False)
    await begin(page, "A line about rain, please")
    await expect(questions(page)).to_have_text("A line about rain, please")
    await expect(answers(page)).to_have_text("Soft rain", timeout=15_000)
    gate.open()
    await expect(answers(page)).to_have_text("Soft rain is falling on the roof.", timeout=15_000)
    await is_answered(page)


async def test_a_person_without_script_stops_edits_and_tries_again(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "Never to be finished.", 2)
    page = await open_page(java_script_enabled=False)
    await begin(page, "Two")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#thread").get_by_text("You stopped this answer.")).to_be_visible(timeout=15_000)
    gate.open()
    fake_llama.script(says("Third."), says("Fourth."))
    await page.get_by_role("link", name="Edit").click()
    await page.locator(".edit textarea").fill("Three")
    await page.get_by_role("button", name="Save and send").click()
    await expect(answers(page)).to_have_text("Third.", timeout=15_000)
    await expect(questions(page)).to_have_text("Three")
    await page.get_by_role("button", name="Answer again").click()
    await expect(answers(page)).to_have_text("Fourth.", timeout=15_000)


# Sending and reading


async def test_words_appear_while_the_model_still_speaks(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "One two three four.", 2)
    await begin(page)
    await expect(answers(page)).to_have_text("One two")
    await expect(page.get_by_role("button", name="Answer again")).to_have_count(0)
    gate.open()
    await expect(answers(page)).to_have_text("One two three four.")
    await expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    await expect(composer(page)).to_be_focused()
    await expect(composer(page)).to_have_value("")


AS_FETCHED = """async () => {
  const request = new XMLHttpRequest();
  request.open("GET", document.getElementById("thread").dataset.messages);
  request.setRequestHeader("X-Fragment", "1");
  request.responseType = "document";
  await new Promise((done) => { request.onload = done; request.send(); });
  const fetched = request.response.querySelectorAll("article");
  const shown = document.querySelectorAll("#thread article");
  return fetched.length === shown.length && [...fetched].every((article, index) => article.isEqualNode(shown[index]));
}"""


async def test_what_is_selected_and_focused_stays_so_while_another_tab_goes_on(page: Page) -> None:
    await converse(page, "Hello")
    await page.get_by_role("button", name="Copy", exact=True).last.focus()
    await answers(page).evaluate("one => getSelection().selectAllChildren(one)")
    selected = await page.evaluate("getSelection().toString()")
    other = await page.context.new_page()
    await other.goto(page.url)
    await say(other, "More")
    await expect(answers(page)).to_have_count(2)
    await is_answered(page)
    assert await page.evaluate("getSelection().toString()") == selected
    assert await page.evaluate("document.activeElement.closest('.message-answer') !== null")


async def test_an_answer_that_came_in_pieces_is_the_one_that_a_reload_would_show(
    page: Page, fake_llama: FakeLlama
) -> None:
    gate = held(fake_llama, "One two three **four** five six.", 1)
    await begin(page)
    for words in ("One", "One two", "One two three", "One two three four", "One two three four five"):
        await expect(answers(page)).to_have_text(words)
        gate.let(1)
    await is_answered(page)
    assert await page.evaluate(AS_FETCHED)


async def test_a_person_waits_and_is_told_so(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "At last.", 0)
    await page.clock.install()
    await begin(page)
    waiting = page.locator(".waiting")
    await expect(waiting).to_contain_text("Thinking")
    # The page counts anew from each thing it hears, until it has heard all.
    async with asyncio.timeout(15):
        while not await waiting.filter(has_text="can take a minute").count():
            await page.clock.fast_forward(11_000)
            await expect(page.locator("#status")).to_have_text("Answering")
    gate.open()
    await expect(answers(page)).to_have_text("At last.")
    await expect(waiting).to_have_count(0)


@pytest.mark.parametrize("by", ["button", "Escape"])
async def test_a_person_stops_an_answer_and_goes_on(page: Page, fake_llama: FakeLlama, by: str) -> None:
    held(fake_llama, "One two three four.", 2)
    await begin(page)
    await expect(answers(page)).to_have_text("One two")
    if by == "button":
        await page.get_by_role("button", name="Stop").click()
    else:
        await page.keyboard.press("Escape")
    await expect(page.locator("#thread").get_by_text("You stopped this answer.")).to_be_visible()
    await fake_llama.until(lambda counts: counts.closed_by_client == 1)
    await expect(answers(page)).to_have_text("One two")
    fake_llama.script(says("Gladly."))
    await say(page, "Go on, please")
    await expect(answers(page).last).to_have_text("Gladly.")


async def test_nothing_is_sent_over_an_answer_that_is_being_written(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, "One two three.", 1)
    await begin(page)
    await expect(answers(page)).to_have_text("One")
    await composer(page).fill("And another thing")
    await composer(page).press("Enter")
    await expect(page.get_by_text("still being written")).to_be_visible()
    await expect(composer(page)).to_have_value("And another thing")
    gate.open()
    await is_answered(page)
    await composer(page).press("Enter")
    await expect(answers(page)).to_have_count(2)
    await expect(page.get_by_text("still being written")).to_have_count(0)


async def test_a_person_asks_for_another_answer(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("First."), says("Second."))
    await converse(page, "Say something")
    await page.get_by_role("button", name="Answer again").click()
    await expect(answers(page)).to_have_text(["Second."])
    await page.reload()
    await expect(answers(page)).to_have_text(["Second."])


# Editing


async def start_editing(page: Page, number: int = 0) -> Locator:
    """Open the editor of one's own message; returns its field."""
    await page.locator(".message-user").nth(number).hover()
    await page.get_by_role("link", name="Edit").nth(number).click()
    return page.locator(".edit textarea")


async def test_a_person_edits_a_message_and_the_talk_goes_on_from_there(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Lima."), says("Ten million."), says("La Paz, or Sucre."))
    await converse(page, "Capital of Peru?", "How many people?")
    field = await start_editing(page)
    await expect(field).to_have_value("Capital of Peru?")
    await expect(field).to_be_focused()
    await field.fill("Capital of Bolivia?")
    await page.get_by_role("button", name="Save and send").click()
    await expect(answers(page)).to_have_text(["La Paz, or Sucre."])
    await expect(questions(page)).to_have_text(["Capital of Bolivia?"])


async def test_a_person_thinks_better_of_an_edit(page: Page) -> None:
    await converse(page, "As it was")
    field = await start_editing(page)
    await field.fill("Something else")
    await field.press("Escape")
    await expect(questions(page)).to_have_text("As it was")
    await expect(page.get_by_role("link", name="Edit")).to_be_focused()
    await page.reload()
    await expect(page.locator(".edit")).to_have_count(0)


async def test_a_half_made_edit_is_there_after_a_reload(page: Page) -> None:
    await converse(page, "As it was")
    await (await start_editing(page)).fill("Half of a new")
    await page.reload()
    await expect(page.locator(".edit textarea")).to_have_value("Half of a new")


# Copying


async def clipboard(page: Page) -> str:
    text: str = await page.evaluate("navigator.clipboard.readText()")
    return text


async def test_a_person_copies_an_answer_and_its_code(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Do **this**:\n\n1. Boil water\n2. Wait\n\n```python\nprint('tea')\n```\n"))
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await converse(page, "How do I make tea?")
    await page.locator(".message-answer").locator("footer").get_by_role("button", name="Copy", exact=True).click()
    await expect(page.locator("#status")).to_have_text("Copied")
    assert await clipboard(page) == "Do **this**:\n\n1. Boil water\n2. Wait\n\n```python\nprint('tea')\n```\n"
    await page.locator(".copy-code").click()
    await expect(page.locator(".copy-code")).to_have_text("Copied")
    assert await clipboard(page) == "print('tea')"


async def test_a_person_copies_their_own_words(open_page: OpenPage) -> None:
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await converse(page, "My own *words*")
    await page.locator(".message-user").hover()
    await page.locator(".message-user").get_by_role("button", name="Copy").click()
    await expect(page.locator("#status")).to_have_text("Copied")
    assert await clipboard(page) == "My own *words*"


# Thumbs


@in_thread
def feedback_in(conversation: Conversation) -> tuple[bool, str]:
    feedback = Feedback.objects.get(message__conversation=conversation)
    return feedback.good, feedback.word


async def test_a_person_says_what_was_wrong(page: Page) -> None:
    await converse(page, "Tell me something")
    await page.get_by_role("button", name="Bad answer").click()
    word = page.get_by_label("What was wrong with it?")
    await expect(word).to_be_focused()
    await word.fill("Too short")
    await word.press("Enter")
    await expect(page.get_by_text("Thank you, it is noted.")).to_be_visible()
    assert await feedback_in(await conversation_of(page)) == (False, "Too short")
    await page.reload()
    await expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")


async def test_a_person_likes_an_answer_and_changes_their_mind(page: Page) -> None:
    await converse(page, "Tell me something")
    good, bad = (page.get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    await bad.click()
    await expect(bad).to_have_attribute("aria-pressed", "true")
    await expect(good).to_have_attribute("aria-pressed", "false")
    assert await feedback_in(await conversation_of(page)) == (False, "")


# Writing


async def test_a_draft_outlives_a_reload(page: Page) -> None:
    await page.goto("/")
    await composer(page).fill("Half a thought")
    await page.reload()
    await expect(composer(page)).to_have_value("Half a thought")
    await composer(page).press("Enter")
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    await composer(page).fill("And the other half")
    await page.reload()
    await expect(composer(page)).to_have_value("And the other half")
    await page.goto("/")
    await expect(composer(page)).to_have_value("")


async def test_shift_and_enter_make_a_new_line_and_enter_sends(page: Page) -> None:
    await page.goto("/")
    await composer(page).press_sequentially("First line")
    height = (await composer(page).bounding_box() or {})["height"]
    await composer(page).press("Shift+Enter")
    await composer(page).press_sequentially("second line")
    assert (await composer(page).bounding_box() or {})["height"] > height
    await composer(page).press("Enter")
    await page.wait_for_url("**/c/**")
    assert await questions(page).inner_text() == "First line\nsecond line"


async def test_enter_that_ends_a_word_of_an_input_method_does_not_send(page: Page) -> None:
    await page.goto("/")
    keyboard = await page.context.new_cdp_session(page)
    await keyboard.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
    # As an input method reports its keys: by one code for all.
    enter = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    await keyboard.send("Input.dispatchKeyEvent", enter)
    await keyboard.send("Input.insertText", {"text": "日本"})
    await expect(composer(page)).to_have_value("日本")
    await expect(page).to_have_url(re.compile(r"/$"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/c/**")
    await expect(questions(page)).to_have_text("日本")


async def test_on_a_phone_enter_makes_a_new_line_and_the_button_sends(phone: Page) -> None:
    await phone.goto("/")
    await composer(phone).press_sequentially("One")
    await composer(phone).press("Enter")
    await composer(phone).press_sequentially("two")
    await expect(composer(phone)).to_have_value("One\ntwo")
    await phone.get_by_role("button", name="Send").tap()
    await phone.wait_for_url("**/c/**")
    assert await questions(phone).inner_text() == "One\ntwo"


# Long answers, long conversations


STILL = """element => new Promise(done => {
  let last, frames = 0;
  const look = () => {
    const top = element.getBoundingClientRect().top;
    frames = top === last ? frames + 1 : 0;
    last = top;
    frames < 6 ? requestAnimationFrame(look) : done(top);
  };
  look();
})"""


async def top_of(locator: Locator) -> float:
    """Where it stands in the window once nothing moves any more, in pixels."""
    top: float = await locator.evaluate(STILL)
    return top


async def test_new_text_follows_only_a_reader_at_the_end(page: Page, fake_llama: FakeLlama) -> None:
    gate = held(fake_llama, LONG, 330)
    await begin(page)
    jump = page.get_by_role("button", name="Jump to the end")
    await expect(page.get_by_text("Paragraph 29 ")).to_be_in_viewport()
    await expect(jump).to_be_hidden()
    await page.mouse.move(640, 300)
    await page.mouse.wheel(0, -1200)
    await expect(jump).to_be_visible()
    read = page.get_by_text("Paragraph 10 ")
    before = await top_of(read)
    gate.open()
    await is_answered(page)
    assert abs(await top_of(read) - before) < 2
    await jump.click()
    await expect(page.get_by_text("Paragraph 40 ")).to_be_in_viewport()
    await expect(jump).to_be_hidden()


@in_thread
def add_past(conversation: Conversation, messages: int) -> None:
    """Put so many older messages before the two that are there."""
    for message in conversation.messages.order_by("-position"):
        message.position += messages
        message.save()
    roles = (Message.Role.USER, Message.Role.ASSISTANT)
    Message.objects.bulk_create(
        Message(conversation=conversation, position=number, role=roles[(number - 1) % 2], text=f"Old words {number}.")
        for number in range(1, messages + 1)
    )


async def test_a_person_reads_back_through_a_long_conversation(page: Page) -> None:
    await converse(page, "The newest words")
    await add_past(await conversation_of(page), 118)
    await page.reload()
    messages = page.locator("article.message")
    await expect(messages).to_have_count(50)
    await expect(page.get_by_text("The newest words", exact=True).last).to_be_in_viewport()
    for count in (100, 120):
        earlier = page.get_by_role("link", name="Earlier messages")
        await earlier.scroll_into_view_if_needed()
        read = page.locator(f"[id='{await messages.first.get_attribute('id')}']")
        before = await top_of(read)
        await earlier.click()
        await expect(messages).to_have_count(count)
        assert abs(await top_of(read) - before) < 4
    await expect(page.get_by_role("link", name="Earlier messages")).to_have_count(0)
    await expect(page.get_by_text("Old words 1.", exact=True)).to_have_count(1)


# Names


async def test_a_name_is_shown_though_the_answer_ended_before_the_page_could_listen(
    page: Page, fake_llama: FakeLlama
) -> None:
    gate, listens = held(fake_llama, "It scatters the light.", 2), asyncio.Event()

    async def late(socket: WebSocketRoute) -> None:
        await listens.wait()
        socket.connect_to_server()

    await page.route_web_socket("**/ws/", late)
    await begin(page, "Why is the sky blue?")
    conversation = await conversation_of(page)
    gate.open()
    await soon(lambda: conversation.runs.filter(status=Run.Status.DONE).exists())
    await in_thread(Conversation.objects.filter(id=conversation.id).update)(title="The blue sky")
    listens.set()
    await is_answered(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("The blue sky", timeout=15_000)


@pytest.mark.slow
async def test_a_conversation_gets_a_name_which_the_list_shows(
    page: Page, fake_llama: FakeLlama, worker: Worker
) -> None:
    gate = Gate()
    fake_llama.on("Person: Why is the sky blue", says('"The blue sky"', gate=gate))
    await begin(page, "Why is the sky blue, and not green or violet, on a clear day?")
    side = page.get_by_role("navigation", name="Conversations")
    await expect(side.get_by_role("link", name="Why is the sky blue")).not_to_have_count(0)
    gate.open()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The blue sky", timeout=30_000)
    await expect(side.get_by_role("link", name="The blue sky", exact=True)).to_be_visible()
    await expect(page).to_have_title(re.compile("^The blue sky · "))
