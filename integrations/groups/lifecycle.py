"""A group is there, is closed for a while, or is gone: its row, the contact by which it is written to, and its room."""

from django.db import transaction
from django.utils import timezone

from assistant import people
from assistant.errors import NotFoundError
from assistant.models import Member, Room
from assistant.rooms.events import Kind, lock_room, note
from integrations import contacts
from integrations.models import Contact, Group, GroupOrder

LINK_CHARACTERS = 2000


def find(channel: str, account: str, group_id: str) -> Group | None:
    """The group of ours with that id."""
    rows = Group.objects.select_related("contact__person", "room__conversation")
    return rows.filter(channel=channel, account=account, group_id=group_id).first() if group_id else None


def of_room(room: Room) -> Group | None:
    """The group that is a door into a room."""
    return Group.objects.select_related("contact").filter(room=room).first()


def lock(group: Group) -> Room | None:
    """The room of a group, locked; None where it has ended. Belongs into a transaction."""
    try:
        return lock_room(group.room_id) if group.room_id else None
    except NotFoundError:
        return None


@transaction.atomic
def made(group: Group, group_id: str, link: str) -> None:
    """A group is there, behind a link."""
    room = lock(group)
    now = Group.objects.select_for_update(no_key=True).get(pk=group.pk)
    now.orders.filter(kind=GroupOrder.Kind.MAKE).update(state=GroupOrder.State.DONE, taken_until=None)
    if now.group_id:
        return
    now.group_id, now.link, now.state = group_id, link, Group.State.OPEN
    now.save()
    if room is not None:
        attach(now, room)


def attach(group: Group, room: Room) -> Contact:
    """The contact by which a group is written to, made where there is none: a guest who was long silent is erased.

    Belongs into a transaction that locks the room.
    """
    if group.contact is None:
        group.contact = Contact.objects.create(
            channel=group.channel,
            account=group.account,
            user_id=group.group_id,
            is_group=True,
            person=people.make_guest(),
            conversation=room.conversation,
            language=group.language,
        )
        Group.objects.filter(pk=group.pk).update(contact=group.contact)
    return group.contact


@transaction.atomic
def gone(group: Group, reason: str) -> None:
    """A group is not there any more, or was not made; its room stays, and says so."""
    room = lock(group)
    rows = Group.objects.filter(pk=group.pk).exclude(state=Group.State.GONE)
    if not rows.update(state=Group.State.GONE, reason=reason[:40], link=""):
        return
    if group.contact:
        contacts.update(group.contact, gone_at=timezone.now())
    # Nobody reads there any more.
    removals = GroupOrder.objects.holding().filter(group=group)
    removals.update(state=GroupOrder.State.DONE, argument="", detail="", taken_until=None)
    waiting = group.orders.filter(state=GroupOrder.State.WAITING)
    waiting.update(state=GroupOrder.State.FAILED, problem="gone")
    if room is None:
        # Nobody asks for it any more.
        Group.objects.filter(pk=group.pk).delete()
        return
    note(room, Kind.UNREACHED, nobody(room), group="gone" if group.group_id else "not_made")


@transaction.atomic
def suspend(group: Group, *, suspended: bool) -> bool:
    """The app closes a group, or opens it again. Whether that is new."""
    room = lock(group)
    state = Group.State.SUSPENDED if suspended else Group.State.OPEN
    before = Group.State.OPEN if suspended else Group.State.SUSPENDED
    if not Group.objects.filter(pk=group.pk, state=before).update(state=state) or room is None:
        return False
    if not suspended:
        group.orders.filter(state=GroupOrder.State.WAITING).update(not_before=timezone.now())
    if group.contact:
        contacts.update(group.contact, gone_at=timezone.now() if suspended else None)
        if suspended and group.contact.missed_after is None:
            contacts.update(group.contact, missed_after=room.last_number)
    note(room, Kind.UNREACHED if suspended else Kind.BACK, nobody(room), group="suspended" if suspended else "cleared")
    return True


def host_name(room: Room) -> str:
    """What the host of a room is called there."""
    member = room.conversation.memberships.filter(person=room.host_id).first() if room.host_id else None
    return member.name if member else ""


def reader(room: Room, contact: Contact) -> Member:
    """For whom a group's bubbles are made: somebody of no account, who reads all that was said since it is there."""
    return Member(conversation=room.conversation, person=contact.person, since=0)


def nobody(room: Room) -> Member:
    """In whose place a group stands in an event: it is no member."""
    return Member(conversation=room.conversation, name="WhatsApp")
