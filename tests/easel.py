"""A painter who draws when a test says so: what it does to rows, files and channels is real, its pictures are plain."""

from uuid import UUID

from PIL import Image
from redis import Redis

from imagine import keys, status
from imagine.errors import ImagineError
from imagine.files import develop, storage
from imagine.models import Picture
from imagine.painter.claim import Claim
from imagine.status import RoleStatus
from tests.servers import eventually

SIDE = 64


def still() -> dict[str, bytes]:
    """The files of a small plain picture."""
    return develop.still_files(Image.new("RGB", (SIDE, SIDE), "teal"))


def drawn(person: UUID, prompt: str = "a fox") -> Picture:
    """A picture that a person has, with its files."""
    files = still()
    names = sorted(set(files) & set(storage.SERVED))
    picture = Picture.objects.create(
        person_id=person,
        made=Picture.Made.DRAWN,
        prompt=prompt,
        status=Picture.Status.DONE,
        width=SIDE,
        height=SIDE,
        files=names,
    )
    storage.save(picture.id, files)
    return picture


class Easel:
    """Where one picture at a time is drawn."""

    def __init__(self, redis_url: str) -> None:
        self.redis = Redis.from_url(redis_url)

    def open(self) -> None:
        """Say that there is a painter."""
        notice = RoleStatus("final", "ready", checkpoint="easel")
        self.redis.set(keys.painter("final"), notice.to_bytes(), ex=600)

    def close(self) -> None:
        """Say so no more."""
        self.redis.delete(*(keys.painter(role) for role in status.ROLES))

    def take(self, person: UUID) -> Claim:
        """Begin the picture that the person has asked for, once they have."""
        waiting = Picture.objects.filter(person=person, status=Picture.Status.WAITING)
        eventually(waiting.exists)
        work = Claim.claim(waiting.get().id, self.redis, 60)
        assert work
        return work

    def step(self, work: Claim, done: int, of: int) -> None:
        """Publish that it is so far; the claim throttles what is published."""
        stored = f"{done}/{of}".encode()
        eventually(lambda: work.publish_progress(done, of) or self.redis.get(keys.progress(work.picture.id)) == stored)

    def finish(self, work: Claim) -> None:
        """It is drawn."""
        work.finish(still(), (SIDE, SIDE))

    def fail(self, work: Claim, error: ImagineError) -> None:
        """It cannot be drawn."""
        work.fail(error)
