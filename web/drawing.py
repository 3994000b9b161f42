"""What the forms that draw do, with a script and without one."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST
from redis.exceptions import RedisError

from assistant.database import in_thread
from assistant.errors import AccountNeededError, AssistantError, LogUnavailableError
from assistant.models import Person
from imagine import jobs
from imagine.errors import (
    AwayError,
    BadUploadError,
    BusyDrawingError,
    CheckpointError,
    ImagineError,
    PictureNotFoundError,
    RefusedInputError,
    TooManyPicturesError,
    UnableError,
)
from imagine.models import SEEDS, Picture
from imagine.shapes import SQUARE
from web import studio
from web.identity import address_block, signed_in
from web.limits import LimitedError
from web.pictures import imagine_page, picture_page
from web.running import current
from web.views import known_person, person_of, whole_number

Make = Callable[[UUID], Picture | list[Picture]]
Trouble = ImagineError | AssistantError
STATUSES: dict[type[Trouble], int] = {
    PictureNotFoundError: 404,
    LimitedError: 429,
    BusyDrawingError: 429,
    TooManyPicturesError: 409,
    AccountNeededError: 403,
    RefusedInputError: 400,
    LogUnavailableError: 503,
    CheckpointError: 503,
    AwayError: 503,
}


@require_http_methods(["GET", "HEAD", "POST"])
async def imagine(request: HttpRequest) -> HttpResponse:
    """Where pictures are drawn; its form draws where no script runs."""
    if request.method == "POST":
        return await draw_pictures(request)
    return await imagine_page(request)


@require_POST
async def begin(request: HttpRequest) -> HttpResponse:
    """Make the visitor a guest, who can open the socket."""
    try:
        studio.can_draw(await person_of(request))
    except (ImagineError, AssistantError) as error:
        return refuse(error)
    return HttpResponse(status=204)


@require_POST
async def draw_pictures(request: HttpRequest) -> HttpResponse:
    """Pictures out of words."""
    form, count = request.POST, count_of(request, 1)
    style, shape, seed = form.get("style", ""), form.get("shape", SQUARE), seed_of(request)
    return await ask(request, lambda me: jobs.draw(me, form.get("prompt", ""), style, shape, seed, count), count)


@require_POST
async def keep_frame(request: HttpRequest) -> HttpResponse:
    """A frame that appeared while typing, as it was."""
    return await ask(request, lambda me: jobs.keep(me, *frame_of(request)))


@require_POST
async def finish_frame(request: HttpRequest) -> HttpResponse:
    """A large picture of such a frame."""
    return await ask(request, lambda me: jobs.finish(me, *frame_of(request)))


@require_POST
async def grow_film(request: HttpRequest) -> HttpResponse:
    """All such frames as a loop."""
    return await ask(request, lambda me: jobs.grow(me, uuid_of(request.POST.get("sketch", ""))))


@require_POST
async def upload_picture(request: HttpRequest) -> HttpResponse:
    """A picture that the person sends, to go on from."""
    try:
        await current().limits.count(
            settings.LIMIT_PERSON_UPLOADS, "upload", "person", who(request, await signed_in(request))
        )
    except AssistantError as error:
        return refuse(error)
    return await ask(request, lambda me: jobs.upload(me, sent_file(request)))


@require_POST
async def vary_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """More like this."""
    count, shape, seed = count_of(request, jobs.VARIANTS), request.POST.get("shape", ""), seed_of(request)
    return await ask(request, lambda me: jobs.vary(me, picture_id, count, shape, seed), count, picture_id)


@require_POST
async def restyle_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """The same in another style."""
    style = request.POST.get("style", "")
    return await ask(request, lambda me: jobs.restyle(me, picture_id, style), 1, picture_id, redraws=True)


@require_POST
async def edit_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """The same, changed as some words say."""
    words = request.POST.get("words", "")
    return await ask(request, lambda me: jobs.edit(me, picture_id, words), 1, picture_id, redraws=True)


@require_POST
async def animate_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """A loop of it."""
    motion, seconds = request.POST.get("motion", ""), whole_number(request.POST.get("seconds")) or 2
    return await ask(request, lambda me: jobs.animate(me, picture_id, motion, seconds), 1, picture_id)


@require_POST
async def redraw_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Once more, what did not come out."""
    return await ask(request, lambda me: jobs.again(me, picture_id), 1, picture_id)


@require_POST
async def stop_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Draw it no further."""
    return await look_after(request, lambda me: jobs.stop(me, picture_id), redirect("picture", picture_id))


@require_POST
async def delete_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Delete it, with its files and links."""
    return await look_after(request, lambda me: jobs.delete(me, picture_id), redirect("gallery"))


