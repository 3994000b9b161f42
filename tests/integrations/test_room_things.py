"""Pictures, voice notes, documents, reactions and edits in a room: phones in three apps, real couriers, a painter."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from assistant import attachments, people
from assistant.models import Message, Person, Room, RoomFile
from assistant.rooms import files, membership, reactions, talk
from assistant.rooms.talk import Words
from imagine.files import storage
from imagine.models import Picture
from integrations.registry import channels
from tests.fake_llama import FakeLlama, says
from tests.integrations.conftest import Messengers
from tests.integrations.couriers import kill_at
from tests.integrations.emulator.files import picture, sound, sticker, video
from tests.integrations.phones import Bubble, Phone, stay_silent, words
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Courier, Painter, eventually
from web.local.llama import NO_TLS

pytestmark = pytest.mark.slow

PDF = b"%PDF-1.4 huts"
APPS = ("whatsapp", "messenger", "instagram")


@pytest.fixture(autouse=True)
def apps_here(settings: Any, messengers: Messengers) -> Iterator[None]:
    """This process is one of the site's: what happens here reaches the apps too."""
    for name, value in messengers.environment.items():
        if name.startswith(("META_", "WHATSAPP_", "MESSENGER_", "INSTAGRAM_", "REDIS_")):
            setattr(settings, name, value)
    channels.cache_clear()
    yield
    channels.cache_clear()


@pytest.fixture
def ana() -> Person:
    """Somebody on the site."""
    return people.make_guest()


@pytest.fixture
def room(ana: Person) -> Room:
    return membership.make(ana, "Ana", "Ski trip")


@pytest.fixture
def phones(messengers: Messengers, room: Room) -> dict[str, Phone]:
    """Somebody in each app, all in the room."""
    found = {app: messengers.phone(app) for app in APPS}
    for app, phone in found.items():
        phone.write(f"Join room {room.token}")
        eventually(lambda one=phone: heard(one, "You are invited"))  # type: ignore[misc]
        name = app.title()
        phone.write(name)
        eventually(lambda one=phone, name=name: heard(one, f"as {name}"))  # type: ignore[misc]
    for app in ("whatsapp", "messenger"):
        eventually(lambda one=found[app]: heard(one, "Instagram is here now."))  # type: ignore[misc]
    return found


def heard(phone: Phone, text: str) -> bool:
    return any(text in line for line in words(phone.answers))


def hears(phone: Phone, text: str, seconds: float = 60) -> Bubble:
    eventually(lambda: heard(phone, text), seconds)
    return next(bubble for bubble in phone.answers if text in (bubble["text"] or bubble["caption"]))


def gets(phone: Phone, kind: str, number: int = 1) -> Bubble:
    """The file of that kind that the assistant sent, once it is there."""
    eventually(lambda: len([one for one in phone.answers if one["kind"] == kind]) >= number, 60)
    return [one for one in phone.answers if one["kind"] == kind][-1]


def data_of(phone: Phone, bubble: Bubble) -> httpx.Response:
    """The file in a bubble."""
    return httpx.get(f"{phone.emulator.url}/emulator/media/{bubble['media_id']}", verify=NO_TLS)


def say(person: Person, room: Room, text: str, **more: Any) -> Message:
    message = talk.say(person, room.pk, Words(text, uuid4(), **more)).event.message
    assert message
    return message


def said(room: Room, number: int) -> Message:
    """The message of that number in the room, once it is there."""
    events = room.events.filter(kind="said").order_by("number")
    eventually(lambda: events.count() >= number, 60)
    message = events[number - 1].message
    assert message
    return message


def test_a_picture_from_a_phone_reaches_all_and_stands_on_the_site(
    room: Room, phones: dict[str, Phone], painter: Painter
) -> None:
    bo, cy, di = phones.values()
    bo.send("image", picture(), "image/jpeg", caption="The hut")
    hears(cy, "Whatsapp: The hut")
    for phone in (cy, di):
        shown = data_of(phone, gets(phone, "image"))
        assert shown.headers["content-type"] == "image/jpeg"
    message = said(room, 1)
    drawn = message.pictures.get()
    assert (message.text, drawn.made, drawn.status) == ("The hut", "uploaded", "done")
    cy.send("image", picture("PNG"), "image/png")
    assert gets(bo, "image")["caption"] == "*Messenger* sends a picture"
    hears(di, "Messenger sends a picture")
    gets(di, "image", 2)
    # Nothing of it comes back to who sent it.
    assert stay_silent([bo, cy, di])
    assert [len([one for one in phone.answers if one["kind"] == "image"]) for phone in (bo, cy, di)] == [1, 1, 2]
    # A sticker is a picture to the others.
    bo.send("sticker", sticker(), "image/webp")
    gets(cy, "image", 2)
    # What is taken back is gone, with its picture.
    first = next(one for one in bo.bubbles if one["by"] == "person" and one["caption"] == "The hut")
    bo.act("unsend", bubble=first["id"])
    eventually(lambda: not Picture.objects.filter(pk=drawn.pk).exists())
    assert not Message.objects.filter(pk=message.pk).exists()


