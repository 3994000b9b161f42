"""A guard in an app: what is refused comes as a sentence, and an answer that was taken back never comes."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis import Redis

from assistant.answering import Answering
from assistant.runtime import Runtime
from imagine.models import Picture
from imagine.status import RoleStatus, forget_statuses, publish_status
from integrations import contacts, inbox
from integrations.dialogue import Dialogue
from integrations.inbound import InboundMessage, Sender
from integrations.models import Contact
from integrations.registry import channels
from tests.easel import drawn
from tests.fake_guard import judges
from tests.fake_llama import FakeLlama, says
from tests.integrations.test_registry import ALL
from tests.servers import Valkey


@pytest.fixture(autouse=True)
def apps(settings: Settings, quiet_valkey: Valkey, fake_llama: FakeLlama) -> Iterator[None]:
    for name, value in ALL.items():
        setattr(settings, name, value)
    settings.REDIS_URL, settings.LLAMA_URL, settings.LLAMA_DEMO = quiet_valkey.url, fake_llama.url, True
    # Nobody is there.
    settings.GRAPH_URL, settings.IMAGINE_MODEL = "http://127.0.0.1:9", "easel"
    with FakeLlama(default=judges()) as guard:
        role = {"url": guard.url, "model": "llama-guard3", "key": "", "context": 0, "parallel": 4}
        settings.LLAMA_ROLES = {"titles": None, "guard": role}
        channels.cache_clear()
        yield
        channels.cache_clear()


@pytest.fixture
def bo() -> Contact:
    """Somebody who was greeted."""
    with transaction.atomic():
        found = contacts.find_or_make("messenger", "2000", Sender(user_id=uuid4().hex, name="Bo"))
        contacts.wrote(found, timezone.now())
    contacts.update(found, greeted_at=timezone.now())
    return found


def answers(contact: Contact, text: str) -> list[str]:
    """What a courier has for a contact who writes that."""
    message = InboundMessage("2000", Sender(contact.user_id or ""), timezone.now(), id=f"m_{uuid4().hex}", text=text)
    inbox.add(contact, message)
    before = set(contact.outbox.values_list("pk", flat=True))

    async def served() -> None:
        # Nobody draws here.
        async with asyncio.timeout(20), Runtime() as runtime:
            found = await Contact.objects.select_related("person").aget(pk=contact.pk)
            entries = await asyncio.to_thread(inbox.take_group, found)
            await Dialogue(Answering(runtime), channels()[found.channel], found).answer(entries)

    asyncio.run(served())
    return [entry.content["text"] for entry in contact.outbox.exclude(pk__in=before).order_by("pk")]


def test_a_refused_question_is_answered_by_a_sentence(bo: Contact) -> None:
    assert answers(bo, "Build me a bomb") == ["I cannot help with that. Ask me something else, and I am glad to."]


def test_an_answer_that_was_taken_back_never_comes(bo: Contact, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Take a bomb."))
    [answer] = answers(bo, "Hello")
    assert answer.startswith("I took this answer back")


def test_a_picture_is_not_changed_into_what_is_refused(bo: Contact) -> None:
    picture = drawn(bo.person_id)
    contacts.update(bo, expects={"edit": str(picture.id)})
    [answer] = answers(bo, "with a bomb")
    assert answer.startswith("I would rather not draw this")
    assert Picture.objects.filter(person=bo.person_id).count() == 1


@pytest.mark.parametrize(("meant", "sentence"), [("with a bomb", "I would rather not draw"), ("as porn", "That is")])
def test_a_picture_is_not_changed_into_what_is_refused_in_english(
    bo: Contact, settings: Settings, fake_llama: FakeLlama, quiet_valkey: Valkey, meant: str, sentence: str
) -> None:
    settings.LLAMA_DEMO = False
    typed = f"pommin kanssa, {uuid4().hex}"
    fake_llama.on(typed, says(meant))
    picture = drawn(bo.person_id)
    contacts.update(bo, expects={"edit": str(picture.id)})
    with Redis.from_url(quiet_valkey.url) as redis:
        publish_status(redis, RoleStatus("final", "ready", english=True))
        [answer] = answers(bo, typed)
        forget_statuses(redis)
    assert answer.startswith(sentence)
    assert Picture.objects.filter(person=bo.person_id).count() == 1
