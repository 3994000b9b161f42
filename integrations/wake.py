"""A sign to the couriers that there is something to do. It may be lost: they look by themselves every few seconds."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from redis.exceptions import RedisError

from imagine.connection import redis

logger = logging.getLogger(__name__)

CHANNEL = "integrations:work"
# Set while a courier is at work, for so many seconds each time.
COURIER = "integrations:courier"
COURIER_SECONDS = 15

# Beside everything else: who gives the sign never waits for Redis, and many signs at once are one.
_thread = ThreadPoolExecutor(1, thread_name_prefix="wake")
_given = threading.Lock()


def couriers() -> None:
    """Wake them, soon."""
    if _given.acquire(blocking=False):
        _thread.submit(_publish)


def _publish() -> None:
    # First: what is stored from now on needs another sign.
    _given.release()
    try:
        redis().publish(CHANNEL, b"")
    except (RedisError, OSError) as error:
        logger.warning("no courier was woken, one will look by itself: %s", error)
