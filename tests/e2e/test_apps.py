"""A chat in an app and somebody at a browser become one: by a code, by an address, at a desk and on a phone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from assistant.database import in_thread
from integrations import links
from integrations.models import Contact
from integrations.outbound import OutboundMessage
from tests.clients import PASSWORD
from tests.conftest import note_errors
from tests.e2e.hands import Hand, Way, screen
from tests.e2e.talk import answers, is_answered, say
from tests.e2e.test_access import SMALL
from tests.e2e.test_account_pages import new_name
from tests.fake_llama import FakeLlama, says
from tests.integrations.linking import make_contact, sent_to, tap, token_in
from tests.people import next_address
from tests.servers import Site, Valkey

Open = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="module")
def shared_app_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site with WhatsApp and Messenger."""
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "META_APP_SECRET": "secret",
        "WHATSAPP_TOKEN": "a-token",
        "WHATSAPP_PHONE_ID": "1001",
        "WHATSAPP_PURPOSE": "helper",
        "WHATSAPP_COUNTRIES": "DE",
        "WHATSAPP_NUMBER": "4915112345678",
        "MESSENGER_TOKEN": "a-token",
        "MESSENGER_PAGE_ID": "2002",
    }
    site = Site(tmp_path_factory.mktemp("app-site"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
async def open_site(browser: Browser, shared_app_site: Site, fake_llama: FakeLlama) -> AsyncIterator[Open]:
    """Opens fresh browsers at that site; a script error fails the test."""
    errors: list[str] = []
    async with AsyncExitStack() as contexts:

        async def open_one(**options: Any) -> Page:
            headers = {"X-Forwarded-For": next_address()}
            options = {"reduced_motion": "reduce", "extra_http_headers": headers, **options}
            context = await browser.new_context(base_url=shared_app_site.url, **options)
            page = await (await contexts.enter_async_context(context)).new_page()
            note_errors(page, errors)
            return page

        yield open_one
    assert errors == []


@in_thread
def newcomer(said: str = "Which llama is best?") -> Contact:
    return make_contact("Ana Quispe", said=said)


@in_thread
def types(contact: Contact, argument: str) -> OutboundMessage:
    return links.handle(contact, argument)


@in_thread
def taps(contact: Contact, message: OutboundMessage, title: str = "Connect") -> str:
    return tap(contact, message, title).text


@in_thread
def last_sent(contact: Contact) -> OutboundMessage:
    return sent_to(contact)[-1]


async def code_on(page: Page) -> str:
    """The code that the page shows."""
    shown = await page.locator(".link-code code").inner_text()
    return shown.removeprefix("/link ")


async def with_account(page: Page) -> str:
    name = new_name()
    await page.goto("/account/signup/")
    await page.get_by_role("main").get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_label("Your message")).to_be_visible()
    return name


def heading(page: Page, text: str) -> Any:
    return page.get_by_role("heading", name=text)


@pytest.mark.parametrize("way", ["mouse", "touch", "keyboard"])
async def test_a_code_from_the_page_connects_and_the_conversation_goes_on_in_the_browser(
    open_site: Open, fake_llama: FakeLlama, way: Way
) -> None:
    page = await open_site(**screen(way))
    hand, contact = Hand(page, way), await newcomer()
    await with_account(page)
    await page.goto("/you/")
    await hand.press(page.get_by_role("link", name="Connect an app"))
    await hand.press(page.get_by_role("button", name="Get a code"))
    question = await types(contact, await code_on(page))
    # Without a reload: the page looks by itself.
    await expect(heading(page, "Is this you?")).to_be_visible()
    await expect(page.locator("#link .contact-name")).to_have_text("“Ana Quispe”")
    await hand.press(page.get_by_role("button", name="Connect", exact=True))
    await expect(heading(page, "Now look into WhatsApp")).to_be_visible()
    assert "connected with" in await taps(contact, question)
    await expect(page.get_by_role("button", name="Disconnect WhatsApp Ana Quispe")).to_be_visible()
    await page.goto(f"/c/{contact.conversation_id}/")
    await expect(answers(page)).to_have_text("You said Which llama is best?")
    fake_llama.script(says("The woolly one."))
    await say(page, "And the second best?")
    await expect(answers(page).last).to_have_text("The woolly one.")
    await is_answered(page)
    assert "Which llama is best?" in str(fake_llama.requests[-1]["messages"])
    await page.goto("/you/apps")
    await hand.press(page.get_by_role("button", name="Disconnect WhatsApp Ana Quispe"))
    await expect(page.get_by_text("Disconnected. What was said stays")).to_be_visible()
    await page.goto(f"/c/{contact.conversation_id}/")
    await expect(answers(page).last).to_have_text("The woolly one.")


async def test_an_address_from_the_chat_connects_a_guest(open_site: Open) -> None:
    page, contact = await open_site(), await newcomer()
    await page.goto(f"/you/apps/link/{token_in(await types(contact, ''))}")
    await expect(page.get_by_text("in this browser, without an account")).to_be_visible()
    await page.get_by_role("button", name="It is my chat, connect it").click()
    await expect(heading(page, "Now look into WhatsApp")).to_be_visible()
    await taps(contact, await last_sent(contact))
    await expect(page.get_by_role("button", name="Disconnect WhatsApp Ana Quispe")).to_be_visible()
    await page.goto("/c/")
    await expect(page.get_by_role("main").get_by_text("Which llama is best?")).to_be_visible()


async def test_an_address_from_the_chat_waits_for_who_signs_in_first(open_site: Open) -> None:
    other, page, contact = await open_site(), await open_site(), await newcomer()
    name = await with_account(other)
    await page.goto(f"/you/apps/link/{token_in(await types(contact, ''))}")
    await page.get_by_role("link", name="I have an account").click()
    await page.get_by_label("Name or e-mail").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text(f"your account “{name}”")).to_be_visible()
    await page.get_by_role("button", name="It is my chat, connect it").click()
    assert name in (await last_sent(contact)).text
    assert await taps(contact, await last_sent(contact), "Do not connect") == "Nothing was connected."
    await expect(page.get_by_role("button", name="Get a code")).to_be_visible()


