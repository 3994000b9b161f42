"""The pages of the chat, and what their forms do where no script runs."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assistant import changes, conversations, members, temporary, turns
from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.models import Conversation, Feedback, Message, Person, Run
from assistant.names import clean_name
from assistant.runs.forget import forget
from assistant.search import QUERY_CHARACTERS, Match, search
from assistant.turns import TurnRequest
from web.accounts.identity import known_person, person_or_404, remember, visitor
from web.accounts.terms import take_agreement
from web.addresses import address_block
from web.chat.asking import waiting
from web.chat.attachments import has_files, named_files, take_files
from web.chat.presenter import MessagePage, present_page
from web.chat.results import present_results
from web.http import (
    an_id,
    client_id,
    done,
    error_json,
    error_text,
    is_fragment,
    missing_as_404,
    status_of,
    whole_number,
)
from web.process import current_process

HISTORY_LENGTH = 50
# In the form that begins a temporary conversation, and in its address.
TEMPORARY = "temporary"
# Checked in the composer where the best model is asked for.
HARDER = "harder"
TITLE_CHARACTERS = 120


def suggestions() -> list[str]:
    """What the start page offers to begin with."""
    return [
        _("Explain black holes like a bedtime story"),
        _("Plan a weekend in Cusco"),
        _("Write a kind reply to a late invoice"),
        _("What can I cook with rice, eggs and spinach?"),
    ]


# Pages


@require_http_methods(["GET", "HEAD", "POST"])
async def start(request: HttpRequest) -> HttpResponse:
    """The start page; its form begins a conversation."""
    if request.method == "POST":
        return await begin_conversation(request)
    return await start_page(request)


@in_thread
def start_page(request: HttpRequest, draft: str = "", sentence: str = "", status: int = 200) -> HttpResponse:
    """The start page, with what was typed and what was wrong with it."""
    context = {
        "suggestions": suggestions(),
        "draft_text": draft,
        "sentence": sentence,
        "temporary": TEMPORARY in request.POST,
        "attached": waiting(request),
    }
    return render(request, "start.html", context, status=status)


async def begin_conversation(request: HttpRequest) -> HttpResponse:
    """The first message: only now a visitor becomes a guest."""
    text = request.POST.get("text", "")
    try:
        conversations.clean_text(text, has_files(request))
        client = client_id(request)
        named_files(request)
        person = await visitor(request)
        files = await take_files(request)
        search = request.POST.get("search", "")
        kept = {"harder": HARDER in request.POST, "temporary": TEMPORARY in request.POST}
        what = turns.send(None, text, client, files, search=search, **kept)
        turn = await start_turn(request, person, what)
    except AssistantError as error:
        return await start_page(request, text, str(error.sentence), status_of(error))
    address = reverse("conversation", args=[turn.run.conversation_id])
    return redirect(f"{address}?{TEMPORARY}" if TEMPORARY in request.POST else address)


@require_safe
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation, its newest messages.

    The address of a temporary one says so: nothing else is left to know it by once it is gone.
    """
    try:
        return conversation_page(request, conversation_id)
    except Http404:
        if TEMPORARY not in request.GET:
            raise
        return render(request, "gone.html", status=404)


def conversation_page(
    request: HttpRequest, conversation_id: UUID, draft: str = "", sentence: str = "", status: int = 200
) -> HttpResponse:
    """The conversation, with what was typed and what was wrong with it."""
    found = own_conversation_or_404(request, conversation_id)
    remember(request)
    # Before the messages: a run that ends in between is seen in them. After them, the page would wait for ever.
    running_run = found.runs.filter(status=Run.Status.RUNNING).first()
    page = place_in(found, request.GET)
    if any(shown.run == running_run and not shown.running for shown in page.messages):
        running_run = None
    context = {
        "conversation": found,
        "messages": page.messages,
        "earlier": page.earlier,
        "later": page.later,
        # Makes a form that is sent twice idempotent.
        "request_id": uuid4(),
        "running_run": running_run,
        # As the last question here was asked.
        "harder": bool(found.runs.order_by("created_at").values_list("harder", flat=True).last()),
        "draft_text": draft,
        "sentence": sentence,
        "attached": waiting(request),
    }
    return render(request, "conversation.html", context, status=status)


