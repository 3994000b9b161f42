"""Drawing while someone types: one slot per person, the newest prompt wins, everybody gets a turn.

The web process puts what was typed into the person's slot and the person into a line. Whoever draws takes the first
in line with the newest of their slot, so nothing older is ever begun. A person is drawn for once at a time.
"""

import json
import time
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple, Self, cast
from uuid import UUID

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from imagine import keys
from imagine.errors import AwayError, StoppedError

QUEUE_LENGTH = 1_000
SLOT_SECONDS = 60
# One step of a pass takes less, and each step holds the lock anew.
LOCK_MS = 20_000
# A drawing in progress is let go for a newer prompt when the person has paused for so long: while they type on,
# a picture of nearly the same words is worth more than none.
PAUSE_SECONDS = 0.2
LOOK_SECONDS = 0.05
# The first byte of a published preview, see history.py. Events of pictures are JSON, and begin otherwise.
PREVIEW = 1

# Puts a person's newest prompt into their slot and the person into the line; nil when there is no more room in it.
PUT = """
local is_new = not redis.call('ZSCORE', KEYS[1], ARGV[1])
if is_new and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return nil end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
redis.call('ZADD', KEYS[1], 'NX', ARGV[5], ARGV[1])
return {is_new and 1 or 0, redis.call('ZRANK', KEYS[1], ARGV[1])}
"""

# Gives the first in line whom nobody draws for, all of the same shape, with their slots.
TAKE = """
local taken, shape = {}, nil
for _, person in ipairs(redis.call('ZRANGE', KEYS[1], 0, 199)) do
  if #taken >= tonumber(ARGV[1]) then break end
  local slot = redis.call('GET', ARGV[3] .. person)
  if not slot then
    redis.call('ZREM', KEYS[1], person)
  else
    local wanted = cjson.decode(slot).shape
    if (shape == nil or shape == wanted) and redis.call('SET', ARGV[4] .. person, 1, 'NX', 'PX', ARGV[2]) then
      shape = wanted
      redis.call('ZREM', KEYS[1], person)
      taken[#taken + 1] = slot
    end
  end
end
return taken
"""

HURRY = """
local slot = redis.call('GET', KEYS[1])
if not slot then return end
local newest = cjson.decode(slot)
if newest.canvas == ARGV[1] and newest.number == tonumber(ARGV[2]) then
  newest.hurry = true
  redis.call('SET', KEYS[1], cjson.encode(newest), 'KEEPTTL')
end
"""

# Deletes a person's slot while it is that of a canvas.
LEAVE = """
local slot = redis.call('GET', KEYS[1])
if slot and cjson.decode(slot).canvas == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


@dataclass(frozen=True)
class LivePrompt:
    """What a person has typed. `canvas` names one drawing of a page, `number` counts its prompts.

    `hurry` says that nothing more will be typed now. `at` is when it was put, in seconds since 1970.
    """

    person: UUID
    canvas: UUID
    number: int
    prompt: str
    style: str
    shape: str
    seed: int
    hurry: bool = False
    at: float = 0.0

    def to_bytes(self) -> bytes:
        return json.dumps({**asdict(self), "person": str(self.person), "canvas": str(self.canvas)}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote."""
        fields = json.loads(data)
        return cls(**fields | {"person": UUID(fields["person"]), "canvas": UUID(fields["canvas"])})


class Place(NamedTuple):
    """Where a person stands. `is_new`: they were not in line before. `before` counts those who come first."""

    is_new: bool
    before: int


# For the web process


async def put(redis: AsyncRedis, prompt: LivePrompt) -> Place:
    """Make `prompt` the newest of its person. Raises AwayError when the line is full, RedisError."""
    person, now = str(prompt.person), time.time()
    slot = replace(prompt, at=now).to_bytes()
    script = redis.eval(PUT, 2, keys.QUEUE, keys.slot(person), person, QUEUE_LENGTH, slot, SLOT_SECONDS, now)
    place = await cast("Awaitable[list[int] | None]", script)
    if place is None:
        raise AwayError("the line for live pictures is full")
    return Place(bool(place[0]), place[1])


async def hurry(redis: AsyncRedis, person: UUID, canvas: UUID, number: int) -> None:
    """Nothing more will be typed after that number: what older words are being drawn for stops. Raises RedisError."""
    await cast(Awaitable[None], redis.eval(HURRY, 1, keys.slot(person), str(canvas), str(number)))


async def leave(redis: AsyncRedis, person: UUID, canvas: UUID) -> None:
    """Withdraw the person's live prompt, unless another canvas has put it; its preview is drawn no further.

    Raises RedisError.
    """
    await cast(Awaitable[None], redis.eval(LEAVE, 1, keys.slot(person), str(canvas)))


# For the process that draws


def take(redis: Redis, most: int) -> list[LivePrompt]:
    """Up to `most` prompts of one shape to draw now, those who waited longest first. `release` them after."""
    prefixes = keys.slot(""), keys.lock("")
    found = cast(list[bytes], redis.eval(TAKE, 1, keys.QUEUE, most, LOCK_MS, *prefixes))
    return [LivePrompt.from_bytes(slot) for slot in found]


def anybody_waits(redis: Redis) -> bool:
    """Whether somebody is in line."""
    return bool(redis.zcard(keys.QUEUE))


def release(redis: Redis, prompts: Sequence[LivePrompt]) -> None:
    """Nobody draws for these people now."""
    redis.delete(*(keys.lock(prompt.person) for prompt in prompts))


class StaleCheck:
    """Raises StoppedError, between the steps of a pass, when nobody wants its result any more."""

    def __init__(self, redis: Redis, prompts: Sequence[LivePrompt]) -> None:
        self._redis = redis
        self._prompts = prompts
        self._next_look = 0.0

    def __call__(self, step: int, of: int) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        pipe = self._redis.pipeline(transaction=False)
        pipe.mget([keys.slot(prompt.person) for prompt in self._prompts])
        for prompt in self._prompts:
            pipe.pexpire(keys.lock(prompt.person), LOCK_MS)
        slots: list[bytes | None] = pipe.execute()[0]
        if all(_is_unwanted(prompt, slot) for prompt, slot in zip(self._prompts, slots, strict=True)):
            raise StoppedError("everybody wants something newer")


def _is_unwanted(prompt: LivePrompt, slot: bytes | None) -> bool:
    """Whether the person left, or has typed something newer and now waits for that."""
    if slot is None:
        return True
    newest = LivePrompt.from_bytes(slot)
    is_newer = newest.canvas != prompt.canvas or newest.number > prompt.number
    return is_newer and (newest.hurry or time.time() - newest.at > PAUSE_SECONDS)
