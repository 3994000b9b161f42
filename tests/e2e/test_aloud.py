"""Answers read aloud in a real browser, by a scripted voice, or by one of the browser's own."""

import os
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.conftest import OpenPage, opener
from tests.e2e.talk import becomes, composer, converse, is_answered, say
from tests.e2e.test_access import SMALL
from tests.fake_llama import FakeLlama, says
from tests.recordings import recording
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Site, soon

PATH = "/v1/audio/speech"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
FIRST = "Llamas live in the high Andes, where the air is thin and the grass is short."
SECOND = "They hum to each other all day long, and nobody knows what about."
THIRD = "A herd has a leader, and the others follow it up the paths to the snow."
MARKS = f"Llamas live in the **high *Andes***,{FIRST[30:]}"
ANSWER = f"{MARKS} {SECOND}\n\n- {THIRD}\n\n```python\nhum()\n```"
MARKED = "[...(CSS.highlights.get('aloud') ?? [])].map(range => range.toString()).join()"
# A voice that speaks when it is told to: a browser without a screen has none.
VOICES = """(local) => {
  const voice = {name: "Ana", lang: "en-US", localService: local};
  const synthesis = new EventTarget();
  window.spoken = [];
  Object.assign(synthesis, {
    getVoices: () => [voice], pause() { this.paused = true; }, resume() { this.paused = false; },
    speak(one) { spoken.push([one.text, one.voice.name]); this.end = () => one.dispatchEvent(new Event("end")); },
    cancel() { this.cancelled = true; },
  });
  Object.defineProperty(window, "speechSynthesis", {value: synthesis});
  window.SpeechSynthesisUtterance = class extends EventTarget { constructor(text) { super(); this.text = text; } };
}"""


@pytest.fixture
async def open_listener(browser: Browser, speaking_site: Site) -> AsyncIterator[OpenPage]:
    """Opens fresh browsers at a site with a voice; a script error fails the test."""
    async with opener(browser, speaking_site) as open_one:
        yield open_one


@pytest.fixture
async def listener(open_listener: OpenPage, fake_llama: FakeLlama) -> Page:
    """Such a browser, with an answer of three sentences and code."""
    page = await open_listener()
    fake_llama.script(says(ANSWER))
    await converse(page, "Tell me about llamas")
    return page


def button(page: Page, number: int = 0) -> Locator:
    return page.get_by_role("button", name="Read aloud").nth(number)


def bar(page: Page) -> Locator:
    return page.get_by_role("group", name="Reading aloud")


def holds(speech: ScriptedHTTP, after: int = 0) -> None:
    """So many sentences are spoken, and the next never comes."""
    speech.script(PATH, *[Reply(recording("mp3", 0.3))] * after, Reply(hangs=True))


def inputs(speech: ScriptedHTTP) -> list[str]:
    return [asked.body["input"] for asked in speech.to(PATH)]


async def marks(page: Page, sentence: str) -> None:
    """Wait until this sentence is marked."""
    await becomes(page, MARKED, sentence)


async def test_it_is_read_sentence_by_sentence_and_each_is_marked(listener: Page, speech: ScriptedHTTP) -> None:
    await button(listener).click()
    await expect(bar(listener)).to_be_visible()
    for sentence in (FIRST, SECOND, THIRD):
        await marks(listener, sentence)
    await expect(bar(listener)).to_be_hidden()
    assert await listener.evaluate(MARKED) == ""
    assert inputs(speech) == [FIRST, SECOND, THIRD, "Code."]


async def test_one_sentence_is_fetched_ahead_and_no_more(listener: Page, speech: ScriptedHTTP) -> None:
    speech.script(PATH, Reply(recording("mp3", 60)))
    await button(listener).click()
    await soon(lambda: len(inputs(speech)) == 2)
    await marks(listener, FIRST)
    assert inputs(speech) == [FIRST, SECOND]


async def test_pause_and_go_on(open_listener: OpenPage, fake_llama: FakeLlama, speech: ScriptedHTTP) -> None:
    page = await open_listener()
    await page.add_init_script(
        "window.AudioContext = class extends AudioContext { constructor() { super(); window.sound = this; } }"
    )
    fake_llama.script(says(ANSWER))
    await converse(page, "Tell me")
    speech.script(PATH, Reply(recording("mp3", 60)))
    await button(page).click()
    await becomes(page, "sound.currentTime > 0")
    await bar(page).get_by_role("button", name="Pause").click()
    await becomes(page, "sound.state === 'suspended'")
    await bar(page).get_by_role("button", name="Go on").click()
    await becomes(page, "sound.state === 'running'")
    await bar(page).get_by_role("button", name="Stop reading").click()
    await becomes(page, "sound.state === 'closed'")
    await expect(bar(page)).to_be_hidden()
    await expect(button(page)).to_be_focused()


