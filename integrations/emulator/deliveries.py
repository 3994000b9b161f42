"""Posts webhooks to the product as Meta does: signed over the bytes, again until it gets a 200; switches disturb it."""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from integrations.emulator import events, group_webhooks, messenger_webhooks, whatsapp_webhooks
from integrations.emulator.group_events import GroupEvent
from integrations.emulator.groups import Groups
from integrations.emulator.parcels import Json, Parcel
from integrations.emulator.state import World
from integrations.emulator.things import App, Exchange

logger = logging.getLogger(__name__)

# Messenger wants its 200 within five seconds.
ANSWER_SECONDS = 5
# Meta tries again for hours and days; here it goes on as long as the emulator runs.
FIRST_RETRY = 0.5
LAST_RETRY = 30.0
PENDING = 20_000
BATCH_SECONDS = 0.5
BATCH_ITEMS = 1_000
# How long an item is held back for the next to overtake it.
REORDER_SECONDS = 2.0
ANSWER_BYTES = 64 * 1024
# How much of a body is kept to be shown.
SHOWN_BYTES = 64 * 1024
# WhatsApp delivers in parallel, the others one after another.
PARALLEL: dict[App, int] = {"whatsapp": 16, "messenger": 1, "instagram": 1}


@dataclass(frozen=True)
class Webhook:
    """Where webhooks go, and what signs them. Instagram has a secret of its own."""

    url: str
    app_secret: str
    instagram_app_secret: str
    verify_token: str

    def secret(self, app: App) -> str:
        return self.instagram_app_secret if app == "instagram" else self.app_secret


