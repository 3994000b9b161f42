"""The rooms that a delivery is about, locked before anything else.

Who passes on what happens in a room has locked it, and changes the contacts in it. So it is the same everywhere: first
rooms, by their ids, then contacts, then what they wrote and are sent.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from uuid import UUID

from assistant.errors import NotFoundError
from assistant.models import Message, Room
from assistant.rooms.events import lock_room
from integrations.inbound import Event, InboundReaction, InboundUnsend, StatusChange
from integrations.models import Group, InboxEntry, OutboxEntry


def lock(rooms: Iterable[UUID]) -> None:
    """Lock rooms; one that has ended meanwhile is none. Belongs into a transaction that has locked nothing else."""
    for room in sorted(rooms):
        with suppress(NotFoundError):
            lock_room(room)


def rooms_of(channel: str, events: Sequence[Event]) -> set[UUID]:
    """The rooms in which events change something at once. What waits for an answer is done later."""
    groups = {group for event in events if (group := getattr(event, "group", ""))}
    ids = {event.id for event in events if isinstance(event, InboundUnsend | InboundReaction)}
    failed = {event.id for event in events if isinstance(event, StatusChange) and event.status == "failed"}
    found = [*_of_groups(channel, groups), *_of_messages(channel, ids), *_of_readers(channel, failed)]
    return set(Room.objects.filter(pk__in=found).values_list("pk", flat=True)) if found else set()


def _of_groups(channel: str, ids: set[str]) -> list[UUID]:
    rows = Group.objects.filter(channel=channel, group_id__in=ids, room__isnull=False)
    return list(rows.values_list("room", flat=True)) if ids else []


def _of_messages(channel: str, ids: set[str]) -> list[UUID]:
    """Where messages stand that somebody wrote, or was sent."""
    if not ids:
        return []
    sent = OutboxEntry.objects.filter(contact__channel=channel, external_id__in=ids, message__isnull=False)
    written = InboxEntry.objects.filter(channel=channel, external_id__in=ids)
    found = [*sent.values_list("message__conversation", flat=True)]
    for noted, turn, person in written.values_list("message__conversation", "turn", "contact__person"):
        said = Message.objects.filter(author=person, client_id=turn) if turn and not noted else Message.objects.none()
        found += [noted] if noted else said.values_list("conversation", flat=True)
    return found


def _of_readers(channel: str, ids: set[str]) -> list[UUID]:
    """Where those are who were sent messages."""
    rows = OutboxEntry.objects.filter(contact__channel=channel, external_id__in=ids - {""})
    return list(rows.exclude(contact__conversation=None).values_list("contact__conversation", flat=True)) if ids else []
