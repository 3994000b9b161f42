"""One Redis connection per process for all subscriptions: runs, conversations, a person's pictures.

Publish/subscribe only says that something happened. A message may be lost, so what must not be is read from the log.
"""

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

# Called with what was published, or with None after a break: something may have been missed, so read the log.
Subscriber = Callable[[bytes | None], None]

PING_SECONDS = 10
RECONNECT_SECONDS = 0.5


class Doorbell:
    """Keeps subscribers across reconnects and isolates their errors. An async context manager."""

    def __init__(self, url: str) -> None:
        # Its own client: this connection waits for as long as nothing happens, and we ourselves reconnect it,
        # as subscribers must be notified.
        self._redis = Redis.from_url(url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
        self._subscribers: dict[str, set[Subscriber]] = {}
        self._pubsub: PubSub | None = None

    async def __aenter__(self) -> "Doorbell":
        self._task = asyncio.create_task(self._receive_forever())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await end(self._task)
        await self._redis.aclose()

    async def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Call `subscriber` with all that is published on `channel` from now on."""
        subscribers = self._subscribers.setdefault(channel, set())
        subscribers.add(subscriber)
        if len(subscribers) == 1 and self._pubsub:
            # When it fails the receiving task notices too, reconnects, and subscribes to all channels again.
            with suppress(RedisError, OSError):
                await self._pubsub.subscribe(channel)

    async def unsubscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Call `subscriber` no more."""
        subscribers = self._subscribers.get(channel, set())
        subscribers.discard(subscriber)
        if not subscribers and self._subscribers.pop(channel, None) is not None and self._pubsub:
            with suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(channel)

    async def _receive_forever(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._receive(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("subscriptions are interrupted: %s", error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _receive(self, pubsub: PubSub) -> None:
        await self._subscribe_all(pubsub)
        self._pubsub = pubsub
        self._notify_all()
        try:
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=PING_SECONDS)
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "message":
                    self._notify(message["channel"].decode(), message["data"])
        except (RedisError, OSError, TimeoutError):
            self._notify_all()
            raise
        finally:
            self._pubsub = None

    async def _subscribe_all(self, pubsub: PubSub) -> None:
        """To all channels, also those that get their first subscriber meanwhile."""
        # "doorbell" keeps the subscription from ever being empty, which redis-py does not allow.
        channels, subscribed = {"doorbell"}, set[str]()
        while new := (channels | self._subscribers.keys()) - subscribed:
            await pubsub.subscribe(*new)
            subscribed |= new

    def _notify(self, channel: str, data: bytes | None) -> None:
        for subscriber in tuple(self._subscribers.get(channel, ())):
            try:
                subscriber(data)
            except Exception:
                # The edge between subscribers: an error of one must not keep the message from the others.
                logger.exception("a subscriber of %s failed", channel)

    def _notify_all(self) -> None:
        for channel in tuple(self._subscribers):
            self._notify(channel, None)
