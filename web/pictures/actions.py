"""The forms that make and change pictures, with JavaScript and without."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.guard.counts import judge_prompt
from assistant.models import Person
from assistant.usage import payer_of
from imagine import jobs, safety
from imagine.errors import ImagineError, PictureNotFoundError, RefusedInputError, UnableError
from imagine.models import SEEDS, Picture
from imagine.prompts import clean_negative, clean_prompt
from imagine.shapes import SQUARE
from imagine.status import PainterStatus
from web.accounts.identity import known_person, signed_in, visitor
from web.accounts.terms import take_agreement
from web.addresses import address_block
from web.http import (
    ProductError,
    done,
    error_json,
    error_page,
    is_fragment,
    missing_as_404,
    redis_as_unavailable,
    status_of,
    whole_number,
)
from web.pictures.pages import imagine_page, picture_page
from web.pictures.status import check_account, painter_status
from web.pictures.uploads import keep_upload
from web.process import current_process

# For a person, and out of what is drawn in place of what they typed, which may be empty.
Make = Callable[[UUID, str], Awaitable[Picture | list[Picture]]]


class Asked(NamedTuple):
    """What is to be seen in what a person requests, and the part of it that they typed now."""

    whole: str
    typed: str


Words = Callable[[UUID], Asked]


@require_http_methods(["GET", "HEAD", "POST"])
async def imagine(request: HttpRequest) -> HttpResponse:
    """The page where pictures are drawn; its form draws where no script runs."""
    if request.method == "POST":
        return await draw_pictures(request)
    return await imagine_page(request)


@require_POST
async def begin(request: HttpRequest) -> HttpResponse:
    """Make the visitor a guest, as the socket needs one."""
    try:
        check_account(await visitor(request))
    except (ImagineError, AssistantError) as error:
        return error_json(error)
    return HttpResponse(status=204)


@require_POST
async def draw_pictures(request: HttpRequest) -> HttpResponse:
    """Draw pictures out of words."""
    form, count = request.POST, count_of(request, 1)
    prompt, style, shape, seed = (
        form.get("prompt", ""),
        form.get("style", ""),
        form.get("shape", SQUARE),
        seed_of(request),
    )
    without = form.get("without", "")
    make = in_thread(lambda person, drawn: jobs.draw(person, prompt, style, shape, seed, count, drawn, without))

    def words(_person: UUID) -> Asked:
        typed = clean_prompt(prompt)
        negative = clean_negative(without, typed)
        return Asked(f"{typed}, without {negative}" if negative else typed, typed)

    return await make_and_show(request, make, count, words=words)


@require_POST
async def keep_preview(request: HttpRequest) -> HttpResponse:
    """Keep a preview of the history as it is."""
    make = in_thread(lambda person, _drawn: jobs.keep(person, *preview_of(request)))
    return await make_and_show(
        request,
        make,
        draws=False,
        words=lambda person: alone(jobs.words_of_preview(person, *preview_of(request))),
    )


@require_POST
async def finish_preview(request: HttpRequest) -> HttpResponse:
    """Draw a large picture from a preview of the history."""
    make = in_thread(lambda person, drawn: jobs.finish(person, *preview_of(request), drawn))
    return await make_and_show(
        request, make, words=lambda person: alone(jobs.words_of_preview(person, *preview_of(request)))
    )


@require_POST
async def grow_history(request: HttpRequest) -> HttpResponse:
    """Make a loop of all previews of a canvas."""
    canvas = request.POST.get("sketch", "")
    make = in_thread(lambda person, _drawn: jobs.grow(person, uuid_of(canvas)))

    def words(person: UUID) -> Asked:
        whole = jobs.words_of_history(person, uuid_of(canvas))
        # Each is a beginning of the next one.
        return Asked(whole, whole.rpartition("\n")[2])

    return await make_and_show(request, make, words=words)


@require_POST
async def upload_picture(request: HttpRequest) -> HttpResponse:
    """Keep an uploaded picture, to go on from."""
    limits = current_process().runtime.limits
    try:
        person = await signed_in(request)
        await limits.count_use(settings.LIMIT_PERSON_UPLOADS, "upload", person, address_block(request))
    except AssistantError as error:
        return await show_error(request, error)
    return await make_and_show(request, lambda person, _drawn: keep_upload(person, request.FILES.get("file")))


@require_POST
async def vary_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Draw variants."""
    count, shape, seed = count_of(request, jobs.VARIANTS), request.POST.get("shape", ""), seed_of(request)
    return await make_and_show(
        request, in_thread(lambda person, _drawn: jobs.vary(person, picture_id, count, shape, seed)), count, picture_id
    )


@require_POST
async def restyle_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Redraw it in another style."""
    style = request.POST.get("style", "")
    return await make_and_show(
        request, in_thread(lambda person, _drawn: jobs.restyle(person, picture_id, style)), 1, picture_id, redraws=True
    )


@require_POST
async def edit_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Redraw it, changed as some words say."""
    words = request.POST.get("words", "")
    make = in_thread(lambda person, drawn: jobs.edit(person, picture_id, words, drawn))

    def asked(person: UUID) -> Asked:
        return Asked(jobs.words_of_edit(person, picture_id, words), clean_prompt(words))

    return await make_and_show(request, make, 1, picture_id, redraws=True, words=asked)


