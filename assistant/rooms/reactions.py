"""Reactions to what is said in a room: one sign of each member, who may change it or take it back.

A thumb under an answer is that member's feedback on it.
"""

import unicodedata
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from assistant.errors import NotFoundError, RefusedInputError
from assistant.models import Feedback, Message, Person, Reaction, RoomEvent
from assistant.rooms.events import Kind, check_pace, lock, note, readable

GOOD, BAD = ("👍", "❤", "❤️"), ("👎",)
# What pages offer first.
OFFERED = ("👍", "❤️", "😂", "😮", "😢", "🙏")
EMOJI_CHARACTERS = 16
# Symbols, skin tones, what makes them colourful or joins them; no letters, no digits, nothing invisible besides.
_SIGNS = frozenset(("So", "Sk", "Sm"))
_JOINERS = "\u200d\ufe0f"
_OTHERS = "‼⁉"


class Mark(NamedTuple):
    """A sign under a message, with the names of those who gave it and the people they are."""

    emoji: str
    names: list[str]
    people: list[UUID]


def react(person: Person, message_id: UUID, emoji: str) -> RoomEvent | None:
    """React to something said in one of the person's rooms; an empty `emoji` takes the reaction back.

    None where nothing changed. Raises NotFoundError for what the person may not read, RefusedInputError for no emoji,
    LimitedError.
    """
    emoji = emoji.strip()
    if emoji and not is_emoji(emoji):
        raise RefusedInputError("no emoji")
    with transaction.atomic():
        found = Message.objects.filter(pk=message_id, conversation__room__isnull=False).first()
        if found is None:
            raise NotFoundError
        member = lock(person, found.conversation_id)
        if not readable(member).filter(pk=message_id).exists():
            raise NotFoundError
        mine = Reaction.objects.filter(message=found, person=person)
        before = mine.values_list("emoji", flat=True).first() or ""
        if before == emoji:
            return None
        check_pace(member, Kind.REACTED)
        if emoji:
            values = {"emoji": emoji, "name": member.name}
            Reaction.objects.update_or_create(message=found, person=person, defaults=values)
        else:
            mine.delete()
        if found.role == Message.Role.ASSISTANT:
            _rate(found, person, emoji)
        return note(member.conversation.room, Kind.REACTED, member, message=found, emoji=emoji)


def is_emoji(text: str) -> bool:
    """Whether a text is nothing but an emoji."""
    if len(text) > EMOJI_CHARACTERS:
        return False
    signs = [sign for sign in text if sign not in _JOINERS]
    return bool(signs) and all(sign in _OTHERS or unicodedata.category(sign) in _SIGNS for sign in signs)


def marks(message: Message) -> list[Mark]:
    """The reactions to a message, those first of which there are most."""
    found: dict[str, Mark] = {}
    for one in message.reactions.all():
        mark = found.setdefault(one.emoji, Mark(one.emoji, [], []))
        mark.names.append(one.name)
        mark.people.append(one.person_id)
    return sorted(found.values(), key=lambda mark: -len(mark.people))


def is_first(event: RoomEvent) -> bool:
    """Whether a member reacts to a message for the first time: later changes of mind are told to nobody."""
    earlier = RoomEvent.objects.filter(
        room=event.room_id, kind=Kind.REACTED, message=event.message_id, person=event.person_id
    )
    return not earlier.filter(number__lt=event.number).exists()


def _rate(answer: Message, person: Person, emoji: str) -> None:
    if emoji in (*GOOD, *BAD):
        Feedback.objects.update_or_create(message=answer, person=person, defaults={"good": emoji in GOOD})
    else:
        Feedback.objects.filter(message=answer, person=person).delete()
