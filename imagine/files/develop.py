"""From an image, or the frames of a loop, to the files that are served: labelled, marked, in each format."""

import logging
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from PIL.Image import Image, Resampling

from imagine.errors import ImagineError
from imagine.files import encode, marks
from imagine.files.containers import Form
from imagine.files.storage import MASTER

logger = logging.getLogger(__name__)

THUMB_SIDE = 320
QUALITY = 90
FORMS: dict[str, Form] = {"png": "png", "jpg": "jpeg", "webp": "webp", "gif": "gif", "mp4": "mp4"}


def still_files(image: Image, edited_photo: bool = False) -> dict[str, bytes]:
    """The files of a picture: RGB in, name to bytes out. `edited_photo`: a photograph stood at the beginning.

    Raises HeavyLoopError for one that becomes no sticker.
    """
    return _marked(_still_forms(_labelled(image)), edited_photo) | {MASTER: _encoded(image, "PNG")}


def upload_files(image: Image) -> dict[str, bytes]:
    """The files of an uploaded picture: it was not made here, so it gets no label and no marks.

    Raises HeavyLoopError for one that becomes no sticker.
    """
    return _still_forms(image) | {MASTER: _encoded(image, "PNG")}


def loop_files(frames: Sequence[Image], frame_ms: int, edited_photo: bool = False) -> dict[str, bytes]:
    """The files of a loop, its first frame as its still picture. Raises HeavyLoopError."""
    shown = [_labelled(frame) for frame in frames]
    forms = {
        "loop.mp4": encode.to_mp4(shown, frame_ms),
        "video.mp4": encode.to_messenger_mp4(shown, frame_ms),
        "loop.gif": encode.to_gif(shown, frame_ms),
        "loop.webp": encode.to_webp(shown, frame_ms),
        "sticker.webp": encode.to_sticker(shown, frame_ms),
        "picture.jpg": encode.to_jpeg(shown[0]),
        "thumb.webp": _encoded(_thumb(shown[0]), "WEBP"),
    }
    return {MASTER: _encoded(frames[0], "PNG")} | _marked(forms, edited_photo)


def _still_forms(shown: Image) -> dict[str, bytes]:
    return {
        "picture.png": _encoded(shown, "PNG"),
        "picture.jpg": encode.to_jpeg(shown),
        "picture.webp": _encoded(shown, "WEBP"),
        "thumb.webp": _encoded(_thumb(shown), "WEBP"),
        "sticker.webp": encode.still_sticker(shown),
    }


def _labelled(image: Image) -> Image:
    return marks.label(image, _("Imagined with AI")) if settings.IMAGINE_LABEL else image


def _encoded(image: Image, form: str) -> bytes:
    file = BytesIO()
    image.save(file, form, quality=QUALITY)
    return file.getvalue()


def _thumb(image: Image) -> Image:
    small = image.copy()
    small.thumbnail((THUMB_SIDE, THUMB_SIDE), Resampling.LANCZOS)
    return small


def _marked(files: dict[str, bytes], edited_photo: bool) -> dict[str, bytes]:
    return {name: _mark(data, FORMS[name.rpartition(".")[2]], edited_photo) for name, data in files.items()}


def _mark(data: bytes, form: Form, edited_photo: bool) -> bytes:
    marked = marks.embed(data, form, edited_photo)
    if not settings.IMAGINE_CERTIFICATE:
        return marked
    certificate, key = Path(settings.IMAGINE_CERTIFICATE), Path(settings.IMAGINE_CERTIFICATE_KEY)
    try:
        return marks.sign(marked, form, certificate, key, edited_photo)
    except ImagineError as error:
        # A picture without a signature is better than none; its XMP names its origin all the same.
        logger.warning("a picture was not signed: %s", error)
        return marked
