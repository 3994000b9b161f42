"""A stored delivery becomes rows: messages to be answered, statuses, reactions, changed ids. Twice is as once.

All is synchronous. One event that fails never loses the others.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from assistant.models import Feedback
from integrations import comments, contacts, inbox, outbox, relay, room_locks, rooms
from integrations.base import Channel
from integrations.errors import RefusedMediaError, UnreadableDeliveryError
from integrations.groups import news, telling
from integrations.inbound import (
    AccountNotice,
    ContactChange,
    Echo,
    Event,
    GroupNews,
    HandOver,
    InboundComment,
    InboundEdit,
    InboundMessage,
    InboundOpening,
    InboundReaction,
    InboundUnsend,
    Parsed,
    StatusChange,
)
from integrations.models import ChannelState, Delivery
from integrations.registry import by_object

logger = logging.getLogger(__name__)

# What people say to us, to be answered.
Heard = InboundMessage | InboundOpening | InboundEdit
AT_ONCE = 20
# What a killed courier claimed is free again then.
TAKEN = timedelta(seconds=20)
MOST_ATTEMPTS = 5
# So many events are applied at once: some 200 ms.
STEP = 50
# What a human of the operator's says in the app's own inbox silences the assistant for so long.
HUMAN = timedelta(hours=12)
NUMBER_CHARACTERS = 40
# What names a group in JSON: a field, or a value that is a word of the app's. Or letters that are written as numbers.
OF_GROUP = re.compile(
    rb'group[^"]{0,60}"\s*:|"group[a-z_]{0,60}"|\\u00(?:4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])', re.IGNORECASE
)
GOOD, BAD = ("👍", "❤", "❤️"), ("👎",)


def take() -> list[int]:
    """Claim the oldest deliveries that nobody has read yet; returns their ids.

    One that was claimed before comes alone: it may be what broke its reader, and the others must not share that.
    """
    now = timezone.now()
    waiting = Delivery.objects.filter(Q(taken_until=None) | Q(taken_until__lt=now), state=Delivery.State.WAITING)
    with transaction.atomic():
        # Couriers are woken together: each takes what the others leave.
        rows = waiting.order_by("id").select_for_update(skip_locked=True).values_list("id", "attempts")
        found = list(rows[:AT_ONCE])
        ids = [key for key, _attempts in takewhile(lambda row: not row[1], found)] or [key for key, _ in found[:1]]
        Delivery.objects.filter(id__in=ids).update(taken_until=now + TAKEN, attempts=F("attempts") + 1)
    return ids


def give_back(ids: Sequence[int]) -> None:
    """It was not these deliveries that failed, but the database: they lose no attempt.

    The first one waits as a claimed one does; the others may be taken at once, without it.
    """
    try:
        Delivery.objects.filter(id__in=ids, attempts__gt=0).update(attempts=F("attempts") - 1)
        Delivery.objects.filter(id__in=ids[1:], state=Delivery.State.WAITING).update(taken_until=None)
    except DatabaseError as error:
        logger.warning("%s deliveries lose an attempt: %s", len(ids), error)


class Reading:
    """A delivery while it is read: a part with each `step`, so that nothing else waits long for the database.

    It is kept from other couriers for as long as steps are made. Read again from the beginning, it does no harm.
    """

    def __init__(self, delivery: Delivery, channel: Channel, parsed: Parsed) -> None:
        self.delivery, self._attempts = delivery.pk, delivery.attempts
        self._channel, self._parsed = channel, parsed
        self._done = self._failed = 0
        self._heard = False

    @property
    def next_events(self) -> Sequence[Event]:
        """The events that the next step applies."""
        return self._parsed.events[self._done : self._done + STEP]

    @property
    def rooms(self) -> set[UUID]:
        """The rooms in which the next step changes something."""
        return room_locks.rooms_of(self._channel.name, self.next_events)

    def step(self) -> bool:
        """Apply the next events; the last step ends the delivery, and is the one that returns False.

        Raises OperationalError and InterfaceError where the database is away.
        """
        events = self.next_events
        for event in events:
            self._apply(event)
            self._heard |= isinstance(event, Heard)
        self._done += len(events)
        if self._done < len(self._parsed.events):
            Delivery.objects.filter(id=self.delivery).update(taken_until=timezone.now() + TAKEN)
            return True
        self._end()
        return False

    def _apply(self, event: Event) -> None:
        try:
            with transaction.atomic():
                room_locks.lock(room_locks.rooms_of(self._channel.name, [event]))
                apply(self._channel, event)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # The edge of one event: the others must not be lost, and the operator must read why.
            logger.exception("an event of delivery %s could not be applied: %s", self.delivery, type(event).__name__)
            self._failed += 1

    def _end(self) -> None:
        if self._heard:
            # Once, and last: all other deliveries for the account wait for this row.
            state(self._channel).update(last_in=timezone.now())
        if self._failed and self._attempts < MOST_ATTEMPTS:
            # It is taken again, once its time has passed.
            return
        count_ignored(self._channel, self._parsed)
        kinds = Counter(type(event).__name__ for event in self._parsed.events)
        kinds.update(f"ignored: {one.what}" for one in self._parsed.ignored)
        summary = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
        outcome = Delivery.State.FAILED if self._failed else Delivery.State.DONE
        end(self.delivery, outcome, summary)


def read_all(ids: Sequence[int]) -> list[Reading]:
    """Read deliveries, in few transactions: SQLite lets one process write at a time, and who acknowledges waits for it.

    Returns the large ones, of which some is left to be read. Raises DatabaseError.
    """
    try:
        return _read(ids)
    except DatabaseError as error:
        if len(ids) < 2:
            give_back(ids)
            raise
        # It may be one of them alone; two couriers may also have waited for each other.
        logger.warning("deliveries are read one by one: %s", error)
    left = []
    for place, delivery in enumerate(ids):
        try:
            left += _read([delivery])
        except DatabaseError:
            give_back(ids[place:])
            raise
    return left


def _read(ids: Sequence[int]) -> list[Reading]:
    rows = Delivery.objects.filter(id__in=ids, state=Delivery.State.WAITING).order_by("id")
    # Before the transaction begins: nobody has to wait for this.
    readings = [reading for delivery in rows if (reading := begin(delivery))]
    left = []
    for together in _by_size(readings):
        with transaction.atomic():
            room_locks.lock(set().union(*(reading.rooms for reading in together)))
            left += [reading for reading in together if reading.step()]
    return left


def _by_size(readings: Sequence[Reading]) -> Iterator[list[Reading]]:
    """Those whose next steps are small enough together for one transaction, which others wait for."""
    together: list[Reading] = []
    for reading in readings:
        if together and sum(len(one.next_events) for one in (*together, reading)) > STEP:
            yield together
            together = []
        together.append(reading)
    if together:
        yield together


def begin(delivery: Delivery) -> Reading | None:
    """Begin to read a delivery. None for one that cannot be read, or broke its reader again and again."""
    if delivery.attempts > MOST_ATTEMPTS:
        logger.error("delivery %s broke its reader %s times", delivery.pk, MOST_ATTEMPTS)
        end(delivery.pk, Delivery.State.FAILED, "it could not be read")
        return None
    try:
        channel, parsed = parse(bytes(delivery.body), delivery.signer)
    except UnreadableDeliveryError as error:
        logger.warning("delivery %s is not read: %s", delivery.pk, error)
        end(delivery.pk, Delivery.State.FAILED, str(error), again=False)
        return None
    except Exception:
        # The edge of one delivery: the others must not be lost, and the operator must read why.
        logger.exception("delivery %s could not be read", delivery.pk)
        return None
    return Reading(delivery, channel, parsed)


def parse(body: bytes, signer: str) -> tuple[Channel, Parsed]:
    """What is in the body of a delivery. Raises UnreadableDeliveryError."""
    try:
        value = json.loads(body, parse_int=_number)
    except (ValueError, RecursionError) as error:
        raise UnreadableDeliveryError("it is no JSON") from error
    if not isinstance(value, dict):
        raise UnreadableDeliveryError("it is no JSON object")
    name, entries = value.get("object"), value.get("entry")
    channel = by_object(name) if isinstance(name, str) else None
    if channel is None:
        raise UnreadableDeliveryError("it is for an app that is not set up, or not known")
    if signer != "meta" and signer != channel.name:
        raise UnreadableDeliveryError("it is signed with the secret of another app")
    return channel, channel.parse(entries if isinstance(entries, list) else ())


def _number(digits: str) -> int | None:
    """A whole number as JSON has it. None for one that no app would send, and that takes long to read."""
    return int(digits) if len(digits) <= NUMBER_CHARACTERS else None


def end(delivery_id: int, state: Delivery.State, summary: str, *, again: bool = True) -> None:
    """Note what came of a delivery. Its body stays only where it failed and `again` says that it may be read again.

    The text of one that is done is in other rows. What is said in a group is kept nowhere, unless it calls us.
    """
    values: dict[str, Any] = {"state": state, "summary": summary[:300], "taken_until": None}
    rows = Delivery.objects.filter(id=delivery_id)
    if state == Delivery.State.DONE or not again or any(map(may_be_of_group, rows.values_list("body", flat=True))):
        values["body"] = b""
    rows.update(**values)


def may_be_of_group(body: bytes | memoryview) -> bool:
    """Whether a delivery may be about a group, whatever is wrong with it: nobody can read it."""
    return OF_GROUP.search(body) is not None


def apply(channel: Channel, event: Event) -> None:
    """Do what an event says. Its rooms are locked. Raises DatabaseError."""
    match event:
        case InboundMessage() | InboundEdit() | InboundUnsend() | InboundReaction() if event.group:
            if not news.apply(channel, event):
                count(channel, ["foreign group"])
        case GroupNews():
            if not news.apply(channel, event):
                count(channel, ["foreign group"])
        case InboundMessage() | InboundOpening() | InboundEdit():
            receive(channel, event)
        case InboundComment():
            if comments.receive(channel, event):
                state(channel).update(last_in=timezone.now())
            else:
                count(channel, ["comment"])
        case InboundUnsend():
            if contact := contacts.find(channel.name, event.account, event.sender):
                inbox.unsend(contact, event.id)
        case InboundReaction():
            react(channel, event)
        case StatusChange():
            outbox.note_status(channel.name, event)
            if event.status == "failed":
                telling.note_failed(channel.name, event)
                note_lost(channel, event)
        case Echo():
            if not outbox.note_echo(channel.name, event) and event.human:
                pause(channel, event)
        case ContactChange():
            contacts.change(channel.name, event)
        case HandOver():
            pause(channel, event)
        case AccountNotice():
            logger.warning("%s says about its account: %s", channel.title, event.kind)
            state(channel).update(notice=f"{event.kind}: {event.detail}"[:300])
        case _:
            logger.warning("an event of an unknown kind is skipped: %s", type(event).__name__)


def receive(channel: Channel, event: Heard) -> None:
    """Put something that has to be answered into the inbox, once."""
    contact = contacts.find_or_make(channel.name, event.account, event.sender)
    contacts.wrote(contact, event.at)
    inbox.add(contact, event)


def react(channel: Channel, event: InboundReaction) -> None:
    """A thumb under an answer of ours is feedback, as on the page. In a room all see what one reacts with; elsewhere
    other reactions say nothing to us."""
    contact = contacts.find(channel.name, event.account, event.sender)
    if contact and rooms.react(contact, event):
        contacts.wrote(contact, event.at)
        return
    message = outbox.answer_of(contact, event.id) if contact else None
    if contact is None or message is None:
        return
    contacts.wrote(contact, event.at)
    if event.emoji in (*GOOD, *BAD):
        values = {"good": event.emoji in GOOD}
        Feedback.objects.update_or_create(message=message, person=contact.person, defaults=values)
    else:
        Feedback.objects.filter(message=message, person=contact.person).delete()


def note_lost(channel: Channel, event: StatusChange) -> None:
    """A message that was taken came to nothing: the same is done as where it is refused at once."""
    kind, entry = channel.failure(event.problem), outbox.lost(channel.name, event)
    if entry is None or entry.contact.is_group:
        return
    if issubclass(kind, RefusedMediaError):
        outbox.in_words(entry)
    if kind.code not in relay.UNREACHABLE:
        return
    contact = entry.contact
    if contact.wrote_at is None or contact.wrote_at <= event.at:
        outbox.unreached(contact, kind(event.detail))
    relay.missed(contact, entry)


def pause(channel: Channel, event: Echo | HandOver) -> None:
    """Be silent while a human or another app has the conversation; begin again when it is given back."""
    if contact := contacts.find(channel.name, event.account, event.sender):
        back = isinstance(event, HandOver) and event.ours
        contacts.update(contact, human_until=None if back else timezone.now() + HUMAN)


def count_ignored(channel: Channel, parsed: Parsed) -> None:
    """Count what was not for us, by kind, and log it without a word of it."""
    if parsed.ignored:
        logger.info("%s: %s", channel.title, ", ".join(one.what for one in parsed.ignored[:20]))
        count(channel, [one.what for one in parsed.ignored])


def count(channel: Channel, kinds: Sequence[str]) -> None:
    """Add to the numbers of what was ignored."""
    with transaction.atomic():
        row = state(channel).select_for_update().get()
        numbers = Counter(row.ignored)
        numbers.update(kinds)
        row.ignored = dict(numbers.most_common(100))
        row.save(update_fields=["ignored"])


def state(channel: Channel) -> Any:
    """The row about our account, made when it is first needed, as a query."""
    rows = ChannelState.objects.filter(channel=channel.name, account=channel.account)
    if not rows.exists():
        ChannelState.objects.get_or_create(channel=channel.name, account=channel.account)
    return rows
