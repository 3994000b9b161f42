"""What is to be sent, and how far it has come. Nothing that may have been sent is ever sent again by itself.

An entry is `sending` from before the request until after its answer. One that is found so by somebody else had its
process killed in between: it is `unknown` then, until the app says something about it, or the operator does.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from assistant.models import Message
from integrations.errors import (
    AccountError,
    ChannelError,
    CommentGoneError,
    ContactGoneError,
    RateError,
    RefusedMediaError,
    TemporaryError,
    UncertainError,
    WindowClosedError,
)
from integrations.inbound import Echo, StatusChange
from integrations.models import ChannelState, Contact, GroupOrder, InboxEntry, OutboxEntry
from integrations.outbound import OutboundMessage

logger = logging.getLogger(__name__)

State = OutboxEntry.State
# How far a status is: none is ever taken back by an earlier one that comes late.
STEPS = (State.QUEUED, State.SENDING, State.UNKNOWN, State.SENT, State.DELIVERED, State.READ)
OPEN = (State.QUEUED, State.SENDING)
# The app may be away for longer than these attempts take: until it was queued so long ago a message is tried on.
MOST_ATTEMPTS = 6
PATIENCE = timedelta(hours=1)
LONGEST_PAUSE = 900
# So long after it was queued a message of ours may come back as an echo without any name.
NAMELESS = timedelta(minutes=10)
# How the cause begins of what a group is told although it is held.
HELD = "held:"
# A courier that serves a contact prolongs its lease often: what a killed one held is free again after this.
LEASE = timedelta(seconds=20)


def add(
    contact: Contact,
    cause: str,
    messages: Sequence[OutboundMessage],
    answer: Message | None = None,
    comment: str = "",
    privately: bool = False,
    at: datetime | None = None,
) -> None:
    """Queue what answers `cause`, once: a second time changes nothing. Belongs into the transaction that ends it.

    `answer` is the one of the conversation that they show, in a room any message. They are sent in the order of `at`.
    """
    now = at or timezone.now()
    OutboxEntry.objects.bulk_create(
        [
            OutboxEntry(
                contact=contact,
                cause=cause,
                place=place,
                content=message.to_json(),
                message=answer,
                comment=comment,
                privately=privately,
                created_at=now,
            )
            for place, message in enumerate(messages)
        ],
        ignore_conflicts=True,
    )


def abandoned(contact: Contact) -> None:
    """Mark what another process was sending when it ended: whether it arrived is not known."""
    if number := contact.outbox.filter(state=State.SENDING).update(state=State.UNKNOWN, problem="interrupted"):
        logger.warning("%s messages to contact %s may have been sent, or not", number, contact.pk)


def claim(contact: Contact) -> OutboxEntry | None:
    """The next message to a contact, to be sent now; None where there is none, or where it has to wait."""
    queued = contact.outbox.filter(state=State.QUEUED).order_by("created_at", "cause", "place")
    entry = queued.first()
    # Asked afterwards: what was said after a removal finds that.
    if entry and _is_held(contact):
        entry = queued.filter(cause__startswith=HELD).first()
    if entry is None or entry.not_before > timezone.now() or is_halted(contact):
        return None
    claimed = OutboxEntry.objects.filter(pk=entry.pk, state=State.QUEUED)
    if not claimed.update(state=State.SENDING, attempts=F("attempts") + 1):
        return None
    entry.attempts += 1
    return entry


def put_back(entry: OutboxEntry, seconds: float) -> None:
    """Queue a message again that was not tried: it would have been too fast."""
    later = timezone.now() + timedelta(seconds=seconds)
    rows = OutboxEntry.objects.filter(pk=entry.pk)
    rows.update(state=State.QUEUED, attempts=F("attempts") - 1, not_before=later)


def take_back(contact: Contact, cause: str) -> bool:
    """The person took back what `cause` answers: send no more of it, and keep no word of what was sent.

    Returns whether nothing had been sent yet. What is being sent at this moment keeps its words until they expire.
    """
    rows = contact.outbox.filter(cause=cause)
    nothing = OutboundMessage().to_json()
    held_back = rows.filter(state=State.QUEUED).update(state=State.FAILED, problem="unsent", detail="", content=nothing)
    rows.exclude(state=State.SENDING).update(content=nothing)
    return bool(held_back) and not rows.exclude(problem="unsent").exists()


def forget(contact: Contact) -> None:
    """Keep no word of what was sent beside what happens in a room."""
    rows = contact.outbox.exclude(state__in=OPEN).exclude(cause__startswith="room:")
    rows.update(content=OutboundMessage().to_json())


def sent(entry: OutboxEntry, external_id: str) -> None:
    """Note that the app took a message, under its id."""
    now = timezone.now()
    rows = OutboxEntry.objects.filter(pk=entry.pk)
    with transaction.atomic():
        rows.update(external_id=external_id[:200], sent_at=now, problem="", detail="")
        rows.filter(state__in=(State.SENDING, State.UNKNOWN)).update(state=State.SENT)
    account = ChannelState.objects.filter(channel=entry.contact.channel, account=entry.contact.account)
    account.update(last_out=now)


def failed(entry: OutboxEntry, error: ChannelError) -> None:
    """Note what became of a message that could not be sent, and of those that wait behind it."""
    contact, detail = entry.contact, str(error)[:300]
    row = OutboxEntry.objects.filter(pk=entry.pk)
    noted = {"problem": error.code, "detail": detail}
    match error:
        case UncertainError():
            logger.warning("message %s may have been sent, or not: %s", entry.pk, error)
            row.update(state=State.UNKNOWN, **noted)
        case AccountError():
            logger.error("%s is halted: %s", contact.channel, error)
            halt(contact, error)
            row.update(state=State.QUEUED, **noted)
        case TemporaryError() if entry.attempts < MOST_ATTEMPTS or entry.created_at > timezone.now() - PATIENCE:
            later = timezone.now() + timedelta(seconds=pause(error, entry.attempts))
            row.update(state=State.QUEUED, not_before=later, **noted)
        case RefusedMediaError() if entry.content.get("instead"):
            logger.info("message %s is sent in words: %s", entry.pk, error)
            row.update(**noted)
            in_words(entry)
        case CommentGoneError():
            logger.info("message %s is not sent: %s", entry.pk, error)
            row.update(state=State.FAILED, **noted)
        case ContactGoneError() | WindowClosedError():
            row.update(state=State.FAILED, **noted)
            unreached(contact, error)
        case _:
            logger.error("message %s could not be sent: %s", entry.pk, error)
            row.update(state=State.FAILED, **noted)


def in_words(entry: OutboxEntry) -> None:
    """Queue what is said in place of a file that the app does not take, where something is."""
    if instead := entry.content.get("instead"):
        words = OutboundMessage(instead, quotes=entry.content.get("quotes", ""))
        row = OutboxEntry.objects.filter(pk=entry.pk)
        row.update(state=State.QUEUED, content=words.to_json(), external_id="")


def unreached(contact: Contact, error: ChannelError) -> None:
    """Send nothing of what waits for somebody who cannot be reached."""
    if isinstance(error, ContactGoneError):
        Contact.objects.filter(pk=contact.pk).update(gone_at=timezone.now())
    # An answer under a post asks for no window.
    waiting = contact.outbox.filter(state=State.QUEUED, comment="")
    waiting.update(state=State.FAILED, problem=error.code, detail=str(error)[:300])


def lost(channel: str, event: StatusChange) -> OutboxEntry | None:
    """The message that the app had taken and that came to nothing, as it says."""
    rows = OutboxEntry.objects.filter(contact__channel=channel, contact__account=event.account, state=State.FAILED)
    known = rows.filter(external_id=event.id).exclude(external_id="")
    return known.select_related("contact__person").first()


def pause(error: TemporaryError, attempts: int) -> float:
    """Seconds until the next attempt; too many messages to one person take 4 to the power of the attempts."""
    base = 4 if isinstance(error, RateError) and error.scope == RateError.Scope.CONTACT else 3
    return float(max(error.seconds, min(base**attempts, LONGEST_PAUSE)))


def halt(contact: Contact, error: AccountError) -> None:
    """Send nothing more for our account until the operator has acted."""
    ChannelState.objects.update_or_create(
        channel=contact.channel,
        account=contact.account,
        defaults={"halted": error.code, "detail": str(error)[:300], "halted_at": timezone.now()},
    )


def is_halted(contact: Contact) -> bool:
    """Whether nothing may be sent for our account."""
    rows = ChannelState.objects.filter(channel=contact.channel, account=contact.account)
    return rows.halted().exists()


def _is_held(contact: Contact) -> bool:
    """Whether somebody is to be removed from a group first."""
    return contact.is_group and GroupOrder.objects.holding().filter(group__contact=contact).exists()


def note_status(channel: str, event: StatusChange) -> None:
    """Follow what the app says about messages of ours. What we do not know is of others, and says nothing to us."""
    rows = OutboxEntry.objects.filter(contact__channel=channel, contact__account=event.account)
    if event.until is not None:
        mine = (
            Q(contact__user_id=event.sender.user_id) if event.sender.user_id else Q(contact__phone=event.sender.phone)
        )
        rows = rows.filter(mine, sent_at__lte=event.until + timedelta(seconds=1)).exclude(external_id="")
    else:
        known = Q(external_id=event.id) if event.id else Q(pk=None)
        rows = rows.filter(known | Q(pk=key) if (key := _uuid(event.key)) else known)
    if not rows.exists():
        return
    if event.status == "failed":
        problem, detail = event.problem[:40], event.detail[:300]
        # The app had taken it, and it came to nothing after all.
        rows.exclude(state__in=(State.DELIVERED, State.READ)).update(state=State.FAILED, problem=problem, detail=detail)
        return
    state = State(event.status)
    before = STEPS[: STEPS.index(state)]
    if event.id:
        rows.filter(external_id="").update(external_id=event.id[:200])
    rows.filter(state__in=before).update(state=state, sent_at=Coalesce("sent_at", Value(event.at)))


def note_echo(channel: str, event: Echo) -> bool:
    """Follow our own message, as the app shows it to us. False for one that we did not send."""
    rows = OutboxEntry.objects.filter(contact__channel=channel, contact__account=event.account)
    key = _uuid(event.key)
    rows = rows.filter(Q(external_id=event.id) | Q(pk=key) if key else Q(external_id=event.id))
    found = rows.exists()
    if not (found or key):
        return _note_nameless(channel, event)
    rows.filter(external_id="").update(external_id=event.id[:200])
    rows.filter(state__in=(State.SENDING, State.UNKNOWN)).update(state=State.SENT, sent_at=event.at)
    return found


def _note_nameless(channel: str, event: Echo) -> bool:
    """Whether an echo that names nothing may be of a message of ours, whose id is not known yet, or was never told.

    The same words are the same message.
    """
    entries = OutboxEntry.objects.filter(
        contact__channel=channel,
        contact__account=event.account,
        contact__user_id=event.sender.user_id,
        state__in=(State.SENDING, State.UNKNOWN),
        external_id="",
        created_at__gte=event.at - NAMELESS,
    )
    found = list(entries)
    for entry in found:
        if event.text and entry.content.get("text") == event.text:
            rows = OutboxEntry.objects.filter(pk=entry.pk, state__in=(State.SENDING, State.UNKNOWN))
            rows.update(state=State.SENT, external_id=event.id[:200], sent_at=event.at)
            break
    return bool(found)


def answer_of(contact: Contact, external_id: str) -> Message | None:
    """The answer of the conversation that a message of ours showed."""
    entry = contact.outbox.filter(external_id=external_id).exclude(external_id="").select_related("message").first()
    return entry.message if entry else None


def text_of(contact: Contact, external_id: str) -> str:
    """What a message of ours to the contact, or of theirs, said; empty for any other."""
    if not external_id:
        return ""
    if mine := contact.outbox.filter(external_id=external_id).first():
        return str(OutboundMessage.from_json(mine.content).text)
    theirs: InboxEntry | None = contact.inbox.filter(external_id=external_id).first()
    return str(theirs.content.get("text", "")) if theirs else ""


def without_later_comments(waiting: QuerySet[InboxEntry], now: datetime) -> QuerySet[InboxEntry]:
    """Without comments whose time has not come: what is said in the chat does not wait for them."""
    return waiting.exclude(kind=InboxEntry.Kind.COMMENT, not_before__gt=now)


def with_work(now: datetime) -> QuerySet[Contact]:
    """The contacts for whom there is something to answer or to send now, and whom nobody serves.

    What has to wait for its time holds up what is behind it.
    """
    waiting = without_later_comments(InboxEntry.objects.filter(state=InboxEntry.State.WAITING).order_by(), now)
    outgoing = OutboxEntry.objects.order_by()
    queued = outgoing.filter(state__in=OPEN)
    halted = ChannelState.objects.filter(channel=OuterRef("channel"), account=OuterRef("account")).halted()
    to_answer = Exists(_its(waiting)) & ~Exists(_its(waiting).filter(not_before__gt=now))
    held = Exists(GroupOrder.objects.holding().filter(group__contact=OuterRef("pk")))
    free_to_send = ~held | Exists(_its(queued).filter(cause__startswith=HELD))
    to_send = Exists(_its(queued)) & ~Exists(_its(queued).filter(not_before__gt=now)) & ~Exists(halted) & free_to_send
    # They are found by the few rows that are open, each kind in an index, not by a look at every contact.
    open_rows = (waiting, *(outgoing.filter(state=state) for state in OPEN))
    first, *others = [rows.values("contact") for rows in open_rows]
    found = Contact.objects.filter(pk__in=first.union(*others, all=True))
    # A lease that ends later than any was given is from before the clock was set back.
    free = Q(taken_until=None) | Q(taken_until__lt=now) | Q(taken_until__gt=now + 2 * LEASE)
    return found.filter(free, to_answer | to_send)


def longest_waiting(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    """Contacts with work, those first whose oldest has waited longest: so nobody is passed over for ever."""
    waiting = _its(InboxEntry.objects.filter(state=InboxEntry.State.WAITING)).order_by("pk").values("received_at")
    queued = _its(OutboxEntry.objects.filter(state__in=OPEN)).order_by("created_at").values("created_at")
    return contacts.order_by(Coalesce(Subquery(waiting[:1]), Subquery(queued[:1])), "pk")


def _its(entries: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the contact of the query around it."""
    return entries.filter(contact=OuterRef("pk"))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
