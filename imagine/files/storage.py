"""The files of a picture. Only those in SERVED are served, each with a name and a content type of our own."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from imagine.models import Picture

# Without label and marks: what later pictures begin from.
MASTER = "master.png"
# The prefix of the previews that a loop grows from, as older versions have named them.
PREVIEW = "film-"
SERVED: dict[str, str] = {
    "picture.webp": "image/webp",
    "picture.png": "image/png",
    "picture.jpg": "image/jpeg",
    "thumb.webp": "image/webp",
    "loop.mp4": "video/mp4",
    "video.mp4": "video/mp4",
    "loop.gif": "image/gif",
    "loop.webp": "image/webp",
    "sticker.webp": "image/webp",
}


def save(picture: UUID, files: Mapping[str, bytes]) -> None:
    """Store `files`, in place of those of the same name. Raises OSError."""
    store = storages["pictures"]
    for name, data in files.items():
        store.delete(_path(picture, name))
        store.save(_path(picture, name), ContentFile(data))


def load(picture: UUID, name: str) -> bytes:
    """One file's bytes. Raises FileNotFoundError."""
    with storages["pictures"].open(_path(picture, name)) as file:
        data: bytes = file.read()
    return data


def reader(picture: UUID, name: str) -> "File[bytes]":
    """One file, open for reading. Raises FileNotFoundError."""
    return storages["pictures"].open(_path(picture, name))


def names(picture: UUID) -> list[str]:
    """The names of all files of a picture."""
    try:
        return sorted(storages["pictures"].listdir(_folder(picture))[1])
    except FileNotFoundError:
        return []


def keep_only(picture: UUID, wanted: Collection[str]) -> None:
    """Delete all other files of a picture, such as what it was made from. Raises OSError."""
    for name in set(names(picture)) - set(wanted):
        storages["pictures"].delete(_path(picture, name))


def delete(picture: UUID) -> None:
    """Delete all files of a picture. Raises OSError."""
    store = storages["pictures"]
    for name in names(picture):
        store.delete(_path(picture, name))
    store.delete(_folder(picture))


@receiver(post_delete, sender=Picture)
def delete_with_row(instance: Picture, **_: object) -> None:
    """Delete the files with the row, also where it goes by a cascade or in the admin."""
    picture = instance.id
    transaction.on_commit(lambda: delete(picture))


def _folder(picture: UUID) -> str:
    return f"{picture.hex[:2]}/{picture}"


def _path(picture: UUID, name: str) -> str:
    return f"{_folder(picture)}/{name}"
