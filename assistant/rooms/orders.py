"""Commands of a room, which all members have, by the same words at every door: `/who`, `/hush`, `/poll` and so on."""

import re
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistant.commands import Command
from assistant.errors import BadPollError
from assistant.models import Member, Person, Room
from assistant.names import in_plain_text
from assistant.rooms import events, membership, polls
from assistant.rooms.events import Kind, lock, note

COMMANDS = (
    Command("summarise", gettext_lazy("Sum up what was said, for instance of the last three hours")),
    Command(
        "poll",
        gettext_lazy("Ask all to vote: a question | one option | another. Without options: on what I listed last"),
    ),
    Command("who", gettext_lazy("Say who is here")),
    Command("invite", gettext_lazy("Say how others come in")),
    Command("hush", gettext_lazy("Keep the assistant silent for an hour, or until an @ calls it")),
    Command("wake", gettext_lazy("Let the assistant answer again")),
    Command("leave", gettext_lazy("Leave this room")),
)
OTHER_NAMES = {"summarize": "summarise", "summary": "summarise", "vote": "poll", "members": "who", "unhush": "wake"}
HUSH = timedelta(hours=1)
DAY = 24
# "/summarise 3", "/summarise 3 h", "/summarise the last 3 hours".
HOURS = re.compile(r"\d{1,3}")
_order = re.compile(r"\s*/(\w{2,20})(?:\s+(.*))?", re.DOTALL)


class Order(NamedTuple):
    """A command by its first name, and the words after it."""

    name: str
    argument: str = ""


def order_of(text: str) -> Order | None:
    """The command of a room in `text`; None where it is none."""
    found = _order.fullmatch(text)
    if found is None:
        return None
    word = found[1].casefold()
    name = OTHER_NAMES.get(word, word)
    known = any(name == command.name for command in COMMANDS)
    return Order(name, (found[2] or "").strip()) if known else None


def is_summary(text: str) -> bool:
    """Whether the assistant is asked to sum up what was said; it answers that for all."""
    order = order_of(text)
    return order is not None and order.name == "summarise"


def hours(text: str) -> int | None:
    """Of how many hours a summary shall be; None: since the person was here, or for all that the model can read."""
    order = order_of(text)
    found = HOURS.search(order.argument) if order else None
    return min(int(found[0]), 30 * DAY) if found and int(found[0]) else None


def carry_out(person: Person, room_id: UUID, order: Order) -> str:
    """Carry out a command other than a summary; returns a sentence for the person alone, or nothing where all see it.

    Raises NotFoundError, BadPollError.
    """
    match order.name:
        case "who":
            return who(person, room_id)
        case "leave":
            membership.leave(person, room_id)
            return _("You have left the room. Nothing more of it reaches you.")
        case "poll":
            question, *options = [part.strip() for part in order.argument.split("|")]
            options = options or polls.suggested(person, room_id)
            polls.ask(person, room_id, question or _("Which one?"), options)
            return ""
        case "invite":
            return invitation(person, room_id)
        case "hush" | "wake":
            hush(person, room_id, hushed=order.name == "hush")
            return ""
        case _:
            raise BadPollError(f"{order.name} is no command of a room")


def who(person: Person, room_id: UUID) -> str:
    """Who is in the room, in a sentence. Raises NotFoundError."""
    with transaction.atomic():
        room = lock(person, room_id).conversation.room
        names = [
            _("%(name)s (host)") % {"name": in_plain_text(one.name)}
            if one.person_id == room.host_id
            else in_plain_text(one.name)
            for one in membership.members_of(room)
        ]
    return _("Here are: %(names)s.") % {"names": ", ".join(names)}


def invitation(person: Person, room_id: UUID) -> str:
    """How others come into the room, in a sentence. Raises NotFoundError."""
    token = events.membership(person, room_id).conversation.room.token
    if not token:
        return _("The host lets nobody in by a link now.")
    address = settings.SITE_URL + reverse("invitation", args=[token])
    return _("Whoever has this link can join: %(address)s") % {"address": address}


def hush(person: Person, room_id: UUID, *, hushed: bool) -> None:
    """Keep the assistant silent for an hour, or until an `@` calls it; or let it answer again. Raises NotFoundError."""
    with transaction.atomic():
        member = lock(person, room_id)
        room = member.conversation.room
        if hushed:
            Room.objects.filter(pk=room.pk).update(hushed_until=timezone.now() + HUSH)
            note(room, Kind.HUSHED, member)
        elif room.hushed_until and room.hushed_until > timezone.now():
            wake(member)


def wake(member: Member) -> None:
    """Let the assistant answer again, in a room that is locked."""
    room = member.conversation.room
    Room.objects.filter(pk=room.pk).update(hushed_until=None)
    room.hushed_until = None
    note(room, Kind.WOKEN, member)
