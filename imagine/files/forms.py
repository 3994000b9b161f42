"""The forms in which a picture goes to messengers, each within what WhatsApp, Messenger and Instagram take.

The painter has made all of them when a picture is done, with its label and marks: so nothing is encoded while somebody
waits, and no process but the painter needs the packages for that. See docs/decisions/0006-pictures.md.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from imagine.errors import FormMissingError
from imagine.files import storage
from imagine.models import Picture

MessengerForm = Literal["still", "video", "gif", "sticker"]

# In the order in which they are looked for: older versions made no video with sound.
NAMES: Mapping[MessengerForm, tuple[str, ...]] = {
    "still": ("picture.jpg",),
    "video": ("video.mp4", "loop.mp4"),
    "gif": ("loop.gif",),
    "sticker": ("sticker.webp",),
}


class FormFile(NamedTuple):
    """A file as it is sent: a name of ours, its content type, its bytes, 16 MB at most."""

    name: str
    content_type: str
    data: bytes


def name_of(picture: Picture, form: MessengerForm) -> str:
    """The name of the picture's file of that form, for `storage.load` and `storage.reader`.

    "still" is a JPEG (of a loop its first frame), "video" an MP4 and "gif" a GIF of a loop, "sticker" a WebP, animated
    for a loop. Raises FormMissingError where there is none: the picture is not done, or does not move.
    """
    found = next((name for name in NAMES[form] if name in picture.files), None)
    if picture.status != Picture.Status.DONE or found is None:
        raise FormMissingError(f"picture {picture.id}, {picture.status}, has no {form}")
    return found


def load(picture: Picture, form: MessengerForm) -> FormFile:
    """The picture's file of that form. Raises FormMissingError, also where the file is gone."""
    name = name_of(picture, form)
    try:
        return FormFile(name, storage.SERVED[name], storage.load(picture.id, name))
    except FileNotFoundError as error:
        raise FormMissingError(f"picture {picture.id} lost its {name}") from error
