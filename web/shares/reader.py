"""Shared conversations for people with the link: the page, its pictures, reporting it, and going on from it.

The page and its pictures read neither session nor cookie, so that they are the same for every visitor.
"""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from assistant import shares
from assistant.code.issues import marks_of
from assistant.database import in_thread
from assistant.errors import AssistantError, SharedAgainError
from assistant.models import ConversationShare, Message, Person, SharedMessage
from assistant.sentences import NO_FILE_SENTENCE, PICTURE_SENTENCE
from imagine.models import Picture
from web.accounts.identity import visitor
from web.addresses import address_block
from web.chat.found import SourceView, source_views
from web.chat.presenter import safe
from web.http import client_id, missing_as_404, status_of, whole_number
from web.markdown.blocks import plain_blocks
from web.markdown.kept import answer_blocks
from web.pictures.files import serve
from web.pictures.shares import SHARED_CACHE, answer, public_page, report_page, with_form
from web.process import current_process

logger = logging.getLogger(__name__)

PAGE_MESSAGES = 50
PAGE_CHARACTERS = 100_000
PLACE = re.compile(r"([0-9]{1,6})-([0-9]{1,4})")


@dataclass(frozen=True)
class PictureView:
    """A picture on the page. `link` is the address of its files."""

    link: str
    moves: bool
    width: int
    height: int


@dataclass(frozen=True)
class MessageView:
    """A message on the page."""

    role: str
    blocks: list[SafeString]
    pictures: list[PictureView]
    sources: list[SourceView] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """A part of a copy, from the database. The next part, if there is one, begins after the position `after`."""

    share: ConversationShare
    messages: list[SharedMessage]
    pictures: dict[str, Picture]
    after: int | None


def address(share: ConversationShare) -> str:
    """The absolute address of a link."""
    return settings.SITE_URL + _link(share)


@require_safe
async def shared_conversation(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page of a shared conversation, from its beginning or from `?after=`."""

    async def show() -> HttpResponseBase:
        page = await in_thread(_read)(token, whole_number(request.GET.get("after")) or 0)
        # Not in the database's threads: others wait for those.
        return await asyncio.to_thread(_page, page)

    return await answer(request, show)


@require_safe
async def shared_conversation_file(request: HttpRequest, token: str, place: str, name: str) -> HttpResponseBase:
    """A file of a picture in a shared conversation; `place` is that of the message, and the picture's in it."""

    @in_thread
    def show() -> HttpResponseBase:
        share, where = _found(token), PLACE.fullmatch(place)
        picture = shares.picture(share, int(where[1]), int(where[2])) if where else None
        if picture is None:
            raise Http404
        return serve(picture, name, request, cache=SHARED_CACHE)

    return await answer(request, show)


@require_http_methods(["GET", "HEAD", "POST"])
async def report_conversation(request: HttpRequest, token: str) -> HttpResponseBase:
    """The form to report a shared conversation, and its answer. Its CSRF token brings a cookie."""

    @in_thread
    def show() -> HttpResponseBase:
        share = _found(token)
        if request.method == "POST":
            shares.report(share, request.POST.get("word", ""))
            logger.warning("a shared conversation was reported", extra={"conversation": str(share.conversation_id)})
        return report_page(request, _link(share), "conversation")

    return await answer(request, show)


@require_http_methods(["GET", "HEAD", "POST"])
async def continue_conversation(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page that asks whether to go on from the copy; POST makes the reader's own conversation out of it."""
    return await answer(request, partial(_fork if request.method == "POST" else _ask, request, token))


async def _fork(request: HttpRequest, token: str) -> HttpResponse:
    """Only now a visitor becomes a guest. Raises Http404."""
    share = await in_thread(_found)(token)
    edition = whole_number(request.POST.get("edition"))
    try:
        client = client_id(request)
        if edition != share.edition:
            raise SharedAgainError
        person = await visitor(request)
        await _count(request, person)
        with missing_as_404():
            conversation = await in_thread(shares.fork)(person, token, edition, client)
    except AssistantError as error:
        return await _ask(request, token, str(error.sentence), status_of(error))
    return redirect("conversation", conversation.id)


async def _count(request: HttpRequest, person: Person) -> None:
    """Count a copy made of a link. Raises LimitedError, LogUnavailableError."""
    limits = current_process().runtime.limits
    await limits.count_use(settings.LIMIT_PERSON_SHARES, "fork", person, address_block(request))
    await limits.count_message(person, address_block(request))


@in_thread
def _ask(request: HttpRequest, token: str, sentence: str = "", status: int = 200) -> HttpResponse:
    """Raises Http404."""
    share = _found(token)
    read = whole_number(request.GET.get("edition"))
    if not sentence and read is not None and read != share.edition:
        sentence = str(SharedAgainError.sentence)
    context = {
        "link": _link(share),
        "share": share,
        "pictures": share.messages.exclude(pictures=[]).exists(),
        "client_id": uuid4(),
        "sentence": sentence,
    }
    return with_form(render(request, "continue.html", context, status=status))


def _found(token: str) -> ConversationShare:
    """The valid link. Raises Http404."""
    share = shares.find(token)
    if share is None:
        raise Http404
    return share


def _link(share: ConversationShare) -> str:
    return reverse("shared_conversation", args=[share.token])


def _read(token: str, after: int) -> Page:
    """So much of the copy as one page holds. Raises Http404."""
    share = _found(token)
    found = shares.read(share, after, PAGE_MESSAGES + 1)
    if after and not found:
        raise Http404
    taken, characters = list[SharedMessage](), 0
    for message in found[:PAGE_MESSAGES]:
        characters += len(message.text)
        if taken and characters > PAGE_CHARACTERS:
            break
        taken.append(message)
    following = taken[-1].position if len(taken) < len(found) else None
    return Page(share, taken, shares.pictures_of(taken), following)


def _page(page: Page) -> HttpResponse:
    share = page.share
    shown_name = share.shows_name and not share.person.is_guest
    context = {
        "title": share.title or _("A conversation"),
        "name": share.person.get_username() if shown_name else "",
        "day": share.copied_at,
        "link": _link(share),
        "page_address": address(share),
        "edition": share.edition,
        "messages": [_view(message, page) for message in page.messages],
        "first": not page.messages or page.messages[0].position == 1,
        "after": page.after,
    }
    return public_page("shared_conversation.html", context=context)


def _view(message: SharedMessage, page: Page) -> MessageView:
    if message.role == Message.Role.USER:
        return MessageView(message.role, safe(plain_blocks(message.text or str(NO_FILE_SENTENCE))), [])
    pictures = [
        PictureView(f"{_link(page.share)}{message.position}-{number}/", one.moves, one.width, one.height)
        for number, key in enumerate(message.pictures, 1)
        if (one := page.pictures.get(key))
    ]
    text = message.text or (str(PICTURE_SENTENCE) if pictures else "")
    sources = source_views(message.sources)
    blocks = answer_blocks(text, [one.url for one in sources], marks_of(message.code_issues))
    return MessageView(message.role, safe(blocks), pictures, sources)


urlpatterns = [
    path("s/c/<str:token>/", shared_conversation, name="shared_conversation"),
    path("s/c/<str:token>/report", report_conversation, name="report_conversation"),
    path("s/c/<str:token>/continue", continue_conversation, name="continue_conversation"),
    path("s/c/<str:token>/<str:place>/<str:name>", shared_conversation_file, name="shared_conversation_file"),
]
