"""Large photographs are made small in the browser before they travel; what it cannot read goes as it is."""

from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.async_api import Page, expect

from assistant.database import in_thread
from assistant.models import AttachedPicture
from tests.imagine.drawings import encoded
from tests.photographs import assert_clean
from tests.servers import Site

LIMIT = 12_000_000
# Playwright does not know how many bytes a form with files has.
NOTE_BYTES = """
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (fields) {
    window.sentBytes = fields.get("file").size;
    return send.call(this, fields);
  };
"""


@pytest.fixture
def site(seeing_site: Site) -> Site:
    return seeing_site


@pytest.fixture(autouse=True)
async def notes(page: Page) -> None:
    await page.add_init_script(NOTE_BYTES)


def noisy(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red on its left half, blue on its right one, with so much noise that it takes many bytes."""
    image = Image.new("RGB", (width, height), (230, 20, 20))
    image.paste((20, 20, 230), (width // 2, 0, width, height))
    grain = Image.effect_noise((512, 512), 40).convert("RGB")
    tiles = Image.new("RGB", (width, height))
    for left in range(0, width, 512):
        for top in range(0, height, 512):
            tiles.paste(grain, (left, top))
    return Image.blend(image, tiles, 0.15).convert(mode)


def photograph(width: int, height: int, form: str = "JPEG", **options: object) -> bytes:
    """Held on its side, as a phone saves it: upright, its upper half is red."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return encoded(noisy(width, height), form, exif=exif.tobytes(), quality=90, **options)


def stored() -> bytes:
    return bytes(AttachedPicture.objects.order_by("-attachment__created_at").values_list("data", flat=True)[0])


async def sent(page: Page, name: str, data: bytes) -> tuple[int, bytes]:
    """Attach it; how many bytes travelled, and what is kept of it."""
    file: Any = {"name": name, "mimeType": "", "buffer": data}
    async with page.expect_response("**/attachments/", timeout=60_000):
        await page.get_by_label("Attach pictures and text files").set_input_files([file])
    await expect(page.locator(".composer .tray .file").last.locator("img")).to_be_visible()
    kept = await in_thread(stored)()
    await page.locator(".composer .tray [data-remove]").last.click()
    return await page.evaluate("window.sentBytes"), kept


async def test_photographs_of_new_phones_take_a_megabyte_and_stand_upright(page: Page) -> None:
    await page.goto("/")
    data = photograph(8160, 6120)
    assert len(data) > LIMIT
    size, kept = await sent(page, "IMG_50.jpg", data)
    assert 100_000 < size < 1_500_000
    assert_clean(kept)


async def test_what_is_transparent_stays_so_and_what_moves_or_is_strange_is_left_alone(page: Page) -> None:
    await page.goto("/")
    clear = noisy(2600, 2000, "RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 1300, 2000))
    data = encoded(clear, "PNG")
    assert len(data) > 500_000
    size, kept = await sent(page, "clear.png", data)
    assert 100_000 < size < len(data) / 4
    # As the model is shown it, on white.
    assert Image.open(BytesIO(kept)).getpixel((20, 20)) == (255, 255, 255)
    for name, data in {
        "moving.gif": encoded(noisy(2600, 1000), "GIF"),
        "IMG_1.HEIC": photograph(2200, 800, "HEIF", enc_params={"preset": "ultrafast"}),
        "small.jpg": photograph(2000, 1500),
    }.items():
        assert len(data) > 500_000, name
        size, _kept = await sent(page, name, data)
        assert size == len(data), name


async def test_where_the_browser_cannot_it_goes_as_it_is(page: Page) -> None:
    await page.add_init_script("delete globalThis.OffscreenCanvas")
    await page.goto("/")
    data = photograph(4000, 3000)
    assert LIMIT > len(data) > 1_500_000
    size, kept = await sent(page, "IMG_1.jpg", data)
    assert size == len(data)
    assert_clean(kept)
