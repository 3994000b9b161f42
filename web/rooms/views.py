"""The pages of rooms, and what their forms do where no script runs."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from redis import Redis
from redis.exceptions import RedisError

from assistant import commands, conversations
from assistant.database import in_thread
from assistant.errors import (
    AssistantError,
    BadNameError,
    InvitationEndedError,
    NameTakenError,
    NotFoundError,
    RefusedInputError,
    RoomFullError,
)
from assistant.models import Member, Message, Person, Room, RoomFile, Run
from assistant.posing import chosen_name, poses_as
from assistant.rooms import events, files, membership, orders, polls, reactions, records, talk
from assistant.rooms.talk import Words
from assistant.runs.forget import forget
from imagine.errors import ImagineError
from imagine.models import Picture
from imagine.status import is_configured
from integrations import doors, qr
from integrations.groups import making
from web.accounts.identity import address_block, known_person, person_or_404, remember, visitor
from web.http import (
    an_id,
    client_id,
    done,
    error_json,
    error_page,
    is_fragment,
    missing_as_404,
    status_of,
    whole_number,
)
from web.pictures.files import serve, serve_file
from web.process import current_process
from web.rooms import actions, presence
from web.rooms.attaching import attach_in_room, discard_in_room, take
from web.rooms.presenter import EventView, Speakers, for_reader, present_page, speaker_id

logger = logging.getLogger(__name__)

# More are behind a line in the sheet.
SHOWN_PEOPLE = 12
# So many options can be typed where no script runs.
VOTE_LINES = 4
# A member may be removed: then their browser shows nothing that it kept.
PICTURE_CACHE = "private, no-cache"


# Making one


@require_http_methods(["GET", "HEAD", "POST"])
async def new_room(request: HttpRequest) -> HttpResponse:
    """The form that makes a room, out of the conversation that `?conversation=` names or from nothing."""
    conversation = an_id(request.GET.get("conversation"))
    if request.method != "POST":
        return await _new_page(request, conversation)
    try:
        name, title = request.POST.get("name", ""), request.POST.get("title", "")
        _check_name(name, ())
        with missing_as_404():
            person = await _maker(request, conversation)
            await current_process().runtime.limits.count(settings.LIMIT_PERSON_ROOMS, "made", "person", str(person.id))
            if conversation is None and request.POST.get("door") == making.CHANNEL:
                room = await in_thread(making.make)(person, name, title)
            else:
                shows_earlier = request.POST.get("shows_earlier") == "1"
                room = await in_thread(membership.make)(person, name, title, conversation, shows_earlier=shows_earlier)
    except AssistantError as error:
        return await _new_page(request, conversation, str(error.sentence), status_of(error))
    return redirect(f"{reverse('room', args=[room.pk])}#people")


def _check_name(name: str, others: Sequence[str]) -> None:
    """Refuse a name before anything is made for it. Raises BadNameError, NameTakenError."""
    chosen = chosen_name(name)
    if not chosen or poses_as(chosen, ()):
        raise BadNameError
    if poses_as(chosen, others):
        raise NameTakenError


async def _maker(request: HttpRequest, conversation: UUID | None) -> Person:
    """Who makes the room: a visitor becomes a guest only where all else is right. Raises Http404, AssistantError."""
    if conversation is None:
        return await visitor(request)
    person = await known_person(request)
    await in_thread(conversations.own_conversation)(person, conversation)
    return person


@in_thread
def _new_page(
    request: HttpRequest, conversation_id: UUID | None, sentence: str = "", status: int = 200
) -> HttpResponse:
    conversation = None
    if conversation_id:
        with missing_as_404():
            conversation = conversations.own_conversation(person_or_404(request), conversation_id)
            if conversation.temporary:
                raise Http404
    context = {
        "source": conversation,
        "sentence": sentence,
        "title": request.POST.get("title", conversation.title if conversation else ""),
        "name": request.POST.get("name", _known_name(request)),
        "room_days": settings.ROOM_DAYS,
        "links": bool(conversation and conversation.shares.exists()),
        "offer": making.offer(request.user if request.user.is_authenticated else None) if conversation is None else "",
        "group_people": making.PEOPLE,
        "door": request.POST.get("door", ""),
    }
    return render(request, "rooms/new.html", context, status=status)


def _known_name(request: HttpRequest) -> str:
    """What somebody may want to be called: as in the room where they were last, or as their account."""
    if not request.user.is_authenticated:
        return ""
    last = Member.objects.filter(person=request.user).exclude(name="").order_by("joined_at").last()
    return last.name if last else "" if request.user.is_guest else request.user.get_username()


# Joining


@require_http_methods(["GET", "HEAD", "POST"])
async def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What a room is, who reads what is said there, and the form to join it. A visitor becomes a guest by joining."""
    try:
        limits = current_process().runtime.limits
        await limits.count(settings.LIMIT_ADDRESS_INVITATIONS, "invitation", "address", address_block(request))
    except AssistantError as error:
        # Before anything is looked up: who guesses learns nothing.
        return await in_thread(error_page)(request, error)
    if request.method != "POST":
        return await _invitation_page(request, token)
    try:
        await in_thread(_check_joining)(request, token)
        person = await visitor(request)
        member = await in_thread(membership.join)(person, token, request.POST.get("name", ""))
    except AssistantError as error:
        return await _invitation_page(request, token, error)
    return redirect("room", member.conversation_id)


