"""What the attackers share: a conversation worth attacking, and a look at whether anything changed."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from assistant import attachments, people
from assistant.models import (
    ApiKey,
    Attachment,
    Conversation,
    ConversationShare,
    Feedback,
    Member,
    Memory,
    Message,
    Person,
    Poll,
    Room,
    RoomEvent,
    RoomFile,
    Run,
    Vote,
)
from assistant.rooms import files, membership, polls
from assistant.rooms import talk as room_talk
from assistant.rooms.talk import Words
from imagine.files import storage
from imagine.files.decoder import Decoded
from imagine.models import Picture, Share
from integrations import links
from integrations.models import Contact, LinkCode
from tests.people import Frame, Socket, Visitor
from tests.servers import eventually

PASSWORD = "quiet llama 42"


@dataclass(frozen=True)
class RoomTalk:
    """A room of one: what was said there, with a file, an answer with a picture, and a vote."""

    room: Room
    said: Message
    file: RoomFile
    run: Run
    picture: Picture
    poll: Poll


@dataclass(frozen=True)
class Talk:
    """A question and its whole answer; a picture, a file and a photo that wait, a memory, an API key, a connected chat
    in an app, and another one that wants to be, and a room, of the same person."""

    conversation: Conversation
    question: Message
    answer: Message
    run: Run
    picture: Picture
    attachment: Attachment
    photo: Attachment
    memory: Memory
    api_key: ApiKey
    contact: Contact
    link: LinkCode
    together: RoomTalk


def talk(visitor: Visitor, text: str = "A private question") -> Talk:
    """Let `visitor` begin a conversation, and wait until it is answered."""
    conversation = visitor.begin(text)
    rest(conversation)
    question, answer = conversation.messages.order_by("position")
    memory = Memory.objects.create(person=visitor.person, text="A private memory")
    run, contact, link = conversation.runs.get(), connect(visitor.person), ask_to_connect(visitor.person)
    files = attach(visitor), attachments.keep_picture(visitor.person, "photo.jpg", Decoded(1, 1, b"JPEG"))
    kept = draw(visitor), *files, memory, own_key(visitor.person)
    return Talk(conversation, question, answer, run, *kept, contact, link, together(visitor))


def together(visitor: Visitor) -> RoomTalk:
    """A room of the visitor's, in which they asked and were answered."""
    person = visitor.person
    room = membership.make(person, "Private name", "A private room")
    file = files.keep(person, "private.pdf", b"%PDF-1.4 private", RoomFile.Kind.DOCUMENT)
    said = room_talk.say(person, room.pk, Words("@Chaski, a private picture", uuid4(), things=[file.pk]))
    assert said.run
    picture = draw(visitor)
    said.run.answer.pictures.add(picture)
    Run.objects.filter(pk=said.run.pk).update(status=Run.Status.DONE)
    room_talk.ended(said.run.pk)
    event = polls.ask(person, room.pk, "A private question?", ["Yes", "No"])
    assert said.event.message
    assert event.poll
    return RoomTalk(room, said.event.message, file, said.run, picture, event.poll)


def own_key(person: Person) -> ApiKey:
    """A key of the person's. That of a guest was never valid: they cannot make one."""
    return ApiKey.objects.create(person=person, name="Private", public_id=uuid4().hex[:12], digest="0" * 64)


def connect(person: Person) -> Contact:
    """A chat in an app that is connected with the person."""
    return Contact.objects.create(
        channel="whatsapp", account="1001", user_id=uuid4().hex, name="Private", person=person, linked_at=timezone.now()
    )


def ask_to_connect(person: Person) -> LinkCode:
    """A code of the person that was typed in another chat."""
    asking = Contact.objects.create(
        channel="whatsapp", account="1001", user_id=uuid4().hex, name="Asking", person=people.make_guest()
    )
    code = links.make(person)
    links.handle(asking, links.code_of(code))
    code.refresh_from_db()
    return code


def rest(conversation: Conversation) -> None:
    """Wait until nothing is being answered in it."""
    eventually(lambda: not conversation.runs.filter(status=Run.Status.RUNNING).exists())


def attach(visitor: Visitor, text: str = "A private file", name: str = "private.txt") -> Attachment:
    """A file of the visitor's that waits for its message."""
    response = visitor.post("/attachments/", files={"file": (name, text.encode())}, headers={"X-Fragment": "1"})
    assert response.status_code == 201, response.text
    return Attachment.objects.get(id=response.json()["id"])


def draw(visitor: Visitor, files: dict[str, bytes] | None = None, **fields: Any) -> Picture:
    """A picture of the visitor's, done as if a painter had been here. A visitor who is nobody yet becomes a guest."""
    if not visitor.session_key:
        assert visitor.post("/imagine/begin").status_code == 204
    names = ("picture.jpg", "picture.webp", "thumb.webp", storage.MASTER)
    fields = {"made": Picture.Made.DRAWN, "status": Picture.Status.DONE, "prompt": "A private picture", **fields}
    picture = Picture.objects.create(person=visitor.person, width=64, height=64, finished_at=timezone.now(), **fields)
    storage.save(picture.id, {name: f"{name} of {picture.id}".encode() for name in names} | (files or {}))
    return picture


def rows(person: Person) -> list[list[dict[str, Any]]]:
    """Everything the database holds of a person's words and pictures."""
    theirs = (
        Conversation.objects.filter(memberships__person=person),
        Message.objects.filter(conversation__memberships__person=person),
        Run.objects.filter(conversation__memberships__person=person),
        Feedback.objects.filter(message__conversation__memberships__person=person),
        Attachment.objects.filter(person=person),
        Memory.objects.filter(person=person),
        ApiKey.objects.filter(person=person),
        Picture.objects.filter(person=person),
        Share.objects.filter(picture__person=person),
        ConversationShare.objects.filter(person=person),
        Contact.objects.filter(person=person),
        LinkCode.objects.filter(person=person),
        Member.objects.filter(conversation__memberships__person=person),
        Room.objects.filter(conversation__memberships__person=person),
        RoomEvent.objects.filter(room__conversation__memberships__person=person),
        Vote.objects.filter(poll__room__conversation__memberships__person=person),
    )
    return [list(query.order_by("pk").values()) for query in theirs]


def sign_up(visitor: Visitor) -> Person:
    """Make the visitor an account through the site's own form."""
    name = f"cleo-{visitor.address.replace('.', '-')}"
    response = visitor.post("/account/signup/", {"username": name, "password1": PASSWORD})
    assert response.status_code == 302, response.text
    return visitor.person


def closed_with(socket: Socket, seconds: float = 20) -> int:
    """Read the socket to its end; the code it was closed with."""
    with suppress(ConnectionClosed):
        while True:
            socket.hear(seconds)
    code = socket.connection.close_code
    assert code is not None
    return code


def replies(socket: Socket) -> list[Frame]:
    """All that comes before the answer to a ping, sent last."""
    heard = len(socket.heard)
    socket.say("ping")
    socket.hear_until("pong")
    return socket.heard[heard:-1]
