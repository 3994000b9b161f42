"""A room that is a WhatsApp group: who may make one, made, and as its page shows it. All is synchronous."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language

from assistant.models import Person, Room
from assistant.rooms import membership
from integrations import qr
from integrations.errors import NoGroupsError
from integrations.groups import lifecycle, official, orders, removals
from integrations.models import Group, GroupOrder
from integrations.registry import channels

CHANNEL = "whatsapp"
# Who is in a group besides us.
PEOPLE = 8


class Offer(StrEnum):
    """Whether somebody may make a group."""

    NONE = "none"
    LOGIN = "login"
    UNOFFICIAL = "unofficial"
    OPEN = "open"


@dataclass(frozen=True)
class GroupView:
    """The group of a room, as its page shows it: `state` is a state of Group, and there is no `link` while nobody may
    come in. `was_there`: it had been made. `is_held`: WhatsApp did not remove somebody, and nothing goes there until
    the host decides; `can_try`: they may have that tried again."""

    state: str
    link: str
    was_there: bool
    is_held: bool
    can_try: bool

    @property
    def picture(self) -> str:
        """The link as a QR code, in a data: URL of an SVG image."""
        return qr.picture(self.link) if self.link else ""


def offer(person: Person | None) -> Offer:
    """Whether a person, or a visitor without a row, may make a group."""
    channel = channels().get(CHANNEL)
    if channel is None:
        return Offer.NONE
    if official.known(channel.name, channel.account) is False:
        return Offer.UNOFFICIAL
    return Offer.LOGIN if person is None or person.is_guest else Offer.OPEN


def make(person: Person, name: str, title: str) -> Room:
    """A new room of an account that people join by a WhatsApp group; that is made a moment later.

    Raises NoGroupsError, and what `membership.make` raises.
    """
    channel = channels().get(CHANNEL)
    if channel is None or offer(person) != Offer.OPEN:
        raise NoGroupsError
    with transaction.atomic():
        room = membership.make(person, name, title)
        membership.renew_invitation(person, room.pk, closed=True)
        group = Group.objects.create(
            room=room,
            channel=channel.name,
            account=channel.account,
            subject=room.conversation.title[: orders.SUBJECT_CHARACTERS],
            language=get_language() or "",
        )
        orders.add(group, GroupOrder.Kind.MAKE)
    return room


def is_one(room_id: UUID) -> bool:
    """Whether people come into a room by a WhatsApp group, and by nothing else."""
    return Group.objects.filter(room=room_id).exclude(state=Group.State.GONE).exists()


def view(room: Room) -> GroupView | None:
    """The group of a room, if it has one."""
    group = lifecycle.of_room(room)
    if group is None:
        return None
    failed = removals.undecided(group)
    can_try = any(map(removals.can_be_tried, failed))
    return GroupView(group.state, "" if room.locked else group.link, bool(group.group_id), bool(failed), can_try)
