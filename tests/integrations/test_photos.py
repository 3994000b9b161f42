"""Photos that people send in an app: asked about, and drawn from where they want that."""

import base64
from collections.abc import Iterator

import pytest
from django.conf import settings

from assistant.models import AttachedPicture, Attachment, Room
from imagine.models import Picture
from tests.fake_llama import FakeLlama, says
from tests.integrations.conftest import SUGGESTING, Messengers
from tests.integrations.grouped import GroupChat, open_by
from tests.integrations.phones import Phone, choices, words
from tests.photographs import MARKER, assert_clean, photograph, shown
from tests.photographs import words as told
from tests.servers import Courier, Painter, all_servers, eventually


@pytest.fixture(scope="module")
def all_seeing(
    surroundings: dict[str, str], shared_eyes: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Messengers]:
    sight = {"LLAMA_EYES_URL": shared_eyes.url, "LLAMA_EYES_MODEL": "Llama-3.2-11B-Vision-Instruct"}
    messengers = Messengers(tmp_path_factory.mktemp("seeing"), surroundings | sight)
    # Any courier serves all contacts of the database, and others' do not see.
    others = [server for server in all_servers if isinstance(server, Courier) and server.runs]
    for courier in others:
        courier.stop(60)
    messengers.start()
    yield messengers
    messengers.kill()
    for courier in others:
        courier.start()


@pytest.fixture
def messengers(all_seeing: Messengers, fake_llama: FakeLlama, eyes: FakeLlama) -> Messengers:
    """Those that serve rooms and groups here."""
    fake_llama.on(SUGGESTING, says(""))
    return all_seeing


@pytest.fixture(params=["whatsapp", "messenger", "instagram"])
def ada(request: pytest.FixtureRequest, all_seeing: Messengers, fake_llama: FakeLlama, eyes: FakeLlama) -> Phone:
    """Somebody who has been told who answers, in each app."""
    fake_llama.on(SUGGESTING, says(""))
    phone = all_seeing.phone(request.param)
    fake_llama.script(says("Hi."))
    phone.ask("Good morning", 2)
    return phone


def send(phone: Phone, caption: str = "") -> list[str]:
    """Send a photo, with words where the app has captions, and take the answer."""
    more = {"caption": caption} if caption and phone.app == "whatsapp" else {}
    return words(phone.after(lambda: phone.send("image", photograph(), "image/jpeg", **more)))


def test_a_photo_is_looked_at_and_asked_about(ada: Phone, eyes: FakeLlama, fake_llama: FakeLlama) -> None:
    asked = len(fake_llama.requests)
    eyes.script(says("A flag, red over blue."), says("None that I know."))
    assert send(ada, "What is it?") == ["A flag, red over blue."]
    [request] = eyes.requests
    [picture] = shown(request)
    assert_clean(picture)
    assert MARKER.decode() not in str(request)
    assert ("What is it?" if ada.app == "whatsapp" else "without a word") in told(request)
    assert words(ada.ask("Of which country?")) == ["None that I know."]
    assert shown(eyes.requests[-1]) == [picture]
    others = [str(request["messages"][-1]["content"]) for request in fake_llama.requests[asked:]]
    assert all(SUGGESTING in said for said in others)
    assert not Picture.objects.filter(person=ada.contact.person).exists()


def test_a_drawing_begins_with_a_photo_at_a_tap(ada: Phone, eyes: FakeLlama, painter: Painter) -> None:
    eyes.script(says("A flag."))
    send(ada)
    assert choices(ada.answers[-1])[0]["title"] == "Draw from it"
    [begun] = ada.after(lambda: ada.tap("Draw from it"))
    assert begun["text"] == "What should be different? Write it in a few words, or tap."
    assert "Another style" in [choice["title"] for choice in choices(begun)]
    ada.ask("with a white star", 1 if ada.app == "whatsapp" else 2)
    uploaded, edited = Picture.objects.filter(person=ada.contact.person).order_by("created_at")
    assert (uploaded.made, edited.made) == (Picture.Made.UPLOADED, Picture.Made.EDITED)
    assert edited.parent == uploaded


