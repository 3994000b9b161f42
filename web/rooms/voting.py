"""Votes by forms."""

from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from assistant.database import in_thread
from assistant.errors import AssistantError, NotFoundError
from assistant.models import Person
from assistant.rooms import events, polls
from web.accounts.identity import known_person
from web.http import an_id, client_id, done, error_json, is_fragment, missing_as_404, status_of, whole_number
from web.process import current_process
from web.rooms import actions
from web.rooms.access import member_or_404, unlisted
from web.rooms.page import change

# So many options can be typed where no script runs.
VOTE_LINES = 4


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

    return await change(request, room_id, work)


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
    member = member_or_404(request, room_id)
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
    return unlisted(render(request, template, context, status=status))
