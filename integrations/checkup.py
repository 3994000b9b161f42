"""How the apps are set up: what `manage.py channels` shows and sets, what the admin shows of a token."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from redis.exceptions import RedisError

from imagine.connection import redis
from integrations import signatures, wake
from integrations.base import mapping, sequence
from integrations.errors import ChannelError, RefusedError
from integrations.graph import Graph
from integrations.registry import SETUPS
from integrations.setup import (
    RUN_SETUP,
    Finding,
    Setup,
    Step,
    app_graph,
    listed,
    looked,
    names,
    remedy,
    stands_in,
    words,
)
from integrations.tokens import Health

HANDSHAKE_SECONDS = 10
# A page of the admin waits for it.
TOKEN_SECONDS = 5


@dataclass(frozen=True)
class Section:
    """What was found about one app, or about what all share."""

    title: str
    findings: list[Finding]

    @property
    def faults(self) -> list[Finding]:
        """What is to be mended."""
        return [finding for finding in self.findings if finding.mend]


async def check() -> AsyncIterator[Section]:
    """Look at everything, section by section, as it is found. Raises nothing of the network."""
    if any(setup.begun for setup in SETUPS):
        yield Section("Meta", await meta())
    for setup in SETUPS:
        yield Section(setup.title, await app(setup))


def webhook_url() -> str:
    """The address that Meta has to call."""
    return settings.SITE_URL + reverse("webhook")


# What all apps share


async def meta() -> list[Finding]:
    """The server, our app there, and our address."""
    host = urlsplit(settings.GRAPH_URL).netloc
    server = f"a stand-in at {host}, nothing reaches Meta" if stands_in() else f"{host}, {settings.GRAPH_VERSION}"
    graph = app_graph()
    if graph is None:
        about_app = Finding("App", "not known: with META_APP_ID and META_APP_SECRET more can be looked at")
    else:
        async with graph:
            about_app = await looked("App", own_app, graph)
    return [Finding("Server", server), about_app, await webhook(), await asyncio.to_thread(courier)]


def courier() -> Finding:
    """Whether a courier is at work: without one nobody is answered. Waits for Redis."""
    if not any(setup.is_on for setup in SETUPS):
        return Finding("Courier", "not needed, no app is on")
    try:
        is_there = redis().exists(wake.COURIER)
    except (RedisError, OSError):
        return Finding("Courier", "not known, Redis is away", "Start Redis, or set REDIS_URL to where the site has it.")
    if is_there:
        return Finding("Courier", "at work")
    return Finding("Courier", "none is at work", "Run manage.py courier, which answers; manage.py start brings one.")


async def own_app(graph: Graph) -> Finding:
    """Our app at Meta. Raises ChannelError."""
    try:
        found = await graph.get(settings.META_APP_ID, fields="name")
    except ChannelError as error:
        mend = "Copy META_APP_ID and META_APP_SECRET from the app's page: App settings, Basic."
        return Finding("App", f"does not open: {error}", remedy(error) if error.retry else mend)
    return Finding("App", words(found.get("name")) or settings.META_APP_ID)


async def webhook() -> Finding:
    """Whether our address answers as Meta expects, called as Meta calls it."""
    url = webhook_url()
    if not signatures.secrets():
        return Finding("Webhook", "closed", "Set META_APP_SECRET: without it no delivery can be believed.")
    if not settings.META_VERIFY_TOKEN:
        mend = "Set META_VERIFY_TOKEN to a long word of your own, and give Meta the same one."
        return Finding("Webhook", "cannot be subscribed", mend)
    if not settings.HTTPS and not stands_in():
        mend = "Meta calls HTTPS addresses only: set SITE_URL to the public one, with https:// at its beginning."
        return Finding("Webhook", url, mend)
    challenge = secrets.token_hex(8)
    query = {"hub.mode": "subscribe", "hub.verify_token": settings.META_VERIFY_TOKEN, "hub.challenge": challenge}
    try:
        async with httpx.AsyncClient(timeout=HANDSHAKE_SECONDS, trust_env=False) as client:
            response = await client.get(url, params=query)
    except httpx.HTTPError as error:
        if "CERTIFICATE" in str(error).upper():
            return Finding("Webhook", f"{url} has no valid certificate", "Meta wants one that browsers accept.")
        mend = "Start the site, and see that SITE_URL leads to it, from the internet too."
        return Finding("Webhook", f"{url} cannot be reached from here", mend)
    if response.status_code == httpx.codes.OK and response.text == challenge:
        return Finding("Webhook", f"{url} answers the handshake")
    mend = "See that SITE_URL leads to this site, and that it runs with the META_VERIFY_TOKEN that is set here."
    return Finding("Webhook", f"{url} does not answer the handshake: HTTP {response.status_code}", mend)


# One app


async def app(setup: Setup) -> list[Finding]:
    """What there is to know about one app."""
    if not setup.begun:
        return [Finding("Off", setup.unbegun)]
    if missing := setup.missing():
        return [Finding("Off", f"{name} is not set", sentence) for name, sentence in missing.items()]
    async with setup.graph() as graph:
        try:
            health = await setup.health(graph)
        except ChannelError as error:
            return [Finding("Token", f"could not be asked: {error}", remedy(error))]
        found = [token(health)]
        if health.trouble:
            return found
        found.append(permissions(setup, health))
        found += [await looked(about, look, graph) for about, look in setup.looks().items()]
    subscriptions = app_graph()
    if subscriptions is not None and not stands_in():
        async with subscriptions:
            found.append(await looked("Delivered", lambda graph: delivered(setup, graph), subscriptions))
    return found


async def token_now(setup: Setup) -> Finding:
    """How it stands with the token of an app, within a few seconds."""
    try:
        async with asyncio.timeout(TOKEN_SECONDS), setup.graph() as graph:
            return token(await setup.health(graph))
    except TimeoutError:
        return Finding("Token", f"no answer within {TOKEN_SECONDS} s", "Look again later.")
    except ChannelError as error:
        return Finding("Token", f"could not be asked: {error}", remedy(error))


def token(health: Health) -> Finding:
    """How it stands with a token."""
    if health.trouble:
        return Finding("Token", f"refused: {health.trouble}", "Make a new token, set it, and restart.")
    text = f"accepted, until {day(health.ends_at)}" if health.ends_at else "accepted"
    if health.renewed and (health.ends_soon or health.ends_at is None):
        return Finding("Token", f"{text}; a renewed one is kept", "Restart, so that the renewed one is used.")
    return Finding("Token", text, "It ends soon: make a new token, set it, and restart." if health.ends_soon else "")


def permissions(setup: Setup, health: Health) -> Finding:
    """What the token may do."""
    if health.permissions is None:
        return Finding("Permissions", f"not told; needed are {listed(setup.permissions)}")
    if lacking := health.lacking(setup.permissions):
        return Finding("Permissions", f"without {listed(lacking)}", "Make a token that has them all.")
    return Finding("Permissions", listed(setup.permissions))


async def delivered(setup: Setup, graph: Graph) -> Finding:
    """What Meta delivers to our app of this one, and where to. Raises ChannelError."""
    found = await graph.get(f"{settings.META_APP_ID}/subscriptions")
    rows = [mapping(row) for row in sequence(found.get("data"))]
    row = next((row for row in rows if row.get("object") == setup.object), None)
    if row is None:
        return Finding("Delivered", "nothing", f"The app does not ask for it. {RUN_SETUP}")
    if row.get("callback_url") != webhook_url():
        mend = f"Meta delivers to another address than {webhook_url()}. {RUN_SETUP}"
        return Finding("Delivered", f"to {words(row.get('callback_url'), 200)}", mend)
    lacking = [name for name in setup.fields if name not in names(row.get("fields"))]
    if lacking or row.get("active") is False:
        text = f"without {listed(lacking)}" if lacking else "not active"
        return Finding("Delivered", text, f"Meta delivers only a part of it, or nothing. {RUN_SETUP}")
    return Finding("Delivered", f"{len(setup.fields)} fields, to our address")


# Setting up


async def set_up(dry_run: bool) -> AsyncIterator[tuple[Setup, Finding]]:
    """Do what the API can do for each app that is on, step by step; with `dry_run` only say it."""
    for setup in SETUPS:
        if not setup.is_on:
            continue
        async with setup.graph() as graph:
            for step in [*delivery_steps(setup), *setup.steps()]:
                yield setup, Finding(step.text, "would be done") if dry_run else await done(step, graph)
        if setup.renews:
            yield setup, Finding("Renew the token", "would be done") if dry_run else await renewed(setup)


def delivery_steps(setup: Setup) -> Iterable[Step]:
    """Ask Meta to deliver what the app needs to our address. None where it cannot be asked so."""
    able = settings.META_APP_ID and settings.META_APP_SECRET and settings.META_VERIFY_TOKEN
    if not able or not settings.HTTPS or stands_in():
        return
    text, path = f"Have Meta deliver to {webhook_url()}", f"{settings.META_APP_ID}/subscriptions"
    body = {"object": setup.object, "callback_url": webhook_url(), "verify_token": settings.META_VERIFY_TOKEN}
    plain = Step(text, path, body | {"fields": ",".join(setup.fields)}, as_app=True)
    if not setup.extra_fields:
        yield plain
        return
    more = body | {"fields": ",".join(setup.fields + setup.extra_fields)}
    yield Step(text, path, more, as_app=True, otherwise=plain)


async def done(step: Step, graph: Graph) -> Finding:
    """Do a step, and say how it went."""
    own = app_graph() if step.as_app else None
    try:
        async with own or nullcontext(graph) as caller:
            await caller.post(step.path, step.body, **step.parameters)
    except ChannelError as error:
        if step.otherwise and isinstance(error, RefusedError):
            return await done(step.otherwise, graph)
        return Finding(step.text, f"failed: {error}", remedy(error))
    return Finding(step.text, "done")


async def renewed(setup: Setup) -> Finding:
    """Renew the token of an app, and say how that went."""
    about = "Renew the token"
    try:
        ends_at = await setup.renew()
    except ChannelError as error:
        return Finding(about, f"failed: {error}", "It can be renewed once it is a day old. See how it stands tomorrow.")
    except OSError as error:
        mend = "It has to be kept in DATA_DIR, which cannot be written to."
        return Finding(about, f"failed: {error.strerror or type(error).__name__}", mend)
    return Finding(about, f"done, it is good until {day(ends_at)}. Restart, so that it is used")


def day(moment: datetime) -> str:
    """A moment, as an operator reads it."""
    return date_format(moment, "j F Y, H:i e")
