"""Drawing together: whose turn it is to draw live in a room, and the newest preview of theirs for all who look.

The painter publishes previews to the person who types; their socket passes them on while it is their turn. Nothing of
it is stored: a turn is a key that expires, and previews are only published.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable
from time import monotonic
from typing import NamedTuple, cast
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant.background import end
from assistant.runtime import Runtime
from imagine import keys
from imagine.live import PREVIEW

logger = logging.getLogger(__name__)

# A turn is over once nothing was typed for so long after a preview, or for DRAWN_MS where none came.
TURN_MS = 5_000
# Once another wants it, it is over too where no preview came for so long, and where it has lasted so long.
DRAWN_MS = 15_000
LONGEST_MS = 60_000
# Five previews a second are enough to see a picture grow, and are bearable for a room of fifty.
PACE_SECONDS = 0.2
TELL_SECONDS = 1

# Takes or keeps the turn, and publishes ARGV[3] if it is one's own; returns who has it. ARGV[5] says whether that is a
# preview. KEYS[2] is there for DRAWN_MS after one, KEYS[3] for LONGEST_MS after the turn began.
TAKE = """
local held = redis.call('GET', KEYS[1])
local begins = held ~= ARGV[1]
if held and begins and redis.call('EXISTS', KEYS[2], KEYS[3]) == 2 then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[5] ~= '' and ARGV[2] or ARGV[6])
if begins then redis.call('SET', KEYS[3], 1, 'PX', ARGV[7]) end
if begins or ARGV[5] ~= '' then redis.call('SET', KEYS[2], 1, 'PX', ARGV[6]) end
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[3]) end
return ARGV[1]
"""

# Gives one's own turn back, and publishes that.
GIVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], '[]')
"""


class Turn(NamedTuple):
    """Who draws, by id and name."""

    speaker: str
    name: str

    def to_text(self) -> str:
        return json.dumps(self)


def channel(room: UUID) -> str:
    """Where turns are published, as JSON, and previews, which begin with another byte."""
    return f"room:{room}:drawing"


def turn_in(data: bytes | str) -> Turn | None:
    """The turn that was published or kept; None where it was given back."""
    fields = json.loads(data)
    return Turn(*fields) if fields else None


async def turn_now(redis: Redis, room: UUID) -> Turn | None:
    """Whose turn it is; None where nobody draws. Raises RedisError."""
    held = await redis.get(_key(room))
    return turn_in(held) if held else None


def _key(room: UUID) -> str:
    return f"room:{room}:turn"


class Easel:
    """What one page draws in a room. `close` it."""

    def __init__(self, runtime: Runtime, room: UUID, turn: Turn, person: UUID) -> None:
        self._runtime = runtime
        self._room = room
        self._turn = turn
        self._channel = keys.person(person)
        self._canvas: UUID | None = None
        self._newest: bytes | None = None
        self._came = asyncio.Event()
        self._told = 0.0
        self._task: asyncio.Task[None] | None = None

    def has(self, preview: bytes) -> bool:
        """Whether a preview is of what the page itself draws, and shows already."""
        return self._canvas is not None and preview[1:17] == self._canvas.bytes

    async def draw(self, canvas: UUID) -> Turn | None:
        """Take or keep the turn for a canvas of the person's. Returns who else has it. Raises RedisError."""
        due = canvas != self._canvas or monotonic() - self._told > TELL_SECONDS
        held = await self._take(self._turn.to_text() if due else "")
        if held != self._turn:
            self._canvas = None
            return held
        self._canvas = canvas
        if due:
            self._told = monotonic()
        if self._task is None:
            await self._runtime.doorbell.subscribe(self._channel, self._hear)
            self._task = asyncio.create_task(self._pass_on_forever())
        return None

    def rest(self) -> None:
        """Pass on nothing that was not passed on yet."""
        self._canvas = self._newest = None

    async def give_back(self) -> None:
        """Draw no more, and let others. Raises RedisError."""
        self.rest()
        await cast(
            Awaitable[None],
            self._runtime.redis.eval(GIVE, 1, _key(self._room), self._turn.to_text(), channel(self._room)),
        )

    async def close(self) -> None:
        """Pass nothing on any more."""
        self.rest()
        await self._runtime.doorbell.unsubscribe(self._channel, self._hear)
        if self._task:
            await end(self._task)

    async def _take(self, published: str | bytes) -> Turn | None:
        """Take or keep the turn, and publish that or a preview. Returns who has it. Raises RedisError."""
        key, preview = _key(self._room), "1" if isinstance(published, bytes) else ""
        arguments = (self._turn.to_text(), str(TURN_MS), published, channel(self._room), preview)
        keys_of_turn = (key, f"{key}:drawn", f"{key}:begun")
        script = self._runtime.redis.eval(TAKE, 3, *keys_of_turn, *arguments, str(DRAWN_MS), str(LONGEST_MS))
        return turn_in(await cast(Awaitable[bytes], script))

    def _hear(self, data: bytes | None) -> None:
        if data and data[0] == PREVIEW and self.has(data):
            self._newest = data
            self._came.set()

    async def _pass_on_forever(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            newest, self._newest = self._newest, None
            try:
                if newest and await self._take(newest) != self._turn:
                    self._canvas = None
            except (RedisError, OSError, TimeoutError) as error:
                # The next one comes soon.
                logger.info("a preview in room %s is not passed on: %s", self._room, error)
            await asyncio.sleep(PACE_SECONDS)
