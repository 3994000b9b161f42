"""The queue of live prompts: one slot per person, which holds the newest prompt, and one fair queue of people.

The web process puts what was typed into the person's slot, and the person into the queue. The painter takes the first
people of the queue, each with the prompt in their slot, so stale prompts are never begun. A lock per person keeps two
painters from drawing for the same one.
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

# The bound of the queue: behind so many people a preview comes too late to be of use.
QUEUE_LENGTH = 1_000
# A prompt that was never withdrawn, as that of a browser that crashed, expires after so long.
SLOT_SECONDS = 60
# One step of a pass takes less, and each step renews the lock. After a crash a person waits for so long.
LOCK_MS = 20_000
# A pass is left for a newer prompt once the person has paused for so long, more than the throttle of the page: while
# they type on, a preview of nearly the same words is worth more than none.
PAUSE_SECONDS = 0.2
# A step on a GPU takes a few milliseconds: not each is worth a round trip to Redis.
POLL_SECONDS = 0.05
# The first byte of a published preview, see history.py. Events of pictures are JSON, and begin otherwise.
PREVIEW = 1

# Puts a prompt into its person's slot and the person into the queue; nil when the queue is full.
PUT = """
local is_new = not redis.call('ZSCORE', KEYS[1], ARGV[1])
if is_new and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return nil end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
redis.call('ZADD', KEYS[1], 'NX', ARGV[5], ARGV[1])
return {is_new and 1 or 0, redis.call('ZRANK', KEYS[1], ARGV[1])}
"""

# Takes the first people of the queue who are not locked, all of the shape of the first: locks them, gives their slots.
# 200 are looked through at most, so that a queue of other shapes cannot make the script slow.
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

# Sets `hurry` in a person's slot while it holds that prompt.
HURRY = """
local slot = redis.call('GET', KEYS[1])
if not slot then return end
local newest = cjson.decode(slot)
if newest.canvas == ARGV[1] and newest.number == tonumber(ARGV[2]) then
  newest.hurry = true
  redis.call('SET', KEYS[1], cjson.encode(newest), 'KEEPTTL')
end
"""

# Takes a person out of the queue while their slot holds that prompt.
DRAWN = """
local slot = redis.call('GET', KEYS[2])
if not slot then return end
local newest = cjson.decode(slot)
if newest.canvas == ARGV[2] and newest.number == tonumber(ARGV[3]) and (newest.drawn or '') == ARGV[4] then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
"""

# Deletes a person's slot while it is that of a canvas.
LEAVE = """
local slot = redis.call('GET', KEYS[1])
if slot and cjson.decode(slot).canvas == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


@dataclass(frozen=True)
class LivePrompt:
    """What a person has typed on a canvas, one drawing of a page; `number` counts its prompts.

    `drawn` is what the checkpoint reads in place of the prompt: its translation, once there is one; it comes under the
    same number. `negative` is what is not to be seen. `hurry`: the person has finished typing for now. `at` is when it
    was put, in seconds since 1970.
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
    drawn: str = ""
    negative: str = ""

    def to_bytes(self) -> bytes:
        return json.dumps({**asdict(self), "person": str(self.person), "canvas": str(self.canvas)}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote."""
        fields = json.loads(data)
        return cls(**fields | {"person": UUID(fields["person"]), "canvas": UUID(fields["canvas"])})


class Place(NamedTuple):
    """A place in the queue. `is_new`: the person was not in it before. `before` counts the people in front."""

    is_new: bool
    before: int


# For the web process


async def put(redis: AsyncRedis, prompt: LivePrompt) -> Place:
    """Make `prompt` the newest of its person. Raises AwayError when the queue is full, RedisError."""
    person, now = str(prompt.person), time.time()
    slot = replace(prompt, at=now).to_bytes()
    script = redis.eval(PUT, 2, keys.QUEUE, keys.slot(person), person, QUEUE_LENGTH, slot, SLOT_SECONDS, now)
    place = await cast("Awaitable[list[int] | None]", script)
    if place is None:
        raise AwayError("the queue of live prompts is full")
    return Place(bool(place[0]), place[1])


