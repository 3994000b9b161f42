"""What follows an answer that is over: its conversation gets a title, lines to say next, a summary of its older part.

A worker does all that. Nothing here is waited for by anybody, and nothing of it is lost for good where it fails.
"""

import asyncio
import logging
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import DatabaseError
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from assistant import follow_ups, prompts, summaries
from assistant.database import in_thread
from assistant.engine import History
from assistant.events import TurnFinished
from assistant.findings import context_of
from assistant.llama.messages import ChatMessage
from assistant.runs import keys, saving
from assistant.runtime import Runtime

logger = logging.getLogger(__name__)

SUGGESTED_SECONDS = 600
# After that nobody looks any more; a worker that was away must not ask the model for all of them.
SUGGESTION_EXPIRES = 60


async def follow(
    runtime: Runtime, run: UUID, history: History | None, text: str, offered: str, end: TurnFinished
) -> None:
    """Ask for all that follows the answer `text` to `history`, in whose prompt stood what is `offered`.

    Raises DatabaseError.
    """
    if conversation := await saving.untitled(run):
        await asyncio.to_thread(request, "title_conversation", conversation)
    await suggest(runtime, run)
    if until := await _to_sum_up(runtime, history, text, offered, end):
        await asyncio.to_thread(request, "summarise_conversation", until)


async def _to_sum_up(
    runtime: Runtime, history: History | None, text: str, offered: str, end: TurnFinished
) -> UUID | None:
    """The last message of the older part of the conversation, once that shall be summed up.

    Never for the demonstration model: what it would write is no summary.
    """
    if history is None or not history.ids or settings.LLAMA_DEMO:
        return None
    head = [prompts.system(settings.SITE_NAME, history.instructions), *prompts.remembered(history.summary)]
    messages = [*history.messages, ChatMessage("assistant", text)]
    beside = settings.LLAMA_MAX_TOKENS + len(offered.encode()) // 2
    context = await context_of(runtime.usual.client)
    number = summaries.due(head, messages, context, beside, end.token_factor or history.token_factor)
    return history.ids[number - 1] if number else None


async def suggest(runtime: Runtime, run: UUID) -> None:
    """Have a worker suggest what to say after `run`, once, if somebody looks and nobody waits for the model."""
    if not runtime.usual.queue.is_idle:
        return
    try:
        exchange = await in_thread(follow_ups.exchange)(run)
        if exchange is None:
            return
        [(_, viewers)] = await runtime.redis.pubsub_numsub(keys.conversation(exchange.conversation))
        if not viewers or not await runtime.redis.set(keys.suggested(run), 1, ex=SUGGESTED_SECONDS, nx=True):
            return
    except (DatabaseError, RedisError, OSError, TimeoutError) as error:
        logger.info("nothing is suggested after run %s: %s", run, error)
        return
    await asyncio.to_thread(request, "suggest_follow_ups", run, SUGGESTION_EXPIRES)


def request(task: str, about: UUID, expires: int | None = None) -> None:
    """Have a worker do what can wait, within `expires` seconds. May block for seconds where Redis is away."""
    try:
        # By name, as the worker's module imports this one's; without retries, as it matters little.
        current_app.send_task(f"assistant.tasks.{task}", [str(about)], retry=False, expires=expires)
    except OperationalError as error:
        logger.warning("%s of %s was not requested: %s", task, about, error)
