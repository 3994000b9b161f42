"""Uploads of pictures: decoded in child processes, for which threads of their own wait."""

import asyncio
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from assistant.database import in_thread
from imagine import jobs
from imagine.errors import BadUploadError
from imagine.files.decoder import decoders
from imagine.jobs import DecodedUpload
from imagine.models import Picture


async def keep_upload(person: UUID, file: object) -> Picture:
    """Make `file`, as a form carried it, a picture of the person. The quota refuses before anything is decoded.

    Raises BadUploadError, LargeUploadError, BusyDrawingError, TooManyPicturesError.
    """
    if not isinstance(file, UploadedFile):
        raise BadUploadError("no file")
    await in_thread(jobs.check_upload)(person)
    decoded = await asyncio.get_running_loop().run_in_executor(decoders, decode, file)
    return await in_thread(jobs.upload)(person, decoded)


def decode(file: "UploadedFile[bytes]") -> DecodedUpload:
    """Read and decode an uploaded file. Raises BadUploadError, LargeUploadError."""
    return jobs.decode_upload(file.read(settings.UPLOAD_BYTES + 1))
