"""A person with a phone of the emulator, and with a browser: from the first greeting to the conversation on the web."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.conftest import note_errors
from tests.e2e.talk import answers, is_answered, say
from tests.fake_llama import FakeLlama, says
from tests.fake_web import FakePage, FakeWeb
from tests.integrations.conftest import SUGGESTING, Messengers
from tests.integrations.emulator.files import picture, sound
from tests.people import next_address
from tests.servers import Painter

NAMES = {"whatsapp": "WhatsApp", "messenger": "Messenger", "instagram": "Instagram"}
SLOW = 60_000

LIGHTS = FakePage(
    "/lights", "Northern lights", ("They are seen best from September to March, on clear nights around midnight.",)
)


@pytest.fixture
async def browser_of_ada(browser: Browser) -> AsyncIterator[Page]:
    """One browser for both pages; an error of a script fails the test."""
    headers = {"X-Forwarded-For": next_address()}
    errors: list[str] = []
    async with await browser.new_context(
        viewport={"width": 1440, "height": 900}, reduced_motion="reduce", extra_http_headers=headers
    ) as context:
        page = await context.new_page()
        note_errors(page, errors)
        yield page
    assert errors == []


@pytest.fixture(scope="module")
def few_people(
    resting: None, surroundings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Messengers]:
    """An emulator whose page shows two people. No other courier reads what it delivers: they share a database."""
    messengers = Messengers(tmp_path_factory.mktemp("walk"), surroundings, people=0)
    messengers.start()
    yield messengers
    messengers.kill()


class Hands:
    """What somebody does on one phone of the page."""

    def __init__(self, page: Page, app: str) -> None:
        self.page = page
        self.app = app
        self.phone = page.locator(f"#{app}")

    @property
    def theirs(self) -> Locator:
        return self.phone.locator(".row.theirs .bubble")

    async def write(self, text: str) -> None:
        await self.phone.get_by_label(f"Message on {NAMES[self.app]}").fill(text)
        await self.phone.get_by_role("button", name="Send", exact=True).click()

    async def reads(self, text: str | re.Pattern[str]) -> None:
        """The newest of the assistant's bubbles comes to say that."""
        await expect(self.theirs.filter(has_text=text).last).to_be_visible(timeout=SLOW)

    async def tap(self, name: str) -> None:
        await self.phone.get_by_role("button", name=name, exact=True).last.click()

    async def attach(self, kind: str, name: str, mime: str, data: bytes) -> None:
        await self.phone.get_by_role("button", name="Attach").click()
        async with self.page.expect_file_chooser() as chooser:
            await self.phone.get_by_role("button", name=kind).click()
        await (await chooser.value).set_files({"name": name, "mimeType": mime, "buffer": data})
        await self.phone.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()


@pytest.mark.slow
@pytest.mark.parametrize("app", ["whatsapp", "messenger", "instagram"])
async def test_from_the_first_greeting_to_the_conversation_on_the_web(
    few_people: Messengers, painter: Painter, fake_llama: FakeLlama, fake_web: FakeWeb, browser_of_ada: Page, app: str
) -> None:
    page, emulator = browser_of_ada, few_people.emulator
    await page.goto(emulator.url)
    await expect(page.locator("body.ready")).to_be_visible()
    hands = Hands(page, app)
    fake_llama.on(SUGGESTING, says(""))

    fake_llama.script(says("Good morning. What can I do for you?"))
    await hands.write("Hello")
    await hands.reads("an AI assistant")
    await hands.reads("What can I do for you?")

    fake_web.finds(LIGHTS)
    fake_llama.script(
        says('{"name": "web_search", "parameters": {"query": "northern lights best time"}}'),
        says("From **September to March** [1]."),
    )
    await hands.write("Search the web: when are northern lights seen best?")
    await hands.reads(re.compile(r"September to March *\[1\]"))
    await hands.reads("Northern lights –")

    await hands.write("imagine northern lights over a fjord")
    await hands.reads("Here is your picture.")
    await expect(hands.phone.locator(".row.theirs img").last).to_be_visible()

    await hands.tap("Animate")
    await hands.reads("Here is your loop.")

    await hands.attach("Picture or video", "disc.jpg", "image/jpeg", picture())
    await hands.reads("I can draw on from yours")

    await hands.attach("Sound or voice note", "note.ogg", "audio/ogg", sound())
    await hands.reads("Voice notes cannot be heard here yet")

    await hands.write("/link")
    await hands.reads("/you/apps/link/")
    said = await asyncio.to_thread(emulator.answers_on, app, person="person1")
    address = re.search(r"http\S+/you/apps/link/\S+", said[-1]["text"])
    assert address
    site = await page.context.new_page()
    await site.goto(address[0])
    await site.get_by_role("button", name="It is my chat, connect it").click()
    await expect(site.get_by_role("heading", name=f"Now look into {NAMES[app]}")).to_be_visible()
    await hands.tap("Connect")
    await hands.reads("connected with")

    await site.goto(few_people.site.url + "/c/")
    await site.get_by_role("main").get_by_role("link", name=re.compile("Hello")).first.click()
    await expect(site.get_by_role("strong").filter(has_text="September to March")).to_be_visible()
    fake_llama.script(says("Around midnight."))
    await say(site, "At what time?")
    await expect(answers(site).last).to_have_text("Around midnight.")
    await is_answered(site)
    await site.close()
