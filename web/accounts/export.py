"""Everything kept about a person as a ZIP, packed while it is sent: it is never whole, in memory or on disk."""

import asyncio
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.urls import reverse
from django.utils import timezone

from assistant import people
from assistant.database import in_chunks, in_thread
from assistant.models import Attachment, Person, RoomFile
from assistant.rooms import files as room_files
from assistant.rooms import records as rooms
from imagine.files import storage
from imagine.models import Picture
from integrations import records

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

PIECE = 64 * 1024
PICTURE_CHUNK = 50
# With their text, in memory at once.
ATTACHMENT_CHUNK = 2
# How many archives are packed at the same moment. The others wait for a piece's time, not for a whole archive's.
PACKED_AT_ONCE = 2

packers = ThreadPoolExecutor(PACKED_AT_ONCE, thread_name_prefix="packer")


class Outlet:
    """The file that an archive is written to: it keeps what was written until that is taken."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is behind it."""

    def close(self) -> None:
        """Nothing is behind it."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._written = bytes(self._written), bytearray()
        return taken


async def archive(person: Person) -> AsyncIterator[bytes]:
    """The ZIP, in pieces: profile, conversations, rooms, pictures, links, memories, keys, apps as JSON; then files,
    those of rooms, and pictures' best files.

    Rows are read in the database's threads and files in the packers'. Between two pieces, while the client reads,
    it holds no thread and no connection, at most one open file.
    """
    outlet = Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, texts in documents(person).items():
            with packed.open(name, "w", force_zip64=True) as entry:
                while text := await next_text(texts):
                    await in_packer(entry.write, text)
                    yield outlet.take()
        files = in_chunks(people.kept_files(person), ATTACHMENT_CHUNK)
        while attachment := await next_attachment(files):
            name = f"attachments/{attachment.id}{'.jpg' if attachment.is_picture else '.txt'}"
            await in_packer(packed.writestr, name, await content_of(attachment))
            yield outlet.take()
        sent = in_chunks(person.room_files.order_by("created_at", "id"), PICTURE_CHUNK)
        while room_file := await next_room_file(sent):
            file = await in_packer(open_sent, room_file)
            if file is None:
                continue
            with file, packed.open(f"rooms/{room_file.id}-{room_file.name}", "w") as entry:
                while await in_packer(copy_piece, file, entry):
                    yield outlet.take()
        pictures = pictures_of(person)
        while picture := await next_picture(pictures):
            file = await in_packer(open_best, picture)
            if file is None:
                continue
            with file, packed.open(entry_for(picture, file), "w") as entry:
                while await in_packer(copy_piece, file, entry):
                    yield outlet.take()
    yield outlet.take()


async def in_packer(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`work` in one of the packers' threads."""
    return await asyncio.get_running_loop().run_in_executor(packers, lambda: work(*args, **kwargs))


def documents(person: Person) -> dict[str, Iterator[str]]:
    """The JSON files of an archive by name, each in pieces."""
    profile = json.dumps(people.profile(person), ensure_ascii=False, indent=1)
    return {
        "profile.json": iter([profile]),
        "conversations.json": people.conversations_json(person, picture_url),
        "rooms.json": rooms.said_json(person),
        "pictures.json": people.pictures_json(person),
        "links.json": people.links_json(person),
        "memories.json": people.memories_json(person),
        "api_keys.json": people.api_keys_json(person),
        "apps.json": records.apps_json(person),
    }


def picture_url(picture: UUID) -> str:
    """The address of a picture's page, as files name it that are read elsewhere."""
    return settings.SITE_URL + reverse("picture", args=[picture])


@in_thread
def next_text(texts: Iterator[str]) -> bytes:
    """What comes next, about PIECE bytes; nothing at the end."""
    found = bytearray()
    for text in texts:
        found += text.encode()
        if len(found) >= PIECE:
            break
    return bytes(found)


def pictures_of(person: Person) -> Iterator[Picture]:
    """The person's finished pictures, oldest first."""
    done = people.kept_pictures(person).filter(status=Picture.Status.DONE)
    return in_chunks(done.order_by("created_at", "id"), PICTURE_CHUNK)


@in_thread
def next_attachment(files: Iterator[Attachment]) -> Attachment | None:
    """The attachment that comes next; None at the end."""
    return next(files, None)


@in_thread
def content_of(file: Attachment) -> str | bytes:
    """The text of an attachment, or its picture."""
    return bytes(file.picture.data) if file.is_picture else file.text


@in_thread
def next_room_file(files: Iterator[RoomFile]) -> RoomFile | None:
    """The voice note, video or document that comes next; None at the end."""
    return next(files, None)


def open_sent(file: RoomFile) -> "File[bytes] | None":
    """What somebody sent in a room, open for reading; None where it is missing."""
    try:
        return room_files.reader(file)
    except FileNotFoundError:
        return None


@in_thread
def next_picture(pictures: Iterator[Picture]) -> Picture | None:
    """The picture that comes next; None at the end."""
    return next(pictures, None)


def best_name(picture: Picture) -> str:
    """The file that shows a picture in its best form."""
    return "loop.mp4" if picture.moves else "picture.png"


def open_best(picture: Picture) -> "File[bytes] | None":
    """A picture's best file, open for reading; None where it is missing."""
    try:
        return storage.reader(picture.id, best_name(picture))
    except FileNotFoundError:
        logger.warning("picture %s has no file to export", picture.id)
        return None


def entry_for(picture: Picture, file: "File[bytes]") -> zipfile.ZipInfo:
    """How a picture's file stands in the archive: stored, as it is compressed already."""
    made_at = timezone.localtime(picture.created_at).timetuple()[:6]
    entry = zipfile.ZipInfo(f"pictures/{picture.id}/{best_name(picture)}", made_at)
    # Only files beyond 2 GB need the larger form of an entry, which not all programs read.
    entry.file_size = file.size
    return entry


def copy_piece(file: "File[bytes]", entry: IO[bytes]) -> bool:
    """Copy one piece of a file; False at its end."""
    piece = file.read(PIECE)
    entry.write(piece)
    return bool(piece)
