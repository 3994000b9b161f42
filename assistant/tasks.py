"""Celery tasks: titles, what to say next, the expiry of guests, temporary chats, links and files never sent."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from assistant import attachments, follow_ups, people, prompts, shares, summaries, temporary, traces
from assistant.brief import brief_answer
from assistant.conversations import shown_messages
from assistant.database import in_thread
from assistant.doorbell import Doorbell
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.messages import ChatMessage
from assistant.llama.options import LlamaOptions
from assistant.models import Conversation
from assistant.rooms import expiry
from assistant.rooms import files as room_files
from assistant.runs import keys
from assistant.runs.forget import forget
from assistant.runtime import llama_options
from assistant.titles import clean_title
from assistant.usage import Tally

logger = logging.getLogger(__name__)

TITLE_SECONDS = 60
FOLLOW_UP_SECONDS = 30
BRIEF_CHARACTERS, BRIEF_LINES = 1_200, 12
# On a processor alone it takes a minute to read the older part.
SUMMARY_SECONDS = 300
SUMMARY_CHARACTERS, SUMMARY_LINES = 4_000, 100
# For a large index of what is searched.
WIPE_SECONDS = 60
# A draft with its files may lie so long.
UNCLAIMED_HOURS = 48


@shared_task
def expire_guests() -> None:
    """Erase the guests who were not seen for GUEST_DAYS, in batches. Raises DatabaseError."""
    before = timezone.now() - timedelta(days=settings.GUEST_DAYS)
    while gone := people.expire_guests(before):
        logger.info("%s guests were erased after %s days away", gone, settings.GUEST_DAYS)


@shared_task
def wipe_traces() -> None:
    """Take out of the database's files what was erased since the last time."""
    traces.wipe(WIPE_SECONDS)


@shared_task
def erase_temporary() -> None:
    """Erase the temporary conversations whose time has passed, also while no web server runs. Raises DatabaseError."""
    while runs := temporary.erase_ended():
        forget(runs)


@shared_task
def end_rooms() -> None:
    """Tell the members of rooms that end within a day, and erase those that have ended. Raises DatabaseError."""
    while expiry.tell():
        pass
    while ended := expiry.erase_ended():
        logger.info("%s rooms ended, as nothing was said in them any more", len(ended.rooms))
        forget(ended.runs)


@shared_task
def expire_shares() -> None:
    """Delete the links to conversations that have expired, with their copies. Raises DatabaseError."""
    if gone := shares.expire():
        logger.info("%s links to conversations expired", gone)


@shared_task
def expire_attachments() -> None:
    """Delete the files that came with no message for UNCLAIMED_HOURS. Raises DatabaseError."""
    if gone := attachments.expire(timezone.now() - timedelta(hours=UNCLAIMED_HOURS)):
        logger.info("%s attachments came with no message, and were deleted", gone)
    if gone := room_files.expire(timezone.now() - timedelta(hours=UNCLAIMED_HOURS)):
        logger.info("%s files of rooms came with no message, and were deleted", gone)


@shared_task
def title_conversation(conversation_id: str) -> None:
    """Have the model name a conversation, unless a person has. Without an answer the first words stay its title.

    Raises ValueError for what is no id, and DatabaseError.
    """
    conversation = Conversation.objects.filter(id=UUID(conversation_id), titled_by_person=False).first()
    texts = list(shown_messages(conversation).values_list("text", flat=True)[:2]) if conversation else []
    if conversation is None or len(texts) < 2:
        return
    try:
        words = asyncio.run(asyncio.wait_for(complete(prompts.title(*texts)), TITLE_SECONDS))
    except (LlamaError, TimeoutError) as error:
        logger.info("conversation %s keeps its first title: %s", conversation.id, error)
        return
    if title := clean_title(words):
        Conversation.objects.filter(id=conversation.id, titled_by_person=False).update(title=title)


@shared_task
def suggest_follow_ups(run_id: str) -> None:
    """Have the model suggest what to say after an answer, while it is the newest, and show that to its readers.

    Raises ValueError for what is no id, and DatabaseError.
    """
    exchange = follow_ups.exchange(UUID(run_id))
    if exchange is None:
        return
    prompt = prompts.follow_ups(exchange.asked, exchange.said)
    try:
        words = asyncio.run(unless_changed(exchange.conversation, complete(prompt)))
    except (LlamaError, TimeoutError) as error:
        logger.info("nothing is suggested after run %s: %s", run_id, error)
        return
    lines = follow_ups.clean(words, exchange.asked)
    suggested = follow_ups.keep(UUID(run_id), lines) if lines else None
    if suggested:
        publish(exchange.conversation, follow_ups.encode(suggested))


async def unless_changed(conversation: UUID, work: Coroutine[Any, Any, str]) -> str:
    """The result of `work`, which ends where the conversation changes first: the model then is for the person's words.

    Raises TimeoutError in that case too, and what `work` does.
    """
    async with asyncio.timeout(FOLLOW_UP_SECONDS) as limit, Doorbell(settings.REDIS_URL) as doorbell:

        def changed(data: bytes | None) -> None:
            if data is not None and not limit.expired():
                limit.reschedule(0)

        await doorbell.subscribe(keys.conversation(conversation), changed)
        return await work


def publish(conversation: UUID, data: bytes) -> None:
    """Notify the subscribers of a conversation. Without Redis they see it when they look again."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5) as redis:
            redis.publish(keys.conversation(conversation), data)
    except (RedisError, OSError) as error:
        logger.warning("what is suggested in conversation %s was not published: %s", conversation, error)


@shared_task
def summarise_conversation(message_id: str) -> None:
    """Have the model sum up a conversation from its last summary to that message, for later prompts.

    Raises ValueError for what is no id, and DatabaseError.
    """
    message = UUID(message_id)
    try:
        asyncio.run(asyncio.wait_for(summarise(message), SUMMARY_SECONDS))
    except (LlamaError, TimeoutError) as error:
        logger.info("no summary up to message %s: %s", message, error or "it took too long")


async def summarise(message: UUID) -> None:
    """The same. Raises LlamaError, DatabaseError."""
    part = await in_thread(summaries.older)(message)
    if part is None:
        return
    options = replace(llama_options("titles"), max_tokens=summaries.MOST_TOKENS)
    async with counted_client(options) as client:
        context = (await client.backend()).context
        tokens = summaries.summary_tokens(context)
        prompt = summaries.request(part, context)
        words = await brief_answer(client, prompt, SUMMARY_CHARACTERS, SUMMARY_LINES) if tokens else ""
    text = summaries.clean(words, tokens)
    if text and await in_thread(summaries.keep)(part, text):
        logger.info("a conversation is summed up to message %s", message)


async def complete(prompt: list[ChatMessage]) -> str:
    """The model's answer to `prompt`, which asks for a few lines. Raises LlamaError."""
    async with counted_client(llama_options("titles")) as client:
        return await brief_answer(client, prompt, BRIEF_CHARACTERS, BRIEF_LINES)


@asynccontextmanager
async def counted_client(options: LlamaOptions) -> AsyncIterator[LlamaClient]:
    """A client for one request of the site's own; what it used is written down at the end. Raises DatabaseError."""
    tally = Tally()
    client = LlamaClient(options, partial(tally.note, "titles"))
    try:
        yield client
    finally:
        await client.close()
        await in_thread(tally.save)()
