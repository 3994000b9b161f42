"""The heartbeat of the runs of this process, their stop flags, and the reaper of runs whose process is gone."""

import asyncio
import logging
from collections.abc import Callable, Sequence, Set
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant.background import end
from assistant.database import in_thread
from assistant.errors import InterruptedRunError
from assistant.events import TurnFailed
from assistant.models import Run
from assistant.rooms import talk
from assistant.runs import keys, saving
from assistant.runs.log import LOG_SECONDS, Entry, read

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.4
HEARTBEAT_SECONDS = 3
ALIVE_SECONDS = 10
REAP_SECONDS = 5


async def request_stop(redis: "Redis", run: UUID) -> None:
    """Set the stop flag of `run`; the process that answers polls it every `TICK_SECONDS`. Raises RedisError."""
    await redis.set(keys.stop(run), 1, ex=LOG_SECONDS)


class Heartbeat:
    """Use it as `async with Heartbeat(redis) as heartbeat`."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._runs: dict[UUID, Callable[[], None]] = {}
        self._next_beat = 0.0
        self._next_reap = 0.0
        self._doubted: set[UUID] = set()

    async def __aenter__(self) -> "Heartbeat":
        self._task = asyncio.create_task(self._tick_forever())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)

    def add(self, run: UUID, stop: Callable[[], None]) -> None:
        """Keep `run` alive from now on, and call `stop` when the person asks for it."""
        self._runs[run] = stop
        self._next_beat = 0

    def remove(self, run: UUID) -> None:
        self._runs.pop(run, None)

    async def _tick_forever(self) -> None:
        while True:
            try:
                await self._tick(asyncio.get_running_loop().time())
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("runs cannot be kept alive: %s", error)
                self._next_beat = 0
            except Exception:
                # The edge of this task: it must go on for as long as the process does.
                logger.exception("the heartbeat of runs failed once")
            await asyncio.sleep(TICK_SECONDS)

    async def _tick(self, now: float) -> None:
        if now >= self._next_beat:
            self._next_beat = now + HEARTBEAT_SECONDS
            await self._beat()
        await self._poll_stops()
        if now >= self._next_reap:
            self._next_reap = now + REAP_SECONDS
            doubted, self._doubted = self._doubted, set()
            self._doubted = await reap(self._redis, doubted)

    async def _beat(self) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for run in self._runs:
            pipe.set(keys.alive(run), 1, ex=ALIVE_SECONDS)
        await pipe.execute()

    async def _poll_stops(self) -> None:
        runs = list(self._runs)
        if not runs:
            return
        flags = await self._redis.mget([keys.stop(run) for run in runs])
        for run, flag in zip(runs, flags, strict=True):
            if flag and run in self._runs:
                self._runs[run]()


async def reap(redis: "Redis", doubted: Set[UUID]) -> set[UUID]:
    """Mark the runs whose process is gone as interrupted, in their logs too; returns those to doubt now.

    A run must look dead to us twice, as a Redis that has just come back knows of no heartbeat yet.
    """
    runs = await running_since(timezone.now() - timedelta(seconds=ALIVE_SECONDS))
    if not runs:
        return set()
    signs = await redis.mget([keys.alive(run) for run in runs])
    dead = {run for run, sign in zip(runs, signs, strict=True) if sign is None}
    for run in dead & doubted:
        await _interrupt(redis, run)
    return dead - doubted


@in_thread
def running_since(moment: object) -> list[UUID]:
    """The runs that were begun before `moment` and are not over."""
    return list(Run.objects.filter(status=Run.Status.RUNNING, created_at__lt=moment).values_list("id", flat=True))


@in_thread
def mark_interrupted(run: UUID, entries: Sequence[Entry] = ()) -> int | None:
    """End `run` in the database, with what its log says after what was saved, unless it has ended meanwhile.

    Returns the number that its text stands for.
    """
    with transaction.atomic():
        talk.lock_of(run)
        running = Run.objects.filter(id=run, status=Run.Status.RUNNING)
        problem = InterruptedRunError.code
        if not running.update(status=Run.Status.INTERRUPTED, problem=problem, finished_at=timezone.now()):
            return None
        # What people have seen of it must not be gone.
        reached = saving.reached(run)
        reached.follow(entries)
        saving.keep(run, reached)
        talk.ended(run)
    return reached.number


async def _interrupt(redis: "Redis", run: UUID) -> None:
    entries = await read(redis, run, 0)
    saved_number = await mark_interrupted(run, entries)
    if saved_number is None:
        return
    logger.warning("run %s was interrupted: its process is gone", run)
    number = max([saved_number, *(entry.number for entry in entries)]) + 1
    data = Entry(number, TurnFailed(InterruptedRunError.code)).encode()
    pipe = redis.pipeline(transaction=False)
    pipe.xadd(keys.log(run), {"e": data}, id=f"{number}-0")
    pipe.publish(keys.log(run), data)
    pipe.expire(keys.log(run), LOG_SECONDS)
    await pipe.execute()