def test_a_voice_note_a_video_and_a_document_from_a_phone_reach_all(room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, di = phones.values()
    voice = sound()
    bo.send("audio", voice, "audio/ogg; codecs=opus", voice=True)
    hears(cy, "Whatsapp sends a voice note")
    assert data_of(cy, gets(cy, "audio")).content == voice
    hears(di, "Whatsapp sends “voice.ogg”, which Instagram does not take from me.")
    assert [file.kind for file in said(room, 1).room_files.all()] == ["audio"]
    film = video()
    cy.send("video", film, "video/mp4")
    for phone in (bo, di):
        assert data_of(phone, gets(phone, "video")).content == film
    bo.send("document", PDF, "application/pdf", name="Huts.pdf", caption="Which one?")
    hears(cy, "Whatsapp: Which one?")
    for phone in (cy, di):
        assert data_of(phone, gets(phone, "document")).content == PDF
    bo.send("document", b"1. Trains\n2. Huts", "text/plain", name="plan.txt")
    assert data_of(cy, gets(cy, "document", 2)).content == b"1. Trains\n2. Huts"
    assert [file.name for file in said(room, 4).attachments.all()] == ["plan.txt"]
    assert stay_silent([bo, cy, di])


def test_what_may_harm_is_passed_on_to_nobody(room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, di = phones.values()
    before = len(cy.answers), len(di.answers)
    sent = (b"MZ\x90\0" + b"\0" * 60, "game.exe"), (b"PK\x03\x04AndroidManifest.xml" + b"\0" * 60, "game.docx")
    for data, name in sent:
        [told] = bo.after(lambda data=data, name=name: bo.send("document", data, "application/pdf", name=name))  # type: ignore[misc]
        assert "The others do not get files of this kind" in told["text"]
    assert stay_silent([cy, di])
    assert (len(cy.answers), len(di.answers)) == before
    assert not RoomFile.objects.filter(person=bo.contact.person).exists()
    assert not room.events.filter(kind="said").exists()


def test_places_and_contacts_travel_as_words(room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, _di = phones.values()
    bo.act("send_place", latitude=42.57, longitude=1.6, name="Soldeu", address="Andorra")
    hears(cy, "Whatsapp: Place: Soldeu, Andorra (42.57000, 1.60000)")
    bo.act("send_contact", name="Dr. Ski", phone="+37612345", email="ski@example.org")
    hears(cy, "Whatsapp: Contact: Dr. Ski, +37612345, ski@example.org")
    [told] = bo.after(lambda: bo.act("send_unsupported", what="poll"))
    assert "do not see this kind of message" in told["text"]


def test_what_is_sent_on_the_site_reaches_all(ana: Person, room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, di = phones.values()
    voice = sound()
    sent = [
        files.keep(ana, "", voice, RoomFile.Kind.AUDIO).pk,
        files.keep(ana, "Huts.pdf", PDF, RoomFile.Kind.DOCUMENT).pk,
    ]
    text = attachments.keep(ana, "", "A long plan")
    say(ana, room, "All of it", things=sent, files=[text.pk])
    hears(bo, "*Ana:* All of it")
    for phone in (bo, cy):
        assert data_of(phone, gets(phone, "audio")).content == voice
        assert data_of(phone, gets(phone, "document", 2)).content == b"A long plan"
    assert data_of(di, gets(di, "document")).content == PDF
    hears(di, "“a pasted text”, which Instagram does not take")
    assert stay_silent([bo, cy, di])


def test_a_picture_that_was_asked_for_reaches_each_once(
    room: Room, phones: dict[str, Phone], painter: Painter, fake_llama: FakeLlama
) -> None:
    bo, cy, di = phones.values()
    cy.write("/imagine a hut in the snow")
    for phone in phones.values():
        assert data_of(phone, gets(phone, "image")).headers["content-type"] == "image/jpeg"
    hears(bo, "*Messenger:* /imagine a hut in the snow")
    # These take no caption: the words follow in a bubble of their own.
    for phone in (cy, di):
        hears(phone, "Here is your picture.")
    assert stay_silent([bo, cy, di])
    assert [len([one for one in phone.answers if one["kind"] == "image"]) for phone in (bo, cy, di)] == [1, 1, 1]


def test_a_loop_reaches_each_app_in_its_form(ana: Person, room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, di = phones.values()
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("#33468f", "#f2b544")]
    gif = BytesIO()
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)
    made = {"loop.gif": gif.getvalue(), "video.mp4": video(), "picture.jpg": picture()}
    loop = Picture.objects.create(person=ana, made="animated", status="done", files=list(made))
    storage.save(loop.pk, made)
    say(ana, room, "It snows", pictures=[loop.pk])
    for phone in (bo, di):
        assert data_of(phone, gets(phone, "video")).content == made["video.mp4"]
    assert data_of(cy, gets(cy, "image")).content == made["loop.gif"]
    assert gets(bo, "video")["caption"] == "*Ana:* It snows"


def test_reactions_are_seen_by_those_they_are_for(ana: Person, room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, di = phones.values()
    mine = bo.write("See you at nine")
    theirs = hears(cy, "Whatsapp: See you at nine")
    before = len(di.answers)
    cy.act("react", bubble=theirs["id"], emoji="❤️")
    told = hears(bo, "*Messenger:* ❤️")
    assert told["reply_to"] == mine["id"]
    message = said(room, 1)
    assert [(mark.emoji, mark.names) for mark in reactions.marks(message)] == [("❤️", ["Messenger"])]
    cy.act("unreact", bubble=theirs["id"])
    eventually(lambda: not reactions.marks(message))
    assert stay_silent([bo, cy, di])
    assert len([line for line in words(di.answers)[before:] if "❤" in line]) == 0
    # Words from the site have no bubble to react to but those that they became.
    say(ana, room, "Good morning")
    shown = hears(di, "Ana: Good morning")
    di.act("react", bubble=shown["id"], emoji="👍")
    eventually(lambda: [mark.names for mark in reactions.marks(said(room, 2))] == [["Instagram"]])


def test_between_two_a_reaction_is_one_in_the_app(
    messengers: Messengers, ana: Person, room: Room, fake_llama: FakeLlama
) -> None:
    for app in ("whatsapp", "messenger"):
        here = membership.make(ana, "Ana", app)
        bo = messengers.phone(app)
        bo.write(f"Join room {here.token}")
        eventually(lambda one=bo: heard(one, "You are invited"))  # type: ignore[misc]
        bo.write("Bo")
        eventually(lambda one=bo: heard(one, "as Bo"))  # type: ignore[misc]
        mine = bo.write("See you at nine")
        message = said(here, 1)

        def shown(one: Phone = bo, bubble: str = mine["id"]) -> dict[str, str]:
            return next(found for found in one.bubbles if found["id"] == bubble)["reactions"]  # type: ignore[no-any-return]

        number = len(bo.answers)
        # As in the moment after it was said: the entry does not know yet what it became.
        eventually(lambda one=message: one.inbox_entries.update(message=None))  # type: ignore[misc]
        reactions.react(ana, message.pk, "❤️")
        eventually(lambda seen=shown: seen() == {"bot": "❤️"})  # type: ignore[misc]
        reactions.react(ana, message.pk, "")
        eventually(lambda seen=shown: seen() == {})  # type: ignore[misc]
        assert len(bo.answers) == number


def test_words_that_are_changed_in_an_app_change_for_all(
    ana: Person, room: Room, phones: dict[str, Phone], fake_llama: FakeLlama
) -> None:
    bo, cy, di = phones.values()
    mine = cy.write("At eight")
    hears(bo, "*Messenger:* At eight")
    cy.act("edit", bubble=mine["id"], text="@Chaski at nine?")
    changed = hears(bo, "*Messenger (edited):* @Chaski at nine?")
    assert changed["reply_to"] == hears(bo, "At eight")["id"]
    assert said(room, 1).text == "@Chaski at nine?"
    cy.act("unsend", bubble=mine["id"])
    eventually(lambda: not room.events.filter(kind="said").exists())
    assert stay_silent([bo, cy, di])
    assert fake_llama.requests == []


def test_a_reply_quotes_the_right_bubble_at_each_door(ana: Person, room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, di = phones.values()
    mine = bo.write("Who drives?")
    theirs = hears(cy, "Whatsapp: Who drives?")
    hears(di, "Whatsapp: Who drives?")
    cy.write("I do", reply_to=theirs["id"])
    assert hears(bo, "*Messenger:* I do")["reply_to"] == mine["id"]
    assert hears(di, "Messenger: I do")["reply_to"] == hears(di, "Who drives?")["id"]
    assert said(room, 2).quoted == said(room, 1)
    # Di has not been shown it.
    old = say(ana, room, "Before")
    hears(di, "Ana: Before")
    di.contact.outbox.filter(message=old).delete()
    say(ana, room, "After", quoted=old.pk)
    hears(di, "↪ Ana: Before\nAna: After")


def test_muted_in_the_app(ana: Person, room: Room, phones: dict[str, Phone]) -> None:
    bo, cy, _di = phones.values()
    assert "/unmute" in words(bo.ask("/mute"))[0]
    say(ana, room, "Quiet")
    hears(cy, "Ana: Quiet")
    assert stay_silent([bo])
    bo.write("I can still speak")
    hears(cy, "Whatsapp: I can still speak")
    assert "reaches you here again" in words(bo.ask("/unmute"))[0]
    say(ana, room, "Loud")
    hears(bo, "*Ana:* Loud")
    assert not heard(bo, "Quiet")


@pytest.mark.usefixtures("resting")
def test_a_voice_note_is_read_too_where_a_speech_model_is_set(
    messengers: Messengers, room: Room, fake_llama: FakeLlama, tmp_path: Path
) -> None:
    fake_llama.on("when is it emptiest", says("In January."))
    with ScriptedHTTP() as server:
        server.script("/v1/audio/transcriptions", Reply({"text": "Chaski, when is it emptiest?"}))
        courier = Courier(tmp_path / "courier", {**messengers.environment, "SPEECH_URL": f"{server.url}/v1"})
        courier.start()
        try:
            bo, cy = enter_two(messengers, room)
            bo.send("audio", sound(), "audio/ogg; codecs=opus", voice=True)
            hears(cy, "Bo: Chaski, when is it emptiest?")
            gets(cy, "audio")
            # Who is called by voice answers.
            hears(cy, "In January.")
            hears(bo, "In January.")
        finally:
            courier.stop()


def enter_two(messengers: Messengers, room: Room) -> tuple[Phone, Phone]:
    """Bo in WhatsApp and Cy in Messenger, both in the room."""
    bo, cy = messengers.phone("whatsapp"), messengers.phone("messenger")
    for phone, name in ((bo, "Bo"), (cy, "Cy")):
        phone.write(f"Join room {room.token}")
        eventually(lambda one=phone: heard(one, "You are invited"))  # type: ignore[misc]
        phone.write(name)
        eventually(lambda one=phone, name=name: heard(one, f"as {name}"))  # type: ignore[misc]
    hears(bo, "Cy is here now.")
    return bo, cy


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(
    "step",
    [
        "before assistant.rooms.talk:say 1",
        "before integrations.inbox:note_message 1",
        "before integrations.dialogue:Dialogue._conclude 1",
        "before integrations.enclosed:file_of 1",
    ],
)
def test_a_courier_that_is_killed_sends_a_voice_note_once(
    step: str, messengers: Messengers, room: Room, couriers: Callable[[], Courier], tmp_path: Path
) -> None:
    calm = couriers()
    calm.start()
    bo, cy = enter_two(messengers, room)
    calm.stop()
    voice = sound()
    kill_at(step, couriers, tmp_path, lambda: bo.send("audio", voice, "audio/ogg; codecs=opus", voice=True))
    # What may have been sent is not sent again.
    lost = "unknown"
    eventually(lambda: cy.contact.outbox.filter(content__enclosed__kind="audio", state=lost).exists() or kinds(cy), 90)
    assert stay_silent([bo, cy])
    assert len(kinds(cy)) + cy.contact.outbox.filter(content__enclosed__kind="audio", state=lost).count() == 1
    assert room.events.filter(kind="said").count() == 1
    assert said(room, 1).room_files.count() == 1
    assert bo.contact.inbox.get(message=said(room, 1)).state == "done"


def kinds(phone: Phone) -> list[Bubble]:
    """The voice notes that the assistant sent."""
    return [one for one in phone.answers if one["kind"] == "audio"]
