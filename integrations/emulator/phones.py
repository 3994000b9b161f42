"""The page with the phones: its files, its socket, the media on it. `guard.py` keeps other sites out."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from integrations.emulator import ogg
from integrations.emulator.actions import Message, act, find_person, find_thread
from integrations.emulator.groups import Groups
from integrations.emulator.snapshot import changed, snapshot, traffic
from integrations.emulator.state import FILE_BYTES, World
from integrations.emulator.things import ActionError, Change, Media, Thread

Json = dict[str, Any]
PAGE = Path(__file__).parent / "page"
# Read once: no path of a request ever reaches the disk.
FILES = {path.relative_to(PAGE).as_posix(): path.read_bytes() for path in PAGE.rglob("*") if path.is_file()}
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

SOCKETS = 20
# Files that are taken in at once; each may be large.
UPLOADS = 2
MESSAGE_BYTES = 512 * 1024
SEND_SECONDS = 10
HEARTBEAT_SECONDS = 20
# Waiting changes of one page; each is the newest of its thing, so more than these means that much has happened.
PENDING = 2_000

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
MEDIA_CSP = "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
# What the page shows in place; everything else is only downloaded.
SHOWN = re.compile(r"image/(jpeg|png|webp|gif)|(video|audio)/[\w.+-]+")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def add_routes(app: web.Application, world: World) -> None:
    """Let the application serve the page."""
    phones = Phones(world)
    app.add_routes(
        [
            web.get("/", phones.index),
            web.get("/page/{path:.+}", phones.file),
            web.get("/phones/socket", phones.socket),
            web.post("/phones/media", phones.upload),
            web.get("/phones/media/{media}", phones.media),
        ]
    )
    app.on_shutdown.append(phones.close)


class Phones:
    """The routes of the page."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups = Groups(world)
        self._pages: set[_Page] = set()
        self._uploads = asyncio.Semaphore(UPLOADS)

    async def index(self, request: web.Request) -> web.Response:
        return _file("index.html")

    async def file(self, request: web.Request) -> web.Response:
        return _file(request.match_info["path"])

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """A page that is open: a snapshot, then changes; actions come back."""
        if len(self._pages) >= SOCKETS:
            raise web.HTTPServiceUnavailable(text="Too many pages are open.")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=MESSAGE_BYTES)
        page = _Page(socket, self._world, self._watch, self._watch_group)
        self._pages.add(page)
        try:
            await socket.prepare(request)
            await page.run()
        finally:
            self._pages.discard(page)
            for thread_id in page.watched:
                self._watch(find_thread(self._world, thread_id))
            for group_id, person_id in page.watched_groups:
                self._watch_group(group_id, person_id)
        return socket

    def _watch(self, thread: Thread) -> None:
        """A chat is open while any page shows it."""
        watched = any(thread.id in page.watched for page in self._pages)
        if watched != thread.open:
            self._world.set_open(thread, watched)

    def _watch_group(self, group_id: str, person_id: str) -> None:
        """The same for a group on the phone of a person; one that is gone is let be."""
        watched = any((group_id, person_id) in page.watched_groups for page in self._pages)
        group = self._world.groups.get(group_id)
        if group and watched != (person_id in group.open):
            self._groups.set_open(group, find_person(self._world, person_id), watched)

    async def upload(self, request: web.Request) -> web.Response:
        """A file that a person sends: the body is the file, the query says what it is."""
        query = request.query
        async with self._uploads:
            data = await _body(request)
        mime = request.content_type
        kind, voice, name = query.get("kind", ""), query.get("voice") == "1", query.get("name", "")
        try:
            in_group = "group" in query
            if in_group:
                group = self._groups.find(query["group"])
                person = find_person(self._world, query.get("person", ""))
            else:
                thread = find_thread(self._world, query.get("thread", ""))
            if voice:
                data, mime, name = await asyncio.to_thread(_voice_note, data, mime, name)
            caption, reply_to = query.get("caption", ""), query.get("reply_to") or None
            # The kinds are checked there.
            if in_group:
                self._groups.send_media(
                    group,
                    person,
                    kind,  # type: ignore[arg-type]
                    data,
                    mime,
                    name,
                    caption,
                    voice,
                    reply_to or "",
                )
                return web.Response(status=204)
            self._world.send_media(thread, kind, data, mime, name, caption, voice, reply_to)  # type: ignore[arg-type]
        except ActionError as error:
            return web.Response(status=409, text=str(error))
        return web.Response(status=204)

    async def media(self, request: web.Request) -> web.Response:
        """A file in a bubble."""
        media = self._world.media.get(request.match_info["media"])
        if media is None:
            raise web.HTTPNotFound
        return _media(media, request.headers.get("Range", ""))

    async def close(self, app: web.Application) -> None:
        """The emulator ends."""
        for page in list(self._pages):
            await page.close()


