"""Stands between Playwright and a stock Firefox, as the program that Playwright starts.

Playwright drives the Firefox of the system over WebDriver BiDi (its channel "moz-firefox"), and sets the colours of the
system for every new context, whether or not a test cares. Firefox 153, which Debian ships, does not know that command,
so that no context would ever open. The relay answers this one itself and hands on all others, either way, untouched.
Once Debian's Firefox knows the command this file can go, and Firefox be the `executable_path`.
"""

import asyncio
import json
import re
import sys

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

UNKNOWN = "emulation.setMediaFeaturesOverride"
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


async def run(program: str, *arguments: str) -> int:
    """Start Firefox, and say its address with the port of the relay, which is where Playwright connects then."""
    firefox = await asyncio.create_subprocess_exec(program, *arguments, stderr=asyncio.subprocess.PIPE)
    assert firefox.stderr
    async for line in firefox.stderr:
        text = line.decode(errors="replace")
        if found := LISTENING.search(text):
            text = text.replace(found[1], await listen(found[1]))
        print(text, end="", file=sys.stderr, flush=True)
    return await firefox.wait()


async def listen(address: str) -> str:
    """Take connections for the Firefox at `address`, until the process ends; returns where."""

    async def between(playwright: ServerConnection) -> None:
        # A screenshot comes as one message, however large.
        async with (
            connect(f"{address}/session", proxy=None, max_size=None, compression=None) as firefox,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(commands(playwright, firefox))
            tasks.create_task(answers(firefox, playwright))

    server = await serve(between, "127.0.0.1", 0, max_size=None, compression=None)
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def commands(playwright: ServerConnection, firefox: ClientConnection) -> None:
    async for message in playwright:
        command = json.loads(message)
        if command["method"] == UNKNOWN:
            await playwright.send(json.dumps({"type": "success", "id": command["id"], "result": {}}))
        else:
            await firefox.send(message)
    await firefox.close()


async def answers(firefox: ClientConnection, playwright: ServerConnection) -> None:
    async for message in firefox:
        await playwright.send(message)
    await playwright.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(*sys.argv[1:])))
