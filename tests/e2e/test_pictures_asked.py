"""Questions about pictures: attached, pasted, photographed, looked at by the model that sees."""

import asyncio
import io
import re

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, Route, expect

from assistant.database import in_thread
from assistant.models import AttachedPicture, Conversation, Message, Person, Run
from imagine.models import Picture
from tests.e2e.conftest import OpenPage
from tests.e2e.imagining import enter_as
from tests.e2e.talk import answers, composer, conversation_of, is_answered, say
from tests.easel import drawn
from tests.fake_llama import FakeLlama, says
from tests.people import Visitor, next_address
from tests.photographs import assert_clean, photograph, shown, words
from tests.security.attacks import rest
from tests.servers import Site

CLIP, CAMERA = "Attach pictures and text files", "Take a picture"
PASTE = """async (field) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 60, height: 40});
  canvas.getContext("2d").fillRect(0, 0, 30, 40);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const data = new DataTransfer();
  data.items.add(new File([blob], "image.png", {type: "image/png"}));
  return field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
LOADED = "image => image.complete && image.naturalWidth > 0"


@pytest.fixture
def site(seeing_site: Site) -> Site:
    return seeing_site


def tray(page: Page) -> Locator:
    return page.locator(".composer .tray .file")


def sent(page: Page) -> Locator:
    """The pictures in messages."""
    return page.locator(".message-files .file-picture img")


async def choose(page: Page, name: str = "cat.jpg", data: bytes = b"", label: str = CLIP) -> None:
    file = {"name": name, "mimeType": "image/jpeg", "buffer": data or photograph()}
    await page.get_by_label(label).set_input_files([file])  # type: ignore[list-item]


async def ask(page: Page, text: str) -> None:
    """Send what is written, from either page, and wait for the answer."""
    count = await answers(page).count()
    await say(page, text)
    await page.wait_for_url("**/c/**")
    await expect(answers(page)).to_have_count(count + 1)
    await is_answered(page)


async def is_shown(picture: Locator) -> None:
    """It is there with its pixels."""
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate(LOADED)


async def test_a_photograph_is_asked_about_and_asked_about_again(
    page: Page, eyes: FakeLlama, fake_llama: FakeLlama
) -> None:
    await page.goto("/")
    await choose(page)
    await expect(tray(page)).to_contain_text("cat.jpg")
    await is_shown(tray(page).locator("img"))
    eyes.script(says("A flag, red over blue."))
    await ask(page, "What is it?")
    await expect(answers(page)).to_have_text("A flag, red over blue.")
    await expect(tray(page)).to_have_count(0)
    await is_shown(sent(page))
    await expect(sent(page)).to_have_attribute("alt", "Attached picture: cat.jpg")
    [picture] = shown(eyes.requests[-1])
    assert_clean(picture)
    await ask(page, "Which country?")
    assert shown(eyes.requests[-1]) == [picture]
    assert "Which country?" in words(eyes.requests[-1])
    assert not [request for request in fake_llama.requests if "Which country?" in str(request["messages"])]
    await page.reload()
    await is_shown(sent(page))


async def test_a_picture_opens_large_and_closes(page: Page) -> None:
    await page.goto("/")
    await choose(page)
    await is_shown(tray(page).locator("img"))
    await tray(page).locator("[data-open]").click()
    await is_shown(page.get_by_role("dialog").locator("img"))
    await page.keyboard.press("Escape")
    await ask(page, "What is it?")
    await sent(page).click()
    dialog = page.get_by_role("dialog", name="Attached picture")
    await is_shown(dialog.locator("img"))
    box = await dialog.locator("img").bounding_box()
    assert box
    assert box["height"] > 600
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)


async def test_a_pasted_picture_needs_no_words(page: Page, eyes: FakeLlama) -> None:
    await page.goto("/")
    await composer(page).evaluate(PASTE)
    await is_shown(tray(page).locator("img"))
    await ask(page, "")
    [picture] = shown(eyes.requests[-1])
    assert Image.open(io.BytesIO(picture)).format == "JPEG"
    assert "sent this picture without a word" in words(eyes.requests[-1])


async def test_on_a_phone_a_picture_is_taken_with_the_camera(phone: Page, eyes: FakeLlama) -> None:
    await phone.goto("/")
    camera = phone.get_by_label(CAMERA)
    await expect(camera).to_have_attribute("capture", "environment")
    box = await phone.locator(".camera").bounding_box()
    field = await composer(phone).bounding_box()
    assert box
    assert field
    assert (box["width"], box["height"]) >= (44, 44)
    assert field["width"] > 150
    await choose(phone, "IMG_1.jpg", photograph(4000, 3000), CAMERA)
    await is_shown(tray(phone).locator("img"))
    await ask(phone, "What is it?")
    assert_clean(shown(eyes.requests[-1])[0])
    await is_shown(sent(phone))
    picture = await sent(phone).bounding_box()
    assert picture
    assert picture["x"] >= 0
    assert picture["x"] + picture["width"] <= 390


async def test_an_edit_keeps_the_picture_unless_it_is_removed(page: Page, eyes: FakeLlama) -> None:
    await page.goto("/")
    await choose(page)
    await expect(tray(page).locator("img")).to_be_visible()
    await ask(page, "What is it?")
    for remove in (False, True):
        await page.locator(".message-user").hover()
        await page.get_by_role("link", name="Edit").click()
        form = page.locator(".message-user .edit")
        await is_shown(form.locator(".file img"))
        if remove:
            await form.get_by_role("button", name="Remove: cat.jpg").click()
        await form.locator("textarea").fill(f"And now, {remove}?")
        await form.get_by_role("button", name="Save and send").click()
        await expect(page.locator(".message-user .prose")).to_have_text(f"And now, {remove}?")
        await is_answered(page)
        await expect(sent(page)).to_have_count(0 if remove else 1)
    assert "And now, False?" in words(eyes.requests[-1])
    assert len(eyes.requests) == 2
    await page.get_by_role("button", name="Earlier version").first.click()
    await is_shown(sent(page))


async def test_an_upload_can_be_taken_back(page: Page) -> None:
    await page.goto("/")
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        arrived.set()
        await go_on.wait()
        await route.continue_()

    await page.route("**/attachments/", hold)
    await choose(page)
    await arrived.wait()
    await expect(tray(page).get_by_role("progressbar")).to_be_visible()
    await page.get_by_role("button", name="Remove: cat.jpg").click()
    await expect(tray(page)).to_have_count(0)
    go_on.set()


async def test_what_is_no_picture_is_refused_in_a_sentence(page: Page) -> None:
    await page.goto("/")
    await choose(page, "page.png", b"<!doctype html><script>alert(1)</script>")
    await expect(tray(page)).to_contain_text("This is not a picture that can be read here.")
    await choose(page, "huge.png", b"x" * 12_000_001)
    await expect(tray(page).last).to_contain_text("Too large: a picture may have 12")


async def test_a_deleted_conversation_takes_its_pictures_along(page: Page) -> None:
    await page.goto("/")
    await choose(page)
    await expect(tray(page).locator("img")).to_be_visible()
    await ask(page, "What is it?")
    conversation = await conversation_of(page)
    pictures = AttachedPicture.objects.filter(attachment__conversation=conversation)
    assert await in_thread(pictures.count)() == 1
    await in_thread(conversation.delete)()
    assert await in_thread(pictures.count)() == 0
    await page.reload()
    await expect(sent(page)).to_have_count(0)


async def test_without_script_a_picture_is_chosen_in_the_form(open_page: OpenPage, eyes: FakeLlama) -> None:
    page = await open_page(java_script_enabled=False)
    await page.goto("/")
    await choose(page)
    await say(page, "What is it?")
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    assert_clean(shown(eyes.requests[-1])[0])
    await sent(page).click()
    await expect(page.get_by_role("img", name="Attached picture: cat.jpg")).to_be_visible()
    await expect(page.get_by_role("link", name="To the conversation")).to_be_visible()


# Pictures that were drawn here


@in_thread
def draw_into(talk: Conversation, person: Person) -> Picture:
    """A picture as the answer of a command in a conversation."""
    picture = drawn(person.id)
    answer = talk.messages.get(role=Message.Role.ASSISTANT)
    Message.objects.filter(id=answer.id).update(text="")
    Run.objects.filter(answer=answer).update(tool_call={"name": "create_image", "arguments": {"prompt": "a fox"}})
    answer.pictures.add(picture)
    return picture


@pytest.mark.parametrize("start", [True, False], ids=["its page", "its card in a conversation"])
async def test_a_drawing_is_asked_about(page: Page, alice: Visitor, eyes: FakeLlama, start: bool) -> None:
    await enter_as(page, alice)
    talk = await in_thread(alice.begin)("Draw a fox")
    await in_thread(rest)(talk)
    picture = await draw_into(talk, await in_thread(lambda: alice.person)())
    if start:
        await page.goto(f"/p/{picture.id}/")
        await page.get_by_role("button", name="Ask about this picture").click()
        await page.wait_for_url("/")
    else:
        await page.goto(f"/c/{talk.id}/")
        await page.get_by_role("button", name="Ask about it").click()
        await expect(page).to_have_url(re.compile(rf"/c/{talk.id}/$"))
    await expect(tray(page)).to_have_count(1)
    await is_shown(tray(page).locator("img"))
    await page.reload()
    await expect(tray(page)).to_have_count(1)
    eyes.script(says("A fox on teal."))
    await say(page, "What did you draw?")
    await expect(answers(page).last).to_have_text("A fox on teal.")
    [seen] = shown(eyes.requests[-1])
    red, green, blue = Image.open(io.BytesIO(seen)).convert("RGB").getpixel((20, 20))  # type: ignore[misc]
    assert red < green
    assert red < blue
    await is_shown(sent(page))


async def test_a_drawing_is_asked_about_without_script(open_page: OpenPage, alice: Visitor, eyes: FakeLlama) -> None:
    page = await open_page(java_script_enabled=False)
    await enter_as(page, alice)
    await in_thread(alice.begin)()
    picture = await in_thread(lambda: drawn(alice.person.id))()
    await page.goto(f"/p/{picture.id}/")
    await page.get_by_role("button", name="Ask about this picture").click()
    await is_shown(page.locator(".attached img"))
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url("**/c/**")
    await is_answered(page)
    assert len(shown(eyes.requests[-1])) == 1


async def test_where_no_model_sees_a_drawing_is_not_asked_about(shared_site: Site, fake_llama: FakeLlama) -> None:
    with Visitor(shared_site, next_address()) as visitor:
        await in_thread(visitor.begin)()
        picture = await in_thread(lambda: drawn(visitor.person.id))()
        page = await in_thread(lambda: visitor.get(f"/p/{picture.id}/"))()
    assert "Variants" in page.text
    assert "Ask about" not in page.text
