"""Dictating in a real browser, with a microphone that beeps and a scripted speech model."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import av
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, Route, async_playwright, expect

from tests.conftest import CHROMIUM_FLAGS
from tests.e2e.conftest import OpenPage, opener
from tests.e2e.talk import becomes, begin, composer, converse, is_answered, questions
from tests.e2e.test_access import SMALL
from tests.e2e.test_rooms import make
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Site, soon

PATH = "/v1/audio/transcriptions"
HEARD = "Where do llamas live?"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@asynccontextmanager
async def launched(*flags: str) -> AsyncIterator[Browser]:
    """A browser that asks nobody whether the microphone may be used: its flags say so."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags])
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def beeping() -> AsyncIterator[Browser]:
    """A browser with a microphone, in which it beeps."""
    async with launched("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream") as browser:
        yield browser


@pytest.fixture
async def open_ear(beeping: Browser, speaking_site: Site) -> AsyncIterator[OpenPage]:
    """Opens fresh browsers at a site where one can dictate; a script error fails the test."""
    async with opener(beeping, speaking_site) as open_one:
        yield open_one


@pytest.fixture
async def ear(open_ear: OpenPage) -> Page:
    """Such a browser, at the start page."""
    page = await open_ear()
    await page.goto("/")
    return page


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Dictate")


def strip(page: Page) -> Locator:
    return page.get_by_role("group", name="Dictation")


def part(page: Page, name: str) -> Locator:
    return strip(page).get_by_role("button", name=name)


def trouble(page: Page) -> Locator:
    return page.locator(".dictation-line")


async def listens(page: Page) -> None:
    await expect(strip(page)).to_contain_text("Listening")


async def dictate(page: Page) -> None:
    """Say something."""
    await button(page).click()
    await listens(page)
    await part(page, "Done").click()


def form_file(body: bytes) -> bytes:
    found = re.search(rb'filename="[^"]+"\r\nContent-Type: audio/webm\r\n\r\n(.*)\r\n--', body, re.DOTALL)
    assert found
    return found[1]


async def test_words_come_to_the_caret_and_are_not_sent(ear: Page, speech: ScriptedHTTP) -> None:
    await composer(ear).fill("Tell me: Thanks!")
    await composer(ear).evaluate("field => field.setSelectionRange(8, 8)")
    await button(ear).click()
    await listens(ear)
    await expect(composer(ear)).to_be_hidden()
    await expect(strip(ear).get_by_role("timer")).to_have_text("0:01")
    await part(ear, "Done").click()
    await expect(composer(ear)).to_have_value(f"Tell me: {HEARD} Thanks!")
    await expect(composer(ear)).to_be_focused()
    await expect(strip(ear)).to_be_hidden()
    assert "/c/" not in ear.url
    with av.open(BytesIO(form_file(speech.asked[0].body))) as recording:
        assert recording.streams.audio[0].codec_context.name == "opus"
        assert sum(frame.samples / frame.sample_rate for frame in recording.decode(audio=0)) > 0.9
    await ear.reload()
    await expect(composer(ear)).to_have_value(f"Tell me: {HEARD} Thanks!")


async def test_with_the_keyboard_alone(ear: Page) -> None:
    await composer(ear).focus()
    await ear.keyboard.press("Tab")
    await expect(button(ear)).to_be_focused()
    await ear.keyboard.press("Enter")
    await listens(ear)
    await expect(part(ear, "Done")).to_be_focused()
    await ear.keyboard.press("Enter")
    await expect(composer(ear)).to_have_value(HEARD)
    await ear.keyboard.press("Enter")
    await ear.wait_for_url("**/c/**")
    await expect(questions(ear)).to_have_text(HEARD)


async def test_escape_forgets_it_and_what_was_typed_stays(ear: Page, speech: ScriptedHTTP) -> None:
    await composer(ear).fill("Half a thought")
    await button(ear).click()
    await listens(ear)
    await ear.keyboard.press("Escape")
    await expect(composer(ear)).to_have_value("Half a thought")
    await expect(composer(ear)).to_be_focused()
    await expect(ear.locator("[data-dictation-status]")).to_have_text("Cancelled")
    assert speech.asked == []


TRACKS = """
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    tracks.push(...stream.getTracks());
    return stream;
  };
"""
STATES = "tracks.map(track => track.readyState).join()"


