"""A thread that publishes, every few seconds, this process's status and a heartbeat of the pictures it works on."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError

from imagine import keys
from imagine.status import HEARTBEAT_SECONDS, STATUS_SECONDS, RoleStatus, publish_status

logger = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """A daemon thread: it ends with its process. `statuses` is called before each beat."""

    def __init__(self, redis: Redis, statuses: Callable[[], Sequence[RoleStatus]]) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._redis = redis
        self._statuses = statuses
        self._pictures: set[UUID] = set()
        self._now = threading.Event()

    def run(self) -> None:
        while True:
            try:
                self.beat()
            except (RedisError, OSError) as error:
                logger.warning("the painter's heartbeat is not published: %s", error)
            self._now.wait(HEARTBEAT_SECONDS)
            self._now.clear()

    def beat(self) -> None:
        """Publish the statuses and the heartbeats now. Raises RedisError."""
        for status in self._statuses():
            publish_status(self._redis, status)
        for picture in tuple(self._pictures):
            self._redis.set(keys.alive(picture), 1, ex=STATUS_SECONDS)

    def beat_soon(self) -> None:
        """Have the next beat at once, after a change."""
        self._now.set()

    @contextmanager
    def keeping(self, pictures: Sequence[UUID]) -> Iterator[None]:
        """A context in which `pictures` have a heartbeat."""
        self._pictures.update(pictures)
        self.beat_soon()
        try:
            yield
        finally:
            self._pictures.difference_update(pictures)
