"""What is said in a room, and which of it the assistant answers. All is synchronous; callers announce it.

What is said always has a place at once. An answer is asked for where the words call the assistant and nobody is being
answered; a call that comes meanwhile waits in `Room.call`, one for all, as one answer serves all who called. A picture
and a summary serve nobody else: those wait each for their own, the oldest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from assistant import attachments, calling, conversations, versions, vision
from assistant.commands import hard_question, tool_call
from assistant.errors import AttachmentGoneError, NotFoundError, TooManyAttachmentsError
from assistant.models import Member, Message, Person, Room, RoomEvent, Run
from assistant.prepared import Prepared
from assistant.rooms import files, orders
from assistant.rooms.events import Kind, check_pace, lock, lock_room, note, readable
from imagine.models import Picture

# An answer that a dying process left is asked for anew so often.
MOST_ANSWERS = 3
# Of the newest calls without an answer so many are looked at.
WAITING = 50


@dataclass(frozen=True)
class Words:
    """What a member says. `client_id` makes a repeat harmless; `files` are attachments of theirs that wait, `things`
    voice notes, videos and documents (files.py), `pictures` finished pictures of theirs; `quoted` is the message to
    which it is a reply; `search` is a code of Run.Search, `harder` one of Run.Harder. What is `forwarded` are others'
    words: they call nobody. `called`: it is a reply to the assistant that stands in no message.
    """

    text: str
    client_id: UUID
    files: Sequence[UUID] = ()
    quoted: UUID | None = None
    search: str = ""
    harder: str = Run.Harder.NO
    things: Sequence[UUID] = ()
    pictures: Sequence[UUID] = ()
    forwarded: bool = False
    called: bool = False


class Said(NamedTuple):
    """What became of words: the event, and the run that answers them now. `new` is False for a repeat."""

    event: RoomEvent
    run: Run | None = None
    new: bool = True


def say(person: Person, room_id: UUID, words: Words) -> Said:
    """Say something in a room. Raises NotFoundError, EmptyTextError, TextTooLongError, ConversationFullError,
    AttachmentGoneError, TooManyAttachmentsError."""
    text = conversations.clean_text(words.text, bool(words.files or words.things or words.pictures))
    with transaction.atomic():
        conversations.lock_quota(person)
        if before := _said_before(person, room_id, words.client_id):
            return before
        member = lock(person, room_id)
        room = member.conversation.room
        kept = attachments.claimable(person, words.files)
        if any(file.is_picture for file in kept):
            raise AttachmentGoneError("in a room pictures are those of imagine")
        things, pictures = files.claimable(person, words.things), _finished(person, words.pictures)
        quoted = readable(member).filter(pk=words.quoted).first() if words.quoted else None
        # Without a word, and without a text to read or a picture to see, there is nothing to answer.
        called = bool(text or kept or (pictures and vision.is_on())) and not words.forwarded
        called = called and (calls(room, text, quoted) or (words.called and not _is_hushed(room)))
        if called and _is_hushed(room):
            orders.wake(member)
        message = conversations.add(
            room.conversation,
            Message.Role.USER,
            text=text,
            author=person,
            client_id=words.client_id,
            parent=conversations.shown_messages(room.conversation).last(),
            spoken_as=member.name,
            quoted=quoted,
            calls=called,
        )
        attachments.claim(kept, room.conversation, message)
        files.claim(things, message)
        message.pictures.set(pictures)
        event = note(room, Kind.SAID, member, message=message)
        Member.objects.filter(pk=member.pk).update(read_until=event.number)
        stays(room)
        return Said(event, _answer(room, message, words.search, words.harder) if message.calls else None)


def _finished(person: Person, ids: Sequence[UUID]) -> list[Picture]:
    """Pictures of the person's that are done. Raises AttachmentGoneError for any other, TooManyAttachmentsError."""
    if len(ids) > settings.ATTACHMENTS_PER_MESSAGE:
        raise TooManyAttachmentsError
    found = Picture.objects.filter(person=person, status=Picture.Status.DONE).in_bulk(ids) if ids else {}
    if len(found) < len(set(ids)):
        raise AttachmentGoneError
    return list(found.values())


def calls(room: Room, text: str, quoted: Message | None) -> bool:
    """Whether words in a room are for the assistant: named, replied to, or a command that it carries out.

    While it is hushed only an `@` and a command call it.
    """
    if _is_hushed(room):
        return _wants_its_own(text) or calling.is_mentioned(text, calling.our_names())
    if quoted is not None and quoted.role == Message.Role.ASSISTANT:
        return True
    return is_for_assistant(text)