def test_words_that_want_a_drawing_get_one(all_seeing: Messengers, eyes: FakeLlama, painter: Painter) -> None:
    phone = all_seeing.phone("whatsapp")
    answer = phone.after(lambda: phone.send("image", photograph(), "image/jpeg", caption="Draw a hat on it"), 2)[-1]
    assert answer["text"] == "I can draw on from this picture. Tap, or reply to it with words."
    assert not eyes.requests


@pytest.mark.parametrize(
    ("form", "kind", "name"),
    [
        ("JPEG", "image/jpeg", "IMG_1.jpg"),
        ("HEIF", "application/octet-stream", "IMG_1.heic"),
        ("AVIF", "application/octet-stream", "scan"),
    ],
)
def test_a_photo_that_comes_as_a_document_is_looked_at_too(
    all_seeing: Messengers, eyes: FakeLlama, form: str, kind: str, name: str
) -> None:
    phone = all_seeing.phone("whatsapp")
    phone.after(lambda: phone.send("document", photograph(form=form), kind, name=name), 2)
    assert_clean(shown(eyes.requests[-1])[0])


def test_a_file_that_is_too_large_is_told_so_with_the_limit(all_seeing: Messengers, eyes: FakeLlama) -> None:
    phone = all_seeing.phone("whatsapp")
    data = photograph(40, 30) + bytes(settings.UPLOAD_BYTES)
    answers = phone.after(lambda: phone.send("document", data, "image/jpeg", name="IMG_1.jpg"), 2)
    assert answers[-1]["text"] == "This file is too large for me. I can take 12 MB at most."


def test_what_is_no_picture_is_told(ada: Phone, eyes: FakeLlama) -> None:
    [answer] = ada.after(lambda: ada.send("image", b"\xff\xd8\xff and no more", "image/jpeg"))
    assert "not a picture that can be read here" in answer["text"]
    assert not eyes.requests
    assert not Attachment.objects.filter(person=ada.contact.person).exists()


def test_a_photo_that_is_taken_back_is_erased(ada: Phone, eyes: FakeLlama) -> None:
    bubble = ada.send("image", photograph(), "image/jpeg")
    ada.hear(3)
    person = ada.contact.person
    pictures = AttachedPicture.objects.filter(attachment__person=person)
    assert pictures.count() == 1
    ada.act("unsend", bubble=bubble["id"])
    eventually(lambda: not pictures.exists())


def test_a_corrected_question_is_still_about_the_photo(all_seeing: Messengers, eyes: FakeLlama) -> None:
    phone = all_seeing.phone("whatsapp")
    bubble = phone.send("image", photograph(), "image/jpeg", caption="What is it?")
    phone.hear(2)
    phone.after(lambda: phone.act("edit", bubble=bubble["id"], text="What colour is it?"))
    assert "What colour is it?" in told(eyes.requests[-1])
    assert len(shown(eyes.requests[-1])) == 1


def test_a_photo_in_a_group_is_looked_at_and_asked_about_again(
    group: GroupChat, room: Room, bo: Phone, painter: Painter, eyes: FakeLlama
) -> None:
    open_by(group, bo)
    eyes.script(says("A flag, red over blue."), says("No country's."))
    coded = base64.b64encode(photograph()).decode()
    sent = group.act(bo, "send_media", kind="image", data=coded, mime="image/jpeg", caption="@Chaski what is it?")
    group.hears("A flag, red over blue.", 60)
    assert_clean(shown(eyes.requests[-1])[0])
    group.write(bo, "@Chaski of which country?", reply_to=sent["id"])
    group.hears("No country's.")
    assert len(shown(eyes.requests[-1])) == 1
    # Nothing is excused.
    group.rests()
    assert not [bubble for bubble in group.answers if "cannot look" in str(bubble)]