async def hurry(redis: AsyncRedis, person: UUID, canvas: UUID, number: int) -> None:
    """Mark the prompt of that number as the last for now: passes for older ones stop at once. Raises RedisError."""
    await cast(Awaitable[None], redis.eval(HURRY, 1, keys.slot(person), str(canvas), str(number)))


async def leave(redis: AsyncRedis, person: UUID, canvas: UUID) -> None:
    """Withdraw the person's live prompt, unless another canvas has put it; its preview is drawn no further.

    Raises RedisError.
    """
    await cast(Awaitable[None], redis.eval(LEAVE, 1, keys.slot(person), str(canvas)))


# For the painter


def take(redis: Redis, most: int) -> list[LivePrompt]:
    """Take up to `most` prompts of one shape, longest waiting first. `release` them after. Raises RedisError."""
    prefixes = keys.slot(""), keys.lock("")
    found = cast(list[bytes], redis.eval(TAKE, 1, keys.QUEUE, most, LOCK_MS, *prefixes))
    return [LivePrompt.from_bytes(slot) for slot in found]


def newest(redis: Redis, prompts: Sequence[LivePrompt]) -> list[LivePrompt]:
    """The prompts that are now in the slots of these people, those of one shape. Raises RedisError."""
    slots = cast(list[bytes | None], redis.mget([keys.slot(prompt.person) for prompt in prompts]))
    found = [LivePrompt.from_bytes(slot) for slot in slots if slot]
    return [prompt for prompt in found if prompt.shape == found[0].shape]


def has_waiting(redis: Redis) -> bool:
    """Whether the queue has people in it. Raises RedisError."""
    return bool(redis.zcard(keys.QUEUE))


def note_drawn(redis: Redis, prompt: LivePrompt) -> None:
    """Draw it no second time, if it came again meanwhile, as one does that is awaited for long. Raises RedisError."""
    person, canvas, number = str(prompt.person), str(prompt.canvas), str(prompt.number)
    redis.eval(DRAWN, 2, keys.QUEUE, keys.slot(person), person, canvas, number, prompt.drawn)


def release(redis: Redis, prompts: Sequence[LivePrompt]) -> None:
    """Unlock the people of these prompts. Raises RedisError."""
    redis.delete(*(keys.lock(prompt.person) for prompt in prompts))


class StaleCheck:
    """The callback between the steps of a pass: renews the locks.

    Raises StoppedError when all of its prompts are stale, with `only_left` when all of its people have left; and
    RedisError.
    """

    def __init__(self, redis: Redis, prompts: Sequence[LivePrompt], only_left: bool = False) -> None:
        self._redis = redis
        self._prompts = prompts
        self._is_stale = _has_left if only_left else _is_stale
        self._next_poll = 0.0

    def __call__(self, step: int, of: int) -> None:
        now = time.monotonic()
        if now < self._next_poll:
            return
        self._next_poll = now + POLL_SECONDS
        pipe = self._redis.pipeline(transaction=False)
        pipe.mget([keys.slot(prompt.person) for prompt in self._prompts])
        for prompt in self._prompts:
            pipe.pexpire(keys.lock(prompt.person), LOCK_MS)
        slots: list[bytes | None] = pipe.execute()[0]
        if all(self._is_stale(prompt, slot) for prompt, slot in zip(self._prompts, slots, strict=True)):
            raise StoppedError("all prompts of the pass are stale")


def _has_left(_: LivePrompt, slot: bytes | None) -> bool:
    return slot is None


def _is_stale(prompt: LivePrompt, slot: bytes | None) -> bool:
    """Whether the person left, or has typed something newer and paused since."""
    if slot is None:
        return True
    newest = LivePrompt.from_bytes(slot)
    is_newer = newest.canvas != prompt.canvas or newest.number > prompt.number or newest.drawn != prompt.drawn
    return is_newer and (newest.hurry or time.time() - newest.at > PAUSE_SECONDS)
