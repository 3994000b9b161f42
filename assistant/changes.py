"""Notices to all who look at a conversation, at every process, that it changed.

What happens in a room is noticed here, by whatever door it came: nobody who writes an event has to think of it.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from redis.exceptions import RedisError

from assistant.models import Room, RoomEvent
from assistant.runs import keys
from assistant.runtime import Runtime
from imagine.connection import redis

logger = logging.getLogger(__name__)

# Beside everything else: who writes never waits for Redis, and several events of a room at once are one notice.
_thread = ThreadPoolExecutor(1, thread_name_prefix="changes")
_changed: set[UUID] = set()
_lock = threading.Lock()


async def announce(runtime: Runtime, conversation: UUID, origin: str = "") -> None:
    """Notify the subscribers of `conversation`, all but `origin`, that it changed.

    Without Redis nothing is sent; subscribers look again once it is back.
    """
    try:
        await runtime.redis.publish(keys.conversation(conversation), origin)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("the change of conversation %s was not published: %s", conversation, error)


@receiver(post_save, sender=RoomEvent)
def notice_event(instance: RoomEvent, **_more: Any) -> None:
    """Notify those who look at a room, once the event can be read."""
    transaction.on_commit(partial(_ring, instance.room_id))


@receiver(post_delete, sender=Room)
def notice_end(instance: Room, **_more: Any) -> None:
    """Notify those who look at a room that it is gone."""
    transaction.on_commit(partial(_ring, instance.pk))


def _ring(room: UUID) -> None:
    with _lock:
        first = not _changed
        _changed.add(room)
    if first:
        _thread.submit(_publish)


def _publish() -> None:
    # First: what is written from now on needs another notice.
    with _lock:
        rooms = list(_changed)
        _changed.clear()
    try:
        pipe = redis().pipeline(transaction=False)
        for room in rooms:
            pipe.publish(keys.conversation(room), b"")
        pipe.execute()
    except (RedisError, OSError) as error:
        logger.warning("the change of %s rooms was not published: %s", len(rooms), error)
