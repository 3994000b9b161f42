"""Rate limits of guests, accounts and addresses. The counters are in Redis, shared by all processes."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from itertools import count
from typing import NamedTuple, cast
from uuid import UUID

from django.conf import settings
from limits import parse_many
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from assistant import agreement
from assistant.addresses import wider
from assistant.errors import LimitedError, LogUnavailableError
from assistant.models import Person
from assistant.seats import PROCESSES, process_name

logger = logging.getLogger(__name__)

# What one person may do people at one address may do so many times, where no limit of its own says otherwise.
NEIGHBOURS = 5

# Counts a use in all windows, or in none where one of them has no room for it: then its place, else 0, and the seconds
# until it has room. What was counted in the window before weighs as much as of it lies within one length of now, in
# whole uses: a part refuses nobody.
# https://blog.cloudflare.com/counting-things-a-lot-of-different-things/
COUNT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local counted = {}
for i, key in ipairs(KEYS) do
  local most, seconds, uses = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local window = math.floor(now / seconds)
  local kept = redis.call('HMGET', key, 'window', 'count', 'before')
  local last, count, before = tonumber(kept[1] or -1), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
  if last == window - 1 then before, count = count, 0 elseif last ~= window then before, count = 0, 0 end
  if math.floor(before * (1 + window - now / seconds)) + count + uses > most then
    local free = most - uses + 1
    local fits = count < free and window + 1 - (free - count) / before or window + 2 - free / math.max(1, count)
    return {i, math.floor(fits * seconds - now) + 1}
  end
  counted[i] = {window, count + uses, before, seconds}
end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'window', counted[i][1], 'count', counted[i][2], 'before', counted[i][3])
  redis.call('EXPIRE', key, 2 * counted[i][4])
end
return {0, 0}
"""

# When to try again where all places are taken: nobody knows when one is free.
AT_ONCE_SECONDS = 5
# Those of a process that is gone are in no key for longer.
SOCKET_SECONDS = 24 * 60 * 60
# Sets of sockets, each named after its process; those of processes that are silent do not count. 0 where one is full.
OPEN = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
for i = 2, #KEYS do
  local open = 0
  for _, socket in ipairs(redis.call('SMEMBERS', KEYS[i])) do
    local process = string.match(socket, '^[^:]+')
    local until_then = redis.call('ZSCORE', KEYS[1], process)
    if socket == ARGV[2] then
      -- This very one, where the script is run again.
    elseif process == ARGV[1] or (until_then and tonumber(until_then) > now) then
      open = open + 1
    end
  end
  if open >= tonumber(ARGV[2 + i]) then return 0 end
end
for i = 2, #KEYS do
  redis.call('SADD', KEYS[i], ARGV[2])
  redis.call('EXPIRE', KEYS[i], tonumber(ARGV[3]))