def _check_joining(request: HttpRequest, token: str) -> None:
    """Refuse what can be refused before a visitor is made a guest. Raises AssistantError."""
    room = membership.invited(token)
    if _member(request, room.pk) is None:
        if room.locked:
            raise InvitationEndedError
        names = list(room.conversation.memberships.values_list("name", flat=True))
        if len(names) >= settings.ROOM_MEMBERS:
            raise RoomFullError
        _check_name(request.POST.get("name", ""), names)


@in_thread
def _invitation_page(request: HttpRequest, token: str, error: AssistantError | None = None) -> HttpResponse:
    try:
        room = membership.invited(token)
    except AssistantError:
        return _ended(request)
    if _member(request, room.pk):
        return redirect("room", room.pk)
    person = request.user if request.user.is_authenticated else None
    blocked = person is not None and room.blocks.filter(person=person).exists()
    if room.locked or blocked:
        return _ended(request)
    context = {
        "room": room,
        "title": room.conversation.title,
        "names": [member.name for member in membership.members_of(room)],
        "minutes": settings.ROOM_CONTEXT_MINUTES,
        "room_days": settings.ROOM_DAYS,
        "name": request.POST.get("name", _known_name(request)),
        "sentence": str(error.sentence) if error else "",
        "token": token,
        **_into_apps(token),
    }
    status = status_of(error) if error else 200
    return _unlisted(render(request, "rooms/invitation.html", context, status=status))


def _ended(request: HttpRequest) -> HttpResponse:
    """The same for an invitation that ended, is locked or blocked, or never was."""
    return _unlisted(render(request, "rooms/ended.html", status=404))


def _unlisted(response: HttpResponse) -> HttpResponse:
    """No search engine lists a room, nor an invitation, nor does a link from there tell where it stood.

    Not "no-referrer": browsers then send no origin with forms, which are refused.
    """
    response.headers["X-Robots-Tag"] = "noindex, noarchive"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


# The room


