"""Pictures in a room: which of them the model that sees is shown with a question."""

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from PIL import Image
from pytest_django.fixtures import Settings

from assistant import people, room_turns
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.llama.pictures import OUT_OF_VIEW
from assistant.models import Message, Person, Room
from assistant.prompts import PICTURE_ALONE
from assistant.rooms import membership, talk
from assistant.rooms.talk import Said, Words
from assistant.runtime import Runtime
from imagine.files import storage
from imagine.models import Picture
from tests import easel
from tests.fake_llama import FakeLlama, says
from tests.people import next_address
from tests.photographs import shown
from tests.photographs import words as told
from tests.servers import Valkey, soon


@pytest.fixture
def seeing(settings: Settings, eyes: FakeLlama) -> None:
    # No Llama 3.2 Vision, which would take one picture at a time.
    role = {"url": eyes.url, "model": "sees-several", "key": "", "context": 0, "parallel": 1, "cost": (0, 0)}
    settings.LLAMA_ROLES = {"eyes": role}


@pytest.fixture
async def answering(settings: Settings, valkey: Valkey, fake_llama: FakeLlama) -> AsyncIterator[Answering]:
    settings.REDIS_URL, settings.LLAMA_URL, settings.SEARCH_ENGINES = valkey.url, fake_llama.url, []
    async with Runtime() as runtime:
        process = Answering(runtime)
        yield process
        await process.drain(10)


@in_thread
def make() -> tuple[Person, Person, Room]:
    ana, bo = people.make_guest(), people.make_guest()
    room = membership.make(ana, "Ana", "Ski trip")
    membership.join(bo, room.token or "", "Bo")
    return ana, bo, room


def paint(person: Person, color: str) -> Picture:
    """A finished picture, in a color by which it is known again."""
    picture = easel.drawn(person.pk)
    file = BytesIO()
    Image.new("RGB", (64, 64), color).save(file, "JPEG")
    storage.save(picture.id, {"picture.jpg": file.getvalue()})
    return picture


@in_thread
def picture_of(person: Person, color: str = "teal") -> UUID:
    return paint(person, color).id


async def say(
    answering: Answering, person: Person, room: Room, text: str, *pictures: UUID, quoted: UUID | None = None
) -> Said:
    words = Words(text, uuid4(), pictures=pictures, quoted=quoted)
    return await room_turns.say(answering, person, next_address(), room.pk, words)


async def asked(answering: Answering, person: Person, room: Room, text: str, model: FakeLlama) -> dict[str, object]:
    """The request that a question leads to, once it is answered."""
    said = await say(answering, person, room, text)
    return await request_of(said, model)


async def request_of(said: Said, model: FakeLlama) -> dict[str, object]:
    assert said.run
    run = said.run
    await soon(lambda: type(run).objects.get(pk=run.pk).status == "done")
    return model.requests[-1]


def colors(request: dict[str, object]) -> list[str]:
    """What the pictures in a request look like."""
    found = [Image.open(BytesIO(data)).convert("RGB").getpixel((20, 20)) for data in shown(request)]
    names = {(255, 0, 0): "red", (0, 0, 255): "blue", (0, 128, 128): "teal"}
    return [
        next(name for known, name in names.items() if sum(abs(a - b) for a, b in zip(known, pixel, strict=True)) < 30)  # type: ignore[arg-type]
        for pixel in found
    ]


def message_of(said: Said) -> UUID:
    assert said.event.message
    return said.event.message.pk


@pytest.mark.usefixtures("seeing")
async def test_a_picture_that_comes_with_a_question_is_seen(answering: Answering, eyes: FakeLlama) -> None:
    ana, _bo, room = await make()
    eyes.script(says("It is blue."))
    said = await say(answering, ana, room, "@Chaski which color is it?", await picture_of(ana, "blue"))
    request = await request_of(said, eyes)
    assert colors(request) == ["blue"]
    assert "which color is it?" in told(request)


@pytest.mark.usefixtures("seeing")
async def test_one_member_shows_a_picture_and_another_asks(
    answering: Answering, eyes: FakeLlama, fake_llama: FakeLlama
) -> None:
    ana, bo, room = await make()
    await say(answering, ana, room, "", await picture_of(ana, "red"))
    await say(answering, ana, room, "Look at that", await picture_of(ana, "blue"))
    assert colors(await asked(answering, bo, room, "@Chaski what is it?", eyes)) == ["blue"]
    # And what they ask next.
    assert colors(await asked(answering, ana, room, "@Chaski how old is it?", eyes)) == ["blue"]
    assert not fake_llama.requests


