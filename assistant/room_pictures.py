"""Pictures of a room that the model sees with a question: those it came with, or that were sent a little before.

In a room a picture is one of imagine's, drawn anew from what somebody sent. Often one shows it, and another asks.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from assistant import vision
from assistant.attachments import PROMPT_PICTURES
from assistant.engine import History
from assistant.errors import AssistantError
from assistant.history import PICTURE_TURNS, REFUSED
from assistant.llama.pictures import PromptPicture
from assistant.models import Member, Message
from assistant.rooms.events import readable
from imagine.files import storage
from imagine.files.decoder import decoders
from imagine.models import Picture

logger = logging.getLogger(__name__)

STILL = "picture.jpg"


def asked_about(member: Member, question: Message, before: int) -> list[UUID]:
    """The pictures that a question is about, the newest last: its own after those of what it is a reply to.

    Where there are none, those that somebody sent last in the minutes and messages before. `before` is the position
    of the answer. Synchronous.
    """
    there = readable(member).exclude(REFUSED)
    both = [question.pk, *([question.quoted_id] if question.quoted_id else ())]
    if named := _of(there.filter(pk__in=both)):
        return named
    if not vision.is_on():
        return []
    lately = timezone.now() - timedelta(minutes=settings.ROOM_CONTEXT_MINUTES)
    near = there.filter(position__gte=before - 2 * PICTURE_TURNS, position__lt=before, created_at__gte=lately)
    sent = near.filter(role=Message.Role.USER, pictures__status=Picture.Status.DONE).order_by("-position").first()
    return _of(there.filter(pk=sent.pk)) if sent else []


def _of(messages: "QuerySet[Message]") -> list[UUID]:
    through = Message.pictures.through.objects.filter(
        message__in=messages.order_by(), picture__status=Picture.Status.DONE
    )
    newest = through.order_by("-message__position", "-picture__created_at", "-picture_id")
    return list(newest.values_list("picture_id", flat=True)[:PROMPT_PICTURES])[::-1]


async def in_view(history: History) -> History:
    """`history` with its pictures in the last turn; out of view where no model sees them, or one cannot be read."""
    if not history.pictures:
        return history
    *earlier, question = history.messages
    pictures = await asyncio.get_running_loop().run_in_executor(decoders, _seen, history.pictures)
    return replace(history, messages=[*earlier, replace(question, pictures=tuple(pictures))])


def _seen(pictures: Sequence[UUID]) -> list[PromptPicture]:
    if not vision.is_on():
        return [PromptPicture() for _picture in pictures]
    return [PromptPicture(_small(picture)) for picture in pictures]


def _small(picture: UUID) -> bytes:
    """A picture as the model takes it; empty where that is impossible."""
    try:
        return vision.read_picture(storage.load(picture, STILL)).jpeg
    except (OSError, AssistantError) as error:
        logger.warning("picture %s of a room is not seen: %s", picture, error)
        return b""