async def messages(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """GET: a page of messages as HTML, see `place_in`. POST: say something where no script runs."""
    if request.method == "POST":
        return await say(request, conversation_id)
    return await in_thread(messages_fragment)(request, conversation_id)


@require_safe
def messages_fragment(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The messages alone, for a script; with the page around them where none runs."""
    if not is_fragment(request):
        return conversation_page(request, conversation_id)
    found = own_conversation_or_404(request, conversation_id)
    page = place_in(found, request.GET)
    # A script goes on in one direction: what is on the other side is on its page.
    earlier = None if "after" in request.GET else page.earlier
    later = page.later if "after" in request.GET else None
    return render(request, "_messages.html", {"messages": page.messages, "earlier": earlier, "later": later})


def place_in(conversation: Conversation, query: QueryDict) -> MessagePage:
    """The messages that an address asks for: around one, before or after a position, else the newest."""
    return present_page(
        conversation, whole_number(query.get("before")), whole_number(query.get("after")), an_id(query.get("message"))
    )


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """All conversations, or those in which the words of `q` stand."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:QUERY_CHARACTERS]
    person = request.user if request.user.is_authenticated else None
    if query:
        return results(request, query, search(person, query) if person else [])
    found = members.listed(person).order_by("-updated_at") if person else Conversation.objects.none()
    page = Paginator(found, HISTORY_LENGTH).get_page(request.GET.get("page"))
    context = {"conversations": page.object_list, "q": "", "page": page}
    return render(request, "_conversation_list.html" if is_fragment(request) else "history.html", context)


def results(request: HttpRequest, query: str, found: list[Match]) -> HttpResponse:
    """What a search found, as a page of the list."""
    page = Paginator(found, HISTORY_LENGTH).get_page(request.GET.get("page"))
    context = {"conversations": present_results(list(page.object_list), query), "q": query, "page": page}
    return render(request, "_search_results.html" if is_fragment(request) else "history.html", context)


# What forms do


@require_POST
async def say(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Say something in a conversation."""
    text = request.POST.get("text", "")
    try:
        with missing_as_404():
            person = await known_person(request)
            await in_thread(conversations.own_conversation)(person, conversation_id)
            files, search = await take_files(request), request.POST.get("search", "")
            harder = HARDER in request.POST
            what = turns.send(conversation_id, text, client_id(request), files, search=search, harder=harder)
            await start_turn(request, person, what)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        page = in_thread(conversation_page)
        return await page(request, conversation_id, text, str(error.sentence), status_of(error))
    return redirect("conversation", conversation_id)


@require_POST
async def edit(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Say something else in place of an earlier message."""
    text = request.POST.get("text", "")

    async def what(_person: Person) -> TurnRequest:
        files = await take_files(request)
        search, harder = request.POST.get("search", ""), HARDER in request.POST
        return turns.edit(message_id, text, client_id(request), files, search, harder=harder)

    return await start_and_show(request, message_id, what)


@require_POST
async def retry(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Answer anew, or go on with an answer that ended early."""

    async def what(_person: Person) -> TurnRequest:
        revision, harder = request.POST.get("revision", ""), HARDER in request.POST
        return turns.retry(message_id, client_id(request), revision, harder=harder)

    return await start_and_show(request, message_id, what)


async def start_and_show(
    request: HttpRequest, message_id: UUID, what: Callable[[Person], Awaitable[TurnRequest]]
) -> HttpResponse:
    """Carry out `what` about a message, then show its conversation, with a sentence where it failed."""
    person = await known_person(request)
    try:
        with missing_as_404():
            message = await in_thread(conversations.own_message)(person, message_id)
            await start_turn(request, person, await what(person))
    except AssistantError as error:
        page = in_thread(conversation_page)
        text = request.POST.get("text", "")
        return await page(request, message.conversation_id, text, str(error.sentence), status_of(error))
    # Without a fragment: a page that has one would not load again while the answer is written.
    return redirect("conversation", message.conversation_id)


@require_POST
async def show_version(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Show another version of a message, and what was said after it."""
    person = await known_person(request)
    try:
        with missing_as_404():
            message = await in_thread(conversations.own_message)(person, message_id)
            await turns.show_version(current_process().runtime, person, message_id)
    except AssistantError as error:
        if is_fragment(request):
            return error_json(error)
        page = in_thread(conversation_page)
        return await page(request, message.conversation_id, "", str(error.sentence), status_of(error))
    address = reverse("conversation", args=[message.conversation_id])
    return HttpResponse(status=204) if is_fragment(request) else redirect(f"{address}#m-{message.id}")


@require_POST
async def stop(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stop an answer."""
    person = await known_person(request)
    try:
        with missing_as_404():
            run = await turns.stop(current_process().runtime, person, run_id)
    except AssistantError as error:
        return error_text(error)
    return done(request, "conversation", run.conversation_id)


@require_POST
def rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Give a conversation a name."""
    found = own_conversation_or_404(request, conversation_id)
    title = clean_name(request.POST.get("title", ""), TITLE_CHARACTERS)
    if not title:
        return HttpResponse(_("A name needs at least one letter."), status=400, content_type="text/plain")
    found.title, found.titled_by_person = title, True
    found.save(update_fields=["title", "titled_by_person"])
    return done(request, "conversation", found.id)


@require_POST
async def delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Delete a conversation and all that was said in it."""
    # To the end, also where the tab that asked is closed meanwhile: others show the conversation.
    await asyncio.shield(delete_and_announce(request, conversation_id))
    return done(request, "start")


async def delete_and_announce(request: HttpRequest, conversation_id: UUID) -> None:
    """Delete it with its logs, and notify the tabs that show it. Raises Http404."""
    runs = await in_thread(delete_conversation)(request, conversation_id)
    await asyncio.to_thread(forget, runs)
    await changes.announce(current_process().runtime, conversation_id)


def delete_conversation(request: HttpRequest, conversation_id: UUID) -> list[UUID]:
    """Delete it from the database; returns the ids of its runs."""
    found = own_conversation_or_404(request, conversation_id)
    if found.temporary:
        return temporary.erase(found)
    runs = list(found.runs.values_list("id", flat=True))
    found.delete()
    return runs


@require_POST
def feedback(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """A thumb up (`good=1`) or down (`good=0`) for an answer, with a word; `good=none` takes both back."""
    person = person_or_404(request)
    with missing_as_404():
        message = conversations.own_message(person, message_id)
    choice = request.POST.get("good", "")
    if choice not in ("1", "0", "none") or message.role != Message.Role.ASSISTANT:
        return HttpResponse(_("Please choose good or bad."), status=400, content_type="text/plain")
    if choice == "none":
        Feedback.objects.filter(message=message, person=person).delete()
    else:
        word = request.POST.get("word", "").replace("\x00", "").strip()[:1000]
        given = {"good": choice == "1", "word": word}
        Feedback.objects.update_or_create(message=message, person=person, defaults=given)
    return done(request, "conversation", message.conversation_id)


async def start_turn(request: HttpRequest, person: Person, what: TurnRequest) -> conversations.Turn:
    """Store and answer a turn of `person`. Raises AssistantError."""
    await take_agreement(request, person)
    return await turns.start(current_process().answering, person, address_block(request), what)


def own_conversation_or_404(request: HttpRequest, conversation_id: UUID) -> Conversation:
    """The person's conversation, or the same 404 as for one that does not exist."""
    with missing_as_404():
        return conversations.own_conversation(person_or_404(request), conversation_id)
