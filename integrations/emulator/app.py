"""The emulator as one application: control routes, the page, and the Graph API on all other addresses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from integrations.emulator.configuration import Configuration
from integrations.emulator.control import Control
from integrations.emulator.deliveries import Deliveries
from integrations.emulator.fetching import Fetcher
from integrations.emulator.graph import Graph
from integrations.emulator.guard import guard, mark
from integrations.emulator.phones import add_routes
from integrations.emulator.seed import seed
from integrations.emulator.state import PEOPLE, World

# The largest document of WhatsApp as a form; in JSON it is a third larger.
BODY_BYTES = 140 * 1024 * 1024
CONNECTIONS = 256
STOP_SECONDS = 1


@asynccontextmanager
async def application(configuration: Configuration, url: str) -> AsyncIterator[web.Application]:
    """The application, reached at `url`, with its deliveries running until the block ends."""
    world = World(configuration.accounts, url, max(PEOPLE, configuration.people))
    seed(world, configuration.people)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    # No proxy of the environment: everything is on this machine.
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        deliveries = Deliveries(world, configuration.webhook, session)
        graph = Graph(world, deliveries, Fetcher(session), configuration.throughput)
        app = web.Application(middlewares=[guard], client_max_size=BODY_BYTES)
        app.on_response_prepare.append(mark)
        app.add_routes(Control(world, deliveries).routes())
        add_routes(app, world)
        app.router.add_route("*", "/{path:.*}", graph.handle)
        yield app
        await deliveries.close()


@asynccontextmanager
async def listening(configuration: Configuration, port: int) -> AsyncIterator[str]:
    """The emulator on a port of 127.0.0.1, until the block ends. Yields its address. Raises OSError."""
    url = f"http://127.0.0.1:{port}"
    async with application(configuration, url) as app:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield url
        finally:
            await runner.cleanup()
