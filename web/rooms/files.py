"""Files of pictures and recordings, for the members who may read the message that they came with."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from assistant.models import RoomFile
from assistant.rooms import events, files
from imagine.models import Picture
from web.http import missing_as_404
from web.pictures.files import serve, serve_file
from web.rooms.access import member_or_404

# A member may be removed: then their browser shows nothing that it kept.
PICTURE_CACHE = "private, no-cache"
# A recording may be played, and that is all that a browser does with a file.
PLAYED = "default-src 'none'; media-src 'self'; base-uri 'none'; frame-ancestors 'none'; sandbox"


@require_safe
def picture_file(request: HttpRequest, room_id: UUID, picture_id: UUID, name: str) -> HttpResponseBase:
    """A file of a picture in an answer that the visitor may read."""
    member = member_or_404(request, room_id)
    found = Picture.objects.filter(pk=picture_id, messages__in=events.readable(member)).first()
    if found is None:
        raise Http404
    return serve(found, name, request, download="download" in request.GET, cache=PICTURE_CACHE)


@require_safe
def room_file(request: HttpRequest, room_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A voice note, video or document of a message that the visitor may read. It opens in no page of ours."""
    member = member_or_404(request, room_id)
    with missing_as_404():
        found = files.own(member, file_id)
    try:
        opened = files.reader(found)
    except FileNotFoundError as error:
        raise Http404 from error
    headers = {
        "Content-Type": found.content_type,
        "Content-Disposition": content_disposition_header(found.kind == RoomFile.Kind.DOCUMENT, found.name) or "inline",
        "Cache-Control": PICTURE_CACHE,
        "Content-Security-Policy": PLAYED,
    }
    return serve_file(request, opened, f"{found.pk}/{found.size}", headers)
