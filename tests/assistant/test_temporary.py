"""Temporary conversations are nowhere to be found, and gone soon after their last tab."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import redis
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import conversations, members, people, tasks, temporary
from assistant.conversations import AWAY
from assistant.database import in_thread
from assistant.errors import NotFoundError
from assistant.models import Conversation, Message, Person, Run
from assistant.runs import keys, saving
from assistant.temporary import CLOSED, OpenConversations
from imagine import shares as picture_shares
from imagine.files import storage
from imagine.models import Picture
from tests.easel import drawn
from tests.servers import Valkey, soon


def begun(person: Person | None = None, text: str = "Between us") -> Conversation:
    person = person or people.make_guest()
    return conversations.say(person, None, text, uuid4(), temporary=True).run.conversation


def end(conversation: Conversation) -> None:
    Conversation.objects.filter(id=conversation.id).update(alive_until=timezone.now() - timedelta(seconds=1))


def remaining(conversation: UUID) -> timedelta:
    until = Conversation.objects.values_list("alive_until", flat=True).get(id=conversation)
    assert until is not None
    return until - timezone.now()


def is_there(conversation: UUID) -> bool:
    return Conversation.objects.filter(id=conversation).exists()


async def test_it_has_no_title_and_asks_for_none() -> None:
    conversation = await in_thread(begun)()
    assert conversation.title == ""
    run = await in_thread(lambda: conversation.runs.get().id)()
    assert await saving.untitled(run) is None


def test_it_is_not_listed_counted_or_exported() -> None:
    guest = people.make_guest()
    conversation = begun(guest, "xyzzy between us")
    picture = drawn(guest.pk)
    conversation.messages.get(role=Message.Role.ASSISTANT).pictures.add(picture)
    kept = conversations.say(guest, None, "Keep this", uuid4()).run.conversation
    assert list(members.listed(guest)) == [kept]
    counts = {name: count for name, count in people.counts(guest).items() if count}
    assert counts == {"conversations": 1, "messages": 2}
    assert "xyzzy" not in "".join(people.conversations_json(guest, str))
    picture_shares.make(guest.id, picture.id)
    assert str(picture.id) not in "".join(people.pictures_json(guest))
    assert json.loads("".join(people.links_json(guest))) == []


def test_one_whose_time_has_passed_is_erased_with_its_pictures_and_no_other() -> None:
    guest = people.make_guest()
    ended, alive, kept = begun(guest), begun(guest), conversations.begin(guest, "Kept")
    gone, stays = drawn(guest.pk), drawn(guest.pk)
    ended.messages.get(role=Message.Role.ASSISTANT).pictures.add(gone)
    run = ended.runs.get().id
    end(ended)
    assert run in temporary.erase_ended()
    assert [is_there(one.id) for one in (ended, alive, kept)] == [False, True, True]
    assert list(Picture.objects.filter(person=guest)) == [stays]
    assert storage.names(gone.id) == []
    assert not Message.objects.filter(conversation=ended.id).exists()


def test_a_kept_conversation_never_ends_whatever_its_columns_say() -> None:
    kept = conversations.begin(people.make_guest(), "Kept")
    end(kept)
    temporary.erase_ended()
    assert is_there(kept.id)


def test_each_turn_prolongs_it() -> None:
    guest = people.make_guest()
    conversation = begun(guest)
    Run.objects.filter(conversation=conversation).update(status=Run.Status.DONE)
    Conversation.objects.filter(id=conversation.id).update(alive_until=timezone.now() + timedelta(seconds=5))
    conversations.say(guest, conversation.id, "More", uuid4())
    assert remaining(conversation.id) > CLOSED


def test_a_worker_erases_it_too(valkey: Valkey, settings: Settings) -> None:
    settings.REDIS_URL = valkey.url
    conversation = begun()
    end(conversation)
    tasks.erase_temporary()
    assert not is_there(conversation.id)


@pytest.fixture
async def opened(valkey: Valkey, settings: Settings) -> AsyncIterator[OpenConversations]:
    settings.REDIS_URL = valkey.url
    async with OpenConversations() as opened:
        yield opened


@pytest.mark.parametrize(("closed", "longest"), [(True, CLOSED), (False, AWAY)])
async def test_it_stays_a_while_after_its_last_socket(
    opened: OpenConversations, closed: bool, longest: timedelta
) -> None:
    conversation = (await in_thread(begun)()).id
    await opened.join(conversation)
    await opened.join(conversation)
    await opened.leave(conversation, closed=True)
    assert await in_thread(remaining)(conversation) > CLOSED
    await opened.leave(conversation, closed=closed)
    assert longest - timedelta(seconds=20) < await in_thread(remaining)(conversation) <= longest


async def test_one_that_is_erased_cannot_be_opened(opened: OpenConversations) -> None:
    with pytest.raises(NotFoundError):
        await opened.join(uuid4())


async def test_a_process_that_starts_erases_what_others_left_and_the_log_too(
    valkey: Valkey, settings: Settings
) -> None:
    settings.REDIS_URL = valkey.url
    conversation = await in_thread(begun)()
    run = await in_thread(lambda: conversation.runs.get().id)()
    with redis.Redis.from_url(valkey.url) as client:
        client.xadd(keys.log(run), {"e": b"{}"})
    await in_thread(end)(conversation)
    async with OpenConversations():
        await soon(lambda: not valkey.has(keys.log(run)))
    assert not await in_thread(is_there)(conversation.id)