async def test_the_microphone_is_let_go_in_the_end_however_that_comes(open_ear: OpenPage) -> None:
    page = await open_ear()
    await page.add_init_script(TRACKS)
    await page.goto("/")
    await button(page).click()
    await listens(page)
    assert await page.evaluate(STATES) == "live"
    await part(page, "Done").click()
    await expect(composer(page)).to_have_value(HEARD)
    assert await page.evaluate(STATES) == "ended"
    await button(page).click()
    await listens(page)
    await page.keyboard.press("Escape")
    await becomes(page, STATES, "ended,ended")
    await button(page).click()
    await listens(page)
    # As where the conversation or the room has gone meanwhile.
    await page.evaluate("document.getElementById('composer').remove()")
    await becomes(page, STATES, "ended,ended,ended")
    await page.reload()
    await page.evaluate("void (window.MediaRecorder = class { static isTypeSupported() { return true; } })")
    await button(page).click()
    await expect(trouble(page)).to_contain_text("No microphone was found")
    assert await page.evaluate(STATES) == "ended"


async def test_escape_stops_no_answer_meanwhile(ear: Page, fake_llama: object) -> None:
    await converse(ear, "Hello")
    await button(ear).click()
    await listens(ear)
    await ear.keyboard.press("Escape")
    await expect(strip(ear)).to_be_hidden()
    await is_answered(ear)


async def test_what_a_server_between_takes_for_too_long_is_said_in_parts(ear: Page) -> None:
    await ear.route("**/dictate", lambda route: route.fulfill(status=413, body="<html>413</html>"))
    await dictate(ear)
    await expect(trouble(ear)).to_contain_text("Please say it in shorter parts.")


async def test_in_a_conversation_and_in_a_room(ear: Page) -> None:
    await converse(ear, "Hello")
    await dictate(ear)
    await expect(composer(ear)).to_have_value(HEARD)
    await ear.get_by_role("link", name="Invite others").click()
    await make(ear)
    await dictate(ear)
    await expect(composer(ear)).to_have_value(re.compile(re.escape(HEARD)))


async def test_what_is_pressed_while_it_is_written_down_cancels(ear: Page, speech: ScriptedHTTP) -> None:
    speech.script(PATH, Reply(hangs=True))
    await dictate(ear)
    await expect(strip(ear)).to_contain_text("Writing it down…")
    await soon(lambda: speech.asked)
    await expect(part(ear, "Cancel")).to_be_focused()
    await part(ear, "Cancel").click()
    await expect(composer(ear)).to_be_visible()
    await soon(lambda: speech.left)
    await expect(trouble(ear)).to_be_hidden()


async def test_a_key_that_is_held_down_cancels_nothing(ear: Page, speech: ScriptedHTTP) -> None:
    speech.script(PATH, Reply(hangs=True))
    await button(ear).click()
    await listens(ear)
    for _ in range(3):
        await ear.keyboard.down("Enter")
    await expect(strip(ear)).to_contain_text("Writing it down…")
    await soon(lambda: speech.asked)
    assert speech.left == []


async def test_a_microphone_that_is_refused(speaking_site: Site) -> None:
    denied = "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"
    async with launched(*denied) as browser, opener(browser, speaking_site) as open_one:
        page = await open_one()
        await page.goto("/")
        await composer(page).fill("Typed")
        await button(page).click()
        await expect(trouble(page)).to_contain_text("The browser did not allow the microphone.")
        await expect(composer(page)).to_have_value("Typed")
        await expect(composer(page)).to_be_focused()
        await composer(page).press("x")
        await expect(trouble(page)).to_be_hidden()


async def test_where_there_is_no_microphone(speaking_site: Site) -> None:
    async with launched("--use-fake-ui-for-media-stream") as browser, opener(browser, speaking_site) as open_one:
        page = await open_one()
        await page.goto("/")
        await button(page).focus()
        await page.keyboard.press("Enter")
        await expect(trouble(page)).to_contain_text("No microphone was found")
        await expect(button(page)).to_be_focused()


async def test_a_page_without_the_permission_to_listen_hears_nothing(ear: Page) -> None:
    """What the header says binds the browser: where no speech model is set no script gets the microphone."""

    async def forbid(route: Route) -> None:
        response = await route.fetch()
        await route.fulfill(response=response, headers={**response.headers, "permissions-policy": "microphone=()"})

    await ear.route("**/", forbid)
    await ear.reload()
    await button(ear).click()
    await expect(trouble(ear)).to_contain_text("The browser did not allow the microphone.")


@pytest.mark.parametrize(
    ("reply", "sentence", "again"),
    [
        (Reply({"text": "[BLANK_AUDIO]"}), "I could hear no words in this.", False),
        (Reply({"error": "x"}, 500), "could not be understood right now", True),
    ],
)
async def test_what_goes_wrong_is_said(
    ear: Page, speech: ScriptedHTTP, reply: Reply, sentence: str, again: bool
) -> None:
    speech.script(PATH, reply)
    await composer(ear).fill("Typed")
    await dictate(ear)
    await expect(trouble(ear)).to_contain_text(sentence)
    await expect(composer(ear)).to_have_value("Typed")
    await expect(trouble(ear).get_by_role("button", name="Try again")).to_be_visible(visible=again)


