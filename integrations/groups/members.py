"""Who is in a group is a member of its room. All is synchronous and belongs into a transaction that locks the room."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from assistant import people
from assistant.errors import NotFoundError
from assistant.models import Member, Person, Room, RoomEvent
from assistant.posing import NAME_CHARACTERS, chosen_name, poses_as
from assistant.rooms import membership
from assistant.rooms.events import Kind, note
from integrations import contacts
from integrations.groups import lifecycle, removals
from integrations.inbound import Sender
from integrations.models import Contact, Group

MOST_NAMESAKES = 200


def enter(group: Group, room: Room, sender: Sender, came_at: datetime | None = None) -> Contact | None:
    """The contact of somebody who came into a group then, or else speaks there; they become a member of its room.

    Their own chat with us is not touched. None for somebody whom the host took out, and for a new one while the room
    is locked: the app is asked to remove them. It may tell of words before it tells who came, so words alone remove
    nobody new.
    """
    before = contacts.find(group.channel, group.account, sender)
    nameless = before is None or not before.name
    contact = contacts.find_or_make(group.channel, group.account, sender)
    if _is_out(room, contact.person):
        removals.ask(group, contact)
        return None
    rows = Member.objects.filter(conversation=room.pk, person=contact.person)
    if room.locked and not rows.exists() and not _came_before(room, came_at):
        if came_at:
            removals.ask(group, contact)
            note(room, Kind.UNREACHED, lifecycle.nobody(room), group="kept_out")
        return None
    people.touch(contact.person)
    group.people.add(contact)
    others = Member.objects.filter(conversation=room.pk).exclude(name="").exclude(person=contact.person)
    name = distinct(contact.name or contact.username, list(others.values_list("name", flat=True)))
    if rows.exists():
        if nameless and contact.name and rows.exclude(person=room.host_id).update(name=name):
            # WhatsApp says that somebody joined without their name; it comes with their first words.
            joined = RoomEvent.objects.filter(room=room, person=contact.person, kind=Kind.JOINED)
            joined.update(name=name)
        return contact
    member = Member(conversation=room.conversation, person=contact.person, name=name)
    member.since = member.read_until = room.last_number
    member.save()
    note(room, Kind.JOINED, member)
    return contact


def leave(group: Group, room: Room, sender: Sender) -> None:
    """Somebody went out of a group: out of its room too, unless it is theirs."""
    contact = contacts.find(group.channel, group.account, sender)
    if contact is None:
        return
    if contact.person_id != room.host_id:
        with suppress(NotFoundError):
            membership.leave(contact.person, room.pk)
            room.refresh_from_db(fields=["last_number"])
    # Afterwards: the group is told of nobody whom the app shows as gone.
    group.people.remove(contact)


def distinct(name: str, others: list[str]) -> str:
    """What somebody is called in a room who did not choose it there: nobody else, and not the assistant."""
    chosen = chosen_name(name)
    base = chosen if chosen and not poses_as(chosen, ()) else _("Guest")
    names = [base, *(f"{base[: NAME_CHARACTERS - 4]} {number}" for number in range(2, MOST_NAMESAKES))]
    return next((one for one in names if not poses_as(one, others)), names[-1])


def _came_before(room: Room, came_at: datetime | None) -> bool:
    """Whether somebody came before the room was locked, by the app's clock, which has whole seconds."""
    locked = RoomEvent.objects.filter(room=room, kind=Kind.LOCKED).order_by("number").last()
    return bool(came_at and locked and came_at < locked.created_at - timedelta(seconds=1))


def _is_out(room: Room, person: Person) -> bool:
    """Whether the host took somebody out: the app may not have done so yet, and they may know the link."""
    if room.blocks.filter(person=person).exists():
        return True
    kinds = (Kind.JOINED, Kind.LEFT, Kind.REMOVED)
    last = RoomEvent.objects.filter(room=room, person=person, kind__in=kinds).order_by("number").last()
    return last is not None and last.kind == Kind.REMOVED