@require_safe
def room(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """A room, what happened in it last, which counts as read then."""
    response = room_page(request, room_id)
    member = _member_or_404(request, room_id)
    events.read(member, member.conversation.room.last_number)
    return response


def room_page(
    request: HttpRequest, room_id: UUID, draft: str = "", sentence: str = "", status: int = 200
) -> HttpResponse:
    """The room, with what was typed and what was wrong with it, or what a command has to say."""
    member = _member_or_404(request, room_id)
    remember(request)
    found = member.conversation.room
    before, position = whole_number(request.GET.get("before")), whole_number(request.GET.get("position"))
    page = present_page(member, before, position)
    me = speaker_id(found.pk, member.person_id)
    unread = _first_unread(page.events, member, me) if before is None and position is None else None
    running = found.conversation.runs.filter(status=Run.Status.RUNNING).first()
    names = [one.name for one in membership.members_of(found)]
    context = {
        "room": found,
        "conversation": found.conversation,
        "member": member,
        "events": for_reader(page.events, me),
        "page": page,
        "before": page.before,
        "position": page.position,
        "me": me,
        "host": speaker_id(found.pk, found.host_id),
        "is_host": found.host_id == member.person_id,
        "unread": unread,
        "names": names,
        "request_id": uuid4(),
        "is_running": running is not None,
        "draft_text": draft,
        "sentence": sentence,
        "commands": [*(commands.DRAWING if is_configured() else ()), *orders.COMMANDS],
        "quoted": _quoted(member, request.GET.get("reply")),
        "room_file_bytes": files.MOST_BYTES,
        "placeholder": _("Write to all. @%(name)s answers") % {"name": settings.SITE_NAME},
    }
    return _unlisted(render(request, "rooms/room.html", context, status=status))


def _first_unread(shown: list[EventView], member: Member, me: str) -> int | None:
    """The number of the first event that the member has not read and that others made."""
    by_others = (one for one in shown if one.kind in records.HEARD and not _is_of(one, me))
    unread = (one.number for one in by_others if one.number > member.read_until)
    first = next(unread, None)
    return first if first is not None and shown and shown[0].number != first else None


def _is_of(one: EventView, me: str) -> bool:
    """Whether the speaker `me` said it, or began the vote."""
    return one.by == me if one.poll else one.speaker is not None and one.speaker.id == me


def _quoted(member: Member, text: str | None) -> Message | None:
    """The message to which the form replies where no script runs."""
    message = an_id(text)
    return events.readable(member).filter(pk=message).first() if message else None


async def messages(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """GET: a part of what happened as HTML, for a script. POST: say something where no script runs."""
    if request.method == "POST":
        return await say(request, room_id)
    return await in_thread(messages_fragment)(request, room_id)


@require_safe
def messages_fragment(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """What happened before an event, alone for a script; with the page around it where none runs."""
    if not is_fragment(request):
        return room_page(request, room_id)
    member = _member_or_404(request, room_id)
    page = present_page(member, whole_number(request.GET.get("before")), whole_number(request.GET.get("position")))
    me = speaker_id(room_id, member.person_id)
    context = {
        "room": member.conversation.room,
        "events": for_reader(page.events, me),
        "before": page.before,
        "position": page.position,
        "me": me,
        "is_host": member.conversation.room.host_id == member.person_id,
    }
    return render(request, "rooms/_events.html", context)


@require_POST
async def say(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Say something in a room, or carry out a command."""
    text = request.POST.get("text", "")
    try:
        with missing_as_404():
            person = await known_person(request)
            await in_thread(events.membership)(person, room_id)
            attached = await take(request, person)
            quoted, search = an_id(request.POST.get("quoted")), request.POST.get("search", "")
            words = Words(
                text,
                client_id(request),
                attached.files,
                quoted,
                search,
                things=attached.things,
                pictures=attached.pictures,
            )
            process = current_process()
            outcome = await actions.say(process.answering, person, address_block(request), room_id, words)
    except (AssistantError, ImagineError) as error:
        if is_fragment(request):
            return error_json(error)
        return await in_thread(room_page)(request, room_id, text, str(error.sentence), status_of(error))
    if is_fragment(request):
        return HttpResponse(status=204)
    if outcome.sentence:
        try:
            return await in_thread(room_page)(request, room_id, "", outcome.sentence)
        except Http404:
            return redirect("start")
    return redirect("room", room_id)


@require_POST
async def unsay(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Erase a message of one's own."""
    message = an_id(request.POST.get("message"))

    def work(person: Person) -> None:
        member = events.membership(person, room_id)
        found = events.readable(member).filter(pk=message).first() if message else None
        if found is None:
            raise NotFoundError
        talk.unsay(person, found.pk)

    return await _change(request, room_id, work)


@require_POST
async def react(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """React to a message that the visitor may read; no `emoji` takes the reaction back."""
    message, emoji = an_id(request.GET.get("message")), request.POST.get("emoji", "")
    person = await known_person(request)
    try:
        limits = current_process().runtime.limits
        await limits.count(settings.LIMIT_MEMBER_MESSAGES, "reaction", "member", str(person.id), str(room_id))
    except AssistantError as error:
        return await in_thread(error_page)(request, error)

    def work(person: Person) -> None:
        member = events.membership(person, room_id)
        found = events.readable(member).filter(pk=message).first() if message else None
        if found is None:
            raise NotFoundError
        reactions.react(person, found.pk, emoji)

    return await _change(request, room_id, work)


@require_POST
async def vote(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Vote in a poll, change one's vote, or with `close` end it."""
    poll, option = an_id(request.GET.get("poll") or request.POST.get("poll")), whole_number(request.POST.get("option"))

    def work(person: Person) -> None:
        events.membership(person, room_id)
        if poll is None:
            raise NotFoundError
        if "close" in request.POST:
            actions.close(person, room_id, poll)
        else:
            actions.vote(person, room_id, poll, -1 if option is None else option)

    return await _change(request, room_id, work)


@require_http_methods(["GET", "HEAD", "POST"])
async def ask_vote(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """The form that begins a vote: alone for a script, else as a page."""
    if request.method != "POST":
        return await _vote_page(request, room_id)
    person = await known_person(request)
    question, options = request.POST.get("question", ""), request.POST.getlist("option")
    try:
        with missing_as_404():
            runtime = current_process().runtime
            await actions.ask(runtime, person, room_id, client_id(request), question, options)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        return await _vote_page(request, room_id, str(error.sentence), status_of(error))
    return done(request, "room", room_id)


@in_thread
def _vote_page(request: HttpRequest, room_id: UUID, sentence: str = "", status: int = 200) -> HttpResponse:
    member = _member_or_404(request, room_id)
    typed = request.POST.getlist("option")[: polls.MOST]
    context = {
        "room": member.conversation.room,
        "conversation": member.conversation,
        "question": request.POST.get("question", ""),
        "options": typed + [""] * (VOTE_LINES - len(typed)),
        "most": polls.MOST,
        "question_characters": polls.QUESTION_CHARACTERS,
        "option_characters": polls.OPTION_CHARACTERS,
        "request_id": uuid4(),
        "sentence": sentence,
    }
    template = "rooms/_ask_vote.html" if is_fragment(request) else "rooms/ask_vote.html"
    return _unlisted(render(request, template, context, status=status))


@require_POST
async def stop(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Stop the answer that is being written."""
    person = await known_person(request)
    try:
        with missing_as_404():
            await in_thread(events.membership)(person, room_id)
            run = await in_thread(_running)(room_id)
            if run:
                await actions.stop(current_process().runtime, person, run)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        return await in_thread(room_page)(request, room_id, "", str(error.sentence), status_of(error))
    return done(request, "room", room_id)


def _running(room_id: UUID) -> UUID | None:
    return Run.objects.filter(conversation=room_id, status=Run.Status.RUNNING).values_list("id", flat=True).first()


# The sheet: who is here, the invitation, and what can be changed


@require_safe
def sheet(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Who is in the room, its invitation and its settings: alone for a script, else as a page."""
    return sheet_page(request, room_id)


def sheet_page(request: HttpRequest, room_id: UUID, sentence: str = "", status: int = 200) -> HttpResponse:
    """The sheet, with what was wrong."""
    member = _member_or_404(request, room_id)
    found = member.conversation.room
    speakers, here, apps = Speakers(found.pk), _here(room_id), doors.in_room(room_id)
    people = [
        {
            "member": one,
            "speaker": (speaker := speakers.of(one.person_id, one.name)),
            "is_host": one.person_id == found.host_id,
            "is_me": one.pk == member.pk,
            "is_here": speaker.id in here,
            "apps": apps.get(one.person_id, ()),
        }
        for one in membership.members_of(found)
    ]
    context = {
        "room": found,
        "conversation": found.conversation,
        "member": member,
        "people": people,
        "shown_people": SHOWN_PEOPLE,
        "more_people": len(people) - SHOWN_PEOPLE,
        "is_host": found.host_id == member.person_id,
        "link": _link(found),
        "group": making.view(found),
        "group_people": making.PEOPLE,
        **(_into_apps(found.token) if found.token and not found.locked else {}),
        "minutes": settings.ROOM_CONTEXT_MINUTES,
        "room_days": settings.ROOM_DAYS,
        "sentence": sentence,
    }
    template = "rooms/_sheet.html" if is_fragment(request) else "rooms/sheet.html"
    return _unlisted(render(request, template, context, status=status))


def _into_apps(token: str) -> dict[str, Any]:
    """The apps in which one can join, for a template: those with an address, and in which words have to be written."""
    found = doors.invitations(token)
    written = [door.title for door in found if not door.address]
    return {
        "doors": [door for door in found if door.address],
        "written": get_text_list(written, _("or")),
        "typed": doors.invitation_words(token),
    }


def _link(found: Room) -> str:
    """The address of the invitation; empty while there is none."""
    return settings.SITE_URL + reverse("invitation", args=[found.token]) if found.token else ""


@require_safe
def code(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """The invitation as a QR code. Raises Http404 while there is none."""
    link = _link(_member_or_404(request, room_id).conversation.room)
    if not link:
        raise Http404
    return _unlisted(HttpResponse(qr.svg(link), content_type="image/svg+xml"))


def _here(room_id: UUID) -> list[str]:
    """The speakers who are here now; nobody where that is not known."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5) as redis:
            return presence.here_now(redis, room_id)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("who is in room %s is not known: %s", room_id, error)
        return []


@require_POST
async def change_room(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Do what the button `do` says: a setting of the host's, or of one's own."""
    what, chosen = request.POST.get("do", ""), whole_number(request.POST.get("member"))
    ended: list[UUID] = []

    def work(person: Person) -> None:
        events.membership(person, room_id)
        ended.extend(_carry_out(person, room_id, what, chosen, request.POST.get("title", "")))

    response = await _change(request, room_id, work, sheet_page, "room_sheet")
    await asyncio.to_thread(forget, ended)
    if response.status_code == 302 and what in ("leave", "end"):
        return redirect("start")
    return response


def _carry_out(person: Person, room: UUID, what: str, chosen: int | None, title: str) -> list[UUID]:
    """Returns the runs of a room that was ended. Raises AssistantError."""
    member = -1 if chosen is None else chosen
    simple: dict[str, Callable[[], Any]] = {
        "rename": lambda: membership.rename(person, room, title),
        "lock": lambda: membership.set_locked(person, room, locked=True),
        "unlock": lambda: membership.set_locked(person, room, locked=False),
        "invite": lambda: membership.renew_invitation(person, room),
        "close": lambda: membership.renew_invitation(person, room, closed=True),
        "hand_over": lambda: membership.hand_over(person, room, member),
        "remove": lambda: membership.remove(person, room, member),
        "block": lambda: membership.remove(person, room, member, block=True),
        "mute": lambda: membership.mute(person, room, muted=True),
        "unmute": lambda: membership.mute(person, room, muted=False),
        "leave": lambda: membership.leave(person, room),
    }
    if what == "end":
        return membership.end(person, room)
    if what not in simple:
        raise RefusedInputError(f"{what[:20]} is nothing that a room can do")
    simple[what]()
    return []


async def _change(
    request: HttpRequest,
    room_id: UUID,
    work: Callable[[Person], Any],
    page: Callable[..., HttpResponse] = room_page,
    then: str = "room",
) -> HttpResponse:
    """Do something in a room of the visitor's, and show it; a sentence where it failed. Raises Http404."""
    person = await known_person(request)
    try:
        with missing_as_404():
            await in_thread(work)(person)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        sentence, status = str(error.sentence), status_of(error)
        if page is sheet_page:
            return await in_thread(sheet_page)(request, room_id, sentence, status)
        return await in_thread(room_page)(request, room_id, "", sentence, status)
    return done(request, then, room_id)


# Files of pictures


@require_safe
def picture_file(request: HttpRequest, room_id: UUID, picture_id: UUID, name: str) -> HttpResponseBase:
    """A file of a picture in an answer that the visitor may read."""
    member = _member_or_404(request, room_id)
    found = Picture.objects.filter(pk=picture_id, messages__in=events.readable(member)).first()
    if found is None:
        raise Http404
    return serve(found, name, request, download="download" in request.GET, cache=PICTURE_CACHE)


@require_safe
def room_file(request: HttpRequest, room_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A voice note, video or document of a message that the visitor may read. It opens in no page of ours."""
    member = _member_or_404(request, room_id)
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
        "Content-Security-Policy": "default-src 'none'; media-src 'self'; sandbox",
    }
    return serve_file(request, opened, f"{found.pk}/{found.size}", headers)


def _member(request: HttpRequest, room_id: UUID) -> Member | None:
    """The visitor's membership in a room; None without one."""
    try:
        return events.membership(request.user, room_id) if request.user.is_authenticated else None
    except NotFoundError:
        return None


def _member_or_404(request: HttpRequest, room_id: UUID) -> Member:
    """The visitor's membership, or the same 404 as for a room that does not exist."""
    with missing_as_404():
        return events.membership(person_or_404(request), room_id)


urlpatterns = [
    path("r/<str:token>", invitation, name="invitation"),
    path("rooms/new", new_room, name="new_room"),
    path("rooms/<uuid:room_id>/", room, name="room"),
    path("rooms/<uuid:room_id>/messages", messages, name="room_messages"),
    path("rooms/<uuid:room_id>/unsay", unsay, name="unsay"),
    path("rooms/<uuid:room_id>/react", react, name="react"),
    path("rooms/<uuid:room_id>/vote", vote, name="vote"),
    path("rooms/<uuid:room_id>/votes", ask_vote, name="ask_vote"),
    path("rooms/<uuid:room_id>/stop", stop, name="stop_in_room"),
    path("rooms/<uuid:room_id>/people", sheet, name="room_sheet"),
    path("rooms/<uuid:room_id>/code.svg", code, name="room_code"),
    path("rooms/<uuid:room_id>/change", change_room, name="change_room"),
    path("rooms/<uuid:room_id>/pictures/<uuid:picture_id>/<str:name>", picture_file, name="room_picture"),
    path("rooms/<uuid:room_id>/files/<uuid:file_id>", room_file, name="room_file"),
    path("rooms/<uuid:room_id>/attach/", attach_in_room, name="attach_in_room"),
    path("rooms/<uuid:room_id>/attach/<uuid:file_id>/discard", discard_in_room, name="discard_in_room"),
]
