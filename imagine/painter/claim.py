"""A picture while a painter draws it: claimed once, its progress published, ended as done, failed or stopped."""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from redis import Redis

from imagine import keys
from imagine.connection import release_connection
from imagine.errors import ImagineError, RefusedPixelsError, StoppedError, TooSlowError
from imagine.events import PictureProgress
from imagine.files import storage
from imagine.models import Picture

logger = logging.getLogger(__name__)

Status = Picture.Status

# Pages show a few steps a second.
PUBLISH_SECONDS = 0.2
PROGRESS_SECONDS = 600
# While it is drawn, its owner is read again not more often than this: a guest may be merged into an account meanwhile.
OWNER_SECONDS = 2.0


class Claim:
    """`picture` as it was when it was claimed. Its end is written only while it was not claimed again meanwhile."""

    def __init__(self, picture: Picture, redis: Redis, seconds: float) -> None:
        self.picture = picture
        self._redis = redis
        self._deadline = time.monotonic() + seconds
        self._next_publish = 0.0
        self._owner = picture.person_id
        self._next_owner_read = time.monotonic() + OWNER_SECONDS

    @classmethod
    def claim(cls, picture: UUID, redis: Redis, seconds: float) -> "Claim | None":
        """Claim a waiting picture for so many seconds; None when it is gone, stopped, or claimed already.

        Raises RedisError.
        """
        waiting = Picture.objects.filter(id=picture, status=Status.WAITING)
        claimed = waiting.update(status=Status.DRAWING, attempts=F("attempts") + 1, started_at=timezone.now())
        found = Picture.objects.select_related("parent").filter(id=picture).first() if claimed else None
        if found is None:
            return None
        work = cls(found, redis, seconds)
        work.publish_progress(0, 0)
        # Drawing takes long: the connection goes back to its pool meanwhile.
        release_connection()
        return work

    def check(self) -> None:
        """Raises StoppedError when it was cancelled, TooSlowError after its deadline, RedisError."""
        if self._redis.exists(keys.stop(self.picture.id)):
            raise StoppedError("the person stopped it")
        if time.monotonic() > self._deadline:
            raise TooSlowError("its time is over")

    def publish_progress(self, done: int, of: int, status: Status = Status.DRAWING) -> None:
        """Publish to its owner how far it is; throttled to PUBLISH_SECONDS while it is drawn. Raises RedisError."""
        now, is_drawn = time.monotonic(), status == Status.DRAWING
        if is_drawn and now < self._next_publish:
            return
        self._next_publish = now + PUBLISH_SECONDS
        if not is_drawn or now >= self._next_owner_read:
            self._next_owner_read = now + OWNER_SECONDS
            self._read_owner()
        event = PictureProgress(str(self.picture.id), str(status), done, of)
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(keys.progress(self.picture.id), f"{done}/{of}", ex=PROGRESS_SECONDS)
        pipe.publish(keys.person(self._owner), event.to_bytes())
        pipe.execute()

    def finish(self, files: Mapping[str, bytes], size: tuple[int, int], frames: int = 1) -> None:
        """Store its files and what was left out of its prompt, and mark it as done. Raises OSError, RedisError."""
        storage.save(self.picture.id, files)
        served = sorted(set(files) & set(storage.SERVED))
        tidy = partial(storage.keep_only, self.picture.id, files.keys())
        drawn = {"width": size[0], "height": size[1], "frames": frames, "left_out": self.picture.left_out}
        if not self._end(Status.DONE, "", tidy, files=served, **drawn):
            self._sweep()

    def fail(self, error: ImagineError) -> None:
        """Mark it as stopped or failed. Of refused pixels no file is kept, not even what it began from.

        Raises OSError, RedisError.
        """
        refused = isinstance(error, RefusedPixelsError)
        tidy = partial(storage.delete, self.picture.id) if refused else None
        self._end(Status.STOPPED if isinstance(error, StoppedError) else Status.FAILED, error.code, tidy)

    def _end(self, status: Status, problem: str, tidy: Callable[[], None] | None, **fields: object) -> bool:
        """Whether the claim still held. `tidy` runs before the end is committed, so before it can be read."""
        claimed = Picture.objects.filter(id=self.picture.id, status=Status.DRAWING, attempts=self.picture.attempts)
        with transaction.atomic():
            ended = claimed.update(status=status, problem=problem, finished_at=timezone.now(), **fields)
            if ended and tidy:
                tidy()
        release_connection()
        if ended:
            self.publish_progress(1, 1, status)
        return bool(ended)

    def _read_owner(self) -> None:
        try:
            found = Picture.objects.filter(id=self.picture.id).values_list("person_id", flat=True).first()
        except DatabaseError as error:
            # Progress is no reason to fail a picture: the next read may succeed.
            logger.warning("the owner of picture %s cannot be read: %s", self.picture.id, error)
        else:
            self._owner = found or self._owner
        release_connection()

    def _sweep(self) -> None:
        """Delete the files of a picture that was deleted meanwhile."""
        if not Picture.objects.filter(id=self.picture.id).exists():
            storage.delete(self.picture.id)
