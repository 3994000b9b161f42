"""The seats at the model as all processes of a site share them: a ledger in Redis, which each process restates.

A process says how many seats it uses and who waits there; the answer is how many seats it may have, and the places of
those who wait. As nothing but whole statements are written, what Redis lost or a message that was missed is mended by
the next one. While nobody waits, each process holds part of the free seats in advance: whoever comes then takes one
without asking.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

# The processes that are there, by when they will have been silent for too long; also for what else they count together.
PROCESSES = "processes"
# Well above the pause between two statements: see assistant/queue.py.
LEASE_SECONDS = 4
# What nobody restates is forgotten.
KEPT_SECONDS = 60

STATE = """
local me, seats, length, used = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local before = redis.call('ZCARD', KEYS[3])
local changed = false
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  if gone ~= me then
    redis.call('ZREM', KEYS[1], gone)
    redis.call('HDEL', KEYS[2], gone)
    changed = true
  end
end
local joined = redis.call('ZADD', KEYS[1], now + tonumber(ARGV[5]), me) == 1

local others_held, others_used = 0, 0
local mine_before = 0
local record = redis.call('HGETALL', KEYS[2])
for i = 1, #record, 2 do
  local their_used, their_held = string.match(record[i + 1], '(%d+):(%d+)')
  if record[i] == me then
    mine_before = tonumber(their_held)
  elseif redis.call('ZSCORE', KEYS[1], record[i]) then
    others_held, others_used = others_held + tonumber(their_held), others_used + tonumber(their_used)
  else
    redis.call('HDEL', KEYS[2], record[i])
  end
end

local stated = {}
for i = 7, #ARGV do stated[ARGV[i]] = true end
local line, last = {}, 0
local rows = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
for i = 1, #rows, 2 do
  local owner, ticket = string.match(rows[i], '^([^:]+):(.+)$')
  local is_there = stated[ticket]
  if owner ~= me then is_there = redis.call('ZSCORE', KEYS[1], owner) end
  if is_there then
    line[#line + 1] = {owner, ticket, rows[i]}
    if owner == me then stated[ticket] = nil end
    last = tonumber(rows[i + 1])
  else
    redis.call('ZREM', KEYS[3], rows[i])
    changed = true
  end
end
local known = #line
for i = 7, #ARGV do
  if stated[ARGV[i]] then line[#line + 1] = {me, ARGV[i], me .. ':' .. ARGV[i]} end
end

local free, unused = seats - used - others_held, seats - used - others_used
-- Redis may have forgotten everything: the others have their say first.
if joined then free = 0 end
local granted, waiting, places = 0, 0, {}
for i, entry in ipairs(line) do
  local place = nil
  if entry[1] == me and i <= free then
    granted, changed, place = granted + 1, true, -1
    if i <= known then redis.call('ZREM', KEYS[3], entry[3]) end
  elseif i > known and i > unused and waiting >= length then
    place = -2
  else
    if entry[1] == me then place = i <= unused and -3 or waiting end
    if i > known then
      last = last + 1
      redis.call('ZADD', KEYS[3], last, entry[3])
      changed = true
    end
    waiting = waiting + 1
  end
  if place then places[#places + 1] = {entry[2], place} end
end

used, unused = used + granted, unused - granted
local idle = 0
if waiting == 0 then
  local even = math.floor(unused / redis.call('ZCARD', KEYS[1]))
  idle = math.max(0, math.min(even, free - granted))
end
redis.call('HSET', KEYS[2], me, used .. ':' .. (used + idle))
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, tonumber(ARGV[6])) end
changed = changed or used + idle < mine_before
if joined or (changed and (before > 0 or waiting > 0)) then redis.call('PUBLISH', KEYS[2], me) end
return {redis.call('ZCARD', KEYS[1]), joined and 1 or 0, used + idle, waiting, unused, places}
"""
LEAVE = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
for _, entry in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  if string.match(entry, '^[^:]+') == ARGV[1] then redis.call('ZREM', KEYS[3], entry) end
end
redis.call('PUBLISH', KEYS[2], ARGV[1])
"""

GRANTED, REFUSED, COMING = -1, -2, -3


@dataclass(frozen=True)
class Standing:
    """What a process may do: `held` seats are its own, of `processes` processes. `joined`: it was not known before, and
    others may not be yet. `waiting` people wait for one at any
    of them, and `unused` seats are. `places` has how many are before each of ours, or GRANTED, REFUSED because too many
    wait, COMING where a seat is on its way from another process that held it in advance.
    """

    processes: int
    joined: bool
    held: int
    waiting: int
    unused: int
    places: dict[str, int]


class SharedSeats:
    """The ledger of the seats at a `model`, as the process `name` writes it. `channel` is where it is published that
    others should look again, as the name of who changed something."""

    def __init__(self, redis: "Redis", name: str, model: str = "") -> None:
        self.name = name
        self.channel = f"seats{model}:held"
        self._redis = redis
        self._state = redis.register_script(STATE)
        self._leave = redis.register_script(LEAVE)
        # A ledger of a model of its own knows for itself who joined.
        self._keys = [f"{PROCESSES}{model}", self.channel, f"seats{model}:line"]

    async def state(self, seats: int, length: int, used: int, tickets: Collection[str]) -> Standing:
        """Say that `used` seats are, and that `tickets` wait, the oldest first. `used` must not grow meanwhile.

        Raises RedisError and OSError.
        """
        limits = (seats, length, used, LEASE_SECONDS, KEPT_SECONDS)
        answer: Any = await self._state(self._keys, [self.name, *limits, *tickets])
        processes, joined, held, waiting, unused, places = answer
        return Standing(
            processes, bool(joined), held, waiting, unused, {ticket.decode(): place for ticket, place in places}
        )

    async def leave(self) -> None:
        """Give all back. Raises RedisError and OSError."""
        await self._leave(self._keys, [self.name])


def process_name() -> str:
    """A name for a process that no other one has."""
    return secrets.token_hex(8)
