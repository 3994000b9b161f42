"""Pictures and documents in a room, in real browsers: attached by one, seen by another at once."""

from io import BytesIO

from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Page, expect

from tests.e2e.test_rooms import join, make
from tests.servers import Painter


def photo() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (320, 240), "#33468f").save(buffer, "JPEG")
    return buffer.getvalue()


async def test_what_one_attaches_the_other_sees_at_once(page: Page, phone: Page, painter: Painter) -> None:
    await page.goto("/rooms/new")
    await join(phone, await make(page))
    files = [
        {"name": "hut.jpg", "mimeType": "image/jpeg", "buffer": photo()},
        {"name": "Huts.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 huts"},
        {"name": "game.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ\x90\0" + b"\0" * 80},
    ]
    await page.get_by_label("Attach pictures, recordings, documents").set_input_files(files)  # type: ignore[arg-type]
    tray = page.locator(".tray")
    await expect(tray.locator("input[name=attachments]")).to_have_count(2)
    await expect(tray).to_contain_text("The others do not get files of this kind")
    await tray.get_by_role("button", name="Remove: game.exe").click()
    await page.get_by_role("button", name="Send").click()
    for one in (page, phone):
        picture = one.locator(".message-picture img")
        await expect(picture).to_have_attribute("alt", "A picture from Ana")
        assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    async with phone.expect_download() as download:
        await phone.get_by_role("link", name="Huts.pdf").tap()
    assert (await download.value).suggested_filename == "Huts.pdf"
    for one in (page, phone):
        found = await Axe().run(one)
        assert found.violations_count == 0, found.generate_report()