@require_POST
async def animate_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Make a loop of it."""
    motion, seconds = request.POST.get("motion", ""), whole_number(request.POST.get("seconds")) or 2
    return await make_and_show(
        request, in_thread(lambda person, _drawn: jobs.animate(person, picture_id, motion, seconds)), 1, picture_id
    )


@require_POST
async def redraw_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Retry one that failed or was stopped."""
    return await make_and_show(request, in_thread(lambda person, _drawn: jobs.again(person, picture_id)), 1, picture_id)


@require_POST
async def stop_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Cancel its drawing."""
    return await change_picture(request, lambda person: jobs.stop(person, picture_id), "picture", picture_id)


@require_POST
async def delete_picture(request: HttpRequest, picture_id: UUID) -> HttpResponse:
    """Delete it, with its files and links."""
    return await change_picture(request, lambda person: jobs.delete(person, picture_id), "gallery")


async def make_and_show(
    request: HttpRequest,
    make: Make,
    count: int = 1,
    picture_id: UUID | None = None,
    *,
    draws: bool = True,
    redraws: bool = False,
    words: Words | None = None,
) -> HttpResponse:
    """Request `count` pictures, and show them; or the error, on the page of `picture_id` if there is one.

    New `words` are judged before, where there is a guard, and translated for a checkpoint that does not read them.
    `draws`: a checkpoint is needed for them.
    """
    try:
        made = await make_pictures(request, make, count, words, draws=draws, redraws=redraws)
    except (ImagineError, AssistantError) as error:
        return await show_error(request, error, picture_id)
    if not is_fragment(request):
        return redirect("picture", made[0].id)
    return await in_thread(render)(request, "_pictures.html", {"pictures": made}, status=201)


async def show_error(request: HttpRequest, error: ProductError, picture_id: UUID | None = None) -> HttpResponse:
    """The error for a script, or as a sentence on the page of `picture_id` or the one where pictures are drawn."""
    if is_fragment(request):
        return error_json(error)
    if picture_id is not None and not isinstance(error, PictureNotFoundError):
        return await picture_page(request, picture_id, str(error.sentence), status_of(error))
    return await imagine_page(request, str(error.sentence), status_of(error))


async def make_pictures(
    request: HttpRequest, make: Make, count: int, words: Words | None, *, draws: bool, redraws: bool
) -> list[Picture]:
    """What `make` makes for the visitor, within the limits. Raises ImagineError, AssistantError."""
    painter = await painter_status()
    if draws or not painter.is_live:
        painter.check()
    if redraws and painter.cannot_redraw:
        raise UnableError("the checkpoint begins from no picture")
    person = await visitor(request)
    await take_agreement(request, person)
    check_account(person)
    await current_process().runtime.limits.count_pictures(person, address_block(request), count)
    with redis_as_unavailable():
        drawn = await judged(person, painter, await in_thread(words)(person.id)) if words else ""
        made = await make(person.id, drawn)
    return made if isinstance(made, list) else [made]


async def judged(person: Person, painter: PainterStatus, asked: Asked) -> str:
    """What is drawn in place of what a person typed: both are fit to be drawn. Raises ImagineError, AssistantError."""
    runtime = current_process().runtime
    drawn = await runtime.translator.english(painter.final, asked.typed, payer_of(person))
    # A preview is kept as it was drawn, but not where it means what is refused.
    safety.check_words(drawn)
    if runtime.guard:
        whole = "\n".join(filter(None, [asked.whole, drawn]))
        await judge_prompt(runtime.guard, whole, guest=person.is_guest)
    return drawn


def alone(typed: str) -> Asked:
    """What a person typed, where nothing else is to be seen."""
    return Asked(typed, typed)


async def change_picture(
    request: HttpRequest, change: Callable[[UUID], None], page: str, *arguments: object
) -> HttpResponse:
    """Change one of the person's pictures, then redirect to the named page; a script gets no content.

    Raises Http404.
    """
    person = await known_person(request)
    try:
        with missing_as_404(), redis_as_unavailable():
            await in_thread(change)(person.id)
    except AssistantError as error:
        return await in_thread(error_page)(request, error)
    return done(request, page, *arguments)


def preview_of(request: HttpRequest) -> tuple[UUID, int]:
    """The canvas and the number of a preview. Raises RefusedInputError."""
    number = whole_number(request.POST.get("number"))
    if number is None:
        raise RefusedInputError("no number of a preview")
    return uuid_of(request.POST.get("sketch", "")), number


def uuid_of(text: str) -> UUID:
    """The id in `text`. Raises RefusedInputError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise RefusedInputError("no id") from error


def seed_of(request: HttpRequest) -> int | None:
    """The requested seed; None for a new one."""
    text = request.POST.get("seed", "")
    seed = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
    return seed if seed is not None and seed < SEEDS else None


def count_of(request: HttpRequest, default: int) -> int:
    """How many pictures are requested."""
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
