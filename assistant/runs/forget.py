"""Stops runs, and takes them out of Redis when what they answered is erased."""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from assistant.runs import keys

logger = logging.getLogger(__name__)

STOP_SECONDS = 60


def stop(runs: Iterable[UUID]) -> None:
    """Stop those of `runs` that still run. Without Redis they go on to their end."""
    _stop(runs, "runs go on to their end", erased=False)


def forget(runs: Iterable[UUID]) -> None:
    """Stop those of `runs` that still run, and delete their logs. Without Redis they expire."""
    _stop(runs, "logs of erased runs stay until they expire", erased=True)


def _stop(runs: Iterable[UUID], otherwise: str, *, erased: bool) -> None:
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5) as redis:
        pipe = redis.pipeline(transaction=False)
        for run in runs:
            pipe.set(keys.stop(run), 1, ex=STOP_SECONDS)
            if erased:
                pipe.delete(keys.log(run))
        try:
            pipe.execute()
        except RedisError as error:
            logger.warning("%s: %s", otherwise, error)