async def test_without_scripts_the_page_is_looked_at_again(open_site: Open) -> None:
    page, contact = await open_site(java_script_enabled=False), await newcomer()
    await page.goto("/you/apps")
    await page.get_by_role("button", name="Get a code").click()
    question = await types(contact, await code_on(page))
    await taps(contact, question)
    await page.get_by_role("link", name="Look again").click()
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.get_by_text("Connected. It is one conversation")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("way", ["mouse", "touch"])
async def test_axe_finds_no_fault_with_any_step(open_site: Open, scheme: str, way: Way) -> None:
    page, contact, other = await open_site(color_scheme=scheme, **screen(way)), await newcomer(), await newcomer()
    found: dict[str, Any] = {}

    async def look(step: str) -> None:
        if faults := (await Axe().run(page)).response["violations"]:
            found[step] = [(fault["help"], [node["html"][:160] for node in fault["nodes"]]) for fault in faults]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[f"{step}, width"] = True
        if way == "touch" and (small := await page.evaluate(SMALL)):
            found[f"{step}, small"] = small

    await page.goto("/you/apps")
    await look("empty")
    await page.get_by_role("button", name="Get a code").click()
    code = await code_on(page)
    await look("code")
    question = await types(contact, code)
    await expect(heading(page, "Is this you?")).to_be_visible()
    await look("asked")
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(heading(page, "Now look into WhatsApp")).to_be_visible()
    await look("agreed")
    await taps(contact, question)
    await expect(page.get_by_role("button", name="Disconnect")).to_be_visible()
    await look("connected")
    await page.goto(f"/you/apps/link/{token_in(await types(other, ''))}")
    await look("address")
    await page.goto("/you/apps/link/wrong")
    await look("ended")
    assert found == {}
