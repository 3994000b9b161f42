"""The word that a picture is wanted no more, for whoever draws it."""

import logging
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from redis.exceptions import RedisError

from imagine import keys
from imagine.connection import redis
from imagine.models import Picture

logger = logging.getLogger(__name__)

STOP_SECONDS = 3_600


def stop_drawing(picture: UUID) -> None:
    """It is wanted no more. Raises RedisError."""
    redis().set(keys.stop(picture), 1, ex=STOP_SECONDS)


def want_again(picture: UUID) -> None:
    """It is wanted after all. Raises RedisError."""
    redis().delete(keys.stop(picture))


@receiver(post_delete, sender=Picture)
def stop_with_row(instance: Picture, **_: object) -> None:
    """A picture whose row is gone is drawn no further, whoever deleted it."""
    picture = instance.id
    if instance.in_the_making:
        transaction.on_commit(lambda: _stop_deleted(picture))


def _stop_deleted(picture: UUID) -> None:
    try:
        stop_drawing(picture)
    except RedisError as error:
        logger.warning("picture %s was deleted and is drawn to its end: %s", picture, error)
