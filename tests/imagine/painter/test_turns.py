"""Whose preview is drawn when, while people type on: a real queue, a clock of its own, pictures without paint."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from imagine import keys, live
from imagine.diffusion.pipeline import Painted, Stroke, Watch
from imagine.live import LivePrompt
from imagine.painter import live as painter
from imagine.painter.live import LiveWorker
from tests.servers import Valkey

STEPS, STEP_SECONDS = 10, 0.05
PASS_SECONDS = STEPS * STEP_SECONDS


class Room:
    """People who type, and the painter's checkpoint, whose steps make the clock go on."""

    roles, recipe, multiple, batch = ("live",), SimpleNamespace(live_size=64), 8, 1
    abilities = SimpleNamespace(styles=None)

    def __init__(self, redis: Redis, page: AsyncRedis) -> None:
        self.redis = redis
        self.page = page
        self.loop = asyncio.get_running_loop()
        self.now = 1_000_000.0
        self.begun = self.shown = 0
        self.drawn: list[str] = []
        self.between: Callable[[], None] = lambda: None

    @property
    def live(self) -> "Room":
        return self

    def reads(self, prompt: str) -> bool:
        return True

    def note_preview(self, seconds: float) -> None:
        """What it took is of no interest here."""

    def paint(self, strokes: Sequence[Stroke], watch: Watch) -> list[Painted]:
        self.drawn += [stroke.prompt for stroke in strokes]
        for step in range(STEPS + 1):
            watch(step, STEPS)
            self.now += STEP_SECONDS if step < STEPS else 0
            self.between()
        self.drawn += ["|"]
        return [Painted(Image.new("RGB", (stroke.width, stroke.height)), False) for stroke in strokes]

    async def join(self, *prompts: LivePrompt) -> None:
        """One after the other."""
        for prompt in prompts:
            await live.put(self.page, prompt)
            self.now += 0.001

    def put(self, prompt: LivePrompt) -> None:
        """As a page does, while something is being drawn."""
        asyncio.run_coroutine_threadsafe(live.put(self.page, prompt), self.loop).result()

    async def serve(self, seconds: float = 60.0) -> None:
        await asyncio.to_thread(LiveWorker(self, self.redis).serve, seconds)  # type: ignore[arg-type]


@pytest.fixture
async def room(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    async with AsyncRedis.from_url(valkey.url, db=9) as page:
        await page.flushdb()
        with Redis.from_url(valkey.url, db=9) as redis:
            room = Room(redis, page)
            clock = SimpleNamespace(time=lambda: room.now, monotonic=lambda: room.now)
            for module in (live, painter):
                monkeypatch.setattr(module, "time", clock)
            yield room


def words(prompt: str, **fields: Any) -> LivePrompt:
    return LivePrompt(uuid4(), uuid4(), 1, prompt, "", "square", seed=3, **fields)


def more(prompt: LivePrompt, hurry: bool = True) -> LivePrompt:
    return replace(prompt, number=prompt.number + 1, prompt=prompt.prompt + "+", hurry=hurry)


async def test_who_has_typed_on_waits_for_nobody_else_once_their_turn_has_come(room: Room) -> None:
    ada, bob = words("ada"), words("bob")
    await room.join(ada, bob)

    def type_on() -> None:
        if room.drawn == ["ada"]:
            room.put(more(ada))

    room.between = type_on
    await room.serve()
    assert room.drawn == ["ada", "ada+", "|", "bob", "|"]
    assert (room.begun, room.shown) == (3, 2)


async def test_a_turn_ends_however_often_somebody_presses_enter(room: Room) -> None:
    ada, bob = words("ada"), words("bob")
    newest = ada
    await room.join(ada, bob)

    def enter() -> None:
        nonlocal newest
        if "bob" not in room.drawn:
            newest = more(newest)
            room.put(newest)

    room.between = enter
    await room.serve()
    assert room.drawn.index("bob") == 3
    assert room.drawn[2] == "|"
    assert room.drawn[-2:] == [newest.prompt, "|"]


async def test_who_leaves_in_their_turn_has_none_any_more(room: Room) -> None:
    ada, bob = words("ada"), words("bob")
    await room.join(ada, bob)

    def leave() -> None:
        if room.drawn == ["ada"]:
            room.put(more(ada))
        elif room.drawn == ["ada", "ada+"]:
            room.redis.delete(keys.slot(ada.person))

    room.between = leave
    await room.serve()
    assert room.drawn == ["ada", "ada+", "bob", "|"]


async def test_those_who_share_a_turn_go_on_with_one_shape(room: Room) -> None:
    room.batch = 2
    ada, bob = words("ada"), words("bob")
    await room.join(ada, bob)

    def type_on() -> None:
        if room.drawn == ["ada", "bob"]:
            room.put(more(ada))
            room.put(replace(more(bob), shape="wide"))

    room.between = type_on
    await room.serve()
    assert room.drawn == ["ada", "bob", "ada+", "|", "bob+", "|"]


@pytest.mark.parametrize("pause", [0.12, 0.25, 0.4], ids=["quickly", "slowly", "very slowly"])
async def test_who_types_without_a_rest_sees_pictures(room: Room, pause: float) -> None:
    came = await typed_by(1, pause, 20.0, room)
    assert longest_wait(came, 20.0) < 2 * PASS_SECONDS + STEP_SECONDS


@pytest.mark.parametrize("pause", [0.12, 0.25], ids=["quickly", "slowly"])
async def test_of_sixteen_who_type_without_a_rest_nobody_is_left_out(room: Room, pause: float) -> None:
    came = await typed_by(16, pause, 60.0, room)
    served = [len(moments) for moments in came]
    assert max(served) - min(served) <= 1
    # A turn is one pass, and at most so much of another as it takes to see that it is let go.
    assert longest_wait(came, 60.0) < 16 * 2 * PASS_SECONDS


async def typed_by(people: int, pause: float, seconds: float, room: Room) -> list[list[float]]:
    """So many type on for so long; when each saw something new, in seconds from the beginning."""
    begun, newest = room.now, [words(str(number)) for number in range(people)]
    due = [begun + pause * number / people for number in range(people)]
    shown = {prompt.person: list[float]() for prompt in newest}

    def type_on() -> None:
        for number, prompt in enumerate(newest):
            if due[number] <= room.now:
                due[number] += pause
                newest[number] = more(prompt, hurry=False)
                room.put(newest[number])
        for prompt in newest:
            entries = room.redis.xlen(keys.history(prompt.person))
            moments = shown[prompt.person]
            moments += [room.now - begun] * (int(entries) - len(moments))  # type: ignore[arg-type]

    await room.join(*newest)
    room.between = type_on
    await room.serve(seconds)
    return list(shown.values())


def longest_wait(came: list[list[float]], seconds: float) -> float:
    return max(after - before for moments in came for before, after in pairwise([0.0, *moments, seconds]))