def encode(body: Json) -> bytes:
    """JSON as Meta writes it: all that is not ASCII as lower-case escapes, and slashes escaped too."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class _Letter:
    """A body on its way, with how often it was tried."""

    app: App
    body: bytes
    about: list[str]
    arrives: list[str]
    tries: int = 0


class Deliveries:
    """Listens to the world and delivers what it tells."""

    def __init__(self, world: World, webhook: Webhook, session: aiohttp.ClientSession) -> None:
        self._world = world
        self._groups = Groups(world)
        self.webhook = webhook
        self._session = session
        self._tasks: set[asyncio.Task[None]] = set()
        self._queues: dict[App, asyncio.Queue[_Letter]] = {app: asyncio.Queue(PENDING) for app in PARALLEL}
        self._held: dict[App, Parcel] = {}
        self._batches: dict[App, list[Parcel]] = {app: [] for app in PARALLEL}
        world.on_event(self._on_event)
        for app, workers in PARALLEL.items():
            for _ in range(workers):
                self._later(self._work(app))

    async def close(self) -> None:
        """Give up what is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def move(self, url: str, verify_token: str) -> None:
        """Deliver to another address from now on."""
        self.webhook = replace(self.webhook, url=url, verify_token=verify_token)

    async def handshake(self) -> Json:
        """The GET by which Meta verifies an address. Returns the status and whether the challenge came back."""
        challenge = str(secrets.randbelow(10**10))
        query = {"hub.mode": "subscribe", "hub.verify_token": self.webhook.verify_token, "hub.challenge": challenge}
        exchange = self._exchange("whatsapp", "GET", json.dumps(query), [])
        try:
            async with self._session.get(
                self.webhook.url,
                params=query,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            ) as response:
                text = (await response.content.read(ANSWER_BYTES)).decode(errors="replace")
                exchange.status, exchange.response = response.status, text
        except (aiohttp.ClientError, TimeoutError) as error:
            exchange.response = f"No answer: {type(error).__name__}"
        self._world.record(exchange)
        good = exchange.status == 200 and exchange.response == challenge
        return {"status": exchange.status, "good": good, "answer": exchange.response[:200]}

    # From an event to bodies

    def _on_event(self, event: events.Event) -> None:
        makers = (whatsapp_webhooks.parcels_of, group_webhooks.parcels_of, messenger_webhooks.parcels_of)
        apps = (("whatsapp",), ("whatsapp",), ("messenger", "instagram"))
        for make, names in zip(makers, apps, strict=True):
            for parcel in make(self._world, event) if _app_of(event) in names else ():
                if _subscribed(self._world, parcel):
                    self._take(parcel)

    def _take(self, parcel: Parcel) -> None:
        """Hold it, gather it or send it, as the switches say."""
        switches = self._world.switches
        if switches.reorder and parcel.app not in self._held:
            self._held[parcel.app] = parcel
            self._later(self._release(parcel))
            return
        self._send(parcel)
        if held := self._held.pop(parcel.app, None):
            self._send(held)

    async def _release(self, parcel: Parcel) -> None:
        await asyncio.sleep(REORDER_SECONDS)
        if self._held.get(parcel.app) is parcel:
            del self._held[parcel.app]
            self._send(parcel)

    def _send(self, parcel: Parcel) -> None:
        if not self._world.switches.batch:
            self._post([parcel])
            return
        batch = self._batches[parcel.app]
        batch.append(parcel)
        if len(batch) == 1:
            self._later(self._flush(parcel.app))
        elif len(batch) >= BATCH_ITEMS:
            self._batches[parcel.app] = []
            self._post(batch)

    async def _flush(self, app: App) -> None:
        await asyncio.sleep(BATCH_SECONDS)
        batch, self._batches[app] = self._batches[app], []
        if batch:
            self._post(batch)

    def _post(self, parcels: list[Parcel]) -> None:
        app = parcels[0].app
        body = (
            whatsapp_webhooks.envelope(self._world, parcels)
            if app == "whatsapp"
            else messenger_webhooks.envelope(self._world, app, parcels)
        )
        about = [bubble for parcel in parcels for bubble in parcel.about]
        arrives = [parcel.arrives for parcel in parcels if parcel.arrives]
        for _ in range(1 + self._world.switches.duplicates):
            self._later(self._enqueue(_Letter(app, encode(body), about, arrives), self._world.switches.delay))

    async def _enqueue(self, letter: _Letter, seconds: float) -> None:
        if seconds:
            await asyncio.sleep(seconds)
        await self._queues[letter.app].put(letter)

    # On its way

    async def _work(self, app: App) -> None:
        while True:
            letter = await self._queues[app].get()
            if await self._deliver(letter):
                for bubble_id in letter.arrives:
                    if found := self._world.find_bubble(app, bubble_id):
                        self._world.advance(*found, "delivered")
                    self._groups.arrived(bubble_id)
                continue
            letter.tries += 1
            wait = min(FIRST_RETRY * 2 ** (letter.tries - 1), LAST_RETRY)
            self._later(self._enqueue(letter, wait))

    async def _deliver(self, letter: _Letter) -> bool:
        """Post it once; True for a 200."""
        exchange = self._exchange(letter.app, "POST", letter.body[:SHOWN_BYTES].decode(), letter.about)
        switches = self._world.switches
        if switches.unreachable or switches.refused_webhooks:
            if not switches.unreachable:
                self._world.switch(refused_webhooks=switches.refused_webhooks - 1)
            exchange.response = "Not delivered: a switch of the emulator is on."
            self._world.record(exchange)
            return False
        secret = self.webhook.secret(letter.app).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(secret.decode(), letter.body),
            # Recalled: the older one still comes.
            "X-Hub-Signature": "sha1=" + hmac.new(secret, letter.body, "sha1").hexdigest(),
        }
        exchange.headers = headers
        self._world.record(exchange)
        started = time.perf_counter()
        try:
            async with self._session.post(
                self.webhook.url,
                data=letter.body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            ) as response:
                answer = await response.content.read(ANSWER_BYTES)
                exchange.status, exchange.response = response.status, answer.decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError) as error:
            exchange.response = f"No answer: {type(error).__name__}"
        exchange.seconds = time.perf_counter() - started
        self._world.answered(exchange)
        return exchange.status == 200

    def _exchange(self, app: App, method: str, request: str, about: list[str]) -> Exchange:
        return Exchange(
            self._world.next_exchange(),
            self._world.now(),
            "webhook",
            app,
            method,
            self.webhook.url,
            {},
            request,
            about=list(about),
        )

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._tasks) >= PENDING:
            work.close()
            logger.error("A webhook was dropped: %d wait already.", PENDING)
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _app_of(event: events.Event) -> App:
    match event:
        case events.Commented(post):
            return post.app
        case events.NumberChanged() | events.UserIdChanged() | events.Undeliverable():
            return "whatsapp"
        case events.Raw(app):
            return app
        case GroupEvent():
            return "whatsapp"
        case _:
            return event.thread.app


def _subscribed(world: World, parcel: Parcel) -> bool:
    """WhatsApp subscribes to all of an account, and the app chooses the news of groups; the others to each field."""
    account = world.accounts[parcel.app]
    if parcel.app != "whatsapp":
        return parcel.field in account.subscribed
    chosen = parcel.field not in group_webhooks.FIELDS or parcel.field in account.fields
    return bool(account.subscribed) and chosen
