"""The phones of the emulator in a real browser, with a bot that a test plays through the Graph API."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.conftest import CHROMIUM_FLAGS, note_errors
from tests.integrations.emulator.bot import Bot
from tests.integrations.emulator.files import heard, picture, sound, sticker, video
from tests.servers import Emulator, soon

APPS = ["whatsapp", "messenger", "instagram"]
NAMES = {"whatsapp": "WhatsApp", "messenger": "Messenger", "instagram": "Instagram"}


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with Bot() as bot:
        yield bot


@pytest.fixture
async def emulator(bot: Bot, tmp_path: Path) -> AsyncIterator[Emulator]:
    emulator = Emulator(tmp_path, bot.webhook)
    await asyncio.to_thread(emulator.start)
    bot.graph = emulator.url
    yield emulator
    emulator.kill()


async def open_desk(browser: Browser, emulator: Emulator, errors: list[str], **options: Any) -> Page:
    options = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **options}
    context = await browser.new_context(base_url=emulator.url, **options)
    page = await context.new_page()
    note_errors(page, errors)
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto("/")
    await expect(page.locator("body.ready")).to_be_visible()
    return page


@pytest.fixture
async def desk(browser: Browser, emulator: Emulator) -> AsyncIterator[Page]:
    """The page on a desk; a script error, or something that its policy forbids, fails the test."""
    errors: list[str] = []
    page = await open_desk(browser, emulator, errors)
    yield page
    await page.context.close()
    assert errors == []


@pytest.fixture
async def pocket(browser: Browser, emulator: Emulator) -> AsyncIterator[Page]:
    """The page on a real phone."""
    errors: list[str] = []
    page = await open_desk(
        browser, emulator, errors, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    )
    yield page
    await page.context.close()
    assert errors == []


def phone(page: Page, app: str) -> Locator:
    return page.locator(f"#{app}")


async def write(page: Page, app: str, text: str) -> None:
    field = phone(page, app).get_by_label(f"Message on {NAMES[app]}")
    await field.fill(text)
    await phone(page, app).get_by_role("button", name="Send", exact=True).click()


def bubbles(page: Page, app: str, side: str = "") -> Locator:
    return phone(page, app).locator(f".row{side} .bubble")


async def greet(page: Page, bot: Bot, app: str = "whatsapp") -> dict[str, Any]:
    """Somebody says hello; the event that the bot is told."""
    await write(page, app, "Hello")
    return await bot.hears(app, **({"text": ...} if app == "whatsapp" else {"message": ...}))


async def choose(page: Page, row: Locator, what: str) -> None:
    """Take a line of a message's menu."""
    await row.hover()
    await row.get_by_role("button", name="What to do with this message").click()
    await page.get_by_role("menu").get_by_text(what).click()


# Words


