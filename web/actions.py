"""What a person asks for, by form or by socket: counted, stored, and begun to be answered."""

import logging
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from redis.exceptions import RedisError

from assistant import conversations, people
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.models import Person, Run
from assistant.runs import keys
from assistant.runs.keeper import ask_to_stop
from assistant.tools import create_image
from web.running import Running

logger = logging.getLogger(__name__)


class Ask(NamedTuple):
    """What to store, and the text that is to be answered: itself, or that before the answer `again`."""

    store: Callable[[Person], Turn]
    text: str = ""
    again: UUID | None = None


def send(conversation: UUID | None, text: str, client_id: UUID) -> Ask:
    """Say `text`, in a new conversation where none is named."""
    return Ask(lambda person: conversations.say(person, conversation, text, client_id), text)


def edit(message: UUID, text: str, client_id: UUID) -> Ask:
    """Say `text` instead of an earlier message."""
    return Ask(lambda person: conversations.edit(person, message, text, client_id), text)


def retry(message: UUID) -> Ask:
    """Answer anew."""
    return Ask(lambda person: conversations.retry(person, message), again=message)


async def begin(running: Running, person: Person, address: str, ask: Ask, origin: str = "") -> Turn:
    """Carry out `ask` for `person` and answer in the background.

    `origin` names the socket that asked: all others that show the conversation hear of it. Raises AssistantError.
    """
    await running.limits.count_message(person, address)
    if await draws(person, ask):
        await running.limits.count_pictures(person, address, 1)
    turn = await in_thread(carry_out)(person, ask)
    if turn.new:
        running.runtime.start(turn.run.id)
        await ring(running, turn.run.conversation_id, origin)
    return turn


async def draws(person: Person, ask: Ask) -> bool:
    """Whether the answer will be a picture. Raises NotFoundError."""
    text = await in_thread(conversations.answered_text)(person, ask.again) if ask.again else ask.text
    return create_image.wanted(text) is not None


def carry_out(person: Person, ask: Ask) -> Turn:
    """Do it in the database, and note that the person was here."""
    people.touch(person)
    return ask.store(person)


async def stop(running: Running, person: Person, run_id: UUID) -> Run:
    """Stop one of the person's answers; raises NotFoundError."""
    run = await in_thread(conversations.own_run)(person, run_id)
    await ask_to_stop(running.runtime.redis, run.id)
    return run


async def ring(running: Running, conversation: UUID, origin: str = "") -> None:
    """Tell the pages that show `conversation` that it changed, all but `origin`.

    While Redis is away nobody hears of it; they look again once it is back.
    """
    try:
        await running.runtime.redis.publish(keys.conversation(conversation), origin)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("pages were not told that conversation %s changed: %s", conversation, error)
