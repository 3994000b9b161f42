"""Words in a room's group that were not for the assistant: in memory for minutes, where the operator wants that at all.

Nothing of them is in the database. They are read with the next call, by who was there when they were said.
"""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from redis.exceptions import RedisError

from assistant.models import Member, Message, Room
from imagine.connection import redis

logger = logging.getLogger(__name__)

MOST = 80
CHARACTERS = 1_000


def keep(room: UUID, key: str, number: int, member: Member, text: str) -> None:
    """Keep words under the app's id of them, in place of what they said before, if they were edited.

    `number` is that of the room's last event, `member` who said it. Of a room the newest are kept.
    """
    if not settings.GROUP_CONTEXT_MINUTES:
        return
    at = timezone.now().timestamp()
    line = {"at": at, "number": number, "name": member.name, "person": str(member.person_id), "text": text[:CHARACTERS]}
    try:
        lines, order = f"{_key(room)}:lines", f"{_key(room)}:order"
        with redis().pipeline() as pipe:
            pipe.hset(lines, key, json.dumps(line))
            pipe.zadd(order, {key: at}, nx=True)
            pipe.zrange(order, 0, -MOST - 1)
            pipe.zrangebyscore(order, 0, at - 60 * settings.GROUP_CONTEXT_MINUTES)
            for name_ in (lines, order):
                pipe.expire(name_, 60 * settings.GROUP_CONTEXT_MINUTES)
            _, _, over, old, *_ = pipe.execute()
        for one in {*over, *old}:
            _drop(room, one)
    except (RedisError, OSError) as error:
        logger.warning("words in a group are not kept: %s", error)


def drop(room: UUID, key: str) -> None:
    """Keep no more of words that were taken back."""
    try:
        _drop(room, key)
    except (RedisError, OSError) as error:
        logger.warning("words in a group that were taken back go with their time: %s", error)


def drop_of(room: UUID, person: UUID) -> None:
    """Keep no more of what somebody said who is erased."""
    if not settings.GROUP_CONTEXT_MINUTES:
        return
    try:
        for key, line in redis().hgetall(f"{_key(room)}:lines").items():
            if json.loads(line)["person"] == str(person):
                _drop(room, key)
    except (RedisError, OSError) as error:
        logger.warning("words in a group of somebody who is erased go with their time: %s", error)


@receiver(post_delete, sender=Room)
def forget(instance: Room, **_more: Any) -> None:
    """Keep nothing of a room that has ended."""
    if not settings.GROUP_CONTEXT_MINUTES:
        return
    try:
        redis().delete(f"{_key(instance.pk)}:lines", f"{_key(instance.pk)}:order")
    except (RedisError, OSError) as error:
        logger.warning("words in a group that has ended go with their time: %s", error)


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
    # Who has gone took their words along.
    members = Member.objects.filter(conversation=member.conversation_id)
    there = set(map(str, members.values_list("person", flat=True)))
    for line in lines:
        kept = json.loads(line)
        at = datetime.fromtimestamp(kept["at"], UTC)
        if at >= since and kept["number"] > member.since and kept["person"] in there:
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
