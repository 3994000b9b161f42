"""Picture files as HTTP responses, whole or by range."""

import asyncio
import re
from collections.abc import AsyncIterator
from hashlib import sha256

from django.conf import settings
from django.core.files.base import File
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.text import slugify

from imagine.files import storage
from imagine.models import Picture

PIECE = 64 * 1024
# A file never changes under its name, and only its owner's browser keeps it.
OWN_CACHE = "private, max-age=31536000, immutable"
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def serve(
    picture: Picture, name: str, request: HttpRequest, download: bool = False, cache: str = OWN_CACHE
) -> HttpResponseBase:
    """One of the picture's files, or the part of it in `Range`. The caller checks who may have it. Sync.

    Raises Http404 where there is no such file.
    """
    file = _open(picture, name)
    content = f"{picture.id}/{name}/{picture.finished_at}/{file.size}"
    headers = {
        "Content-Type": storage.SERVED[name],
        "Content-Disposition": _disposition(picture, name, download),
        "Cache-Control": cache,
    }
    return serve_file(request, file, content, headers)


def serve_file(request: HttpRequest, file: "File[bytes]", content: str, headers: dict[str, str]) -> HttpResponseBase:
    """An open file, or the part of it in `Range`, with these headers. `content` names what is in it, for the ETag.

    Sync; closes the file.
    """
    tag = _tag(content)
    response = get_conditional_response(request, tag) or _answer(request, file, file.size, tag)
    if not response.streaming:
        file.close()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = headers["Cache-Control"]
    if response.status_code in (200, 206):
        response.headers["Accept-Ranges"] = "bytes"
        for name, value in headers.items():
            response.headers[name] = value
    return response


def byte_range(header: str, size: int) -> range | None:
    """The bytes that a `Range` header names in a file of `size` bytes, as RFC 9110, section 14, has it.

    None for all of them: without a header, or with one that may be ignored (several ranges, bad syntax).
    Empty where the range lies outside the file.
    """
    found = RANGE.fullmatch(header)
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _open(picture: Picture, name: str) -> "File[bytes]":
    """One of the files that may leave. Raises Http404."""
    if name not in storage.SERVED:
        raise Http404
    try:
        return storage.reader(picture.id, name)
    except FileNotFoundError as error:
        raise Http404 from error


def _tag(content: str) -> str:
    """The ETag of this content; it discloses nothing about it."""
    return f'"{sha256(content.encode()).hexdigest()[:32]}"'


def _answer(request: HttpRequest, file: "File[bytes]", size: int, tag: str) -> HttpResponseBase:
    """The whole file (200), the requested range (206), headers alone (HEAD), or 416 for a range outside the file."""
    part = None
    if request.method == "GET" and request.headers.get("If-Range", tag) == tag:
        part = byte_range(request.headers.get("Range", ""), size)
    if part is not None and not part:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    shown = part or range(size)
    headers = {"Content-Length": str(len(shown))}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    if part:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return StreamingHttpResponse(_pieces(file, shown), status=206 if part else 200, headers=headers)


async def _pieces(file: "File[bytes]", part: range) -> AsyncIterator[bytes]:
    """The bytes of `part`, read beside the loop; closes the file."""
    with file:
        await asyncio.to_thread(file.seek, part.start)
        left = len(part)
        while left and (piece := await asyncio.to_thread(file.read, min(PIECE, left))):
            left -= len(piece)
            yield piece


def _disposition(picture: Picture, name: str, download: bool) -> str:
    """The file's name for downloads: the site's name, the day, and ours."""
    kept = f"{slugify(settings.SITE_NAME) or 'picture'}-{picture.created_at:%Y-%m-%d}-{name}"
    return f'{"attachment" if download else "inline"}; filename="{kept}"'
