"""Files in a WhatsApp group: fetched where they call us, and else never."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from assistant.models import Attachment, Message, Room, RoomFile
from imagine.models import Picture
from integrations.models import OutboxEntry
from tests.fake_llama import FakeLlama, says
from tests.integrations.conftest import Messengers
from tests.integrations.couriers import kill_at
from tests.integrations.emulator.files import picture, sound
from tests.integrations.grouped import GroupChat, deliver_of, open_by, said
from tests.integrations.phones import Bubble, Phone
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Courier, Painter, eventually

TEXT = "The hut has soup, and no cheese."
VOICE = "audio/ogg; codecs=opus"


def send(group: GroupChat, phone: Phone, kind: str, data: bytes, mime: str, **more: Any) -> Bubble:
    coded = base64.b64encode(data).decode()
    return group.act(phone, "send_media", kind=kind, data=coded, mime=mime, **more)  # type: ignore[no-any-return]


def answered(group: GroupChat, phone: Phone, fake_llama: FakeLlama) -> Bubble:
    """An answer of ours to which one can reply."""
    fake_llama.on("when is it emptiest", says("In January."))
    group.write(phone, "@Chaski when is it emptiest?")
    bubble = group.hears("In January.")
    group.rests()
    return bubble


def test_a_text_file_with_a_mention_is_read(group: GroupChat, room: Room, bo: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.on("what does it say", says("There is soup."))
    open_by(group, bo)
    send(group, bo, "document", TEXT.encode(), "text/plain", name="menu.txt", caption="@Chaski what does it say?")
    group.hears("There is soup.")
    group.rests()
    assert TEXT in str(fake_llama.requests[-1])
    assert said(room) == ["@Chaski what does it say?"]
    message = Message.objects.get(conversation=room.pk, role="user")
    assert message.attachments.get().name == "menu.txt"
    assert message.author == bo.contact.person
    # Nothing of it is sent back, and nothing is excused.
    assert [bubble["kind"] for bubble in group.answers] == ["text", "text"]


def test_a_voice_note_that_nobody_can_hear_stands_in_the_room_and_is_told(
    group: GroupChat, room: Room, bo: Phone, fake_llama: FakeLlama, messengers: Messengers
) -> None:
    open_by(group, bo)
    answer, calls = answered(group, bo, fake_llama), len(fake_llama.requests)
    sent = send(group, bo, "audio", sound(), VOICE, voice=True, reply_to=answer["id"])
    reply = group.hears("I cannot look into this yet. Please ask in words.")
    assert reply["reply_to"] == sent["id"]
    group.rests()
    assert len(fake_llama.requests) == calls
    file = RoomFile.objects.get(message__conversation=room.pk)
    # What is taken back is gone with it.
    deliver_of(messengers, group, bo, "", {"type": "revoke", "revoke": {"original_message_id": sent["id"]}})
    assert not RoomFile.objects.filter(pk=file.pk).exists()


def test_files_that_do_not_call_us_are_never_fetched(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    open_by(group, bo, cy)
    before = len(group.answers)
    theirs = group.write(cy, "Look at this")
    sent = [
        send(group, bo, "document", TEXT.encode(), "text/plain", name="menu.txt", caption="For all of you"),
        send(group, bo, "audio", sound(), VOICE, voice=True, reply_to=theirs["id"]),
        send(group, bo, "image", picture(), "image/jpeg"),
    ]
    group.rests()
    assert len(group.answers) == before
    asked: list[str] = [one["url"] for one in group.emulator.act("exchanges", last=500)]
    assert not [path for path in asked for bubble in sent if bubble["media_id"] in path]
    assert not RoomFile.objects.filter(person=bo.contact.person).exists()
    assert not Attachment.objects.filter(person=bo.contact.person).exists()
    assert said(room) == []


def test_a_file_that_cannot_be_taken_is_told_once_and_the_words_are_answered(
    group: GroupChat, room: Room, bo: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("what is this", says("A hut, you say."))
    open_by(group, bo)
    program = b"\x7fELF" + uuid4().bytes
    sent = send(group, bo, "document", program, "application/pdf", name="x.pdf", caption="@Chaski what is this?")
    group.hears("A hut, you say.")
    group.rests()
    told = [bubble for bubble in group.answers if bubble["reply_to"] == sent["id"]]
    assert len(told) == 2
    assert said(room) == ["@Chaski what is this?"]
    assert not RoomFile.objects.filter(person=bo.contact.person).exists()


def test_one_member_has_no_more_files_fetched_than_they_may_call(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("question of Cy", says("For Cy."))
    open_by(group, bo, cy)
    answer = answered(group, cy, fake_llama)
    for number in range(12):
        program = b"\x7fELF" + uuid4().bytes
        send(group, bo, "document", program, "application/pdf", name=f"{number}.pdf", reply_to=answer["id"])
    group.write(cy, "@Chaski question of Cy")
    group.hears("For Cy.", 60)
    group.rests()
    causes = OutboxEntry.objects.filter(contact=group.contact, cause__startswith="limited:").values_list(
        "cause", flat=True
    )
    assert [cause.rpartition(":")[2] for cause in causes] == [str(bo.contact.pk)]
    assert group.contact.inbox.filter(outcome="empty").count() <= 6
    assert len(said(room)) == 2


@pytest.mark.slow
def test_a_picture_with_a_mention_stands_in_the_room(
    group: GroupChat, room: Room, bo: Phone, painter: Painter, fake_llama: FakeLlama, messengers: Messengers
) -> None:
    fake_llama.on("what is this", says("I cannot see it."))
    open_by(group, bo)
    sent = send(group, bo, "image", picture(), "image/jpeg", caption="@Chaski what is this?")
    group.hears("I cannot see it.", 60)
    group.hears("I cannot look into pictures and files of this kind yet, and go by your words.")
    message = Message.objects.get(conversation=room.pk, role="user")
    kept = message.pictures.get()
    assert (kept.made, kept.status, kept.person_id) == ("uploaded", "done", bo.contact.person_id)
    deliver_of(messengers, group, bo, "", {"type": "revoke", "revoke": {"original_message_id": sent["id"]}})
    eventually(lambda: not Picture.objects.filter(pk=kept.pk).exists())


@pytest.fixture
def group_of(messengers: Messengers, room: Room) -> Callable[[Courier], GroupChat]:
    """The group of a room, once a courier has made it."""

    def make(courier: Courier) -> GroupChat:
        courier.start()
        chat = GroupChat(messengers.emulator, room)
        eventually(lambda: chat.row.state == "open")
        return chat

    return make


@pytest.mark.usefixtures("resting")
def test_a_voice_note_in_reply_to_us_is_heard(
    group_of: Callable[[Courier], GroupChat], room: Room, bo: Phone, messengers: Messengers, tmp_path: Path,
    fake_llama: FakeLlama,
) -> None:  # fmt: skip
    fake_llama.on("and in summer", says("Never then."))
    with ScriptedHTTP() as server:
        server.script("/v1/audio/transcriptions", Reply({"text": "and in summer?"}))
        courier = Courier(tmp_path / "courier", {**messengers.environment, "SPEECH_URL": f"{server.url}/v1"})
        try:
            group = group_of(courier)
            open_by(group, bo)
            answer = answered(group, bo, fake_llama)
            send(group, bo, "audio", sound(), VOICE, voice=True)
            send(group, bo, "audio", sound(), VOICE, voice=True, reply_to=answer["id"])
            group.hears("Never then.")
            group.rests()
            assert len(server.to("/v1/audio/transcriptions")) == 1
        finally:
            courier.stop()
    assert said(room)[1:] == ["and in summer?"]
    assert RoomFile.objects.get(message__conversation=room.pk).kind == "audio"


@pytest.mark.slow
@pytest.mark.usefixtures("resting")
def test_a_courier_that_is_killed_says_a_file_once(
    group_of: Callable[[Courier], GroupChat], room: Room, bo: Phone, couriers: Callable[[], Courier], tmp_path: Path,
    fake_llama: FakeLlama,
) -> None:  # fmt: skip
    fake_llama.on("what does it say", says("There is soup."))
    calm = couriers()
    group = group_of(calm)
    open_by(group, bo)
    calm.stop()
    document = {"name": "menu.txt", "caption": "@Chaski what does it say?"}
    act = lambda: send(group, bo, "document", TEXT.encode(), "text/plain", **document)  # noqa: E731
    kill_at("before integrations.inbox:finish 1", couriers, tmp_path, act)
    group.hears("There is soup.", 120)
    group.rests()
    assert said(room) == ["@Chaski what does it say?"]
    assert Attachment.objects.filter(person=bo.contact.person).count() == 1
