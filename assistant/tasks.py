"""Celery tasks: titles, the expiry of guests, of temporary conversations, of links and of files never sent."""

import asyncio
import logging
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from assistant import attachments, people, prompts, shares, temporary
from assistant.conversations import shown_messages
from assistant.llama.client import LlamaClient
from assistant.llama.errors import LlamaError
from assistant.llama.messages import ChatMessage, Delta, Reasoning
from assistant.models import Conversation
from assistant.runs.forget import forget
from assistant.runtime import llama_options
from assistant.titles import clean_title

logger = logging.getLogger(__name__)

TITLE_SECONDS = 60
# A draft with its files may lie so long.
UNCLAIMED_HOURS = 48


@shared_task
def expire_guests() -> None:
    """Erase the guests who were not seen for GUEST_DAYS, in batches. Raises DatabaseError."""
    before = timezone.now() - timedelta(days=settings.GUEST_DAYS)
    while gone := people.expire_guests(before):
        logger.info("%s guests were erased after %s days away", gone, settings.GUEST_DAYS)


@shared_task
def erase_temporary() -> None:
    """Erase the temporary conversations whose time has passed, also while no web server runs. Raises DatabaseError."""
    while runs := temporary.erase_ended():
        forget(runs)


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


async def complete(prompt: list[ChatMessage]) -> str:
    """The model's whole answer to `prompt`. Raises LlamaError."""
    client = LlamaClient(llama_options())
    try:
        async with aclosing(client.stream(prompt)) as stream:
            text = ""
            async for part in stream:
                if isinstance(part, Reasoning) and part.retracts:
                    text = ""
                elif isinstance(part, Delta):
                    text += part.text
            return text
    finally:
        await client.close()