def is_for_assistant(text: str) -> bool:
    """Whether words by themselves call the assistant: they name it, or are a command that it answers for all."""
    return _wants_its_own(text) or calling.is_called(text, calling.our_names())


def draws(text: str) -> bool:
    """Whether words are `/imagine ...`. What it remembers for one is no business of the others."""
    called = tool_call(text) if text.lstrip().startswith("/") else None
    return called is not None and called.name == "create_image"


def unsay(person: Person, message_id: UUID) -> UUID:
    """Erase what the person said in a room, as if it had never been said; answers to it stay. Returns the room.

    Raises NotFoundError.
    """
    with transaction.atomic():
        found = Message.objects.filter(pk=message_id, author=person, conversation__room__isnull=False).first()
        if found is None:
            raise NotFoundError
        member = lock(person, found.conversation_id)
        take_out(member.conversation.room, found)
    return found.conversation_id


def edit(person: Person, message_id: UUID, text: str) -> RoomEvent | None:
    """Change what the person said in a room. The assistant is not called by that. None where nothing changed.

    Raises NotFoundError, EmptyTextError, TextTooLongError, LimitedError.
    """
    with transaction.atomic():
        found = Message.objects.filter(pk=message_id, author=person, conversation__room__isnull=False).first()
        if found is None:
            raise NotFoundError
        member = lock(person, found.conversation_id)
        text = conversations.clean_text(text, found.attachments.exists() or has_things(found))
        if text == found.text:
            return None
        check_pace(member, Kind.EDITED)
        Message.objects.filter(pk=found.pk).update(text=text, edited_at=timezone.now())
        found.refresh_from_db()
        return note(member.conversation.room, Kind.EDITED, member, message=found)


def has_things(message: Message) -> bool:
    """Whether pictures, voice notes, videos or documents came with words."""
    return message.pictures.exists() or message.room_files.exists()


def next_run(room_id: UUID) -> Run | None:
    """The run for the call that waits in a room, if nothing is being answered there. None where none waits."""
    with transaction.atomic():
        room = Room.objects.filter(pk=room_id, call__isnull=False).first()
        if room is None:
            return None
        room = lock_room(room_id)
        if room.call is None or not Member.objects.filter(conversation=room.pk, person=room.call.author_id).exists():
            # Who called has gone; others may have called before.
            renew_call(room)
        waiting = [*([room.call] if room.call else ()), *_waiting_for_their_own(room)[:1]]
        if not waiting:
            return None
        call = min(waiting, key=lambda call: call.position)
        return _answer(room, call, harder=Run.Harder.NO if hard_question(call.text) is None else Run.Harder.YES)


def renew_call(room: Room, without: Person | None = None) -> None:
    """Let the newest call wait that has no answer, of somebody who is there, `without` one. The room is locked."""
    answers = Message.objects.filter(conversation=room.pk, role=Message.Role.ASSISTANT, shown=True)
    last = answers.aggregate(last=Max("quoted__position"))["last"] or 0
    there = Member.objects.filter(conversation=room.pk).exclude(person=without).values("person")
    calls = Message.objects.filter(conversation=room.pk, calls=True, position__gt=last, author__in=there)
    room.call = calls.order_by("-position").first()
    Room.objects.filter(pk=room.pk).update(call=room.call)


def after(run_id: UUID) -> Run | None:
    """The run for the call that waits in the room of a run that is over, if one does."""
    room = room_runs().filter(pk=run_id).values_list("conversation", flat=True).first()
    return next_run(room) if room else None


def waiting() -> list[UUID]:
    """The rooms in which a call waits and nothing is being answered."""
    running = Run.objects.filter(conversation=OuterRef("pk"), status=Run.Status.RUNNING)
    rows = Room.objects.filter(~Exists(running), call__isnull=False)
    return list(rows.values_list("pk", flat=True)[:100])


def ended(run_id: UUID) -> UUID | None:
    """Note that a run of a room is over; returns the room. Belongs into the transaction that ends it.

    A run that was interrupted is asked for anew, and what it left is shown no more.
    """
    if not _room_of.rows(run_id):
        return None
    run = room_runs().select_related("answer__quoted").filter(pk=run_id).first()
    if run is None or run.status == Run.Status.RUNNING:
        return None
    room = lock_room(run.conversation_id)
    answer, question = run.answer, run.answer.quoted
    room_id: UUID = room.pk
    if run.status == Run.Status.INTERRUPTED and question and _tries(question) < MOST_ANSWERS:
        _hide(room, answer)
        if room.call is None:
            Room.objects.filter(pk=room.pk).update(call=question)
        return room_id
    if answer.shown and not answer.room_events.filter(kind=Kind.ANSWERED).exists():
        # Else it is asked for anew already, or was noted by a reaper that thought the run dead.
        note(room, Kind.ANSWERED, message=answer)
        stays(room)
    return room_id


