"""What waits to be answered, by the contact: added once, taken in order, ended once.

All is synchronous and uses the database; what changes several rows belongs into a transaction of the caller's.
"""

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from assistant import conversations
from assistant.errors import NotFoundError
from assistant.models import Message
from assistant.rooms import talk
from assistant.runs.forget import forget
from imagine.models import Picture
from integrations import agreeing, contacts, outbox, wording
from integrations.inbound import InboundComment, InboundEdit, InboundMessage, InboundOpening
from integrations.models import Contact, InboxEntry

logger = logging.getLogger(__name__)

Answerable = InboundMessage | InboundOpening | InboundEdit | InboundComment
Kind, State = InboxEntry.Kind, InboxEntry.State

# A contact who floods us has so many waiting; what comes beyond is dropped.
MOST_WAITING = 100
# The outcome of what the person took back.
UNSENT = "unsent"
KINDS: dict[InboxEntry.Kind, type[Answerable]] = {
    Kind.MESSAGE: InboundMessage,
    Kind.OPENING: InboundOpening,
    Kind.EDIT: InboundEdit,
    Kind.COMMENT: InboundComment,
}


def add(contact: Contact, event: Answerable) -> None:
    """Keep an event until it is answered; what was kept before stays as it is."""
    if isinstance(event, InboundEdit) and (edit_waiting(contact, event) or _is_unsent(contact, event)):
        return
    kind = next(kind for kind, known in KINDS.items() if isinstance(event, known))
    crowded = contact.inbox.filter(state=State.WAITING).count() >= MOST_WAITING
    entry = InboxEntry(
        contact=contact,
        channel=contact.channel,
        external_id=external_id(contact, event),
        kind=kind,
        content={} if crowded else event.to_json(),
        state=State.DROPPED if crowded else State.WAITING,
        outcome="crowded" if crowded else "",
        said_at=event.at,
    )
    InboxEntry.objects.bulk_create([entry], ignore_conflicts=True)


def external_id(contact: Contact, event: Answerable) -> str:
    """The app's id of an event, or one made of all that makes it that event."""
    match event:
        case InboundOpening():
            return f"opening:{contact.pk}:{event.at.timestamp()}"
        case InboundEdit():
            return f"edit:{hashlib.sha256(f'{event.id} {event.text}'.encode()).hexdigest()}"
        case InboundComment(verb=verb) if verb != "add":
            return f"{verb}:{hashlib.sha256(f'{event.id} {event.text}'.encode()).hexdigest()}"
        case _:
            return event.id


def event_of(entry: InboxEntry) -> Answerable:
    """What the entry keeps. Raises LookupError, TypeError or ValueError for what another version wrote."""
    return KINDS[Kind(entry.kind)].from_json(entry.content)


def edit_waiting(contact: Contact, event: InboundEdit) -> bool:
    """Change a message that nobody has begun to answer. False where there is none."""
    untouched = Q(state=State.WAITING, turn=None) | Q(state=State.DONE, outcome=agreeing.HELD)
    entry = contact.inbox.filter(untouched, external_id=event.id).first()
    if entry is None or entry.kind != Kind.MESSAGE:
        return False
    # It may be taken at this moment: then the edit is answered by itself.
    rows = contact.inbox.filter(untouched, pk=entry.pk)
    return bool(rows.update(content={**entry.content, "text": event.text}))


def _is_unsent(contact: Contact, event: InboundEdit) -> bool:
    """Whether an edit comes late, of a message that was taken back."""
    return contact.inbox.filter(external_id=event.id, state=State.DROPPED, outcome=UNSENT).exists()


def unsend(contact: Contact, external_id: str) -> None:
    """Erase what the person took back: here, and in the conversation with its answer. Raises DatabaseError."""
    entry = contact.inbox.filter(external_id=external_id).first()
    if entry is None:
        # It may come late: then nothing of it is kept.
        InboxEntry.objects.bulk_create(
            [
                InboxEntry(
                    contact=contact,
                    channel=contact.channel,
                    external_id=external_id,
                    kind=Kind.MESSAGE,
                    content={},
                    state=State.DROPPED,
                    outcome=UNSENT,
                    said_at=timezone.now(),
                )
            ],
            ignore_conflicts=True,
        )
        return
    # What it was changed to is kept by entries of their own.
    for one in (entry, *contact.inbox.filter(kind=Kind.EDIT, content__id=external_id)):
        _take_back(contact, one)


def _take_back(contact: Contact, entry: InboxEntry) -> None:
    """Erase an entry, with the picture that it brought, and what was said and answered in its turn."""
    contact.inbox.filter(pk=entry.pk).update(content={}, state=State.DROPPED, outcome=UNSENT)
    if entry.picture:
        if contact.expects == {"edit": str(entry.picture)}:
            contacts.update(contact, expects=None)
        Picture.objects.filter(id=entry.picture, person=contact.person, made=Picture.Made.UPLOADED).delete()
    if entry.turn is None:
        return
    held_back = outbox.take_back(contact, f"turn:{entry.turn}")
    said = Message.objects.filter(author=contact.person)
    for message in said.filter(Q(client_id=entry.turn) | Q(pk=entry.message_id)):
        _unsay(contact, message)
    # What was said together with it is answered anew, without it.
    states = (State.WAITING, State.DONE) if held_back else (State.WAITING,)
    rest = contact.inbox.filter(turn=entry.turn, state__in=states)
    rest.update(state=State.WAITING, outcome="", turn=None)


