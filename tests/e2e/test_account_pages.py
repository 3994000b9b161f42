"""From guest to account and back to nobody, by clicking."""

import json
import zipfile
from uuid import uuid4

from playwright.async_api import Page, expect

from assistant.database import in_thread
from assistant.models import Person
from tests.clients import PASSWORD
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, composer, converse
from tests.e2e.test_history import named, side
from tests.fake_llama import FakeLlama, says


def new_name() -> str:
    return f"noa-{uuid4().hex[:12]}"


async def sign_up(page: Page, name: str) -> None:
    await page.get_by_role("link", name="Sign in").first.click()
    await page.get_by_role("main").get_by_role("link", name="Create an account").click()
    await page.get_by_role("main").get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_attached()


async def sign_out(page: Page) -> None:
    await side(page).get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


async def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    await page.goto("/")
    await page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    await page.get_by_label("Name or e-mail").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()


@in_thread
def is_known(name: str) -> bool:
    return Person.objects.filter(username=name).exists()


async def test_a_guest_signs_up_and_keeps_the_conversation(page: Page) -> None:
    await converse(page, "Remember me")
    name = new_name()
    await sign_up(page, name)
    await expect(side(page).get_by_text(name)).to_be_visible()
    await named(page, "Remember me").click()
    await expect(answers(page)).to_have_text("Hello from the llama.")


async def test_a_guest_about_to_sign_up_still_sees_what_they_said(page: Page) -> None:
    await converse(page, "Keep me")
    for path in ("/account/signup/", "/account/login/"):
        await page.goto(path)
        await expect(named(page, "Keep me")).to_be_visible()


async def test_signing_in_brings_along_what_was_said_as_a_guest(open_page: OpenPage, page: Page) -> None:
    name = new_name()
    await converse(page, "Said on the laptop")
    await sign_up(page, name)
    other = await open_page()
    await converse(other, "Said on the tablet")
    await sign_in(other, name)
    await expect(named(other, "Said on the laptop")).to_be_visible()
    await expect(named(other, "Said on the tablet")).to_be_visible()
    await page.goto("/")
    await expect(named(page, "Said on the tablet")).to_be_visible()


async def test_signing_out_leaves_nothing_for_the_next_one_at_this_browser(page: Page) -> None:
    await converse(page, "My secret")
    name = new_name()
    await sign_up(page, name)
    await named(page, "My secret").click()
    await composer(page).fill("Another secret")
    secret = page.url
    await sign_out(page)
    response = await page.goto(secret)
    assert response
    assert response.status == 404
    await page.goto("/")
    await expect(side(page)).to_be_hidden()
    assert await page.evaluate("JSON.stringify(sessionStorage)") == "{}"
    await sign_in(page, name)
    await expect(named(page, "My secret")).to_be_visible()


async def test_a_wrong_password_is_told_kindly_and_keeps_the_name(page: Page) -> None:
    await sign_in(page, "nobody-here", "wrong password 1")
    await expect(page.get_by_role("main").locator(".errorlist")).to_be_visible()
    await expect(page.get_by_label("Name or e-mail")).to_have_value("nobody-here")


async def test_a_person_takes_everything_with_them(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Take the *old* road."))
    await converse(page, "Which way to Písac?")
    await side(page).get_by_role("link", name="Your data").click()
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Download everything").click()
    download = await coming.value
    assert download.suggested_filename.endswith(".zip")
    with zipfile.ZipFile(await download.path()) as archive:
        text = json.dumps(json.loads(archive.read("conversations.json")), ensure_ascii=False)
    assert "Which way to Písac?" in text
    assert "Take the *old* road." in text


async def test_a_person_thinks_again_then_erases_everything(page: Page) -> None:
    await converse(page, "Forget me")
    gone, name = page.url, new_name()
    await sign_up(page, name)
    await named(page, "Forget me").click()
    await composer(page).fill("Half a secret")
    for answer in ("Keep it", "Erase everything"):
        await side(page).get_by_role("link", name="Your data").click()
        await page.get_by_role("button", name="Erase everything").click()
        await page.get_by_role("main").get_by_text(answer).last.click()
    await expect(page.get_by_role("heading", name="All of it is gone")).to_be_visible()
    assert not await is_known(name)
    assert await page.evaluate("JSON.stringify(sessionStorage)") == "{}"
    response = await page.goto(gone)
    assert response
    assert response.status == 404
    await sign_in(page, name)
    await expect(page.get_by_role("main").locator(".errorlist")).to_be_visible()
