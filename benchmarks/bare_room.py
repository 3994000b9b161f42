"""A room with nothing around it: what comes by a socket is stored in SQLite and sent to all, in one process.

python -m benchmarks.bare_room --port 9000 --database /tmp/room.sqlite3
"""

import argparse
import json
import sqlite3

from aiohttp import WSMsgType, web


class Room:
    """All who are connected, and the file in which their words stand."""

    def __init__(self, database: str) -> None:
        self._rows = sqlite3.connect(database, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("CREATE TABLE said (number INTEGER PRIMARY KEY, text TEXT)")
        self._sockets: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One socket, until it ends."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await self._say(json.loads(message.data)["text"])
        self._sockets.discard(socket)
        return socket

    async def _say(self, text: str) -> None:
        number = self._rows.execute("INSERT INTO said (text) VALUES (?)", [text]).lastrowid
        message = json.dumps({"type": "event", "kind": "said", "number": number, "html": text})
        for socket in tuple(self._sockets):
            await socket.send_str(message)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    options = parser.parse_args()
    app = web.Application()
    app.router.add_get("/", Room(options.database).serve)
    web.run_app(app, host="127.0.0.1", port=options.port, access_log=None, print=None)


if __name__ == "__main__":
    main()
