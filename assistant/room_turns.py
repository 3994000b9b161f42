"""What every door of a room calls: words are counted, stored, and answered where they call."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from assistant import agreement, people
from assistant.answering import Answering
from assistant.background import end
from assistant.commands import hard_question
from assistant.database import in_thread
from assistant.errors import ConversationFullError
from assistant.models import Person, Run
from assistant.rooms import talk
from assistant.rooms.talk import Said, Words
from assistant.runtime import Runtime
from assistant.turns import count_harder, known_search
from assistant.usage import Payer

logger = logging.getLogger(__name__)

# A call that nobody takes up waits so long, for instance after its process was killed.
TAKE_UP_SECONDS = 2


async def say(answering: Answering, person: Person, address: str, room: UUID, words: Words) -> Said:
    """Say something in a room, from the block `address`.

    Raises AssistantError: AgreementNeededError, LimitedError, LogUnavailableError, RefusedInputError, and what
    `talk.say` raises.
    """
    await agreement.check(person)
    known_search(words.search)
    await _count(answering.runtime, person, address, room, words)
    words = await _with_harder(answering.runtime, person, address, words)
    said = await in_thread(_say)(person, room, words)
    if said.run:
        answering.start(said.run.id)
    return said


async def _count(runtime: Runtime, person: Person, address: str, room: UUID, words: Words) -> None:
    """Count words, and calls by the member and the room: one member cannot use up what all have."""
    limits = runtime.limits
    await limits.count(settings.LIMIT_MEMBER_MESSAGES, "room", "member", str(person.id), str(room))
    await limits.count_address(settings.LIMIT_ADDRESS_MESSAGES, "message", address)
    # A reply may be one to the assistant.
    if words.quoted or words.called or talk.is_for_assistant(words.text):
        if not talk.draws(words.text):
            runtime.meter.check(Payer.ROOMS)
        await limits.count(settings.LIMIT_MEMBER_CALLS, "call", "member", str(person.id))
        await limits.count(settings.LIMIT_ROOM_CALLS, "call", "room", str(room))
    if talk.draws(words.text):
        await limits.count_pictures(person, address, 1)


async def _with_harder(runtime: Runtime, person: Person, address: str, words: Words) -> Words:
    """`/think` asks the best model. Without the command, where they have used up their answers of it: a call that waits
    is known by it. Raises LogUnavailableError."""
    question = hard_question(words.text)
    if question is None or words.forwarded:
        return words
    harder = await count_harder(runtime, person, address)
    if harder == Run.Harder.YES:
        return replace(words, harder=harder)
    return replace(words, text=question, called=True, harder=harder)


def _say(person: Person, room: UUID, words: Words) -> Said:
    people.touch(person)
    return talk.say(person, room, words)


class RoomCalls:
    """Takes up calls that wait in rooms where no answer is written. Use it as `async with RoomCalls(answering)`."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    async def __aenter__(self) -> "RoomCalls":
        self._task = asyncio.create_task(self._take_up_forever())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)

    async def _take_up_forever(self) -> None:
        while True:
            await asyncio.sleep(TAKE_UP_SECONDS)
            try:
                for room in await in_thread(talk.waiting)():
                    with suppress(ConversationFullError):
                        await self._take_up(room)
            except DatabaseError as error:
                logger.warning("calls in rooms cannot be taken up: %s", error)
            except Exception:
                # The edge of this task: it must go on for as long as the process does.
                logger.exception("calls in rooms were not taken up once")

    async def _take_up(self, room: UUID) -> None:
        if run := await in_thread(talk.next_run)(room):
            self._answering.start(run.id)
