"""Rate limits of guests, accounts and addresses. The counters are in Redis, shared by all processes."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from django.conf import settings
from limits import RateLimitItem, parse_many
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from assistant.addresses import wider
from assistant.errors import LimitedError, LogUnavailableError
from assistant.models import Person

# What one person may do people at one address may do so many times, where no limit of its own says otherwise.
NEIGHBOURS = 5


class Limits:
    """Counts for this process's event loop; the counters are shared by all processes."""

    def __init__(self, redis_url: str) -> None:
        # A connection from before a restart of Redis is replaced at once.
        retry = Retry(NoBackoff(), 1)
        self._pool = ConnectionPool.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5, retry=retry)
        storage = RedisStorage(
            f"async+{redis_url}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="limits",
            connection_pool=self._pool,  # type: ignore[arg-type]
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self.sockets: Counter[str] = Counter()

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def count(self, rule: str, *names: str, uses: int = 1, times: int = 1) -> None:
        """Count so many uses of `rule` (as "20/minute;200/day"), `times` as generous, under the key `names`.

        The parts of a rule are counted in turn: when the day refuses, the minute has been counted already.
        Raises LimitedError when there were too many, LogUnavailableError when Redis cannot be reached.
        """
        try:
            for item in items(rule, times):
                if not await self._limiter.hit(item, *names, cost=uses):
                    raise LimitedError(f"{names[0]}: over {item}")
        except StorageError as error:
            raise LogUnavailableError(f"limits cannot be counted: {error.storage_error}") from error

    async def count_address(self, rule: str, kind: str, address: str, uses: int = 1, times: int = 1) -> None:
        """Count uses by an address, and by the IPv6 site that it is in. Raises as `count` does."""
        for key, wider_times in wider(address):
            await self.count(rule, kind, "address", key, uses=uses, times=times * wider_times)

    async def count_use(self, rule: str, kind: str, person: Person | None, address: str) -> None:
        """Count one use by a person, or a visitor without a row, and by their address. Raises as `count` does."""
        # The person first: one who asks on and on must not use up what neighbours at the same address have.
        if person:
            await self.count(rule, kind, "person", str(person.id))
        await self.count_address(rule, kind, address, times=NEIGHBOURS)

    async def count_message(self, person: Person, address: str) -> None:
        """Count one message or retry. Raises as `count` does."""
        rule = settings.LIMIT_GUEST_MESSAGES if person.is_guest else settings.LIMIT_ACCOUNT_MESSAGES
        # The person first: one who asks on and on must not use up what neighbours at the same address have.
        await self.count(rule, "message", "person", str(person.id))
        await self.count_address(settings.LIMIT_ADDRESS_MESSAGES, "message", address)

    async def count_pictures(self, person: Person, address: str, count: int) -> None:
        """Count that many pictures. Raises as `count` does."""
        await self.count_own_pictures(person, count)
        await self.count_address(settings.LIMIT_ADDRESS_PICTURES, "picture", address, uses=count)

    async def count_own_pictures(self, person: Person, count: int) -> None:
        """Count that many pictures of a person whose address is not known. Raises as `count` does."""
        rule = settings.LIMIT_GUEST_PICTURES if person.is_guest else settings.LIMIT_ACCOUNT_PICTURES
        await self.count(rule, "picture", "person", str(person.id), uses=count)

    async def count_live_prompt(self, person: Person, address: str) -> None:
        """Count one live prompt. Raises as `count` does."""
        await self.count_use(settings.LIMIT_PERSON_FRAMES, "frame", person, address)

    async def count_attachment(self, person: Person, address: str) -> None:
        """Count one text file. Raises as `count` does."""
        await self.count(settings.LIMIT_PERSON_ATTACHMENTS, "attachment", "person", str(person.id))
        await self.count_address(settings.LIMIT_ADDRESS_ATTACHMENTS, "attachment", address)

    async def count_guest(self, address: str) -> None:
        """Count one new guest. Raises as `count` does."""
        await self.count_address(settings.LIMIT_ADDRESS_GUESTS, "guest", address)

    @asynccontextmanager
    async def socket(self, person: Person, address: str) -> AsyncIterator[None]:
        """Hold one of the sockets that this process has for a person and an address. Raises LimitedError."""
        places = {
            f"person:{person.id}": settings.LIMIT_PERSON_SOCKETS,
            f"address:{address}": settings.LIMIT_ADDRESS_SOCKETS,
        }
        if any(self.sockets[name] >= most for name, most in places.items()):
            raise LimitedError("too many sockets")
        self.sockets.update(places.keys())
        try:
            yield
        finally:
            self.sockets.subtract(places.keys())
            self.sockets += Counter()


@cache
def items(rule: str, times: int = 1) -> list[RateLimitItem]:
    """The limits that a setting names, that many times as generous."""
    return [type(item)(item.amount * times, item.multiples) for item in parse_many(rule)]