# Small helps


async def ask(
    request: HttpRequest, make: Make, count: int = 1, picture_id: UUID | None = None, redraws: bool = False
) -> HttpResponse:
    """Have `count` pictures made, and show them; or say why not, on the page of `picture_id` if there is one."""
    try:
        made = await have_made(request, make, count, redraws)
    except (ImagineError, AssistantError) as error:
        if "X-Fragment" in request.headers:
            return refuse(error)
        if picture_id is not None and not isinstance(error, PictureNotFoundError):
            return await picture_page(request, picture_id, str(error.sentence), status_of(error))
        return await imagine_page(request, str(error.sentence), status_of(error))
    if "X-Fragment" not in request.headers:
        return redirect("picture", made[0].id)
    return await in_thread(render)(request, "_pictures.html", {"pictures": made}, status=201)


async def have_made(request: HttpRequest, make: Make, count: int, redraws: bool) -> list[Picture]:
    """Raises ImagineError, AssistantError."""
    found = await studio.look()
    studio.must_draw(found)
    if redraws and found and found.is_ready and not found.can_redraw:
        raise UnableError("the checkpoint begins from no picture")
    person = await person_of(request)
    studio.can_draw(person)
    await current().limits.count_pictures(person, address_block(request), count)
    try:
        made = await in_thread(make)(person.id)
    except (RedisError, OSError, TimeoutError) as trouble:
        raise LogUnavailableError(str(trouble)) from trouble
    return made if isinstance(made, list) else [made]


async def look_after(request: HttpRequest, act: Callable[[UUID], None], then: HttpResponse) -> HttpResponse:
    """Do something to one's own picture; a script hears nothing but that it is done."""
    person = await known_person(request)
    try:
        await in_thread(act)(person.id)
    except PictureNotFoundError as error:
        raise Http404 from error
    except (RedisError, OSError, TimeoutError):
        return refuse(LogUnavailableError())
    return HttpResponse(status=204) if "X-Fragment" in request.headers else then


def frame_of(request: HttpRequest) -> tuple[UUID, int]:
    """The sketch and the number of a frame. Raises RefusedInputError."""
    number = whole_number(request.POST.get("number"))
    if number is None:
        raise RefusedInputError("no number of a frame")
    return uuid_of(request.POST.get("sketch", "")), number


def uuid_of(text: str) -> UUID:
    """Raises RefusedInputError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise RefusedInputError("no id") from error


def sent_file(request: HttpRequest) -> bytes:
    """What was uploaded. Raises BadUploadError."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise BadUploadError("no file")
    data: bytes = file.read(settings.UPLOAD_BYTES + 1)
    return data


def who(request: HttpRequest, person: Person | None) -> str:
    """Whose uploads are counted: the person's, or those of everybody who comes from an address without being known."""
    return str(person.id) if person else address_block(request)


def seed_of(request: HttpRequest) -> int | None:
    """The seed that is asked for; None for a new one."""
    text = request.POST.get("seed", "")
    seed = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
    return seed if seed is not None and seed < SEEDS else None


def count_of(request: HttpRequest, default: int) -> int:
    """How many pictures are asked for."""
    return min(max(whole_number(request.POST.get("count")) or default, 1), jobs.MOST_AT_ONCE)


def refuse(error: Trouble) -> JsonResponse:
    """The error for a script."""
    fields = {"code": error.code, "sentence": str(error.sentence), "retry": error.retry}
    return JsonResponse(fields, status=status_of(error))


def status_of(error: Trouble) -> int:
    """The HTTP status for an error."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 409)


urlpatterns = [
    path("imagine/", imagine, name="imagine"),
    path("imagine/begin", begin, name="imagine_begin"),
    path("imagine/draw", draw_pictures, name="draw_pictures"),
    path("imagine/keep", keep_frame, name="keep_frame"),
    path("imagine/finish", finish_frame, name="finish_frame"),
    path("imagine/grow", grow_film, name="grow_film"),
    path("imagine/upload", upload_picture, name="upload_picture"),
    path("p/<uuid:picture_id>/vary", vary_picture, name="vary_picture"),
    path("p/<uuid:picture_id>/restyle", restyle_picture, name="restyle_picture"),
    path("p/<uuid:picture_id>/edit", edit_picture, name="edit_picture"),
    path("p/<uuid:picture_id>/animate", animate_picture, name="animate_picture"),
    path("p/<uuid:picture_id>/again", redraw_picture, name="redraw_picture"),
    path("p/<uuid:picture_id>/stop", stop_picture, name="stop_picture"),
    path("p/<uuid:picture_id>/delete", delete_picture, name="delete_picture"),
]