async def test_what_the_line_lost_is_sent_again(ear: Page, speech: ScriptedHTTP) -> None:
    await ear.route("**/dictate", lambda route: route.abort())
    await dictate(ear)
    await expect(trouble(ear)).to_contain_text("The server did not answer.")
    await ear.unroute("**/dictate")
    await trouble(ear).get_by_role("button", name="Try again").click()
    await expect(composer(ear)).to_have_value(HEARD)
    await expect(trouble(ear)).to_be_hidden()


async def test_it_warns_before_two_minutes_are_over_and_keeps_what_was_said(ear: Page, speech: ScriptedHTTP) -> None:
    await ear.clock.install()
    await button(ear).click()
    await listens(ear)
    await ear.clock.fast_forward(110_000)
    await expect(strip(ear)).to_contain_text("Two minutes are almost over")
    await expect(ear.locator("[data-dictation-status]")).to_have_text("Two minutes are almost over")
    assert speech.asked == []
    await ear.clock.fast_forward(10_000)
    await expect(composer(ear)).to_have_value(HEARD)


async def test_words_without_room_in_the_message_become_a_file(ear: Page) -> None:
    await composer(ear).evaluate("field => { field.value = 'x'.repeat(15_990); }")
    await dictate(ear)
    await expect(ear.locator(".composer .tray .file")).to_contain_text("Pasted text")
    assert len(await composer(ear).input_value()) == 15_990


LEVEL = "strip => Number(strip.style.getPropertyValue('--level'))"


async def test_the_band_moves_with_the_voice_where_motion_is_wanted(open_ear: OpenPage) -> None:
    page = await open_ear(reduced_motion="no-preference")
    await page.goto("/")
    await button(page).click()
    await listens(page)
    await becomes(page, f"({LEVEL})(document.querySelector('.dictation')) > 0.02")
    still = await open_ear()
    await still.goto("/")
    await button(still).click()
    await expect(strip(still).get_by_role("timer")).to_have_text("0:01")
    assert await strip(still).evaluate(LEVEL) == 0


async def test_where_the_browser_cannot_or_no_model_listens_there_is_no_button(open_ear: OpenPage, page: Page) -> None:
    old = await open_ear()
    await old.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    await old.goto("/")
    await expect(composer(old)).to_be_visible()
    await expect(button(old)).to_be_hidden()
    await page.goto("/")
    await expect(button(page)).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desk", "phone"])
async def test_everybody_can_use_it(
    open_ear: OpenPage, speech: ScriptedHTTP, scheme: str, screen: dict[str, object]
) -> None:
    page = await open_ear(color_scheme=scheme, **screen)
    found = {}

    async def look(state: str) -> None:
        found[state] = [f["help"] for f in (await Axe().run(page)).response["violations"]]
        if screen:
            found[f"{state}, by finger"] = await page.evaluate(SMALL)
        assert await page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")
        if folder := os.environ.get("LOOK"):
            await page.screenshot(path=f"{folder}/{scheme}-{'phone' if screen else 'desk'}-{state}.png")

    await begin(page)
    await is_answered(page)
    await composer(page).fill("Half a thought")
    await look("idle")
    await button(page).click()
    await listens(page)
    await look("listening")
    speech.script(PATH, Reply(hangs=True))
    await part(page, "Done").click()
    await expect(strip(page)).to_contain_text("Writing it down…")
    await look("writing")
    await part(page, "Cancel").click()
    speech.script(PATH, Reply({"error": "x"}, 500))
    await dictate(page)
    await expect(trouble(page)).to_be_visible()
    await look("trouble")
    assert {state: faults for state, faults in found.items() if faults} == {}


async def test_all_buttons_fit_on_the_smallest_phone(open_ear: OpenPage) -> None:
    page = await open_ear(viewport={"width": 320, "height": 568}, is_mobile=True, has_touch=True)
    await page.goto("/")
    buttons = page.locator(".composer .icon:visible")
    await expect(buttons).to_have_count(6)
    card = await page.locator(".composer").bounding_box()
    assert card
    for box in [await one.bounding_box() for one in await buttons.all()]:
        assert box
        assert min(box["width"], box["height"]) >= 44
        assert card["x"] <= box["x"]
        assert box["x"] + box["width"] <= card["x"] + card["width"]


async def test_nothing_is_read_aloud_meanwhile(ear: Page, speech: ScriptedHTTP) -> None:
    speech.script("/v1/audio/speech", Reply(hangs=True))
    await converse(ear, "Hello")
    await ear.get_by_role("button", name="Read aloud").click()
    await expect(ear.get_by_role("group", name="Reading aloud")).to_be_visible()
    await button(ear).click()
    await listens(ear)
    await expect(ear.get_by_role("group", name="Reading aloud")).to_be_hidden()
