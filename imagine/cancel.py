"""The stop flag of a picture, which the painter checks between two steps."""

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

# Longer than any picture takes, see painter/finals.py.
STOP_SECONDS = 3_600


def set_stop(picture: UUID) -> None:
    """Have the picture drawn no further. Raises RedisError."""
    redis().set(keys.stop(picture), 1, ex=STOP_SECONDS)


def clear_stop(picture: UUID) -> None:
    """Allow it to be drawn again. Raises RedisError."""
    redis().delete(keys.stop(picture))


@receiver(post_delete, sender=Picture)
def stop_with_row(instance: Picture, **_: object) -> None:
    """Cancel the drawing with the row, also where it goes by a cascade or in the admin."""
    picture = instance.id
    if instance.in_the_making:
        transaction.on_commit(lambda: _stop_deleted(picture))


def _stop_deleted(picture: UUID) -> None:
    try:
        set_stop(picture)
    except RedisError as error:
        logger.warning("picture %s was deleted and is drawn to its end: %s", picture, error)
