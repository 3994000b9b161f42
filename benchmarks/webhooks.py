"""What a rush of deliveries costs, and what becomes of it: python -m benchmarks.webhooks --rate 200 --seconds 30

The emulator plays people with phones; what it delivers goes to this process, which passes it on to a real site at a
steady rate, whether that keeps up or not, between statuses of messages that nobody knows. A courier answers by the
scripted model and is killed in the middle; another is started. First the webhook is compared with a bare view.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import median

import aiohttp
from aiohttp import web
from django.utils import timezone
from redis import Redis

from benchmarks.environment import folder
from benchmarks.process import cpu_seconds
from benchmarks.stage import Stage, stage_of
from benchmarks.table import Figure, percentile, report
from integrations import wake
from integrations.models import Delivery, InboxEntry, OutboxEntry
from tests.servers import Courier, Emulator, Site, eventually
from web.local.ports import free_port

WORDS = 12
# So many deliveries may be on their way; what is due beyond them is counted as refused.
MOST_ON_THEIR_WAY = 1_000
SETTLE_SECONDS = 300
BARE_SECONDS = 10
SIGNATURE = "X-Hub-Signature-256"


@dataclass(frozen=True)
class Load:
    """How many deliveries come, how many of them are messages, and how many requests compare the views."""

    rate: int
    seconds: int
    messages: int
    rounds: int

    @property
    def people(self) -> int:
        return self.messages * self.seconds


@dataclass
class Acknowledged:
    """How long each delivery waited for its 200, from the moment when it was due, and those that got none.

    `late`: how much later than due each was sent, as this process has to wait for a processor too.
    """

    milliseconds: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    refused: int = 0


class Mail:
    """Takes what the emulator delivers. Use it in `async with`; `bodies` are those not yet passed on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.bodies: deque[bytes] = deque(maxlen=100_000)

    async def __aenter__(self) -> "Mail":
        app = web.Application()
        app.router.add_post("/webhooks/meta", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        return web.Response()


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    load = options()
    port = free_port()
    emulator = Emulator(folder / "emulator", f"http://127.0.0.1:{port}/webhooks/meta", people=load.people)
    emulator.configuration["throughput"] = 10_000
    environment = {**emulator.environment(), "WHATSAPP_PURPOSE": "helper"}
    environment["DJANGO_SETTINGS_MODULE"] = "benchmarks.bare_webhook"
    with stage_of("benchmarks.model", {"words": WORDS, "rate": 100}, environment) as scene, ExitStack() as stack:
        stack.callback(emulator.kill)
        emulator.start()
        couriers = [Courier(folder / f"courier-{number}", scene.site.environment) for number in range(2)]
        for courier in couriers:
            stack.callback(courier.kill)
        figures = asyncio.run(measure(scene, emulator, couriers, port, load))
    report("webhooks", vars(load), figures)


def options() -> Load:
    parser = argparse.ArgumentParser(description="Measure webhooks, and what a courier that is killed leaves behind.")
    parser.add_argument("--rate", type=int, default=200, help="deliveries a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--messages", type=int, default=5, help="how many of them are messages, each of another person")
    parser.add_argument("--rounds", type=int, default=1_000, help="requests to the webhook and to the bare view each")
    return Load(**vars(parser.parse_args()))


async def measure(scene: Stage, emulator: Emulator, couriers: list[Courier], port: int, load: Load) -> list[Figure]:
    """All figures, in the order of the table."""
    secret = emulator.configuration["app_secret"]
    async with Mail(port) as mail, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        figures = await compare(session, scene.site, secret, load.rounds)
        print(f"{load.rate} deliveries a second to the bare view, while no courier works", flush=True)
        short = replace(load, seconds=BARE_SECONDS)
        alone = await rush(session, f"{scene.site.url}/webhooks/bare", secret, deque(), mail, short)
        figures += [
            Figure("bare view in a rush, nobody reads: p50", percentile(alone.milliseconds, 50), "ms"),
            Figure("bare view in a rush, nobody reads: p99", percentile(alone.milliseconds, 99), "ms"),
        ]
        people = await asyncio.to_thread(write, emulator)
        await asyncio.to_thread(eventually, lambda: len(mail.bodies) == len(people), 60)
        messages, mail.bodies = mail.bodies, deque(maxlen=100_000)
        await asyncio.to_thread(couriers[0].start)
        print(f"{load.rate} deliveries a second for {load.seconds} s, a courier is killed in the middle", flush=True)
        url = f"{scene.site.url}/webhooks/meta"
        sending = asyncio.create_task(rush(session, url, secret, messages, mail, load))
        await asyncio.sleep(load.seconds / 2)
        couriers[0].kill()
        killed = timezone.now()
        # Its sign of life would pass for that of the other.
        with Redis.from_url(scene.site.environment["REDIS_URL"]) as redis:
            redis.delete(wake.COURIER)
        await asyncio.to_thread(couriers[1].start)
        started = timezone.now()
        acknowledged = await sending
        settled = await settle(session, scene.site, secret, mail)
        shown = await asyncio.to_thread(answers, emulator, people)
        figures += await asyncio.to_thread(became, acknowledged, shown, killed, started)
    return [*figures, Figure("not settled in time", 0 if settled else 1, aim=0)]


async def compare(session: aiohttp.ClientSession, site: Site, secret: str, rounds: int) -> list[Figure]:
    """The webhook beside a view that only stores: one request after another, by turns, while nobody reads them."""
    print(f"{rounds} deliveries to the webhook and to a bare view each", flush=True)
    seconds: dict[str, list[float]] = {"/webhooks/bare": [], "/webhooks/meta": []}
    used = dict.fromkeys(seconds, 0.0)
    for _ in range(10):
        for path, taken in seconds.items():
            before = cpu_seconds(site.pid)
            for number in range(rounds // 10):
                begun = time.perf_counter()
                await post(session, site.url + path, unknown_status(f"{path}{len(taken)}-{number}"), secret)
                taken.append(time.perf_counter() - begun)
            used[path] += cpu_seconds(site.pid) - before
    bare, ours = (median(taken) * 1000 for taken in seconds.values())
    times = used["/webhooks/meta"] / max(used["/webhooks/bare"], 0.01)
    return [
        Figure("one delivery to a bare view that stores it, p50", bare, "ms"),
        Figure("one delivery to the webhook, p50", ours, "ms"),
        Figure("webhook ÷ bare view, p50", ours / bare, "", aim=1.5),
        Figure("webhook ÷ bare view, processor time", times, "", aim=1.5),
    ]


def write(emulator: Emulator) -> list[dict[str, str]]:
    """Everybody writes once. Returns them."""
    people: list[dict[str, str]] = emulator.act("people")
    for person in people:
        emulator.write("whatsapp", "Tell me about salt", person=person["id"])
    return people


async def rush(
    session: aiohttp.ClientSession, url: str, secret: str, messages: deque[bytes], mail: Mail, load: Load
) -> Acknowledged:
    """Deliver at a steady rate: messages, what the emulator tells of our answers, and statuses of nobody's messages."""
    acknowledged, tasks = Acknowledged(), set[asyncio.Task[None]]()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    apart = load.rate // load.messages
    for number in range(load.rate * load.seconds):
        due = begun + number / load.rate
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        if number % apart == 0 and messages:
            body = messages.popleft()
        else:
            body = mail.bodies.popleft() if mail.bodies else unknown_status(f"{url}-{number}")
        if len(tasks) >= MOST_ON_THEIR_WAY:
            acknowledged.refused += 1
            mail.bodies.append(body)
            continue
        acknowledged.late.append((loop.time() - due) * 1000)
        task = asyncio.create_task(_deliver(session, url, secret, body, due, mail, acknowledged))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    mail.bodies.extend(messages)
    return acknowledged


async def _deliver(
    session: aiohttp.ClientSession,
    url: str,
    secret: str,
    body: bytes,
    due: float,
    mail: Mail,
    acknowledged: Acknowledged,
) -> None:
    try:
        good = await post(session, url, body, secret) == 200
    except (aiohttp.ClientError, TimeoutError):
        good = False
    if good:
        acknowledged.milliseconds.append((asyncio.get_running_loop().time() - due) * 1000)
    else:
        # It comes again, as from Meta.
        acknowledged.refused += 1
        mail.bodies.append(body)


async def settle(session: aiohttp.ClientSession, site: Site, secret: str, mail: Mail) -> bool:
    """Pass on what the emulator still tells, until everybody is answered. False where it takes too long."""
    deadline, quiet = time.monotonic() + SETTLE_SECONDS, 0
    while quiet < 5:
        if time.monotonic() > deadline:
            return False
        moved = bool(mail.bodies)
        while mail.bodies:
            await post(session, f"{site.url}/webhooks/meta", mail.bodies.popleft(), secret)
        quiet = 0 if moved or await asyncio.to_thread(is_busy) else quiet + 1
        await asyncio.sleep(0.5)
    return True


def is_busy() -> bool:
    """Whether something waits to be read, to be answered, or to be sent."""
    waiting = InboxEntry.objects.filter(state=InboxEntry.State.WAITING)
    unread = Delivery.objects.filter(state=Delivery.State.WAITING)
    return unread.exists() or waiting.exists() or OutboxEntry.objects.filter(state__in=("queued", "sending")).exists()


def answers(emulator: Emulator, people: list[dict[str, str]]) -> list[list[str]]:
    """What stands on each phone from us."""
    shown = (emulator.answers_on("whatsapp", person=person["id"]) for person in people)
    return [[bubble["text"] for bubble in bubbles] for bubbles in shown]


def became(acknowledged: Acknowledged, shown: list[list[str]], killed: datetime, started: datetime) -> list[Figure]:
    """What became of all that was sent. A greeting and an answer is what everybody should see."""
    unknown = OutboxEntry.objects.filter(state=OutboxEntry.State.UNKNOWN).count()
    rows = OutboxEntry.objects.exclude(sent_at=None).order_by("sent_at")
    sent = list(rows.values_list("sent_at", "contact__inbox__received_at"))
    after = [moment for moment, _received in sent if moment > killed]
    first = min(after, default=killed)
    waits = [(moment - received).total_seconds() for moment, received in sent if received]
    missing = sum(max(0, 2 - len(set(texts))) for texts in shown)
    return [
        Figure("deliveries acknowledged", len(acknowledged.milliseconds)),
        Figure("deliveries that had to come again", acknowledged.refused),
        Figure("acknowledged, p50", percentile(acknowledged.milliseconds, 50), "ms"),
        Figure("acknowledged, p99", percentile(acknowledged.milliseconds, 99), "ms", aim=50),
        Figure("… of which this process sent it late, p99", percentile(acknowledged.late, 99), "ms"),
        Figure("people who wrote", len(shown)),
        Figure("bubbles lost, but for those of which nobody knows", max(0, missing - unknown), aim=0),
        Figure("bubbles doubled", sum(len(texts) - len(set(texts)) for texts in shown), aim=0),
        Figure("bubbles of which nobody knows whether they were sent", unknown),
        Figure("from a message to a bubble on the phone, p50", percentile(waits, 50), "s"),
        Figure("from the kill to the next bubble", (first - killed).total_seconds(), "s"),
        Figure("… of which the other courier took to start", (started - killed).total_seconds(), "s"),
    ]


async def post(session: aiohttp.ClientSession, url: str, body: bytes, secret: str) -> int:
    """Deliver a body, signed. Returns the status."""
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {SIGNATURE: signature, "Content-Type": "application/json"}
    async with session.post(url, data=body, headers=headers, timeout=aiohttp.ClientTimeout(total=20)) as response:
        await response.read()
        return response.status


def unknown_status(name: str) -> bytes:
    """What the app tells about a message of somebody else's."""
    status = {"id": f"wamid.{name}", "status": "delivered", "timestamp": "1790000000", "recipient_id": "491700000001"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": "emulated1000"},
        "statuses": [status],
    }
    changes = [{"field": "messages", "value": value}]
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "emulated1001", "changes": changes}]}
    ).encode()


if __name__ == "__main__":
    main()