@Prepared
def _room_of(run: UUID) -> QuerySet[Run, Any]:
    return room_runs().filter(pk=run).values_list("conversation")


def lock_of(run_id: UUID) -> None:
    """Lock the room of a run, if it has one: before its rows, as everywhere."""
    if room := _room_of.value(run_id):
        lock_room(room)


def room_runs() -> "QuerySet[Run]":
    """The runs of rooms."""
    return Run.objects.filter(conversation__room__isnull=False)


def own_run(person: Person, run_id: UUID) -> Run:
    """A run of one of the person's rooms, whose answer they may read; raises NotFoundError."""
    run = room_runs().select_related("answer", "conversation__room").filter(pk=run_id).first()
    member = None
    if run:
        rows = Member.objects.select_related("conversation__room")
        member = rows.filter(person=person, conversation=run.conversation_id).first()
    if run is None or member is None or not readable(member).filter(pk=run.answer_id).exists():
        raise NotFoundError
    return run


def take_out(room: Room, message: Message) -> None:
    """Erase a message, its events with it; readers are told the numbers of these."""
    numbers = list(message.room_events.values_list("number", flat=True))
    versions.take_out(Message.objects.filter(pk=message.pk))
    attachments.release(message)
    files.discard_pictures(message)
    waited = Room.objects.filter(pk=room.pk, call=message.pk).exists()
    message.delete()
    if waited:
        renew_call(room)
    note(room, Kind.UNSAID, numbers=numbers)


def _said_before(person: Person, room_id: UUID, client_id: UUID) -> Said | None:
    """The event of the same words, when they came the first time."""
    events = RoomEvent.objects.select_related("message").filter(
        room=room_id, kind=Kind.SAID, message__author=person, message__client_id=client_id
    )
    event = events.first()
    return Said(event, new=False) if event else None


def _answer(room: Room, question: Message, search: str = "", harder: str = Run.Harder.NO) -> Run | None:
    """The run that answers a call, unless another answer is being written: then the call waits."""
    if Run.objects.filter(conversation=room.pk, status=Run.Status.RUNNING).exists() or question.author is None:
        if room.call is None or not _wants_its_own(question.text):
            Room.objects.filter(pk=room.pk).update(call=question)
        return None
    parent = conversations.shown_messages(room.conversation).last()
    message = conversations.add(room.conversation, Message.Role.ASSISTANT, parent=parent, quoted=question)
    call = tool_call(question.text) if draws(question.text) else None
    request = {"tool_call": conversations.to_json(call), "search": search, "harder": harder}
    run = conversations.start_run(question.author, message, question, **request).run
    note(room, Kind.ANSWERING, message=message)
    if room.call is None or room.call == question:
        Room.objects.filter(pk=room.pk).update(call=next(iter(_waiting_for_their_own(room)), None))
    return run


def _waiting_for_their_own(room: Room) -> list[Message]:
    """The calls in a room that want an answer of their own and have none, oldest first."""
    answers = Message.objects.filter(quoted=OuterRef("pk"), role=Message.Role.ASSISTANT, shown=True)
    there = Member.objects.filter(conversation=room.pk).values("person")
    calls = Message.objects.filter(~Exists(answers), conversation=room.pk, calls=True, author__in=there)
    newest = calls.order_by("-position")[:WAITING]
    return [call for call in reversed(newest) if _wants_its_own(call.text)]


def _wants_its_own(text: str) -> bool:
    """Whether no answer to other words could serve these."""
    return draws(text) or orders.is_summary(text) or hard_question(text) is not None


def _is_hushed(room: Room) -> bool:
    return room.hushed_until is not None and room.hushed_until > timezone.now()


def _tries(question: Message) -> int:
    """How many answers to a call were begun."""
    return Run.objects.filter(answer__quoted=question).count()


def _hide(room: Room, message: Message) -> None:
    """Show a message no more; its row stays for those who follow its run."""
    numbers = list(message.room_events.values_list("number", flat=True))
    rows = Message.objects.filter(pk=message.pk)
    versions.take_out(rows)
    rows.update(shown=False)
    message.room_events.all().delete()
    note(room, Kind.UNSAID, numbers=numbers)


def stays(room: Room) -> None:
    """Put off a room's end, as something was said."""
    ends_at = timezone.now() + timedelta(days=settings.ROOM_DAYS)
    Room.objects.filter(pk=room.pk).update(ends_at=ends_at, end_told_at=None)
