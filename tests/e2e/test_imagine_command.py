"""The page decides what the command "imagine" draws as the server does, which renders its patterns into the form."""

from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, expect

from assistant.commands import imagine_prompt
from tests.assistant.imagine_commands import IMAGINE_COMMANDS
from tests.e2e.talk import composer


async def test_a_preview_is_shown_of_exactly_what_the_server_would_draw(page: Page) -> None:
    await page.goto("/")
    await composer(page).fill("/imagine a fox")
    preview = page.get_by_role("region", name="Live picture")
    await expect(preview).to_be_visible()
    link = page.locator("[data-open]")
    for text, _ in IMAGINE_COMMANDS:
        await composer(page).fill(text)
        # A textarea has line ends of one kind.
        typed = await composer(page).input_value()
        query = parse_qs(urlsplit(await link.get_attribute("href") or "").query)
        assert query.get("prompt", [""])[0] == (imagine_prompt(typed) or ""), repr(text)
        assert await preview.is_visible() == bool(imagine_prompt(typed)), repr(text)
