"""A site and all that stands behind it, with a painter that a test may set up and break."""

from datetime import timedelta
from pathlib import Path

from celery import Celery
from django.utils import timezone

from imagine import keys
from imagine.models import Picture
from imagine.tasks import LOST_AFTER
from tests.fake_llama import FakeLlama
from tests.imagine.diffusion.checkpoints import stable_diffusion
from tests.servers import Painter, Site, Valkey, Worker


class Workshop:
    """`changes` are settings of the painter alone, which the test starts."""

    def __init__(self, folder: Path, **changes: str) -> None:
        self.valkey = Valkey(folder / "valkey")
        self.llama = FakeLlama()
        checkpoint = stable_diffusion(folder / "tiny")
        environment = {"REDIS_URL": self.valkey.url, "LLAMA_URL": self.llama.url, "IMAGINE_MODEL": str(checkpoint)}
        self.site = Site(folder / "site", environment)
        self.worker = Worker(folder / "worker", environment)
        self._new_painter = lambda changes: Painter(folder / "painter", environment | changes)
        self.painter = self._new_painter(changes)

    def __enter__(self) -> "Workshop":
        self.llama.start()
        for server in (self.valkey, self.site, self.worker):
            server.start()
        self._clear()
        return self

    def begin_anew(self, **changes: str) -> None:
        """For another test: a painter that is not started yet, and nothing to draw."""
        self.painter.kill()
        self.painter = self._new_painter(changes)
        self._clear()

    def _clear(self) -> None:
        """What other tests have left unfinished is nobody's here."""
        Picture.objects.filter(status__in=("waiting", "drawing")).update(status="failed")
        self.valkey.empty()

    def __exit__(self, *_: object) -> None:
        for server in (self.painter, self.worker, self.site, self.valkey):
            server.kill()
        self.llama.stop()

    def look_for_lost(self) -> None:
        """What the clock asks for every few seconds."""
        with Celery(broker=self.valkey.url, set_as_current=False) as queue:
            queue.send_task("imagine.tasks.find_lost")

    def silence(self, picture: Picture) -> None:
        """Let so much time pass that the sign of life of who drew it has faded."""
        Picture.objects.filter(id=picture.id).update(started_at=timezone.now() - LOST_AFTER)
        self.valkey.forget(keys.alive(picture.id))


def make_older(picture: Picture, age: timedelta) -> None:
    """Let it have been asked for so long ago."""
    moment = timezone.now() - age
    Picture.objects.filter(id=picture.id).update(created_at=moment, queued_at=moment)
