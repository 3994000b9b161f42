"""Whatever file somebody gives to a page, in a real browser: it is taken, or a sentence says why not."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, Request, Route, expect

from tests.e2e.imagining import are_drawn, cards
from tests.e2e.test_rooms import make
from tests.imagine.files.test_uploads import png
from tests.photographs import photograph
from tests.servers import Painter, Site
from web import settings

PASTE_HTML = """(field, [html, text]) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  if (text) data.setData("text/plain", text);
  return field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
DROP_HTML = """(target) => {
  const data = new DataTransfer();
  data.setData("text/html", '<img src="https://example.com/fox.png">');
  data.setData("text/plain", "https://example.com/fox.png");
  const events = ["dragover", "drop"].map(
    (kind) => new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true})
  );
  return events.map((event) => target.dispatchEvent(event));
}"""
ADDRESS = "Only the address of the picture came along."
WAY = "more than the way to this site lets through"


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of each kind."""
    folder = tmp_path_factory.mktemp("things")
    (folder / "holiday").mkdir()
    (folder / "holiday" / "inside.png").write_bytes(b"")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture at all")
    (folder / "film.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0mp42isom" + bytes(100))
    (folder / "huge.tif").write_bytes(b"II*\0" + bytes(settings.UPLOAD_BYTES))
    (folder / "nothing.png").write_bytes(png(0, 0))
    (folder / "wide.png").write_bytes(png(9_000, 9_000))
    (folder / "photo").write_bytes(photograph(form="HEIF"))
    Image.linear_gradient("L").save(folder / "fox.png")
    return folder


async def drop(page: Page, *paths: Path) -> None:
    """Drop them on the page, as from the system's own window."""
    hand = await page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await hand.send("Input.dispatchDragEvent", {"type": kind, "x": 640, "y": 300, "data": data})


def tray(page: Page) -> Locator:
    return page.locator(".composer .tray .file")


def line(page: Page) -> Locator:
    return page.locator(".composer .tray-line")


async def test_where_pictures_are_drawn(page: Page, painter: Painter, things: Path) -> None:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/imagine/upload") else None)
    await page.goto("/imagine/")
    notice = page.locator("#notice")
    for names, sentence in {
        ("holiday",): "“holiday” is a folder. Please choose a picture in it.",
        ("empty.jpg",): "“empty.jpg” is empty.",
        ("film.mp4",): "“film.mp4” is a video. Please choose a picture",
        ("huge.tif",): "“huge.tif” is too large: a picture may have 12 MB at most.",
        ("empty.jpg", "film.mp4"): "“empty.jpg” is empty.",
    }.items():
        await drop(page, *(things / name for name in names))
        await expect(notice).to_contain_text(sentence.replace("“", "“\u2068").replace("”", "\u2069”"))
    field = page.get_by_label("What to draw")
    assert not await field.evaluate(PASTE_HTML, ['<p><img src="https://example.com/fox.png"></p>', ""])
    await expect(notice).to_contain_text(ADDRESS)
    assert await field.evaluate(PASTE_HTML, ["<b>a fox</b>", "a fox"])
    await drop(page, things / "empty.jpg")
    assert await page.locator("main").evaluate(DROP_HTML) == [False, False]
    await expect(notice).to_contain_text(ADDRESS)
    assert sent == []
    for name, sentence in {
        "notes.txt": "This file is not a picture we can read.",
        "nothing.png": "This file is not a picture we can read.",
        "wide.png": "This picture has too many pixels",
    }.items():
        async with page.expect_response("**/imagine/upload"):
            await drop(page, things / name)
        await expect(notice).to_contain_text(sentence)
    assert len(sent) == 3
    await drop(page, things / "notes.txt", things / "photo", things / "fox.png")
    await expect(notice).to_have_text("One picture is taken at a time: this one is “\u2068photo\u2069”.")
    await are_drawn(page, 1)
    await drop(page, things / "fox.png")
    await are_drawn(page, 2)
    await expect(notice).to_be_empty()


async def test_where_a_server_between_takes_less(page: Page, painter: Painter, things: Path) -> None:
    await page.goto("/imagine/")
    notice = page.locator("#notice")
    answers = [
        ("<html><h1>413 Request Entity Too Large</h1></html>", WAY),
        ('{"message": "too large"}', WAY),
        ('{"sentence": "This is said by the site."}', "This is said by the site."),
        ("", "It was not uploaded: the server did not answer."),
    ]

    async def answer(route: Route) -> None:
        body = answers[0][0]
        await (route.fulfill(status=413, body=body) if body else route.abort("connectionreset"))

    await page.route("**/imagine/upload", answer)
    while answers:
        async with page.expect_event("request", lambda request: request.url.endswith("/imagine/upload")):
            await drop(page, things / "fox.png")
        await expect(notice).to_contain_text(answers[0][1])
        answers.pop(0)
    await expect(cards(page)).to_have_count(0)


async def test_in_a_chat(page: Page, seeing_site: Site, site: Site, things: Path) -> None:
    await page.goto(seeing_site.url)
    names = ("holiday", "empty.jpg", "film.mp4", "huge.tif", "wide.png")
    await drop(page, *(things / name for name in names))
    await expect(tray(page)).to_contain_text(
        [
            "holiday: This is a folder. Please choose files in it.",
            "empty.jpg: This file is empty.",
            "film.mp4: Recordings and videos cannot be attached here.",
            "huge.tif: Too large: a picture may have 12 MB at most.",
            "wide.png: This picture has too many pixels",
        ]
    )
    for name in names:
        await page.get_by_role("button", name=f"Remove: {name}").click()
    await drop(page, things / "nothing.png", things / "notes.txt", things / "photo")
    await expect(tray(page)).to_contain_text(
        ["nothing.png: This is not a picture that can be read here.", "notes.txt, 17 bytes", "photo, "]
    )
    await expect(tray(page).nth(2).locator("img")).to_have_js_property("complete", True)
    assert not await page.get_by_label("Your message").evaluate(
        PASTE_HTML, ['<img src="https://example.com/a.png">', ""]
    )
    await expect(line(page)).to_contain_text(ADDRESS)
    await page.route("**/attachments/", lambda route: route.fulfill(status=413, body="<html>413</html>"))
    await drop(page, things / "notes.txt")
    await expect(tray(page).last).to_contain_text(WAY)


async def test_in_a_room(page: Page, painter: Painter, things: Path) -> None:
    await page.goto("/rooms/new")
    await make(page)
    await drop(page, *(things / name for name in ("holiday", "empty.jpg", "wide.png", "notes.txt", "photo")))
    await expect(tray(page)).to_contain_text(
        [
            "holiday: This is a folder. Please choose files in it.",
            "empty.jpg: This file is empty.",
            "wide.png: This picture has too many pixels",
            "notes.txt, 17 bytes",
            "photo, ",
        ]
    )
    await page.route("**/attach/", lambda route: route.fulfill(status=413, body="<html>413</html>"))
    await page.get_by_role("button", name="Remove: empty.jpg").click()
    await drop(page, things / "notes.txt")
    await expect(tray(page).last).to_contain_text(WAY)