async def test_escape_stops_it_and_lets_the_voice_go(listener: Page, speech: ScriptedHTTP) -> None:
    holds(speech)
    await button(listener).click()
    await soon(lambda: speech.asked)
    await listener.keyboard.press("Escape")
    await expect(bar(listener)).to_be_hidden()
    await soon(lambda: speech.left)
    await expect(listener.locator("#notice")).to_have_text("")


async def test_the_same_button_stops_it_and_another_begins_its_own(
    listener: Page, fake_llama: FakeLlama, speech: ScriptedHTTP
) -> None:
    fake_llama.script(says("Alpacas are smaller, and their wool is softer than any other in the mountains."))
    await say(listener, "And alpacas?")
    await expect(button(listener, 1)).to_be_attached()
    holds(speech)
    await button(listener).click()
    await marks(listener, FIRST)
    await button(listener, 1).click()
    await marks(listener, "Alpacas are smaller, and their wool is softer than any other in the mountains.")
    await button(listener, 1).click()
    await expect(bar(listener)).to_be_hidden()
    assert await listener.evaluate(MARKED) == ""


async def test_another_version_ends_it_and_a_thumb_does_not(
    listener: Page, fake_llama: FakeLlama, speech: ScriptedHTTP
) -> None:
    holds(speech)
    await button(listener).click()
    await marks(listener, FIRST)
    await listener.get_by_role("button", name="Good answer").click()
    await expect(listener.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    await expect(bar(listener)).to_be_visible()
    fake_llama.script(says("Another answer."))
    await listener.get_by_role("button", name="Answer again").click()
    await is_answered(listener)
    await expect(bar(listener)).to_be_hidden()


async def test_what_goes_wrong_is_said(listener: Page, speech: ScriptedHTTP) -> None:
    speech.script(PATH, Reply({"error": "x"}, 500))
    await button(listener).click()
    await expect(listener.locator("#notice")).to_have_text("This could not be read aloud right now. Please try again.")
    await expect(bar(listener)).to_be_hidden()
    speech.script(PATH, Reply(b"ID3 is no sound"))
    await button(listener).click()
    await expect(listener.locator("#notice")).to_have_text("This could not be read aloud. Please try again.")


async def test_where_words_are_not_found_their_block_is_marked(
    open_listener: OpenPage, fake_llama: FakeLlama, speech: ScriptedHTTP
) -> None:
    page = await open_listener()
    fake_llama.script(says("See https://example.com/llamas for all of it."))
    await converse(page, "Where?")
    holds(speech)
    await button(page).click()
    await becomes(page, f"{MARKED}.includes('for all of it')")
    await soon(lambda: inputs(speech) == ["See link for all of it."])


async def test_a_voice_of_the_browser_reads_where_the_server_has_none(
    open_page: OpenPage, fake_llama: FakeLlama
) -> None:
    page = await open_page()
    await page.add_init_script(f"({VOICES})(true)")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fake_llama.script(says(ANSWER))
    await converse(page, "Tell me")
    await button(page).click()
    for sentence in (FIRST, SECOND):
        await marks(page, sentence)
        await becomes(page, "spoken.at(-1)?.[0]", sentence)
        await page.evaluate("speechSynthesis.end()")
    await bar(page).get_by_role("button", name="Pause").click()
    assert await page.evaluate("speechSynthesis.paused") is True
    await page.keyboard.press("Escape")
    assert await page.evaluate("speechSynthesis.cancelled") is True
    assert {voice for _text, voice in await page.evaluate("spoken")} == {"Ana"}
    assert [url for url in asked if url.rstrip("/").endswith("/0")] == []


async def test_a_voice_that_sends_the_words_away_is_never_used(open_page: OpenPage, fake_llama: FakeLlama) -> None:
    page = await open_page()
    await page.add_init_script(f"({VOICES})(false)")
    await converse(page, "Tell me")
    await expect(page.get_by_role("button", name="Copy", exact=True).last).to_be_attached()
    await expect(page.locator("[data-read]")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desk", "phone"])
async def test_everybody_can_use_it(
    open_listener: OpenPage, fake_llama: FakeLlama, speech: ScriptedHTTP, scheme: str, screen: dict[str, object]
) -> None:
    page = await open_listener(color_scheme=scheme, **screen)
    fake_llama.script(says(ANSWER))
    await converse(page, "Tell me about llamas")
    holds(speech)
    await button(page).click()
    await marks(page, FIRST)
    assert [fault["help"] for fault in (await Axe().run(page)).response["violations"]] == []
    assert not screen or await page.evaluate(SMALL) == []
    assert await page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")
    if folder := os.environ.get("LOOK"):
        await page.screenshot(path=f"{folder}/aloud-{scheme}-{'phone' if screen else 'desk'}.png")
    await expect(composer(page)).to_be_visible()
