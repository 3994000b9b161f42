"""What the forms that draw do, with a script and without one."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST
from redis.exceptions import RedisError

from assistant.database import in_thread
from assistant.errors import AssistantError, LogUnavailableError
from assistant.models import Person
from imagine import jobs
from imagine.errors import ImagineError, PictureNotFoundError, RefusedInputError, UnableError
from imagine.models import SEEDS, Picture
from imagine.shapes import SQUARE
from web.accounts.identity import address_block, known_person, signed_in, visitor
from web.http import done, error_json, is_fragment, missing_as_404, status_of, whole_number
from web.pictures.pages import imagine_page, picture_page
from web.pictures.status import check_account, painter_status
from web.pictures.uploads import keep_upload
from web.process import current_process

Make = Callable[[UUID], Awaitable[Picture | list[Picture]]]


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
        check_account(await visitor(request))
    except (ImagineError, AssistantError) as error:
        return error_json(error)
    return HttpResponse(status=204)


@require_POST
async def draw_pictures(request: HttpRequest) -> HttpResponse:
    """Pictures out of words."""
    form, count = request.POST, count_of(request, 1)
    style, shape, seed = form.get("style", ""), form.get("shape", SQUARE), seed_of(request)
    return await ask(
        request, in_thread(lambda me: jobs.draw(me, form.get("prompt", ""), style, shape, seed, count)), count
    )


@require_POST
async def keep_preview(request: HttpRequest) -> HttpResponse:
    """A preview that appeared while typing, as it was."""
    return await ask(request, in_thread(lambda me: jobs.keep(me, *preview_of(request))))


@require_POST
async def finish_preview(request: HttpRequest) -> HttpResponse:
    """A large picture of such a preview."""
    return await ask(request, in_thread(lambda me: jobs.finish(me, *preview_of(request))))


@require_POST
async def grow_history(request: HttpRequest) -> HttpResponse:
    """All such previews as a loop."""
    return await ask(request, in_thread(lambda me: jobs.grow(me, uuid_of(request.POST.get("sketch", "")))))


@require_POST
async def upload_picture(request: HttpRequest) -> HttpResponse:
    """A picture that the person sends, to go on from."""
    try:
        await current_process().runtime.limits.count(
            settings.LIMIT_PERSON_UPLOADS, "upload", "person", who(request, await signed_in(request))
        )
    except AssistantError as error:
        return error_json(error)
    return await ask(request, lambda me: keep_upload(me, request.FILES.get("file")))


@require_POST
async def vary_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """More like this."""
    count, shape, seed = count_of(request, jobs.VARIANTS), request.POST.get("shape", ""), seed_of(request)
    return await ask(request, in_thread(lambda me: jobs.vary(me, picture_id, count, shape, seed)), count, picture_id)


@require_POST
async def restyle_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """The same in another style."""
    style = request.POST.get("style", "")
    return await ask(request, in_thread(lambda me: jobs.restyle(me, picture_id, style)), 1, picture_id, redraws=True)


@require_POST
async def edit_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """The same, changed as some words say."""
    words = request.POST.get("words", "")
    return await ask(request, in_thread(lambda me: jobs.edit(me, picture_id, words)), 1, picture_id, redraws=True)


@require_POST
async def animate_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """A loop of it."""
    motion, seconds = request.POST.get("motion", ""), whole_number(request.POST.get("seconds")) or 2
    return await ask(request, in_thread(lambda me: jobs.animate(me, picture_id, motion, seconds)), 1, picture_id)


@require_POST
async def redraw_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Once more, what did not come out."""
    return await ask(request, in_thread(lambda me: jobs.again(me, picture_id)), 1, picture_id)


@require_POST
async def stop_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Draw it no further."""
    return await look_after(request, lambda me: jobs.stop(me, picture_id), "picture", picture_id)


@require_POST
async def delete_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Delete it, with its files and links."""
    return await look_after(request, lambda me: jobs.delete(me, picture_id), "gallery")


async def ask(
    request: HttpRequest, make: Make, count: int = 1, picture_id: UUID | None = None, redraws: bool = False
) -> HttpResponse:
    """Have `count` pictures made, and show them; or say why not, on the page of `picture_id` if there is one."""
    try:
        made = await have_made(request, make, count, redraws)
    except (ImagineError, AssistantError) as error:
        if is_fragment(request):
            return error_json(error)
        if picture_id is not None and not isinstance(error, PictureNotFoundError):
            return await picture_page(request, picture_id, str(error.sentence), status_of(error))
        return await imagine_page(request, str(error.sentence), status_of(error))
    if not is_fragment(request):
        return redirect("picture", made[0].id)
    return await in_thread(render)(request, "_pictures.html", {"pictures": made}, status=201)


async def have_made(request: HttpRequest, make: Make, count: int, redraws: bool) -> list[Picture]:
    """Raises ImagineError, AssistantError."""
    painter = await painter_status()
    painter.check()
    if redraws and painter.is_ready and not painter.can_redraw:
        raise UnableError("the checkpoint begins from no picture")
    person = await visitor(request)
    check_account(person)
    await current_process().runtime.limits.count_pictures(person, address_block(request), count)
    try:
        made = await make(person.id)
    except (RedisError, OSError, TimeoutError) as trouble:
        raise LogUnavailableError(str(trouble)) from trouble
    return made if isinstance(made, list) else [made]


async def look_after(request: HttpRequest, act: Callable[[UUID], None], page: str, *arguments: object) -> HttpResponse:
    """Do something to one's own picture, then go to the named page. A script gets no content."""
    person = await known_person(request)
    try:
        with missing_as_404():
            await in_thread(act)(person.id)
    except (RedisError, OSError, TimeoutError) as error:
        return error_json(LogUnavailableError(str(error)))
    return done(request, page, *arguments)


def preview_of(request: HttpRequest) -> tuple[UUID, int]:
    """The canvas and the number of a preview. Raises RefusedInputError."""
    number = whole_number(request.POST.get("number"))
    if number is None:
        raise RefusedInputError("no number of a preview")
    return uuid_of(request.POST.get("sketch", "")), number


def uuid_of(text: str) -> UUID:
    """Raises RefusedInputError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise RefusedInputError("no id") from error


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


urlpatterns = [
    path("imagine/", imagine, name="imagine"),
    path("imagine/begin", begin, name="imagine_begin"),
    path("imagine/draw", draw_pictures, name="draw_pictures"),
    path("imagine/keep", keep_preview, name="keep_preview"),
    path("imagine/finish", finish_preview, name="finish_preview"),
    path("imagine/grow", grow_history, name="grow_history"),
    path("imagine/upload", upload_picture, name="upload_picture"),
    path("p/<uuid:picture_id>/vary", vary_picture, name="vary_picture"),
    path("p/<uuid:picture_id>/restyle", restyle_picture, name="restyle_picture"),
    path("p/<uuid:picture_id>/edit", edit_picture, name="edit_picture"),
    path("p/<uuid:picture_id>/animate", animate_picture, name="animate_picture"),
    path("p/<uuid:picture_id>/again", redraw_picture, name="redraw_picture"),
    path("p/<uuid:picture_id>/stop", stop_picture, name="stop_picture"),
    path("p/<uuid:picture_id>/delete", delete_picture, name="delete_picture"),
]
