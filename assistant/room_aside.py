"""Words in a room's group that were not for the assistant: in memory for minutes, where the operator wants that at all.

Nothing of them is in the database. They are read with the next call, by who was there when they were said.
"""

import json
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from assistant.models import Member, Message
from imagine.connection import redis

logger = logging.getLogger(__name__)

MOST = 80
CHARACTERS = 1_000


def keep(room: UUID, key: str, number: int, name: str, text: str) -> None:
    """Keep words under the app's id of them, in place of what they said before, if they were edited.

    `number` is that of the room's last event. Of a room the newest are kept.
    """
    if not settings.GROUP_CONTEXT_MINUTES:
        return
    at = timezone.now().timestamp()
    line = {"at": at, "number": number, "name": name, "text": text[:CHARACTERS]}
    try:
        lines, order = f"{_key(room)}:lines", f"{_key(room)}:order"
        with redis().pipeline() as pipe:
            pipe.hset(lines, key, json.dumps(line))
            pipe.zadd(order, {key: at}, nx=True)
            pipe.zrange(order, 0, -MOST - 1)
            for name_ in (lines, order):
                pipe.expire(name_, 60 * settings.GROUP_CONTEXT_MINUTES)
            old = pipe.execute()[2]
        for one in old:
            _drop(room, one)
    except (RedisError, OSError) as error:
        logger.warning("words in a group are not kept: %s", error)


def drop(room: UUID, key: str) -> None:
    """Keep no more of words that were taken back."""
    try:
        _drop(room, key)
    except (RedisError, OSError) as error:
        logger.warning("words in a group that were taken back go with their time: %s", error)


def recent(member: Member) -> list[Message]:
    """What was said lately while the member was there, oldest first, as messages that stand nowhere."""
    if not settings.GROUP_CONTEXT_MINUTES:
        return []
    since = timezone.now() - timedelta(minutes=settings.GROUP_CONTEXT_MINUTES)
    found = []
    try:
        lines = redis().hvals(f"{_key(member.conversation_id)}:lines")
    except (RedisError, OSError) as error:
        logger.warning("words in a group cannot be read: %s", error)
        return []
    for line in lines:
        kept = json.loads(line)
        at = datetime.fromtimestamp(kept["at"], UTC)
        if at >= since and kept["number"] > member.since:
            words = {"text": kept["text"], "spoken_as": kept["name"], "created_at": at}
            found.append(Message(role=Message.Role.USER, **words))
    return sorted(found, key=lambda message: message.created_at)


def _drop(room: UUID, key: str | bytes) -> None:
    with redis().pipeline() as pipe:
        pipe.hdel(f"{_key(room)}:lines", key)
        pipe.zrem(f"{_key(room)}:order", key)
        pipe.execute()


def _key(room: UUID) -> str:
    return f"room:{room}:aside"
