"""One picture while somebody draws it: claimed once, told about, ended one way or the other."""

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

TELL_SECONDS = 0.2
PROGRESS_SECONDS = 600
# While it is drawn, its owner is read again not more often than this: a guest may be merged into an account meanwhile.
OWNER_SECONDS = 2.0


class Claim:
    """`picture` as it was when it was claimed. What ends it counts only while nobody else has claimed it again."""

    def __init__(self, picture: Picture, redis: Redis, seconds: float) -> None:
        self.picture = picture
        self._redis = redis
        self._deadline = time.monotonic() + seconds
        self._next_tell = 0.0
        self._owner = picture.person_id
        self._next_owner_read = time.monotonic() + OWNER_SECONDS

    @classmethod
    def claim(cls, picture: UUID, redis: Redis, seconds: float) -> "Claim | None":
        """Take a picture that waits, for so many seconds; None when it is gone, stopped, or somebody else's."""
        waiting = Picture.objects.filter(id=picture, status=Status.WAITING)
        claimed = waiting.update(status=Status.DRAWING, attempts=F("attempts") + 1, started_at=timezone.now())
        found = Picture.objects.select_related("parent").filter(id=picture).first() if claimed else None
        if found is None:
            return None
        work = cls(found, redis, seconds)
        work.tell(0, 0)
        # A model thinks for long: the connection is given back meanwhile.
        release_connection()
        return work

    def check(self) -> None:
        """Raises StoppedError when the person wants it no more, TooSlowError when its time is over."""
        if self._redis.exists(keys.stop(self.picture.id)):
            raise StoppedError("the person stopped it")
        if time.monotonic() > self._deadline:
            raise TooSlowError("its time is over")

    def tell(self, done: int, of: int, status: Status = Status.DRAWING) -> None:
        """Tell the person's pages how far it is; while it is being drawn, not more often than they can show."""
        now, is_drawn = time.monotonic(), status == Status.DRAWING
        if is_drawn and now < self._next_tell:
            return
        self._next_tell = now + TELL_SECONDS
        if not is_drawn or now >= self._next_owner_read:
            self._next_owner_read = now + OWNER_SECONDS
            self._read_owner()
        event = PictureProgress(str(self.picture.id), str(status), done, of)
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(keys.progress(self.picture.id), f"{done}/{of}", ex=PROGRESS_SECONDS)
        pipe.publish(keys.person(self._owner), event.to_bytes())
        pipe.execute()

    def finish(self, files: Mapping[str, bytes], size: tuple[int, int], frames: int = 1) -> None:
        """It is done: keep its files."""
        storage.save(self.picture.id, files)
        served = sorted(set(files) & set(storage.SERVED))
        tidy = partial(storage.keep_only, self.picture.id, files.keys())
        if not self._end(Status.DONE, "", tidy, width=size[0], height=size[1], frames=frames, files=served):
            self._sweep()

    def fail(self, error: ImagineError) -> None:
        """It ended otherwise. Of what is not shown here nothing is kept, not even what it was to begin from."""
        refused = isinstance(error, RefusedPixelsError)
        tidy = partial(storage.delete, self.picture.id) if refused else None
        self._end(Status.STOPPED if isinstance(error, StoppedError) else Status.FAILED, error.code, tidy)

    def _end(self, status: Status, problem: str, tidy: Callable[[], None] | None, **fields: object) -> bool:
        """Whether it was still ours to end. `tidy` runs before anybody can read that it ended."""
        mine = Picture.objects.filter(id=self.picture.id, status=Status.DRAWING, attempts=self.picture.attempts)
        with transaction.atomic():
            ended = mine.update(status=status, problem=problem, finished_at=timezone.now(), **fields)
            if ended and tidy:
                tidy()
        release_connection()
        if ended:
            self.tell(1, 1, status)
        return bool(ended)

    def _read_owner(self) -> None:
        try:
            found = Picture.objects.filter(id=self.picture.id).values_list("person_id", flat=True).first()
        except DatabaseError as error:
            # Progress is no reason to lose a picture: the next read may work.
            logger.warning("the owner of picture %s cannot be read: %s", self.picture.id, error)
        else:
            self._owner = found or self._owner
        release_connection()

    def _sweep(self) -> None:
        """Deleted meanwhile: its files must not stay."""
        if not Picture.objects.filter(id=self.picture.id).exists():
            storage.delete(self.picture.id)
