"""The previews of a person's live prompts: published to their pages, and kept for an hour."""

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from redis import Redis

from imagine import keys
from imagine.live import PREVIEW, LivePrompt

if TYPE_CHECKING:
    from PIL.Image import Image

# Bounds what the previews of one person take in Redis.
MOST_PREVIEWS = 60
HISTORY_SECONDS = 3_600
JPEG_QUALITY = 80
# Kind, canvas, number, width, height; the JPEG follows. See docs/protocol.md.
HEADER = struct.Struct(">B16sIHH")


class Preview(NamedTuple):
    """A preview and the live prompt that it was drawn for."""

    prompt: LivePrompt
    jpeg: bytes


def publish(redis: Redis, prompt: LivePrompt, image: "Image") -> None:
    """Publish a preview to its person's pages, and keep it; neither where they left or were erased.

    Raises RedisError.
    """
    if not redis.exists(keys.slot(prompt.person)):
        return
    jpeg = to_jpeg(image)
    header = HEADER.pack(PREVIEW, prompt.canvas.bytes, prompt.number, image.width, image.height)
    pipe = redis.pipeline(transaction=False)
    pipe.publish(keys.person(prompt.person), header + jpeg)
    entry: dict[Any, Any] = {"prompt": prompt.to_bytes(), "jpeg": jpeg}
    pipe.xadd(keys.history(prompt.person), entry, maxlen=MOST_PREVIEWS, approximate=False)
    pipe.expire(keys.history(prompt.person), HISTORY_SECONDS)
    pipe.execute()


def read(redis: Redis, person: UUID, canvas: UUID) -> list[Preview]:
    """The previews of one canvas, oldest first. Raises RedisError."""
    entries = cast(list[tuple[bytes, dict[bytes, bytes]]], redis.xrange(keys.history(person)))
    previews = [Preview(LivePrompt.from_bytes(fields[b"prompt"]), fields[b"jpeg"]) for _, fields in entries]
    return [preview for preview in previews if preview.prompt.canvas == canvas]


def to_jpeg(image: "Image") -> bytes:
    """An image as JPEG: small, and quick to encode."""
    file = BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
