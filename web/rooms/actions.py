"""What people do in rooms, by a form or a socket: counted, and carried out."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings

from assistant import room_turns
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.errors import NotAskedError, NotFoundError
from assistant.models import Person, Poll, Run
from assistant.rooms import orders, polls, talk
from assistant.rooms.events import membership
from assistant.rooms.talk import Words
from assistant.runs.heartbeat import request_stop
from assistant.runtime import Runtime
from web.http import redis_as_unavailable

R = TypeVar("R")

# A command that comes twice under one id is carried out once.
REPEAT_SECONDS = 3600


class Outcome(NamedTuple):
    """What became of words: the number of their event, or of a command a sentence for the person alone."""

    number: int | None = None
    sentence: str = ""


async def say(answering: Answering, person: Person, address: str, room: UUID, words: Words) -> Outcome:
    """Say something in a room, or carry out a command. Raises what `room_turns.say` and `orders.carry_out` raise."""
    order = orders.order_of(words.text)
    if order is None or orders.is_summary(words.text):
        said = await room_turns.say(answering, person, address, room, words)
        return Outcome(said.event.number)
    work = partial(orders.carry_out, person, room, order)
    return Outcome(sentence=await _once(answering.runtime, person, room, words.client_id, work) or "")


async def ask(runtime: Runtime, person: Person, room: UUID, client_id: UUID, question: str, options: list[str]) -> None:
    """Begin a vote in a room, once for each `client_id`. Raises NotFoundError, BadPollError, LimitedError."""
    await _once(runtime, person, room, client_id, partial(polls.ask, person, room, question, options))


async def _once(runtime: Runtime, person: Person, room: UUID, client_id: UUID, work: Callable[[], R]) -> R | None:
    """Count and do what a member asks for; None for a repeat. Raises what `work` raises."""
    await in_thread(membership)(person, room)
    await runtime.limits.count(settings.LIMIT_MEMBER_MESSAGES, "room", "member", str(person.id), str(room))
    once = f"room:order:{person.id}:{client_id}"
    with redis_as_unavailable():
        if not await runtime.redis.set(once, 1, nx=True, ex=REPEAT_SECONDS):
            return None
    try:
        return await in_thread(work)()
    except BaseException:
        with redis_as_unavailable():
            await runtime.redis.delete(once)
        raise


def vote(person: Person, room: UUID, poll: UUID, option: int) -> None:
    """Vote in a poll of a room. Raises NotFoundError, BadPollError."""
    _in_room(room, poll)
    polls.vote(person, poll, option)


def close(person: Person, room: UUID, poll: UUID) -> None:
    """End a vote of a room. Raises NotFoundError."""
    _in_room(room, poll)
    polls.close(person, poll)


def _in_room(room: UUID, poll: UUID) -> None:
    if not Poll.objects.filter(pk=poll, room=room).exists():
        raise NotFoundError


async def stop(runtime: Runtime, person: Person, run_id: UUID) -> Run:
    """Stop an answer in a room: who asked for it, or the host. Raises NotFoundError, NotAskedError,
    LogUnavailableError."""
    run = await in_thread(_may_stop)(person, run_id)
    with redis_as_unavailable():
        await request_stop(runtime.redis, run.id)
    return run


def _may_stop(person: Person, run_id: UUID) -> Run:
    run = talk.own_run(person, run_id)
    if person.pk not in (run.person_id, run.conversation.room.host_id):
        raise NotAskedError
    return run
