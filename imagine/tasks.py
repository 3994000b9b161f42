"""The Celery tasks: those of the painter, and those that find lost pictures and expire links."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready
from django.db.models import QuerySet
from django.utils import timezone
from redis.exceptions import RedisError

from imagine import jobs, keys, live, shares
from imagine.connection import redis
from imagine.errors import AwayError, InterruptedPictureError
from imagine.models import Picture
from imagine.status import ROLES, Role, RoleStatus, publish_status

if TYPE_CHECKING:
    from imagine.painter.finals import FinalWorker

logger = logging.getLogger(__name__)

Status = Picture.Status

LIVE_SECONDS = 5.0
MOST_ATTEMPTS = 2
# Longer than STATUS_SECONDS in status.py, for which a heartbeat lasts.
LOST_AFTER = timedelta(seconds=30)
SENT_AGAIN_AFTER = timedelta(minutes=2)
SENT_SECONDS = 300
GIVEN_UP_AFTER = timedelta(hours=1)
MOST_AT_ONCE = 200

_roles: tuple[Role, ...] = ROLES


# In the painter


@worker_ready.connect
def start_painter(sender: Any, **_: object) -> None:
    """Load the checkpoints at once, in a worker that consumes any of the queues for drawing."""
    global _roles
    _roles = tuple(role for role in ROLES if role in sender.app.amqp.queues.consume_from)
    if _roles:
        # What an earlier painter could do must not stand there while torch is imported.
        with suppress(RedisError, OSError):
            for role in _roles:
                publish_status(redis(), RoleStatus(role, "loading"))
        worker()


@cache
def worker() -> "FinalWorker":
    """The worker of this process: made once, by the thread that draws. Only here torch is imported."""
    from imagine.painter.checkpoints import Checkpoints
    from imagine.painter.finals import FinalWorker
    from imagine.painter.heartbeat import Heartbeat

    checkpoints = Checkpoints(_roles)
    heartbeat = Heartbeat(redis(), checkpoints.statuses)
    heartbeat.start()
    checkpoints.load()
    heartbeat.beat_soon()
    for status in checkpoints.statuses():
        logger.info("%s: %s %s %s", status.role, status.state, status.checkpoint, status.device)
    # People who typed while there was no painter are still in the queue.
    jobs.send_live()
    return FinalWorker(checkpoints, redis(), heartbeat)


@shared_task
def draw_live() -> None:
    """Draw previews of live prompts."""
    if worker().live.serve(LIVE_SECONDS):
        jobs.send_live()


@shared_task(acks_late=True, reject_on_worker_lost=True)
def draw(ids: Sequence[str]) -> None:
    """Draw these pictures."""
    worker().pictures([UUID(picture) for picture in ids])


@shared_task(acks_late=True, reject_on_worker_lost=True)
def animate(ids: Sequence[str]) -> None:
    """Draw these loops."""
    worker().loops([UUID(picture) for picture in ids])


# In any worker


@shared_task
def find_lost() -> None:
    """Queue pictures again, once, whose painter has died; give up those that have waited for too long.

    Live prompts that are left in the queue get a task again. Raises RedisError.
    """
    if live.has_waiting(redis()):
        jobs.send_live()
    now = timezone.now()
    drawn = Picture.objects.filter(status=Status.DRAWING, started_at__lt=now - LOST_AFTER)[:MOST_AT_ONCE]
    for picture in drawn:
        if not redis().exists(keys.alive(picture.id)):
            _rescue(picture)
    waiting = Picture.objects.filter(status=Status.WAITING, queued_at__lt=now - SENT_AGAIN_AFTER)
    for picture in waiting.order_by("queued_at")[:MOST_AT_ONCE]:
        if picture.queued_at < now - GIVEN_UP_AFTER:
            _give_up(picture, AwayError.code)
        elif redis().set(keys.sent(picture.id), 1, ex=SENT_SECONDS, nx=True):
            jobs.send([picture])


@shared_task
def expire_shares() -> None:
    """Delete expired links."""
    shares.expire()


def _rescue(picture: Picture) -> None:
    if picture.attempts >= MOST_ATTEMPTS:
        _give_up(picture, InterruptedPictureError.code)
        return
    if _unchanged(picture).update(status=Status.WAITING, queued_at=timezone.now()):
        logger.warning("picture %s lost its painter and is queued again", picture.id)
        jobs.send([picture])


def _give_up(picture: Picture, problem: str) -> None:
    if _unchanged(picture).update(status=Status.FAILED, problem=problem, finished_at=timezone.now()):
        logger.warning("picture %s was given up: %s", picture.id, problem)
        jobs.publish_end(picture.person_id, picture.id, Status.FAILED)


def _unchanged(picture: Picture) -> QuerySet[Picture]:
    """The picture, unless it was claimed, ended or retried since it was read."""
    seen = {name: getattr(picture, name) for name in ("id", "status", "attempts", "queued_at")}
    return Picture.objects.filter(**seen)
