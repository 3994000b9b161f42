"""Pictures that people ask about: whether they can be here, and what is kept of one."""

from django.conf import settings

from assistant.errors import HeavyPictureError, LargePictureError, PicturePixelsError, UnreadablePictureError
from assistant.llama.pictures import SIDE
from assistant.text_files import is_picture
from imagine.errors import BadUploadError, LargeUploadError, ManyPixelsError
from imagine.files import decoder
from imagine.files.decoder import Decoded

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".heif", ".hif", ".avif", ".bmp", ".tif", ".tiff")
SVG = "image/svg+xml"


def is_on() -> bool:
    """Whether a model that sees is set."""
    return bool(settings.LLAMA_ROLES.get("eyes"))


def is_meant_as_picture(head: bytes, name: str = "", content_type: str = "") -> bool:
    """Whether a file is a picture by its first bytes, or is called one: then it is taken as that or refused.

    An SVG is text, unless it is called something else.
    """
    called = name.lower().endswith(ENDINGS) or (content_type.startswith("image/") and content_type != SVG)
    return is_picture(head) or called


def read_picture(data: bytes) -> Decoded:
    """The picture in a file: upright, without metadata, longest side SIDE at most.

    It waits for a child process: call it in a thread for that. Raises LargePictureError, UnreadablePictureError.
    """
    if len(data) > settings.UPLOAD_BYTES:
        raise HeavyPictureError(f"{len(data)} bytes, {settings.UPLOAD_BYTES} are allowed")
    try:
        return decoder.decode(data, SIDE)
    except ManyPixelsError as error:
        raise PicturePixelsError(str(error)) from error
    except LargeUploadError as error:
        raise LargePictureError(str(error)) from error
    except BadUploadError as error:
        raise UnreadablePictureError(str(error)) from error