end
return 1
"""


class Rate(NamedTuple):
    """At most so many uses in so many seconds."""

    most: int
    seconds: int


class Use(NamedTuple):
    """So many uses under the key `names` of a `rule`, as "20/minute;200/day", that is `times` as generous."""

    rule: str
    names: tuple[str, ...]
    uses: int = 1
    times: int = 1


class Limits:
    """Counts for this process's event loop; the counters are shared by all processes."""

    def __init__(self, redis_url: str, process: str = "") -> None:
        """`process` is this one's name among PROCESSES."""
        # A connection from before a restart of Redis is replaced at once.
        retry = Retry(NoBackoff(), 1)
        self._redis: Redis = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5, retry=retry)
        self._script = self._redis.register_script(COUNT)
        self.sockets: Counter[str] = Counter()
        self._open = self._redis.register_script(OPEN)
        self._process = process or process_name()
        self._numbers = count(1)
        # Those that have gone while Redis was away, and the keys that they are still in.
        self._gone: dict[str, list[str]] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def count(self, rule: str, *names: str) -> None:
        """Count one use of `rule` (as "20/minute;200/day") under the key `names`.

        Raises LimitedError when there were too many, LogUnavailableError when Redis cannot be reached.
        """
        await self._count(Use(rule, names))

    async def _count(self, *uses: Use) -> None:
        """Count all of them, in one round trip, or none where one is refused. Raises as `count` does."""
        rates = [(use, rate) for use in uses for rate in rates_of(use.rule)]
        keys = [f"limit:{':'.join(use.names)}:{rate.most * use.times}:{rate.seconds}" for use, rate in rates]
        numbers = [number for use, rate in rates for number in (rate.most * use.times, rate.seconds, use.uses)]
        try:
            refused, seconds = await cast(Awaitable[tuple[int, int]], self._script(keys, numbers))
        except (RedisError, OSError, TimeoutError) as error:
            raise LogUnavailableError(f"limits cannot be counted: {error}") from error
        if refused:
            use, rate = rates[refused - 1]
            raise LimitedError(f"{use.names[0]}: over {rate.most * use.times} in {rate.seconds} s", max(1, seconds))

    async def count_address(self, rule: str, kind: str, address: str) -> None:
        """Count one use by an address, and by the IPv6 site that it is in. Raises as `count` does."""
        await self._count(*_of_address(rule, kind, address))

    async def count_use(self, rule: str, kind: str, person: Person | None, address: str) -> None:
        """Count one use by a person, or a visitor without a row, and by their address. Raises as `count` does.

        One who asks on and on does not use up what neighbours at the same address have.
        """
        own = [Use(rule, (kind, "person", str(person.id)))] if person else []
        await self._count(*own, *_of_address(rule, kind, address, times=NEIGHBOURS))

    async def count_message(self, person: Person, address: str) -> None:
        """Count one message or retry. Raises as `count` does."""
        await self._count(*_message(person, address))

    async def count_key_message(self, key: UUID, person: Person, address: str) -> None:
        """Count one message that comes with an API key of the person's. Raises as `count` does."""
        own = Use(settings.LIMIT_KEY_MESSAGES, ("message", "key", str(key)))
        await self._count(own, *_message(person, address))

    async def count_harder(self, person: Person, address: str) -> None:
        """Count one answer of the best model. Raises as `count` does."""
        rule = settings.LIMIT_GUEST_HARDER if person.is_guest else settings.LIMIT_ACCOUNT_HARDER
        await self.count_use(rule, "harder", person, address)

    async def count_pictures(self, person: Person, address: str, count: int) -> None:
        """Count that many pictures of somebody who may have some. Raises AgreementNeededError, and as `count` does."""
        await agreement.check(person)
        await self._count(
            _own_pictures(person, count), *_of_address(settings.LIMIT_ADDRESS_PICTURES, "picture", address, count)
        )

    async def count_own_pictures(self, person: Person, count: int) -> None:
        """Count that many pictures of a person whose address is not known. Raises as `count_pictures` does."""
        await agreement.check(person)
        await self._count(_own_pictures(person, count))

    async def count_live_prompt(self, person: Person, address: str) -> None:
        """Count one live prompt. Raises as `count_pictures` does."""
        await agreement.check(person)
        await self.count_use(settings.LIMIT_PERSON_FRAMES, "frame", person, address)

    async def count_attachment(self, person: Person, address: str) -> None:
        """Count one text file. Raises as `count` does."""
        own = Use(settings.LIMIT_PERSON_ATTACHMENTS, ("attachment", "person", str(person.id)))
        await self._count(own, *_of_address(settings.LIMIT_ADDRESS_ATTACHMENTS, "attachment", address))

    async def count_guest(self, address: str) -> None:
        """Count one new guest. Raises as `count` does."""
        await self.count_address(settings.LIMIT_ADDRESS_GUESTS, "guest", address)

    @asynccontextmanager
    async def socket(self, person: Person, address: str) -> AsyncIterator[None]:
        """Hold one of the sockets that a person and an address have: in all processes, in this one where Redis is away.

        Raises LimitedError.
        """
        places = {
            f"person:{person.id}": settings.LIMIT_PERSON_SOCKETS,
            f"address:{address}": settings.LIMIT_ADDRESS_SOCKETS,
        }
        async with self._places(places):
            yield

    @asynccontextmanager
    async def speech(self, kind: str, person: Person | None, address: str) -> AsyncIterator[None]:
        """Hold one of the recordings that are written down at once, or of the sentences that are read, for a person or
        for the visitors at an address, counted as sockets are. Raises LimitedError.
        """
        most = settings.LIMIT_PERSON_RUNS
        places = {f"{kind}:{person.id}": most} if person else {f"{kind}:{address}": most * NEIGHBOURS}
        async with self._places(places):
            yield

    @asynccontextmanager
    async def key_answer(self, person: Person) -> AsyncIterator[None]:
        """Hold one of the answers that are made at once for the API keys of a person, counted as sockets are.

        Raises LimitedError.
        """
        async with self._places({f"keys:{person.id}": settings.LIMIT_PERSON_RUNS}):
            yield

    @contextmanager
    def key_request(self, person: Person) -> Iterator[None]:
        """Hold one of the requests that are read at once for the API keys of a person, in this process alone: so none
        takes all connections to Redis. Raises LimitedError.
        """
        name = f"requests:{person.id}"
        if self.sockets[name] >= settings.LIMIT_PERSON_RUNS:
            raise LimitedError("too many requests at once", AT_ONCE_SECONDS)
        self.sockets[name] += 1
        try:
            yield
        finally:
            self.sockets[name] -= 1
            self.sockets += Counter()

    @asynccontextmanager
    async def _places(self, places: Mapping[str, int]) -> AsyncIterator[None]:
        """Hold a place under each of these names, which have so many. Raises LimitedError."""
        if any(self.sockets[name] >= most for name, most in places.items()):
            raise LimitedError("too many at once", AT_ONCE_SECONDS)
        self.sockets.update(places.keys())
        socket = f"{self._process}:{next(self._numbers)}"
        try:
            await self._count_socket(socket, places)
            yield
        finally:
            self.sockets.subtract(places.keys())
            self.sockets += Counter()
            # Also where it was refused: it may have been counted before an answer that did not come.
            self._gone[socket] = _keys(places)
            await self._forget_sockets()

    async def _count_socket(self, socket: str, places: Mapping[str, int]) -> None:
        """Count it among those of all processes. Raises LimitedError."""
        await self._forget_sockets()
        arguments: list[str | int] = [self._process, socket, SOCKET_SECONDS, *places.values()]
        try:
            if not await self._open([PROCESSES, *_keys(places)], arguments):
                raise LimitedError("too many at once in all processes", AT_ONCE_SECONDS)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("a place is counted in this process alone: %s", error)

    async def _forget_sockets(self) -> None:
        """Those that have gone count no more."""
        gone, self._gone = self._gone, {}
        if not gone:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for socket, keys in gone.items():
                    for key in keys:
                        pipe.srem(key, socket)
                await pipe.execute()
            gone = {}
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("sockets that have gone count for a while: %s", error)
        finally:
            self._gone |= gone


def _keys(places: Mapping[str, int]) -> list[str]:
    return [f"sockets:{name}" for name in places]


def _message(person: Person, address: str) -> list[Use]:
    rule = settings.LIMIT_GUEST_MESSAGES if person.is_guest else settings.LIMIT_ACCOUNT_MESSAGES
    own = Use(rule, ("message", "person", str(person.id)))
    return [own, *_of_address(settings.LIMIT_ADDRESS_MESSAGES, "message", address)]


def _own_pictures(person: Person, count: int) -> Use:
    rule = settings.LIMIT_GUEST_PICTURES if person.is_guest else settings.LIMIT_ACCOUNT_PICTURES
    return Use(rule, ("picture", "person", str(person.id)), count)


def _of_address(rule: str, kind: str, address: str, uses: int = 1, times: int = 1) -> list[Use]:
    return [Use(rule, (kind, "address", key), uses, times * wider_times) for key, wider_times in wider(address)]


@cache
def rates_of(rule: str) -> list[Rate]:
    """The rates that a setting names."""
    return [Rate(item.amount, item.get_expiry()) for item in parse_many(rule)]
