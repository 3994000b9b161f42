"""One Redis connection per process that hears all doorbells: what is published about runs and conversations."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from assistant.background import end

logger = logging.getLogger(__name__)

# Called with what was published, or with None after a break: something may have been missed, so look in the log.
Listener = Callable[[bytes | None], None]

QUIET_SECONDS = 10
RECONNECT_SECONDS = 0.5


class Bell:
    """Hears for everybody in this process. Use it as `async with Bell(url) as bell`."""

    def __init__(self, url: str) -> None:
        # Its own client: this connection waits for as long as nothing happens, and we ourselves reconnect it,
        # as listeners must be told.
        self._redis = Redis.from_url(url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
        self._listeners: dict[str, set[Listener]] = {}
        self._pubsub: PubSub | None = None

    async def __aenter__(self) -> "Bell":
        self._task = asyncio.create_task(self._hear_on())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)
        await self._redis.aclose()

    async def listen(self, channel: str, listener: Listener) -> None:
        """Call `listener` with all that is published on `channel` from now on."""
        listeners = self._listeners.setdefault(channel, set())
        listeners.add(listener)
        if len(listeners) == 1 and self._pubsub:
            # When it fails the hearing task notices too, reconnects, and subscribes to all channels again.
            with suppress(RedisError, OSError):
                await self._pubsub.subscribe(channel)

    async def leave(self, channel: str, listener: Listener) -> None:
        """Call `listener` no more."""
        listeners = self._listeners.get(channel, set())
        listeners.discard(listener)
        if not listeners and self._listeners.pop(channel, None) is not None and self._pubsub:
            with suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(channel)

    async def _hear_on(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._hear(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("the doorbell is silent: %s", error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hear(self, pubsub: PubSub) -> None:
        await self._subscribe(pubsub)
        self._pubsub = pubsub
        self._tell_all()
        try:
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=QUIET_SECONDS)
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "message":
                    self._tell(message["channel"].decode(), message["data"])
        except (RedisError, OSError, TimeoutError):
            self._tell_all()
            raise
        finally:
            self._pubsub = None

    async def _subscribe(self, pubsub: PubSub) -> None:
        """To all channels, also those that get their first listener meanwhile."""
        # "bell" keeps the subscription from ever being empty, which redis-py does not allow.
        channels, subscribed = {"bell"}, set[str]()
        while new := (channels | self._listeners.keys()) - subscribed:
            await pubsub.subscribe(*new)
            subscribed |= new

    def _tell(self, channel: str, data: bytes | None) -> None:
        for listener in tuple(self._listeners.get(channel, ())):
            try:
                listener(data)
            except Exception:
                # The edge between readers: whatever one stumbles over, the others must go on hearing.
                logger.exception("a listener on %s stumbled", channel)

    def _tell_all(self) -> None:
        for channel in tuple(self._listeners):
            self._tell(channel, None)
