"""A thread that says, every few seconds, that this process is there and what it works on."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError

from imagine import keys, studio
from imagine.studio import BEAT_SECONDS, NOTICE_SECONDS, Notice

logger = logging.getLogger(__name__)


class Beat(threading.Thread):
    """`notices` is asked before each beat. It ends with its process."""

    def __init__(self, redis: Redis, notices: Callable[[], Sequence[Notice]]) -> None:
        super().__init__(name="beat", daemon=True)
        self._redis = redis
        self._notices = notices
        self._pictures: set[UUID] = set()
        self._now = threading.Event()

    def run(self) -> None:
        while True:
            try:
                self.beat()
            except (RedisError, OSError) as error:
                logger.warning("nobody hears that this process draws: %s", error)
            self._now.wait(BEAT_SECONDS)
            self._now.clear()

    def beat(self) -> None:
        """Say all of it, now."""
        for notice in self._notices():
            studio.tell(self._redis, notice)
        for picture in tuple(self._pictures):
            self._redis.set(keys.alive(picture), 1, ex=NOTICE_SECONDS)

    def beat_soon(self) -> None:
        """Something changed: do not wait for the next beat."""
        self._now.set()

    @contextmanager
    def keeping(self, pictures: Sequence[UUID]) -> Iterator[None]:
        """While this lasts, others know that somebody works on `pictures`."""
        self._pictures.update(pictures)
        self.beat_soon()
        try:
            yield
        finally:
            self._pictures.difference_update(pictures)
