"""Who is in a group is a member of its room. All is synchronous and belongs into a transaction that locks the room."""

from django.utils.translation import gettext as _

from assistant import people
from assistant.errors import NotFoundError
from assistant.models import Member, Person, Room, RoomEvent
from assistant.posing import NAME_CHARACTERS, chosen_name, poses_as
from assistant.rooms import membership
from assistant.rooms.events import Kind, note
from integrations import contacts
from integrations.inbound import Sender
from integrations.models import Contact, Group

MOST_NAMESAKES = 200


def enter(group: Group, room: Room, sender: Sender) -> Contact | None:
    """The contact of somebody who came into a group, or speaks there; they become a member of its room.

    Their own chat with us is not touched. None for somebody whom the host took out.
    """
    before = contacts.find(group.channel, group.account, sender)
    nameless = before is None or not before.name
    contact = contacts.find_or_make(group.channel, group.account, sender)
    if _is_out(room, contact.person):
        return None
    people.touch(contact.person)
    group.people.add(contact)
    others = Member.objects.filter(conversation=room.pk).exclude(name="").exclude(person=contact.person)
    name = distinct(contact.name or contact.username, list(others.values_list("name", flat=True)))
    rows = Member.objects.filter(conversation=room.pk, person=contact.person)
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
    group.people.remove(contact)
    if contact.person_id == room.host_id:
        return
    try:
        membership.leave(contact.person, room.pk)
    except NotFoundError:
        return
    room.refresh_from_db(fields=["last_number"])


def distinct(name: str, others: list[str]) -> str:
    """What somebody is called in a room who did not choose it there: nobody else, and not the assistant."""
    chosen = chosen_name(name)
    base = chosen if chosen and not poses_as(chosen, ()) else _("Guest")
    names = [base, *(f"{base[: NAME_CHARACTERS - 4]} {number}" for number in range(2, MOST_NAMESAKES))]
    return next((one for one in names if not poses_as(one, others)), names[-1])


def _is_out(room: Room, person: Person) -> bool:
    """Whether the host took somebody out: the app may not have done so yet, and they may know the link."""
    if room.blocks.filter(person=person).exists():
        return True
    kinds = (Kind.JOINED, Kind.LEFT, Kind.REMOVED)
    last = RoomEvent.objects.filter(room=room, person=person, kind__in=kinds).order_by("number").last()
    return last is not None and last.kind == Kind.REMOVED