@pytest.mark.usefixtures("seeing")
async def test_a_reply_shows_the_picture_it_is_a_reply_to(answering: Answering, eyes: FakeLlama) -> None:
    ana, bo, room = await make()
    first = await say(answering, ana, room, "Before", await picture_of(ana, "red"))
    await say(answering, ana, room, "After", await picture_of(ana, "blue"))
    said = await say(answering, bo, room, "@Chaski and this?", quoted=message_of(first))
    assert colors(await request_of(said, eyes)) == ["red"]
    both = await say(answering, bo, room, "@Chaski alike?", await picture_of(bo), quoted=message_of(first))
    assert colors(await request_of(both, eyes)) == ["red", "teal"]


@pytest.mark.usefixtures("seeing")
async def test_what_the_assistant_drew_is_seen_in_a_reply_to_it(
    answering: Answering, eyes: FakeLlama, fake_llama: FakeLlama
) -> None:
    ana, bo, room = await make()
    await asked(answering, ana, room, "@Chaski a fox, please", fake_llama)
    answer = await Message.objects.aget(role="assistant", conversation=room.pk)
    await answer.pictures.aset([await in_thread(paint)(ana, "red")])
    reply = await say(answering, bo, room, "why is it so red?", quoted=answer.pk)
    assert colors(await request_of(reply, eyes)) == ["red"]


@pytest.mark.usefixtures("seeing")
async def test_a_picture_in_reply_to_the_assistant_needs_no_words(
    answering: Answering, eyes: FakeLlama, fake_llama: FakeLlama
) -> None:
    ana, bo, room = await make()
    await asked(answering, ana, room, "@Chaski hello", fake_llama)
    answer = await Message.objects.aget(role="assistant", conversation=room.pk)
    said = await say(answering, bo, room, "", await picture_of(bo, "red"), quoted=answer.pk)
    request = await request_of(said, eyes)
    assert colors(request) == ["red"]
    assert PICTURE_ALONE in told(request)


@pytest.mark.usefixtures("seeing")
async def test_a_picture_of_long_ago_is_out_of_view(
    answering: Answering, eyes: FakeLlama, fake_llama: FakeLlama
) -> None:
    ana, bo, room = await make()
    said = await say(answering, ana, room, "Look", await picture_of(ana))
    long_ago = timezone.now() - timedelta(hours=1)
    await Message.objects.filter(pk=message_of(said)).aupdate(created_at=long_ago)
    request = await asked(answering, bo, room, "@Chaski what shall we eat?", fake_llama)
    assert not shown(request)
    assert not eyes.requests


@pytest.mark.usefixtures("seeing")
async def test_who_joined_after_a_picture_has_nobody_look_at_it(answering: Answering, fake_llama: FakeLlama) -> None:
    ana, _bo, room = await make()
    await say(answering, ana, room, "Look", await picture_of(ana))
    late = await in_thread(people.make_guest)()
    await in_thread(membership.join)(late, room.token or "", "Late")
    assert not shown(await asked(answering, late, room, "@Chaski what is it?", fake_llama))


@pytest.mark.usefixtures("seeing")
async def test_a_picture_that_was_taken_back_is_not_seen(answering: Answering, fake_llama: FakeLlama) -> None:
    ana, bo, room = await make()
    said = await say(answering, ana, room, "Look", await picture_of(ana))
    await in_thread(talk.unsay)(ana, message_of(said))
    assert not shown(await asked(answering, bo, room, "@Chaski what was it?", fake_llama))


@pytest.mark.usefixtures("seeing")
async def test_a_picture_whose_file_is_gone_leaves_a_note(answering: Answering, fake_llama: FakeLlama) -> None:
    ana, _bo, room = await make()
    picture = await picture_of(ana)
    await in_thread(storage.keep_only)(picture, [])
    said = await say(answering, ana, room, "@Chaski what is it?", picture)
    assert OUT_OF_VIEW in told(await request_of(said, fake_llama))


async def test_where_no_model_sees_a_note_says_so(answering: Answering, fake_llama: FakeLlama) -> None:
    ana, _bo, room = await make()
    said = await say(answering, ana, room, "@Chaski what is it?", await picture_of(ana))
    request = await request_of(said, fake_llama)
    assert OUT_OF_VIEW in told(request)
    assert not shown(request)
    # Nor does a picture alone call anybody then.
    answer = await Message.objects.aget(role="assistant", conversation=room.pk)
    alone = await say(answering, ana, room, "", await picture_of(ana), quoted=answer.pk)
    assert alone.run is None
