"""Long pastes and text files: attached, looked at, sent, read by the model, kept over reloads."""

import asyncio
from pathlib import Path

import pytest
from django.conf import settings
from playwright.async_api import Locator, Page, Route, expect

from assistant.database import in_thread
from assistant.models import Attachment
from tests.e2e.conftest import OpenPage
from tests.e2e.talk import answers, begin, composer, conversation_of, is_answered, say
from tests.fake_llama import FakeLlama, fails, says

LINE = "The quick brown llama jumps over the lazy fox, line after line.\n"
LONG = LINE * (100_000 // len(LINE))
LONG_SIZE = "98 KB"

PASTE = """(field, {text, files}) => {
  const data = new DataTransfer();
  if (text) data.setData("text/plain", text);
  for (const [name, content, type] of files ?? []) data.items.add(new File([content], name, {type}));
  return field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
DROP = """(target, {files}) => {
  const data = new DataTransfer();
  for (const [name, content, type] of files) data.items.add(new File([content], name, {type}));
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def tray(page: Page) -> Locator:
    """The chips over the field one writes in."""
    return page.locator(".composer .tray .file")


def sent(page: Page) -> Locator:
    """The chips in messages."""
    return page.locator(".message-files .file")


async def paste(page: Page, text: str, field: Locator | None = None) -> None:
    """Paste with the keyboard, from the clipboard."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.evaluate("text => navigator.clipboard.writeText(text)", text)
    await (field or composer(page)).press("ControlOrMeta+v")


async def drop(page: Page, *files: tuple[str, str, str]) -> None:
    await page.locator("main").evaluate(DROP, {"files": [list(file) for file in files]})


async def choose(page: Page, *files: tuple[str, bytes]) -> None:
    """Choose files by the paper clip."""
    payload = [{"name": name, "mimeType": "", "buffer": content} for name, content in files]
    await page.get_by_label("Attach text files").set_input_files(payload)  # type: ignore[arg-type]


def asked(llama: FakeLlama) -> str:
    """The last words the model was given."""
    words: str = llama.requests[-1]["messages"][-1]["content"]
    return words


@pytest.mark.parametrize("start", [True, False], ids=["start page", "conversation"])
async def test_a_long_paste_becomes_a_file_that_the_model_reads(page: Page, fake_llama: FakeLlama, start: bool) -> None:
    if start:
        await page.goto("/")
    else:
        await begin(page)
        await is_answered(page)
    await composer(page).fill("What jumps?")
    await paste(page, LONG)
    await expect(tray(page)).to_have_text(f"Pasted text, {LONG_SIZE}")
    await expect(composer(page)).to_have_value("What jumps?")
    fake_llama.script(says("A llama."))
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url("**/c/**")
    await expect(answers(page).last).to_have_text("A llama.")
    await expect(sent(page)).to_have_text(f"Pasted text, {LONG_SIZE}")
    await expect(tray(page)).to_have_count(0)
    assert "a long pasted text" in asked(fake_llama)
    assert LINE * 20 in asked(fake_llama)
    assert asked(fake_llama).index(LINE) < asked(fake_llama).index("What jumps?")
    await expect(page.get_by_text("Of “Pasted text” about the first")).to_be_visible()
    await page.reload()
    await expect(sent(page)).to_have_text(f"Pasted text, {LONG_SIZE}")
    await expect(page.get_by_text("Of “Pasted text” about the first")).to_be_visible()
    await expect(tray(page)).to_have_count(0)
    assert len(await page.content()) < 60_000


async def test_a_paste_that_fits_is_text_as_ever(page: Page) -> None:
    await page.goto("/")
    await paste(page, "short words")
    await expect(composer(page)).to_have_value("short words")
    await expect(tray(page)).to_have_count(0)


async def test_a_small_paste_over_the_limit_becomes_a_file_and_what_was_typed_stays(page: Page) -> None:
    await page.goto("/")
    typed = "x" * (settings.MESSAGE_CHARACTERS - 100)
    await composer(page).fill(typed)
    await paste(page, "y" * 101)
    await expect(tray(page)).to_have_text("Pasted text, 101 bytes")
    await expect(composer(page)).to_have_value(typed)
    await paste(page, "z" * 100)
    await expect(composer(page)).to_have_value(typed + "z" * 100)


async def test_a_file_is_looked_at_put_back_and_removed(page: Page) -> None:
    await page.goto("/")
    await composer(page).fill("x" * settings.MESSAGE_CHARACTERS)
    await paste(page, "A short text.\nIts end.")
    await tray(page).locator("[data-open]").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("pre")).to_have_text("A short text.\nIts end.")
    await expect(dialog.get_by_role("button", name="Put into the message")).to_have_count(0)
    await dialog.get_by_role("button", name="Close").click()
    await composer(page).fill("Read this:")
    await page.reload()
    await expect(composer(page)).to_have_value("Read this:")
    await tray(page).locator("[data-open]").click()
    await dialog.get_by_role("button", name="Put into the message").click()
    await expect(composer(page)).to_have_value("Read this:\nA short text.\nIts end.")
    await expect(tray(page)).to_have_count(0)
    await choose(page, ("notes.txt", b"One"))
    await expect(tray(page)).to_have_text("notes.txt, 3 bytes")
    await page.get_by_role("button", name="Remove: notes.txt").click()
    await expect(tray(page)).to_have_count(0)
    await expect(composer(page)).to_be_focused()
    await page.reload()
    await expect(tray(page)).to_have_count(0)


async def test_files_are_chosen_dropped_and_pasted(page: Page, fake_llama: FakeLlama) -> None:
    await begin(page)
    await is_answered(page)
    await choose(page, ("chosen.md", "Gewählt: Größe".encode("cp1252")))
    await drop(page, ("dropped.csv", "a,b\n1,2", "text/csv"))
    await composer(page).evaluate(PASTE, {"files": [["pasted.py", "print('```')", "text/x-python"]]})
    await expect(tray(page)).to_have_text(["chosen.md, 17 bytes", "dropped.csv, 7 bytes", "pasted.py, 12 bytes"])
    await page.reload()
    await expect(tray(page)).to_have_count(3)
    await say(page, "Read them")
    await expect(answers(page)).to_have_count(2)
    words = asked(fake_llama)
    assert "```text\nGewählt: Größe\n```" in words
    assert "```text\na,b\n1,2\n```" in words
    assert "````text\nprint('```')\n````" in words
    assert words.endswith("Read them") or "\n\nRead them\n\n(Today" in words


async def test_a_file_needs_no_words(page: Page, fake_llama: FakeLlama) -> None:
    await page.goto("/")
    await choose(page, ("only.txt", b"/imagine a fox"))
    await expect(tray(page)).to_have_text("only.txt, 14 bytes")
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("only.txt")
    assert "/imagine a fox" in asked(fake_llama)
    await sent(page).get_by_role("link").click()
    await expect(page.get_by_role("dialog").locator("pre")).to_have_text("/imagine a fox")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_what_is_no_text_is_refused_in_a_sentence(page: Page) -> None:
    await begin(page)
    await choose(page, ("data.txt", b"a\x00b"))
    await expect(tray(page)).to_contain_text("This is not a text file.")
    await drop(page, ("cat.png", "png", "image/png"))
    await expect(tray(page).last).to_contain_text("pictures cannot be looked at here.")
    await choose(page, ("paper.txt", b"%PDF-1.4"))
    await expect(tray(page).last).to_contain_text("PDFs cannot be read here yet")
    await composer(page).fill("Hello")
    await composer(page).press("Enter")
    await expect(page.get_by_text("A file could not be attached. Please remove it, or try it again.")).to_be_visible()
    await expect(composer(page)).to_have_value("Hello")
    for name in ("data.txt", "cat.png", "paper.txt"):
        await page.get_by_role("button", name=f"Remove: {name}").click()
    await composer(page).press("Enter")
    await expect(answers(page)).to_have_count(2)


async def test_a_paste_that_is_too_long_for_a_file_is_not_lost(page: Page) -> None:
    await page.goto("/")
    huge = "x" * (settings.ATTACHMENT_BYTES + 1)
    await composer(page).evaluate(PASTE, {"text": huge})
    await expect(tray(page)).to_contain_text("Too long: at most 1.0\xa0MB can be attached.")
    await expect(tray(page)).to_contain_text("You still have it in the clipboard.")
    await tray(page).locator("[data-open]").click()
    await expect(page.get_by_role("dialog").locator("pre")).to_have_text(huge, timeout=20_000)


async def test_only_so_many_files_go_with_a_message(page: Page) -> None:
    await begin(page)
    await choose(page, *[(f"{number}.txt", b"words") for number in range(settings.ATTACHMENTS_PER_MESSAGE + 2)])
    await expect(tray(page)).to_have_count(settings.ATTACHMENTS_PER_MESSAGE)
    await expect(page.get_by_text("Only 5 files go with one message.")).to_be_visible()
    await paste(page, LONG)
    await expect(tray(page).last).to_contain_text("You still have it in the clipboard")


async def test_an_upload_shows_its_progress_and_can_be_removed(page: Page) -> None:
    await begin(page)
    await is_answered(page)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        arrived.set()
        await go_on.wait()
        await route.continue_()

    await page.route("**/attachments/", hold)
    await choose(page, ("slow.txt", b"slow"), ("other.txt", b"other"))
    await arrived.wait()
    await expect(tray(page).first.get_by_role("progressbar")).to_be_visible()
    await composer(page).fill("Now")
    await composer(page).press("Enter")
    await expect(page.get_by_text("A file is still on its way.")).to_be_visible()
    await page.get_by_role("button", name="Remove: slow.txt").click()
    go_on.set()
    await expect(tray(page)).to_have_text("other.txt, 5 bytes")
    await composer(page).press("Enter")
    await expect(sent(page)).to_have_text("other.txt, 5 bytes")


async def test_an_upload_that_fails_is_tried_again(page: Page) -> None:
    await begin(page)
    await page.route("**/attachments/", lambda route: route.abort())
    await choose(page, ("notes.txt", b"One"))
    await expect(tray(page)).to_contain_text("It was not uploaded: the server did not answer.")
    await page.unroute("**/attachments/")
    await page.get_by_role("button", name="Try again").click()
    await expect(tray(page)).to_have_text("notes.txt, 3 bytes")


async def test_files_of_an_unsent_message_wait_with_it(page: Page) -> None:
    await begin(page)
    await is_answered(page)
    await choose(page, ("notes.txt", b"One"))
    await expect(tray(page)).to_have_text("notes.txt, 3 bytes")
    conversation = await conversation_of(page)
    await in_thread(lambda: Attachment.objects.filter(conversation=None, name="notes.txt").delete())()
    await say(page, "Read it")
    await expect(page.locator("#thread").get_by_text("A file of this message is no longer here.")).to_be_visible()
    await expect(page.locator(".pending .file")).to_have_text("notes.txt, 3 bytes")
    await page.locator(".pending").get_by_role("button", name="Edit").click()
    await expect(tray(page)).to_have_text("notes.txt, 3 bytes")
    await expect(composer(page)).to_have_value("Read it")
    assert await in_thread(lambda: conversation.messages.count())() == 2


async def test_an_edit_keeps_the_files_unless_they_are_removed(page: Page, fake_llama: FakeLlama) -> None:
    await page.goto("/")
    await choose(page, ("one.txt", b"first file"), ("two.txt", b"second file"))
    await expect(tray(page)).to_have_text(["one.txt, 10 bytes", "two.txt, 11 bytes"])
    await say(page, "Read both")
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    await page.locator(".message-user").hover()
    await page.get_by_role("link", name="Edit").click()
    form = page.locator(".message-user .edit")
    await expect(form.locator(".file")).to_have_text(["one.txt, 10 bytes", "two.txt, 11 bytes"])
    await form.get_by_role("button", name="Remove: one.txt").click()
    await form.locator("textarea").fill("Read the second")
    await paste(page, LONG, form.locator("textarea"))
    await expect(form.locator(".file").last).to_have_text(f"Pasted text, {LONG_SIZE}")
    await form.get_by_role("button", name="Save and send").click()
    await expect(sent(page)).to_have_text(["two.txt, 11 bytes", f"Pasted text, {LONG_SIZE}"])
    await is_answered(page)
    assert "second file" in asked(fake_llama)
    assert "first file" not in asked(fake_llama)


async def test_a_file_that_the_first_try_could_not_send_goes_with_the_retry(page: Page, fake_llama: FakeLlama) -> None:
    fake_llama.script(fails(400))
    await page.goto("/")
    await choose(page, ("notes.txt", b"Read me"))
    await expect(tray(page)).to_have_text("notes.txt, 7 bytes")
    await say(page, "What is in it?")
    await page.wait_for_url("**/c/**")
    await page.get_by_role("button", name="Try again").click()
    await is_answered(page)
    assert "Read me" in asked(fake_llama)


async def test_without_script_a_file_is_chosen_in_the_form(
    open_page: OpenPage, fake_llama: FakeLlama, tmp_path: Path
) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto("/")
    file = tmp_path / "notes.txt"
    file.write_text("Without any script.")
    await page.get_by_label("Attach text files").set_input_files(file)
    await say(page, "Read it")
    await page.wait_for_url("**/c/**")
    await expect(sent(page)).to_have_text("notes.txt, 19 bytes")
    await is_answered(page)
    assert "Without any script." in asked(fake_llama)
    await page.get_by_role("link", name="Edit").click()
    await page.locator(".edit textarea").fill("Read it again")
    await page.get_by_role("button", name="Save and send").click()
    await expect(sent(page)).to_have_text("notes.txt, 19 bytes")
    await sent(page).get_by_role("link").click()
    await expect(page.locator("pre")).to_have_text("Without any script.")
    await page.get_by_role("link", name="To the conversation").click()
    await choose(page, ("a.txt", b"\x89PNG\r\n\x1a\n"))
    await say(page, "And this")
    await expect(page.get_by_role("alert")).to_contain_text("This is not a text file")
    await expect(composer(page)).to_have_value("And this")


async def test_on_a_phone_a_file_has_room_beside_the_words(phone: Page, fake_llama: FakeLlama) -> None:
    name = "a-very-long-name-of-a-file-which-goes-on-and-on-and-on-until-it-ends.markdown"
    await phone.goto("/")
    clip = phone.locator(".attach")
    box = await clip.bounding_box()
    assert box
    assert (box["width"], box["height"]) >= (44, 44)
    await choose(phone, (name, LONG.encode()))
    await expect(tray(phone)).to_have_text("a-very-long-name-of…nds.markdown, 98 KB")
    await composer(phone).fill("What is it?")
    await phone.get_by_role("button", name="Send").tap()
    await phone.wait_for_url("**/c/**")
    await is_answered(phone)
    await sent(phone).get_by_role("link").tap()
    await expect(phone.get_by_role("dialog").locator("pre")).to_contain_text(LINE.strip())
    width = await phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