def _unsay(contact: Contact, message: Message) -> None:
    if message.spoken_as:
        with suppress(NotFoundError):
            talk.unsay(contact.person, message.id)
        return
    try:
        runs = conversations.unsay(contact.person, message.id)
    except NotFoundError:
        # They deleted it on the website.
        return
    transaction.on_commit(partial(forget, runs))


def take_group(contact: Contact) -> list[InboxEntry]:
    """The entries that are answered next, together: words that came one after another, or one of anything else.

    They get a common `turn`; an answer that was begun before is gone on with.
    """
    with transaction.atomic():
        now = timezone.now()
        # In the order in which it was said: deliveries overtake each other.
        rows = outbox.without_later_comments(contact.inbox.filter(state=State.WAITING), now)
        waiting = list(rows.order_by("id")[:MOST_WAITING])
        waiting.sort(key=lambda entry: (entry.turn is None, entry.said_at, entry.pk))
        if not waiting or waiting[0].not_before > now:
            return []
        first = waiting[0]
        if first.turn is None:
            group = [first]
            # In a group several people speak: each is answered by themselves.
            if _is_words(first) and not contact.is_group:
                group.extend(_together(first, waiting[1:]))
            turn = uuid4()
            InboxEntry.objects.filter(pk__in=[entry.pk for entry in group]).update(turn=turn)
        else:
            turn = first.turn
        rows = contact.inbox.filter(turn=turn, state=State.WAITING)
        rows.update(attempts=F("attempts") + 1)
        return list(rows.order_by("said_at", "id"))


def is_followed(entry: InboxEntry) -> bool:
    """Whether more waits to be answered after an entry, so that the answer has to say which one it is to."""
    waiting = entry.contact.inbox.filter(state=State.WAITING, kind=Kind.MESSAGE)
    return waiting.filter(said_at__gte=entry.said_at).exclude(pk=entry.pk).exists()


def stop_asked(contact: Contact) -> InboxEntry | None:
    """A waiting message that asks to stop, said while an answer is made."""
    for entry in contact.inbox.filter(state=State.WAITING, turn=None).order_by("id")[:MOST_WAITING]:
        if wording.command_name(str(entry.content.get("text", ""))) == "stop":
            return entry
    return None


def drop_late(contact: Contact, before: datetime) -> None:
    """Drop what waits besides and is older than `before`: it is answered once, for all."""
    late = contact.inbox.filter(state=State.WAITING, turn=None, said_at__lt=before)
    late.update(state=State.DROPPED, outcome="late")


def finish(entries: Sequence[InboxEntry], outcome: str) -> bool:
    """End entries that were answered. False where the person took them back meanwhile: then nothing is to be sent.

    What was said together with something that was taken back has no turn any more, and is answered anew.
    """
    rows = InboxEntry.objects.filter(pk__in=[entry.pk for entry in entries], state=State.WAITING)
    return bool(rows.filter(turn=entries[0].turn).update(state=State.DONE, outcome=outcome[:40]))


def part(entries: Sequence[InboxEntry]) -> None:
    """Let entries that were taken together with another wait to be taken by themselves."""
    InboxEntry.objects.filter(pk__in=[entry.pk for entry in entries], state=State.WAITING).update(turn=None)


def empty(entries: Sequence[InboxEntry]) -> None:
    """Keep nothing of what entries say."""
    InboxEntry.objects.filter(pk__in=[entry.pk for entry in entries]).update(content={})


def postpone(entries: Sequence[InboxEntry], seconds: float, *, tried: bool) -> None:
    """Try again after so many seconds; `tried` says whether it was an attempt."""
    later, back = timezone.now() + timedelta(seconds=seconds), 0 if tried else 1
    rows = InboxEntry.objects.filter(pk__in=[entry.pk for entry in entries])
    rows.update(not_before=later, attempts=F("attempts") - back)


def note_message(turn: UUID, message: Message) -> None:
    """Note as which message the entries of a turn stand in the conversation.

    Where one of them was taken back just before the message was written, that goes again.
    """
    rows = InboxEntry.objects.filter(turn=turn)
    rows.update(message=message)
    if unsent := rows.filter(outcome=UNSENT).select_related("contact__person").first():
        _unsay(unsent.contact, message)


def note_edit(contact: Contact, original_external_id: str, message: Message) -> None:
    """Note that a message of the contact's stands in the conversation as another version, since it was changed.

    The next change is one of that version, and whoever takes the message back takes back each version.
    """
    contact.inbox.filter(external_id=original_external_id).exclude(outcome=UNSENT).update(message=message)


def _together(first: InboxEntry, others: Sequence[InboxEntry]) -> list[InboxEntry]:
    """The words that are answered together with those of `first`, as far as one message has room for them."""
    room = settings.MESSAGE_CHARACTERS - _length(first)
    group: list[InboxEntry] = []
    for entry in others:
        room -= _length(entry) + 1
        if not _is_words(entry) or entry.turn is not None or room < 0:
            break
        group.append(entry)
    return group


def _length(entry: InboxEntry) -> int:
    return len(str(entry.content.get("text", "")))


def _is_words(entry: InboxEntry) -> bool:
    """Whether an entry is nothing but words that may be answered together with others: no command, no tap, no file."""
    content = entry.content
    if entry.kind != Kind.MESSAGE or not str(content.get("text", "")).strip():
        return False
    alone = ("payload", "media", "place", "cards", "quoted", "story", "unknown")
    text = str(content["text"]).strip()
    return not any(content.get(name) for name in alone) and not wording.is_command(text)