class _Page:
    """One open page. What waits to be sent is kept by thing, newest state last: a slow page gets fewer changes."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        world: World,
        watch: Callable[[Thread], None],
        watch_group: Callable[[str, str], None],
    ) -> None:
        """`watch` is called when the page begins or ends to show a chat; `watched` are the ids of those it shows.

        The same for groups, with the person who looks.
        """
        self.watched: set[str] = set()
        self.watched_groups: set[tuple[str, str]] = set()
        self._watch_group = watch_group
        self._socket = socket
        self._world = world
        self._watch = watch
        self._pending: dict[tuple[object, ...], Change] = {}
        self._news = asyncio.Event()
        self._behind = False

    async def run(self) -> None:
        unsubscribe = self._world.subscribe(self._note)
        sender = asyncio.create_task(self._send_all())
        try:
            async for message in self._socket:
                if message.type == WSMsgType.TEXT:
                    await self._take(message.data)
        finally:
            unsubscribe()
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def close(self) -> None:
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    def _note(self, change: Change) -> None:
        about = change.exchange and tuple(change.exchange.about)
        things = (change.person, change.thread, change.group, change.bubble, change.post)
        key = (change.kind, *(thing and thing.id for thing in things), change.account and change.account.app, about)
        self._pending.pop(key, None)
        self._pending[key] = change
        if len(self._pending) > PENDING:
            self._pending.clear()
            self._behind = True
        self._news.set()

    async def _send_all(self) -> None:
        """A snapshot, then what has changed since; a page that cannot follow gets a snapshot again."""
        try:
            await self._send(snapshot(self._world))
            while True:
                await self._news.wait()
                self._news.clear()
                pending, self._pending = self._pending, {}
                if self._behind:
                    self._behind = False
                    await self._send(snapshot(self._world))
                for change in pending.values():
                    for message in changed(self._world, change):
                        await self._send(message)
        except (TimeoutError, ConnectionError):
            # It is gone, or takes nothing: it reconnects and gets a snapshot.
            await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER)

    async def _send(self, message: Json) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self._socket.send_json(message)

    async def _take(self, text: str) -> None:
        try:
            message = Message(json.loads(text))
            match message.text("type"):
                case "look":
                    await self._send(traffic(self._world, message.text("about")))
                case "watch" if message.has("group"):
                    self._watch_in_group(message)
                case "watch":
                    thread = find_thread(self._world, message.text("thread"))
                    (self.watched.add if message.flag("open") else self.watched.discard)(thread.id)
                    self._watch(thread)
                case _:
                    act(self._world, message)
        except (ValueError, RecursionError):
            await self._send({"type": "problem", "text": "This message cannot be read."})
        except ActionError as error:
            await self._send({"type": "problem", "text": str(error)})

    def _watch_in_group(self, message: Message) -> None:
        group = Groups(self._world).find(message.text("group"))
        looking = group.id, find_person(self._world, message.text("person")).id
        (self.watched_groups.add if message.flag("open") else self.watched_groups.discard)(looking)
        self._watch_group(*looking)


def _file(path: str) -> web.Response:
    if path not in FILES:
        raise web.HTTPNotFound
    kind = TYPES[path.rpartition(".")[2]]
    headers = {**HEADERS, "Content-Security-Policy": PAGE_CSP, "Cross-Origin-Opener-Policy": "same-origin"}
    return web.Response(body=FILES[path], content_type=kind, charset="utf-8", headers=headers)


async def _body(request: web.Request) -> bytes:
    """The whole body. Raises HTTPRequestEntityTooLarge."""
    parts = bytearray()
    async for part in request.content.iter_chunked(64 * 1024):
        parts += part
        if len(parts) > FILE_BYTES:
            raise web.HTTPRequestEntityTooLarge(FILE_BYTES, len(parts))
    return bytes(parts)


def _voice_note(data: bytes, mime: str, name: str) -> tuple[bytes, str, str]:
    """A recording of the browser as phones record: WebM becomes Ogg."""
    if mime not in ("audio/webm", "video/webm"):
        return data, "audio/ogg; codecs=opus" if mime == "audio/ogg" else mime, name
    try:
        return ogg.from_webm(data), "audio/ogg; codecs=opus", "voice.ogg"
    except ogg.NotOpusError as error:
        raise ActionError("This recording cannot be read.") from error


def _media(media: Media, wanted: str) -> web.Response:
    mime = media.mime.partition(";")[0].strip().lower()
    shown = SHOWN.fullmatch(mime) is not None
    headers = {
        **HEADERS,
        "Content-Security-Policy": MEDIA_CSP,
        "Content-Type": mime if shown else "application/octet-stream",
        "Content-Disposition": "inline" if shown else "attachment",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
    }
    size = len(media.data)
    # Players ask for a part, and some play nothing without getting it.
    if not (asked := RANGE.fullmatch(wanted)):
        return web.Response(body=media.data, headers=headers)
    first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
    if first > last:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return web.Response(status=206, body=media.data[first : last + 1], headers=headers)
