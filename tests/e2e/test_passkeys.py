"""Signing in with a passkey, made by a device that the browser plays itself."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page

from tests.clients import PASSWORD
from tests.conftest import note_errors
from tests.fake_llama import FakeLlama
from tests.ports import free_port
from tests.servers import Site, Valkey, another_database

pytestmark = pytest.mark.slow

# A key in the device itself, whose owner it knows: https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def passkey_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site with passkeys. They hold for a name: no browser makes one for an address of numbers."""
    folder, port = tmp_path_factory.mktemp("passkeys"), free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSKEYS", "1")
        # Its pages have scripts of their own.
        patch.setenv("DATA_DIR", str(folder))
        subprocess.run([sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"], check=True)
        with another_database(folder) as url:
            environment = {"REDIS_URL": valkey.url, "LLAMA_URL": shared_llama.url, "DATABASE_URL": url}
            site = Site(folder, environment | {"SITE_URL": f"http://localhost:{port}"}, port)
            site.start()
            yield site
            site.kill()


@pytest.fixture
async def device_page(browser: Browser, passkey_site: Site) -> AsyncIterator[Page]:
    """A page in a browser of a device that makes passkeys."""
    address = passkey_site.environment["SITE_URL"]
    async with await browser.new_context(base_url=address, reduced_motion="reduce") as context:
        page = await context.new_page()
        errors: list[str] = []
        note_errors(page, errors)
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        session = await context.new_cdp_session(page)
        await session.send("WebAuthn.enable")
        await session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        yield page
        assert errors == []


async def sign_out(page: Page) -> None:
    await page.goto("/account/logout/")
    await page.get_by_role("main").get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/")


async def test_a_passkey_is_made_and_signs_in(device_page: Page) -> None:
    page = device_page
    await page.goto("/account/signup/")
    await page.get_by_label("Name").fill("ana")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Create").click()
    await page.wait_for_url("**/")
    await page.goto("/you/")
    await page.get_by_role("link", name="Passkeys").click()
    await page.get_by_role("link", name="Add a passkey").click()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_label("Name").fill("My phone")
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_text("it signs you in from now on").wait_for()
    await page.get_by_role("heading", name="My phone").wait_for()
    await sign_out(page)

    await page.goto("/account/login/?next=/you/")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await page.wait_for_url("**/you/")
    await page.get_by_role("link", name="Passkeys").wait_for()
    await sign_out(page)

    await page.goto("/account/login/?next=/you/")
    await page.get_by_label("Name or e-mail").fill("ana")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_text("The password is right").wait_for()
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/you/")
