"""What people do in rooms, by a form or a socket: counted, and carried out."""

from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from assistant import room_turns
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.errors import NotFoundError
from assistant.models import Person, Poll, Run
from assistant.rooms import orders, polls, talk
from assistant.rooms.events import membership
from assistant.rooms.talk import Words
from assistant.runs.heartbeat import request_stop
from assistant.runtime import Runtime
from web.http import redis_as_unavailable

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
    runtime = answering.runtime
    await in_thread(membership)(person, room)
    await runtime.limits.count(settings.LIMIT_MEMBER_MESSAGES, "room", "member", str(person.id), str(room))
    once = f"room:order:{person.id}:{words.client_id}"
    with redis_as_unavailable():
        if not await runtime.redis.set(once, 1, nx=True, ex=REPEAT_SECONDS):
            return Outcome()
    try:
        sentence = await in_thread(orders.carry_out)(person, room, order)
    except BaseException:
        with redis_as_unavailable():
            await runtime.redis.delete(once)
        raise
    return Outcome(sentence=sentence)


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
    """Stop an answer in a room of the person's, as every member may. Raises NotFoundError, LogUnavailableError."""
    run = await in_thread(talk.own_run)(person, run_id)
    with redis_as_unavailable():
        await request_stop(runtime.redis, run.id)
    return run