async def test_what_is_written_reaches_the_bot_and_its_ticks_tell_how_far_it_came(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    assert hello["text"] == {"body": "Hello"}
    mark = bubbles(desk, "whatsapp", ".mine").get_by_role("img")
    await expect(mark).to_have_accessible_name("delivered")
    await bot.types(hello)
    await expect(mark).to_have_accessible_name("read")


async def test_typing_is_shown_until_the_answer_is_there(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    await bot.types(hello)
    await expect(phone(desk, "whatsapp").locator(".typing")).to_be_visible()
    await expect(phone(desk, "whatsapp").locator(".about")).to_have_text("typing…")
    await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    await expect(bubbles(desk, "whatsapp", ".theirs")).to_contain_text("Good morning")
    await expect(phone(desk, "whatsapp").locator(".typing")).to_be_hidden()


@pytest.mark.parametrize("app", APPS)
async def test_an_answer_is_announced_and_read(desk: Page, bot: Bot, emulator: Emulator, app: str) -> None:
    hello = await greet(desk, bot, app)
    if app == "whatsapp":
        await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    else:
        await bot.page(app, hello, text="Good morning")
    await expect(bubbles(desk, app, ".theirs")).to_contain_text("Good morning")
    await expect(desk.locator("#spoken")).to_contain_text(f"Chaski on {NAMES[app]}: Good morning")
    await soon(lambda: emulator.answers_on(app, person="person1")[0]["status"] == "read")


async def test_who_has_left_the_chat_has_not_read_and_sees_so_in_the_list(
    desk: Page, bot: Bot, emulator: Emulator
) -> None:
    hello = await greet(desk, bot)
    await phone(desk, "whatsapp").get_by_role("button", name="To the list of chats").click()
    await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    row = phone(desk, "whatsapp").locator(".chats-row")
    await expect(row).to_contain_text("Good morning")
    await expect(row.get_by_label("1 unread")).to_be_visible()
    await soon(lambda: emulator.answers_on("whatsapp", person="person1")[0]["status"] == "delivered")
    await row.click()
    await soon(lambda: emulator.answers_on("whatsapp", person="person1")[0]["status"] == "read")


async def test_a_page_that_is_closed_reads_nothing(browser: Browser, bot: Bot, emulator: Emulator) -> None:
    page = await open_desk(browser, emulator, [])
    hello = await greet(page, bot)
    await page.context.close()
    await soon(lambda: not emulator.act("thread", app="whatsapp", person="person1")["open"])
    await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    await soon(lambda: emulator.answers_on("whatsapp", person="person1")[0]["status"] == "delivered")


HOSTILE = "<img src=x onerror=alert(1)> <b>bold</b> javascript:alert(2) &amp; {{1}}"


@pytest.mark.parametrize("app", APPS)
async def test_markup_of_the_bot_is_words(desk: Page, bot: Bot, app: str) -> None:
    hello = await greet(desk, bot, app)
    if app == "whatsapp":
        await bot.whatsapp(hello, type="text", text={"body": HOSTILE})
    else:
        await bot.page(app, hello, text=HOSTILE)
    words = bubbles(desk, app, ".theirs").locator(".words")
    await expect(words).to_have_text(HOSTILE)
    assert await words.locator("img, b, a").count() == 0


FORMATS = [
    ("*bold* and _italic_ and ~gone~", "<strong>bold</strong> and <em>italic</em> and <s>gone</s>"),
    ("*_both_*", "<strong><em>both</em></strong>"),
    ("**two**", "**two**"),
    ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
    ("* not bold*", "<ul><li>not bold*</li></ul>"),
    ("*not bold *", "*not bold *"),
    ("*over\nlines*", "<p>*over</p><p>lines*</p>"),
    ("(*bold*), *bold*.", "(<strong>bold</strong>), <strong>bold</strong>."),
    ("`a *b* c`", "<code>a *b* c</code>"),
    ("```\na *b*\n  c\n```", "<pre><code>a *b*\n  c</code></pre>"),
    (
        "a\n```b```\n\n```c```\nd",
        "<p>a</p><pre><code>b</code></pre><p><br></p><pre><code>c</code></pre><p>d</p>",
    ),
    ("```a```", "<pre><code>a</code></pre>"),
    ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
    ("3. one\n4. two", '<ol><li value="3">one</li><li value="4">two</li></ol>'),
    ("> said\n> more\nsays", "<blockquote><p>said</p><p>more</p></blockquote><p>says</p>"),
    ("# no heading", "# no heading"),
    ("[no](https://example.org/)", '[no](<a href="https://example.org/">https://example.org/</a>)'),
    ("https://example.org/_a_/b*c", '<a href="https://example.org/_a_/b*c">https://example.org/_a_/b*c</a>'),
    ("(see https://example.org/a_(b)).", '(see <a href="https://example.org/a_(b)">https://example.org/a_(b)</a>).'),
    ("*https://example.org/a*", '<strong><a href="https://example.org/a">https://example.org/a</a></strong>'),
    ("a\n\nb", "<p>a</p><p><br></p><p>b</p>"),
    ("*", "*"),
    ("__init__", "__init__"),
    ("*größer* *日本*", "<strong>größer</strong> <strong>日本</strong>"),
]


async def test_whatsapps_formatting_is_shown_as_whatsapp_shows_it(desk: Page) -> None:
    made = await desk.evaluate(
        """async (texts) => {
            const { formatted } = await import("/page/js/markup.js");
            return texts.map((text) => {
                const box = document.createElement("div");
                box.append(formatted(text));
                for (const one of box.querySelectorAll("*")) {
                    for (const name of ["dir", "target", "rel"]) one.removeAttribute(name);
                }
                return box.innerHTML;
            });
        }""",
        [text for text, _ in FORMATS],
    )
    plain = [html.removeprefix("<p>").removesuffix("</p>") if html.count("<p>") == 1 else html for html in made]
    assert dict(zip(FORMATS, plain, strict=True)) == {case: case[1] for case in FORMATS}


async def test_each_line_has_its_own_direction(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    await bot.whatsapp(hello, type="text", text={"body": "Good morning\nصباح الخير"})
    lines = bubbles(desk, "whatsapp", ".theirs").locator(".words p")
    await expect(lines.nth(0)).to_have_css("direction", "ltr")
    await expect(lines.nth(1)).to_have_css("direction", "rtl")
    await expect(lines.nth(1)).to_have_css("text-align", "start")


async def test_a_link_opens_outside(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot, "messenger")
    await bot.page("messenger", hello, text="See https://example.org/a, please")
    link = bubbles(desk, "messenger", ".theirs").get_by_role("link")
    await expect(link).to_have_attribute("href", "https://example.org/a")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


# What is offered


async def test_a_button_is_tapped(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    buttons = [{"type": "reply", "reply": {"id": f"more:{number}", "title": f"More {number}"}} for number in (1, 2)]
    interactive = {"type": "button", "body": {"text": "*Go on?*"}, "action": {"buttons": buttons}}
    sent = await bot.whatsapp(hello, type="interactive", interactive=interactive)
    await phone(desk, "whatsapp").get_by_role("button", name="More 2").click()
    tapped = await bot.hears("whatsapp", interactive=...)
    assert tapped["interactive"]["button_reply"] == {"id": "more:2", "title": "More 2"}
    assert tapped["context"]["id"] == sent
    await expect(bubbles(desk, "whatsapp", ".mine").last).to_contain_text("More 2")


async def test_a_row_of_a_list_is_chosen_in_its_sheet(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    rows = [{"id": "s:1", "title": "Watercolour", "description": "soft"}, {"id": "s:2", "title": "Woodcut"}]
    action = {"button": "Styles", "sections": [{"title": "Art", "rows": rows}]}
    interactive = {"type": "list", "body": {"text": "Pick a style"}, "action": action}
    await bot.whatsapp(hello, type="interactive", interactive=interactive)
    await phone(desk, "whatsapp").get_by_role("button", name="Styles").click()
    sheet = phone(desk, "whatsapp").get_by_role("dialog", name="Styles")
    await expect(sheet).to_be_focused()
    await desk.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(phone(desk, "whatsapp").get_by_role("button", name="Styles")).to_be_focused()
    await desk.keyboard.press("Enter")
    await sheet.get_by_role("button", name="Watercolour").click()
    chosen = await bot.hears("whatsapp", interactive=...)
    assert chosen["interactive"]["list_reply"] == {"id": "s:1", "title": "Watercolour", "description": "soft"}


@pytest.mark.parametrize("app", ["messenger", "instagram"])
async def test_a_quick_reply_is_gone_once_it_was_tapped(desk: Page, bot: Bot, app: str) -> None:
    hello = await greet(desk, bot, app)
    replies = [{"content_type": "text", "title": title, "payload": title.lower()} for title in ("More", "Thanks")]
    await bot.page(app, hello, text="Anything else?", quick_replies=replies)
    await phone(desk, app).get_by_role("button", name="Thanks").click()
    tapped = await bot.hears(app, message=...)
    assert tapped["message"]["quick_reply"] == {"payload": "thanks"}
    await expect(phone(desk, app).get_by_role("button", name="More", exact=True)).to_be_hidden()


async def test_buttons_and_cards_of_messenger(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot, "messenger")
    buttons = [
        {"type": "postback", "title": "More", "payload": "more:42"},
        {"type": "web_url", "title": "Read", "url": "https://example.org/a"},
    ]
    payload: dict[str, Any] = {"template_type": "button", "text": "Go on?", "buttons": buttons}
    await bot.page("messenger", hello, attachment={"type": "template", "payload": payload})
    element = {"title": "A source", "subtitle": "Three pages", "buttons": buttons[:1]}
    payload = {"template_type": "generic", "elements": [element, {**element, "title": "Another"}]}
    await bot.page("messenger", hello, attachment={"type": "template", "payload": payload})
    first = bubbles(desk, "messenger", ".theirs").first
    await expect(first.get_by_role("link", name="Read")).to_have_attribute("href", "https://example.org/a")
    cards = phone(desk, "messenger").get_by_role("list", name="Cards").get_by_role("listitem")
    await expect(cards).to_contain_text(["A source", "Another"])
    await first.get_by_role("button", name="More").click()
    assert (await bot.hears("messenger", postback=...))["postback"]["payload"] == "more:42"


async def test_menu_ice_breakers_and_get_started(desk: Page, bot: Bot) -> None:
    box = phone(desk, "messenger")
    profile = f"{'emulated2000'}/messenger_profile"
    await bot.call("messenger", profile, {"get_started": {"payload": "start"}})
    await box.get_by_role("button", name="Get started").click()
    assert (await bot.hears("messenger", postback=...))["postback"]["payload"] == "start"

    lines = [{"type": "postback", "title": "New chat", "payload": "new"}]
    menu = [{"locale": "default", "composer_input_disabled": False, "call_to_actions": lines}]
    await bot.call("messenger", profile, {"persistent_menu": menu})
    await box.get_by_role("button", name="Menu", exact=True).click()
    await box.get_by_role("dialog").get_by_role("button", name="New chat").click()
    assert (await bot.hears("messenger", postback=...))["postback"]["payload"] == "new"

    asked = [{"question": "What can you do?", "payload": "help"}]
    await bot.call("messenger", profile, {"ice_breakers": [{"locale": "default", "call_to_actions": asked}]})
    await box.get_by_role("button", name="Bo Larsen").click()
    await box.get_by_role("button", name="What can you do?").click()
    assert (await bot.hears("messenger", postback=...))["postback"]["payload"] == "help"


async def test_prompts_and_commands_of_whatsapp(desk: Page, bot: Bot) -> None:
    commands = [{"command_name": name, "command_description": f"What {name} does"} for name in ("help", "new", "hear")]
    await bot.call(
        "whatsapp", "emulated1000/conversational_automation", {"prompts": ["What can you do?"], "commands": commands}
    )
    box = phone(desk, "whatsapp")
    await box.get_by_role("button", name="What can you do?").click()
    assert (await bot.hears("whatsapp", text=...))["text"] == {"body": "What can you do?"}
    field, listed = box.get_by_label("Message on WhatsApp"), box.get_by_role("group", name="Commands")
    await field.fill("/he")
    await expect(listed.get_by_role("button")).to_have_text(["/helpWhat help does", "/hearWhat hear does"])
    await listed.get_by_role("button", name="/help").click()
    await expect(field).to_have_value("/help ")
    await expect(listed).to_be_hidden()


async def test_a_place_that_was_asked_for(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    asked = {
        "type": "location_request_message",
        "body": {"text": "Where are you?"},
        "action": {"name": "send_location"},
    }
    await bot.whatsapp(hello, type="interactive", interactive=asked)
    await phone(desk, "whatsapp").get_by_role("button", name="Send location").click()
    await phone(desk, "whatsapp").get_by_role("button", name="Somewhere at sea").click()
    assert (await bot.hears("whatsapp", location=...))["location"]["latitude"] == 0.5


async def test_thumbs_under_an_answer(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot, "messenger")
    sent = await bot.page("messenger", hello, text="Good morning")
    thumb = phone(desk, "messenger").get_by_role("button", name="Good answer")
    await thumb.click()
    told = await bot.hears("messenger", response_feedback=...)
    assert told["response_feedback"] == {"mid": sent, "feedback": "Good response"}
    await expect(thumb).to_have_attribute("aria-pressed", "true")


# Files, places, contacts


async def test_a_picture_of_a_person_with_words_under_it(desk: Page, bot: Bot) -> None:
    box, data = phone(desk, "whatsapp"), picture()
    await box.get_by_role("button", name="Attach").click()
    async with desk.expect_file_chooser() as chooser:
        await box.get_by_role("button", name="Picture or video").click()
    await (await chooser.value).set_files({"name": "disc.jpg", "mimeType": "image/jpeg", "buffer": data})
    await box.get_by_label("Words under it").fill("what is this?")
    await box.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    sent = await bot.hears("whatsapp", image=...)
    assert (sent["image"]["mime_type"], sent["image"]["caption"]) == ("image/jpeg", "what is this?")
    assert await bot.download(sent["image"]["id"]) == data
    await expect(bubbles(desk, "whatsapp").get_by_role("img", name="Picture")).to_be_visible()
    await box.get_by_role("button", name="Picture, open it large").click()
    await expect(desk.get_by_role("dialog", name="Picture")).to_be_visible()
    await desk.keyboard.press("Escape")


@pytest.mark.parametrize(("app", "kind", "sent_as"), [("whatsapp", "WEBP", "JPEG"), ("messenger", "GIF", "GIF")])
async def test_a_picture_of_another_type_goes_as_the_app_sends_it(
    desk: Page, bot: Bot, emulator: Emulator, app: str, kind: str, sent_as: str
) -> None:
    box, data = phone(desk, app), picture(kind, (2000, 1000))
    await box.get_by_role("button", name="Attach").click()
    async with desk.expect_file_chooser() as chooser:
        await box.get_by_role("button", name="Picture or video").click()
    file = {"name": "disc", "mimeType": f"image/{kind.lower()}", "buffer": data}
    await (await chooser.value).set_files(file)  # type: ignore[arg-type]
    await box.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    if app == "whatsapp":
        sent = await bot.download((await bot.hears(app, image=...))["image"]["id"])
    else:
        url = (await bot.hears(app, message=...))["message"]["attachments"][0]["payload"]["url"]
        async with ClientSession() as session, session.get(url) as response:
            sent = await response.read()
    image = Image.open(io.BytesIO(sent))
    assert (image.format, image.size) == (sent_as, (1600, 800) if app == "whatsapp" else (2000, 1000))


async def test_a_picture_that_is_pasted(desk: Page, bot: Bot) -> None:
    box = phone(desk, "messenger")
    await box.get_by_label("Message on Messenger").evaluate(
        """(field, bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        list(picture("PNG")),
    )
    await box.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    sent = await bot.hears("messenger", message=...)
    assert sent["message"]["attachments"][0]["type"] == "image"


async def test_a_voice_note_from_a_file(desk: Page, bot: Bot) -> None:
    box = phone(desk, "whatsapp")
    await box.get_by_role("button", name="Attach").click()
    async with desk.expect_file_chooser() as chooser:
        await box.get_by_role("button", name="Sound or voice note").click()
    data = sound("webm")
    await (await chooser.value).set_files({"name": "note.webm", "mimeType": "audio/webm", "buffer": data})
    await box.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    sent = await bot.hears("whatsapp", audio=...)
    assert (sent["audio"]["voice"], sent["audio"]["mime_type"]) == (True, "audio/ogg; codecs=opus")
    container, codec, seconds = heard(await bot.download(sent["audio"]["id"]))
    assert (container, codec, round(seconds)) == ("ogg", "opus", 1)
    note = bubbles(desk, "whatsapp").get_by_role("group", name="Voice note")
    await expect(note.locator(".sound-time")).to_have_text("0:01")


async def test_a_voice_note_from_the_microphone(emulator: Emulator, bot: Bot) -> None:
    flags = [*CHROMIUM_FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=flags
        )
        errors: list[str] = []
        page = await open_desk(browser, emulator, errors, permissions=["microphone"])
        box = phone(page, "whatsapp")
        await box.get_by_role("button", name="Record a voice note").click()
        await expect(box.get_by_role("timer")).to_have_text("0:01")
        await box.get_by_role("button", name="Send the voice note").click()
        sent = await bot.hears("whatsapp", audio=...)
        await browser.close()
    container, codec, seconds = heard(await bot.download(sent["audio"]["id"]))
    assert (container, codec, sent["audio"]["voice"]) == ("ogg", "opus", True)
    assert seconds > 0.5
    assert errors == []


async def test_a_sticker_is_drawn_and_sent(desk: Page, bot: Bot) -> None:
    box = phone(desk, "whatsapp")
    await box.get_by_role("button", name="Attach").click()
    await box.get_by_role("button", name="Sticker", exact=True).click()
    await box.get_by_role("button", name="Sticker 🌈").click()
    sent = await bot.hears("whatsapp", sticker=...)
    assert (sent["sticker"]["mime_type"], sent["sticker"]["animated"]) == ("image/webp", False)
    await expect(bubbles(desk, "whatsapp", ".mine")).to_have_class("bubble kind-sticker bare")


LIKES = {
    "messenger": ("Send a thumbs-up", {"type": "sticker", "sticker_id": 369239263222822}),
    "instagram": ("Send a heart", {"type": "like_heart", "sticker_id": None}),
}


@pytest.mark.parametrize("app", LIKES)
async def test_the_thumb_and_the_heart_beside_the_empty_field(desk: Page, bot: Bot, app: str) -> None:
    button, wanted = LIKES[app]
    await phone(desk, app).get_by_role("button", name=button).click()
    attachment = (await bot.hears(app, message=...))["message"]["attachments"][0]
    sent = {"type": attachment["type"], "sticker_id": attachment.get("payload", {}).get("sticker_id")}
    assert sent == wanted
    await expect(bubbles(desk, app, ".mine").get_by_role("img", name="Sticker")).to_be_visible()


async def test_a_place_and_a_contact(desk: Page, bot: Bot) -> None:
    box = phone(desk, "whatsapp")
    await box.get_by_role("button", name="Attach").click()
    await box.get_by_role("button", name="Place", exact=True).click()
    await box.get_by_role("button", name="Tower Bridge").click()
    place = (await bot.hears("whatsapp", location=...))["location"]
    assert (place["name"], round(place["latitude"], 2)) == ("Tower Bridge", 51.51)

    await box.get_by_role("button", name="Attach").click()
    await box.get_by_role("button", name="Contact", exact=True).click()
    await box.get_by_role("textbox", name="Name").fill("Carla Mendes")
    await box.get_by_label("Telephone").fill("+49 155 50000")
    await box.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
    card = (await bot.hears("whatsapp", contacts=...))["contacts"][0]
    assert (card["name"]["formatted_name"], card["phones"][0]["phone"]) == ("Carla Mendes", "+49 155 50000")
    await expect(bubbles(desk, "whatsapp", ".mine").last).to_contain_text("Carla Mendes")


async def test_what_the_bot_sends_is_seen_and_played(desk: Page, bot: Bot, emulator: Emulator) -> None:
    hello = await greet(desk, bot)
    for kind, data, mime, more in (
        ("image", picture(), "image/jpeg", {"caption": "A *disc*"}),
        ("video", video(), "video/mp4", {}),
        ("sticker", sticker(), "image/webp", {}),
        ("audio", sound(), "audio/ogg", {"voice": True}),
        ("document", b"%PDF-1.4\n" + b"x" * 20_000, "application/pdf", {"filename": "minutes.pdf"}),
    ):
        media = await bot.upload(data, mime)
        await bot.whatsapp(hello, type=kind, **{kind: {"id": media, **more}})
    theirs = bubbles(desk, "whatsapp", ".theirs")
    await expect(theirs.nth(0).locator("strong")).to_have_text("disc")
    await expect(theirs.nth(0).get_by_role("img", name="Picture")).to_have_js_property("naturalWidth", 320)
    loop = theirs.nth(1).get_by_label("Video that plays again and again")
    await expect(loop).to_have_js_property("loop", True)
    await expect(theirs.nth(2).get_by_role("img", name="Sticker")).to_have_js_property("naturalWidth", 512)
    await theirs.nth(3).get_by_role("button", name="Play").click()
    await soon(lambda: "played" in [bubble["status"] for bubble in emulator.answers_on("whatsapp", person="person1")])
    await expect(theirs.nth(4).get_by_role("link")).to_contain_text("minutes.pdf")


# Replies, reactions, edits, unsent messages


@pytest.mark.parametrize("app", APPS)
async def test_a_reply_quotes(desk: Page, bot: Bot, app: str) -> None:
    hello = await greet(desk, bot, app)
    sent = await (
        bot.whatsapp(hello, type="text", text={"body": "Good morning"})
        if app == "whatsapp"
        else bot.page(app, hello, text="Good morning")
    )
    await choose(desk, phone(desk, app).locator(".row.theirs"), "Reply")
    await expect(phone(desk, app).locator(".quoting")).to_contain_text("Good morning")
    await write(desk, app, "To you too")
    await expect(bubbles(desk, app, ".mine").last.locator(".quote")).to_contain_text("Good morning")
    if app == "whatsapp":
        assert (await bot.hears(app, context=...))["context"]["id"] == sent
    else:
        assert (await bot.hears(app, message=...))["message"]["reply_to"]["mid"] == sent


@pytest.mark.parametrize("app", APPS)
async def test_a_reaction_comes_and_goes(desk: Page, bot: Bot, app: str) -> None:
    hello = await greet(desk, bot, app)
    if app == "whatsapp":
        await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    else:
        await bot.page(app, hello, text="Good morning")
    row = phone(desk, app).locator(".row.theirs")
    await row.hover()
    await row.get_by_role("button", name="What to do with this message").click()
    await desk.get_by_role("menuitemradio", name="React with ❤️").click()
    assert (await bot.hears(app, reaction=...))["reaction"]["emoji"] == "❤️"
    await expect(row.get_by_role("img", name="Reactions. You: ❤️")).to_be_visible()
    await row.hover()
    await row.get_by_role("button", name="What to do with this message").click()
    await desk.get_by_role("menuitemradio", name="Take back ❤️").click()
    assert "emoji" not in (await bot.hears(app, reaction=...))["reaction"]
    await expect(row.locator(".reactions")).to_have_count(0)


async def test_a_message_is_edited_then_unsent(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    row = phone(desk, "whatsapp").locator(".row.mine")
    await choose(desk, row, "Edit")
    await write(desk, "whatsapp", "Hello again")
    await expect(row).to_contain_text("Hello again")
    await expect(row).to_contain_text("Edited")
    edited = (await bot.hears("whatsapp", edit=...))["edit"]
    assert (edited["original_message_id"], edited["message"]["text"]["body"]) == (hello["id"], "Hello again")
    await choose(desk, row, "Delete for everyone")
    assert (await bot.hears("whatsapp", revoke=...))["revoke"]["original_message_id"] == hello["id"]
    await expect(row).to_contain_text("This message was deleted")
    await expect(row).not_to_contain_text("Hello")


async def test_on_messenger_and_instagram_too(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot, "messenger")
    await choose(desk, phone(desk, "messenger").locator(".row.mine"), "Edit")
    await write(desk, "messenger", "Hello again")
    edit = (await bot.hears("messenger", message_edit=...))["message_edit"]
    assert (edit["mid"], edit["text"]) == (hello["message"]["mid"], "Hello again")

    hello = await greet(desk, bot, "instagram")
    await choose(desk, phone(desk, "instagram").locator(".row.mine"), "Unsend")
    unsent = (await bot.hears("instagram", message=...))["message"]
    assert (unsent["mid"], unsent["is_deleted"]) == (hello["message"]["mid"], True)


async def test_a_reaction_of_the_bot(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    await bot.whatsapp(hello, type="reaction", reaction={"message_id": hello["id"], "emoji": "👍"})
    mine = phone(desk, "whatsapp").locator(".row.mine")
    await expect(mine.get_by_role("img", name="Reactions. Chaski: 👍")).to_be_visible()


async def test_a_message_that_failed_says_why(desk: Page, bot: Bot, emulator: Emulator) -> None:
    hello = await greet(desk, bot)
    emulator.switch(late_failures=1, failure="131026")
    await bot.whatsapp(hello, type="text", text={"body": "Are you there?"})
    await expect(bubbles(desk, "whatsapp", ".theirs")).to_contain_text("Did not arrive: 131026, Message undeliverable")


async def test_who_reads_further_up_is_not_moved(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    await bot.whatsapp(hello, type="text", text={"body": "One line\n" * 60})
    talk = phone(desk, "whatsapp").locator(".talk")
    jump = phone(desk, "whatsapp").get_by_role("button", name="To the newest message")
    await expect(bubbles(desk, "whatsapp", ".theirs")).to_contain_text("One line")
    await expect(jump).to_be_hidden()
    await talk.hover()
    await desk.mouse.wheel(0, -3000)
    await expect(jump).to_be_visible()
    await bot.whatsapp(hello, type="text", text={"body": "The newest"})
    newest = bubbles(desk, "whatsapp", ".theirs").last
    await expect(newest).to_contain_text("The newest")
    await expect(newest).not_to_be_in_viewport()
    await jump.click()
    await expect(newest).to_be_in_viewport()


async def test_with_the_keyboard_alone(desk: Page, bot: Bot) -> None:
    await phone(desk, "whatsapp").get_by_label("Message on WhatsApp").focus()
    await desk.keyboard.type("Hello")
    await desk.keyboard.press("Enter")
    hello = await bot.hears("whatsapp", text=...)
    await expect(bubbles(desk, "whatsapp").get_by_role("img")).to_have_accessible_name("delivered")
    more = phone(desk, "whatsapp").get_by_role("button", name="What to do with this message")
    await more.focus()
    await desk.keyboard.press("Enter")
    await expect(desk.get_by_role("menuitemradio").first).to_be_focused()
    await desk.keyboard.press("ArrowRight")
    await desk.keyboard.press("Enter")
    assert (await bot.hears("whatsapp", reaction=...))["reaction"] == {"message_id": hello["id"], "emoji": "❤️"}
    await expect(phone(desk, "whatsapp").locator(".reactions")).to_have_text("❤️")
    await expect(more).to_be_focused()
    await desk.keyboard.press("Enter")
    await desk.keyboard.press("End")
    await desk.keyboard.press("Enter")
    await expect(desk.locator(".exchange summary").first).to_be_visible()
    await desk.get_by_role("button", name="Switches").focus()
    await desk.keyboard.press("Escape")
    await expect(desk.get_by_role("button", name="Behind the scenes")).to_be_focused()


# People


async def test_another_person_takes_the_phone_and_drafts_stay(desk: Page, bot: Bot) -> None:
    box = phone(desk, "whatsapp")
    await box.get_by_label("Message on WhatsApp").fill("Half a")
    await box.get_by_role("button", name="Add a person").click()
    await box.get_by_role("textbox", name="Name").fill("Dana Silva")
    await box.get_by_label("Has a user name").check()
    await box.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    await expect(box.get_by_role("button", name="Dana Silva")).to_have_attribute("aria-pressed", "true")
    await expect(phone(desk, "messenger").get_by_role("button", name="Dana Silva")).to_be_visible()
    hello = await greet(desk, bot)
    assert "from" not in hello
    assert hello["from_user_id"].startswith("DE.")
    await box.get_by_role("button", name="Ada Brandt").click()
    await expect(box.get_by_label("Message on WhatsApp")).to_have_value("Half a")
    await expect(bubbles(desk, "whatsapp")).to_have_count(0)
    await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    await expect(box.get_by_role("button", name="Dana Silva").get_by_label("1 unread")).to_be_visible()


async def test_who_blocks_is_told_so(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    box = phone(desk, "whatsapp")
    await box.get_by_role("button", name="More about this chat").click()
    await box.get_by_role("button", name="Block", exact=True).click()
    await expect(box.locator(".about")).to_have_text("You have blocked this account")
    await write(desk, "whatsapp", "Anybody?")
    await expect(desk.get_by_role("alert")).to_have_text("This person has blocked the assistant.")
    assert hello["text"]["body"] == "Hello"


async def test_a_new_number_and_a_poll(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    box = phone(desk, "whatsapp")
    await box.get_by_role("button", name="More about this chat").click()
    await box.get_by_role("button", name="Send a poll").click()
    assert (await bot.hears("whatsapp", type="unsupported"))["from"] == hello["from"]
    await box.get_by_role("button", name="More about this chat").click()
    await box.get_by_role("button", name="Move to another phone number").click()
    told = await bot.hears("whatsapp", type="system")
    assert told["system"]["type"] in ("user_changed_number", "customer_changed_number")


# Behind the scenes


async def test_the_traffic_of_a_message_explains_itself(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    await bot.types(hello)
    await choose(desk, phone(desk, "whatsapp").locator(".row.mine"), "Traffic")
    traffic = desk.get_by_role("region", name="Traffic")
    await expect(traffic.locator("summary")).to_contain_text(
        ["A person has written", "The assistant marks a message as read and shows that it types."]
    )
    await expect(traffic.get_by_text('"body": "Hello"').first).to_be_visible()
    await expect(traffic.get_by_text("Made of the body and the app's secret").first).to_be_visible()
    await expect(traffic).not_to_contain_text("token-of-whatsapp")
    await expect(phone(desk, "whatsapp").locator(".row.chosen")).to_have_count(1)
    sent = await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    await phone(desk, "whatsapp").locator(".row.theirs time").click()
    await expect(traffic).to_contain_text(sent)
    await expect(traffic.locator("summary").first).to_contain_text("The assistant sends a message.")
    await desk.get_by_label("Explain the fields").uncheck()
    await expect(traffic.locator(".explained").first).to_be_hidden()


async def test_a_bot_that_cannot_be_reached_hears_it_later(desk: Page, bot: Bot) -> None:
    await desk.get_by_role("button", name="Behind the scenes").click()
    await desk.get_by_role("button", name="Switches").click()
    switch = desk.get_by_role("switch", name="The assistant cannot be reached")
    await switch.check()
    await write(desk, "whatsapp", "Hello")
    await expect(bubbles(desk, "whatsapp").get_by_role("img")).to_have_accessible_name("sent")
    assert list(bot.items("whatsapp")) == []
    await desk.get_by_role("button", name="All as usual").click()
    await expect(switch).not_to_be_checked()
    await bot.hears("whatsapp", text=...)
    await expect(bubbles(desk, "whatsapp").get_by_role("img")).to_have_accessible_name("delivered")


async def test_duplicates_and_failures_by_switches(desk: Page, bot: Bot) -> None:
    await desk.get_by_role("button", name="Behind the scenes").click()
    await desk.get_by_role("button", name="Switches").click()
    await desk.get_by_label("Deliver each").select_option(label="Twice")
    hello = await greet(desk, bot)
    await soon(lambda: len(list(bot.items("whatsapp"))) == 2)
    await desk.get_by_label("With this error").select_option("131056")
    await desk.get_by_label("Refuse").select_option(label="The next one")
    await expect(desk.get_by_label("Refuse")).to_have_value("1")
    body = {"messaging_product": "whatsapp", "recipient": hello["from_user_id"], "type": "text", "text": {"body": "Hi"}}
    refused = await bot.call("whatsapp", "emulated1000/messages", body, status=429)
    assert refused["error"]["code"] == 131056
    await expect(desk.get_by_label("Refuse")).to_have_value("0")


async def test_the_clock_goes_ahead(desk: Page, bot: Bot) -> None:
    hello = await greet(desk, bot)
    await desk.get_by_role("button", name="Behind the scenes").click()
    await desk.get_by_role("button", name="Switches").click()
    now = datetime.now()
    await desk.get_by_label("The time on the phones").select_option(label="25 hours ahead, the window has closed")
    # In the last hour of a day two midnights pass.
    days = ((now + timedelta(hours=25)).date() - now.date()).days
    day = "Yesterday" if days == 1 else now.strftime("%A")
    await expect(phone(desk, "whatsapp").locator(".day-line")).to_have_text(day)
    body = {"messaging_product": "whatsapp", "recipient": hello["from_user_id"], "type": "text", "text": {"body": "Hi"}}
    headers = {"Authorization": "Bearer token-of-whatsapp"}
    url = f"{bot.graph}/v25.0/emulated1000/messages"
    async with ClientSession() as session, session.post(url, json=body, headers=headers) as response:
        answer = await response.json()
    # The platform refuses at once, or tells of it by a status.
    codes = [code["code"] for code in [answer.get("error", {})] if code]
    if not codes:
        await soon(lambda: "failed" in [state for _, state in bot.statuses()])
    else:
        assert codes == [131047]


# Posts


@pytest.mark.parametrize(("app", "field"), [("messenger", "feed"), ("instagram", "comments")])
async def test_a_comment_that_names_the_assistant_is_answered(desk: Page, bot: Bot, app: str, field: str) -> None:
    await desk.get_by_role("button", name="Posts").click()
    post = desk.locator(f".post.app-{app}").first
    await post.get_by_role("button", name="Name @chaski").click()
    await post.get_by_role("textbox", name="Comment").press_sequentially("when is the best time to see this?")
    await post.get_by_role("button", name="Send the comment").click()
    await expect(post.locator(".comment")).to_contain_text("@chaski when is the best time to see this?")
    told = (await bot.hears(app, field=field))["value"]
    comment = told["comment_id"] if app == "messenger" else told["id"]
    edge = "comments" if app == "messenger" else "replies"
    await bot.call(app, f"{comment}/{edge}", {"message": "In <b>winter</b>, after ten."})
    answer = post.locator(".comment.by-bot")
    await expect(answer).to_contain_text("In <b>winter</b>, after ten.")
    await expect(post.locator(".comment-count")).to_have_text("2 comments")
    await post.locator(".comment").first.get_by_role("button", name="Delete").click()
    await expect(post.locator(".comment-count")).to_have_text("1 comment")


# The page itself


async def test_it_says_what_it_is(desk: Page) -> None:
    await expect(desk.locator(".notice")).to_contain_text("A stand-in on this machine, not the real apps.")


async def test_a_killed_emulator_is_said_so_and_its_next_life_is_shown(desk: Page, emulator: Emulator) -> None:
    await write(desk, "whatsapp", "Hello")
    await expect(bubbles(desk, "whatsapp")).to_have_count(1)
    emulator.kill()
    await expect(desk.locator("#offline")).to_be_visible()
    await phone(desk, "whatsapp").get_by_label("Message on WhatsApp").fill("Still here?")
    await phone(desk, "whatsapp").get_by_role("button", name="Send", exact=True).click()
    await expect(desk.get_by_role("alert")).to_contain_text("Your words are still here.")
    await asyncio.to_thread(emulator.start)
    await expect(desk.locator("#offline")).to_be_hidden()
    await expect(bubbles(desk, "whatsapp")).to_have_count(0)
    await expect(phone(desk, "whatsapp").get_by_label("Message on WhatsApp")).to_have_value("Still here?")


async def test_two_pages_show_the_same(browser: Browser, desk: Page, emulator: Emulator) -> None:
    other = await open_desk(browser, emulator, [])
    await write(desk, "instagram", "Hello")
    await expect(bubbles(other, "instagram")).to_contain_text("Hello")
    await other.context.close()
    # The first one is still looked at.
    await write(desk, "instagram", "Hello again")
    await expect(bubbles(desk, "instagram")).to_have_count(2)
    assert emulator.act("thread", app="instagram", person="person1")["open"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault(browser: Browser, emulator: Emulator, bot: Bot, scheme: str) -> None:
    page = await open_desk(browser, emulator, [], color_scheme=scheme)
    for app in APPS:
        hello = await greet(page, bot, app)
        if app == "whatsapp":
            buttons = [{"type": "reply", "reply": {"id": "more", "title": "More"}}]
            interactive = {"type": "button", "body": {"text": "*Go* `on`?"}, "action": {"buttons": buttons}}
            await bot.types(hello)
            await bot.whatsapp(hello, type="interactive", interactive=interactive)
        else:
            replies = [{"content_type": "text", "title": "More", "payload": "more"}]
            await bot.page(app, hello, text="See https://example.org/", quick_replies=replies)
        await expect(bubbles(page, app, ".theirs")).to_be_visible()
    found: dict[str, list[str]] = {}

    async def check(name: str) -> None:
        for fault in (await Axe().run(page)).response["violations"]:
            found.setdefault(name, []).extend(f"{fault['help']}: {node['html'][:160]}" for node in fault["nodes"])

    await check("phones")
    await phone(page, "whatsapp").get_by_role("button", name="Attach").click()
    await check("a sheet")
    await page.keyboard.press("Escape")
    await choose(page, phone(page, "whatsapp").locator(".row.mine"), "Traffic")
    await expect(page.locator(".exchange").first).to_be_visible()
    await check("traffic")
    await page.get_by_role("button", name="Switches").click()
    await check("switches")
    row = phone(page, "messenger").locator(".row.theirs")
    await row.hover()
    await row.get_by_role("button", name="What to do with this message").click()
    await check("a menu")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Posts").click()
    await check("posts")
    await page.context.close()
    assert found == {}


SMALL = """[...document.querySelectorAll("a, button, input, textarea, summary, select")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !one.closest(".words"))
  .filter((one) => !one.matches(".skip, label input"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44)
  .map(([one, box]) => `${one.outerHTML.slice(0, 120)} ${box.width} x ${box.height}`)"""


async def test_on_a_real_phone_one_at_a_time(pocket: Page, bot: Bot, emulator: Emulator) -> None:
    assert await pocket.evaluate("document.documentElement.scrollWidth") == 390
    await expect(phone(pocket, "whatsapp")).to_be_in_viewport(ratio=0.9)
    await pocket.get_by_role("button", name="Messenger", exact=True).tap()
    await expect(phone(pocket, "messenger")).to_be_in_viewport(ratio=0.9)
    hello = await greet(pocket, bot, "messenger")
    replies = [{"content_type": "text", "title": "More", "payload": "more"}]
    await bot.page("messenger", hello, text="Good morning", quick_replies=replies)
    await expect(bubbles(pocket, "messenger", ".theirs")).to_contain_text("Good morning")
    assert await pocket.evaluate(SMALL) == []
    # Nobody looks at the other phones.
    states = [emulator.act("thread", app=app, person="person1")["open"] for app in APPS]
    assert states == [False, True, False]
    await pocket.get_by_role("button", name="Posts").tap()
    await expect(pocket.locator("#posts")).to_be_in_viewport(ratio=0.9)
    assert await pocket.locator("#posts").evaluate("(posts) => posts.offsetWidth") == 390
    assert await pocket.evaluate(SMALL) == []
    await expect(pocket.get_by_role("button", name="Posts")).to_have_attribute("aria-pressed", "true")


async def test_a_long_press_opens_the_menu_and_a_swipe_replies(pocket: Page, bot: Bot) -> None:
    hello = await greet(pocket, bot)
    await bot.whatsapp(hello, type="text", text={"body": "Good morning"})
    bubble = bubbles(pocket, "whatsapp", ".theirs")
    await expect(bubble).to_be_visible()
    box = await bubble.bounding_box()
    assert box
    touch = await pocket.context.new_cdp_session(pocket)
    spot = {"x": box["x"] + 30, "y": box["y"] + 12}

    async def finger(kind: str, *points: dict[str, float]) -> None:
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    await finger("touchStart", spot)
    await expect(pocket.get_by_role("menu")).to_be_visible()
    await finger("touchEnd")
    await expect(pocket.get_by_role("menu")).to_be_visible()
    await pocket.keyboard.press("Escape")
    await finger("touchStart", spot)
    for step in range(1, 9):
        await finger("touchMove", {"x": spot["x"] + step * 10, "y": spot["y"]})
    await finger("touchEnd")
    await expect(phone(pocket, "whatsapp").locator(".quoting")).to_contain_text("Good morning")


# Groups


async def new_group(bot: Bot, emulator: Emulator, people: tuple[str, ...] = (), **more: str) -> dict[str, Any]:
    """A group that the bot has made, with these people in it."""
    body = {"messaging_product": "whatsapp", "subject": "Ski trip", **more}
    await bot.call("whatsapp", "emulated1000/groups", body)
    await soon(lambda: emulator.act("groups"))
    group: dict[str, Any] = emulator.act("groups")[-1]
    for name in people:
        emulator.act("join_group", person=name, link=group["link"])
    return group


async def tell_group(bot: Bot, group: dict[str, Any], text: str, **more: object) -> None:
    body = {"messaging_product": "whatsapp", "recipient_type": "group", "to": group["id"], "type": "text", **more}
    await bot.call("whatsapp", "emulated1000/messages", {**body, "text": {"body": text}})


async def enter(page: Page, name: str) -> None:
    """From the chat that is shown to another."""
    await phone(page, "whatsapp").get_by_role("button", name="To the list of chats").click()
    await phone(page, "whatsapp").locator(f'.chats-row:has(strong:text-is("{name}"))').click()


async def test_a_link_that_is_tapped_in_any_app_leads_into_the_group(desk: Page, bot: Bot, emulator: Emulator) -> None:
    group = await new_group(bot, emulator, ("Bo Larsen",), description="Who comes?")
    hello = await greet(desk, bot, "messenger")
    await bot.page("messenger", hello, text=f"Come in: {group['link']}")
    await phone(desk, "messenger").locator(".words a").click()
    sheet = phone(desk, "whatsapp").get_by_role("dialog", name="Ski trip")
    await expect(sheet).to_contain_text("1 of 8 people")
    await expect(sheet).to_contain_text("Who comes?")
    await expect(sheet).to_contain_text("Bo Larsen")
    await sheet.get_by_role("button", name="Join the group").click()
    await expect(phone(desk, "whatsapp").get_by_role("heading", name="Ski trip")).to_be_visible()
    await expect(phone(desk, "whatsapp").locator(".about")).to_have_text("Bo, Chaski, You")
    await expect(phone(desk, "whatsapp").locator(".notice-line")).to_have_text("Ada Brandt joined by the invite link")
    await write(desk, "whatsapp", "Which weekend?")
    told = await bot.hears("whatsapp", group_id=group["id"])
    assert (told["text"], told["from"]) == ({"body": "Which weekend?"}, "4917604069001")


async def test_who_wrote_is_seen_and_answered(desk: Page, bot: Bot, emulator: Emulator) -> None:
    group = await new_group(bot, emulator, ("Ada Brandt", "Bo Larsen"))
    asked = emulator.act("write", group=group["id"], person="Bo Larsen", text="Which weekend?")["id"]
    await enter(desk, "Ski trip")
    await tell_group(bot, group, "The *second* one", context={"message_id": asked})
    rows = phone(desk, "whatsapp").locator(".row.theirs")
    await expect(rows.nth(0).locator(".author")).to_have_text("Bo Larsen")
    await expect(rows.nth(1).locator(".author")).to_have_text("Chaski")
    await expect(rows.nth(1).locator(".quote strong")).to_have_text("Bo Larsen")
    await expect(desk.locator("#spoken")).to_contain_text("Chaski in Ski trip: The *second* one")
    await choose(desk, rows.nth(0), "Reply")
    await write(desk, "whatsapp", "Fine")
    told = await bot.hears("whatsapp", text={"body": "Fine"})
    assert (told["group_id"], told["context"]) == (group["id"], {"id": asked})
    await rows.nth(0).hover()
    await rows.nth(0).get_by_role("button", name="What to do with this message").click()
    await desk.get_by_role("menuitemradio", name="React with 👍").click()
    assert (await bot.hears("whatsapp", reaction=...))["reaction"] == {"message_id": asked, "emoji": "👍"}
    await expect(rows.nth(0).locator(".reactions")).to_have_accessible_name("Reactions. You: 👍")
    menu = phone(desk, "whatsapp").locator(".row.mine")
    await menu.hover()
    await menu.get_by_role("button", name="What to do with this message").click()
    assert await desk.get_by_role("menuitem").all_inner_texts() == ["Reply", "Copy", "Traffic"]
    await desk.keyboard.press("Escape")
    # On the other phone it is somebody else's.
    await phone(desk, "whatsapp").locator(".holder-chip", has_text="Bo Larsen").click()
    await enter(desk, "Ski trip")
    await expect(rows.filter(has_text="Fine").locator(".author")).to_have_text("Ada Brandt")


async def test_a_picture_reaches_the_group(desk: Page, bot: Bot, emulator: Emulator) -> None:
    group = await new_group(bot, emulator, ("Ada Brandt",))
    await enter(desk, "Ski trip")
    await phone(desk, "whatsapp").get_by_role("button", name="Attach").click()
    async with desk.expect_file_chooser() as chooser:
        await phone(desk, "whatsapp").get_by_role("button", name="Picture or video").click()
    await (await chooser.value).set_files({"name": "a.png", "mimeType": "image/png", "buffer": picture()})
    await phone(desk, "whatsapp").get_by_role("button", name="Send", exact=True).click()
    told = await bot.hears("whatsapp", type="image")
    assert told["group_id"] == group["id"]
    await expect(phone(desk, "whatsapp").locator(".row.mine img")).to_be_visible()


async def test_the_list_shows_groups_with_what_is_new_and_reads_them(desk: Page, bot: Bot, emulator: Emulator) -> None:
    group = await new_group(bot, emulator, ("Ada Brandt", "Bo Larsen"))
    await phone(desk, "whatsapp").get_by_role("button", name="To the list of chats").click()
    emulator.act("write", group=group["id"], person="Bo Larsen", text="Which weekend?")
    await tell_group(bot, group, "The second")
    row = phone(desk, "whatsapp").locator(".chats-row", has_text="Ski trip")
    await expect(row).to_contain_text("Chaski: The second")
    await expect(row.get_by_label("2 unread")).to_be_visible()
    await row.click()
    receipts = {"person1": "read", "person2": "delivered"}
    await soon(lambda: emulator.act("bubbles", group=group["id"])[-1]["receipts"] == receipts)
    await phone(desk, "whatsapp").get_by_role("button", name="To the list of chats").click()
    await expect(row).to_be_focused()
    await expect(row.locator(".badge")).to_have_count(0)
    # What was begun in a chat waits there.
    await row.click()
    await phone(desk, "whatsapp").get_by_label("Message on WhatsApp").fill("To all")
    await enter(desk, "Chaski")
    await expect(phone(desk, "whatsapp").get_by_label("Message on WhatsApp")).to_have_value("")
    await enter(desk, "Ski trip")
    await expect(phone(desk, "whatsapp").get_by_label("Message on WhatsApp")).to_have_value("To all")


async def test_who_leaves_or_is_removed_sees_no_more(desk: Page, bot: Bot, emulator: Emulator) -> None:
    group = await new_group(bot, emulator, ("Ada Brandt", "Bo Larsen"))
    await enter(desk, "Ski trip")
    await phone(desk, "whatsapp").get_by_role("button", name="More about this chat").click()
    await phone(desk, "whatsapp").get_by_role("button", name="Leave the group").click()
    await expect(phone(desk, "whatsapp").locator(".outside")).to_have_text("You are no longer in this group.")
    await expect(phone(desk, "whatsapp").get_by_label("Message on WhatsApp")).to_be_hidden()
    emulator.act("write", group=group["id"], person="Bo Larsen", text="She is gone")
    emulator.act("join_group", person="Ada Brandt", link=group["link"])
    await expect(phone(desk, "whatsapp").get_by_label("Message on WhatsApp")).to_be_visible()
    emulator.act("write", group=group["id"], person="Bo Larsen", text="She is back")
    await expect(bubbles(desk, "whatsapp")).to_contain_text(["She is back"])
    async with ClientSession() as session:
        removal = {"messaging_product": "whatsapp", "participants": [{"user": "4917604069001"}]}
        url = f"{emulator.url}/v25.0/{group['id']}/participants"
        headers = {"Authorization": "Bearer token-of-whatsapp"}
        async with session.delete(url, json=removal, headers=headers) as answer:
            assert answer.status == 200
        await expect(phone(desk, "whatsapp").locator(".notice-line").last).to_have_text("Chaski removed Ada Brandt")
        emulator.act("write", group=group["id"], person="Bo Larsen", text="Gone for good")
        await enter(desk, "Chaski")
        await phone(desk, "whatsapp").get_by_role("button", name="To the list of chats").click()
        await phone(desk, "whatsapp").get_by_role("button", name="Open an invite link").click()
        await phone(desk, "whatsapp").get_by_role("textbox", name="Invite link").fill(group["link"])
        await desk.keyboard.press("Enter")
        sheet = phone(desk, "whatsapp").get_by_role("dialog", name="Ski trip")
        await expect(sheet).to_contain_text("because you were removed from it")
        await desk.keyboard.press("Escape")
        await phone(desk, "whatsapp").locator(".chats-row", has_text="Ski trip").click()
        await expect(bubbles(desk, "whatsapp")).to_have_count(1)
        async with session.delete(f"{emulator.url}/v25.0/{group['id']}", headers=headers) as answer:
            assert answer.status == 200
    await expect(desk.get_by_role("alert")).to_have_text("This group was deleted.")
    await expect(phone(desk, "whatsapp").locator(".chats-row")).to_have_count(1)


async def test_joins_are_asked_for_with_the_keyboard_on_a_phone(pocket: Page, bot: Bot, emulator: Emulator) -> None:
    group = await new_group(bot, emulator, join_approval_mode="approval_required")
    small = phone(pocket, "whatsapp")
    await small.get_by_role("button", name="To the list of chats").press("Enter")
    await small.get_by_role("button", name="Open an invite link").press("Enter")
    await small.get_by_role("textbox", name="Invite link").fill("https://chat.whatsapp.com/Emulatednone")
    await pocket.keyboard.press("Enter")
    await expect(small.get_by_role("dialog", name="Invitation")).to_contain_text("leads to no group")
    await pocket.keyboard.press("Escape")
    await small.get_by_role("button", name="Open an invite link").press("Enter")
    await small.get_by_role("textbox", name="Invite link").fill(group["link"])
    await pocket.keyboard.press("Enter")
    await small.get_by_role("button", name="Ask to join").press("Enter")
    await soon(lambda: emulator.act("groups")[-1]["requests"])
    await small.get_by_role("button", name="Open an invite link").press("Enter")
    await small.get_by_role("textbox", name="Invite link").fill(group["link"])
    await pocket.keyboard.press("Enter")
    await expect(small.get_by_role("button", name="Take back your request")).to_be_visible()
    assert await pocket.evaluate(SMALL) == []
    (request,) = emulator.act("groups")[-1]["requests"]
    approval = {"messaging_product": "whatsapp", "join_requests": [request["id"]]}
    await bot.call("whatsapp", f"{group['id']}/join_requests", approval)
    await expect(small.get_by_role("heading", name="Ski trip").first).to_be_visible()
    await expect(small.locator(".notice-line")).to_be_visible()
    assert await pocket.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_fault_in_groups(browser: Browser, emulator: Emulator, bot: Bot, scheme: str) -> None:
    group = await new_group(bot, emulator, ("Ada Brandt", "Bo Larsen"), description="Who comes?")
    for name in ("Cy", "Dee", "Eve", "Fay"):
        emulator.act("add_person", name=name)
        emulator.act("join_group", person=name, link=group["link"])
        emulator.act("write", group=group["id"], person=name, text="Hello")
    emulator.act("write", group=group["id"], person="Bo Larsen", text="Hello")
    page = await open_desk(browser, emulator, [], color_scheme=scheme)
    found = []

    async def check() -> None:
        response = (await Axe().run(page)).response
        found.extend(
            f"{fault['help']}: {node['html'][:160]}" for fault in response["violations"] for node in fault["nodes"]
        )

    await phone(page, "whatsapp").get_by_role("button", name="To the list of chats").click()
    await check()
    await phone(page, "whatsapp").locator(".chats-row", has_text="Ski trip").click()
    await tell_group(bot, group, "Hello all")
    await expect(bubbles(page, "whatsapp", ".theirs").last).to_contain_text("Hello all")
    await check()
    await phone(page, "whatsapp").get_by_role("button", name="More about this chat").click()
    await check()
    await page.context.close()
    assert found == []
