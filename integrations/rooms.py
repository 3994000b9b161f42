"""A contact and a room: they are invited, join, talk in it, vote, and leave.

A contact is in a room while `Contact.conversation` is that of the room, one at a time. What happens there reaches them
by relay.py. What is done here besides talking belongs into the transaction that ends what asked for it.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from assistant import room_turns
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.errors import (
    InvitationEndedError,
    LimitedError,
    NotFoundError,
    RefusedInputError,
)
from assistant.models import Member, Message
from assistant.names import in_plain_text
from assistant.posing import chosen_name, poses_as
from assistant.rooms import events, membership, orders, polls, reactions, talk
from assistant.rooms.orders import Order
from assistant.rooms.talk import Words
from integrations import agreeing, contacts, doors, inbox, outbox, reading, relay, replies
from integrations.base import Channel
from integrations.inbound import InboundEdit, InboundMessage, InboundOpening, InboundReaction
from integrations.models import Contact, InboxEntry
from integrations.outbound import Choice, OutboundMessage
from integrations.received import Receiver

# How the payloads begin of the buttons under an invitation.
PREFIX = "room:"
JOIN, NOT_NOW = "room:join", "room:no"
# In a link into the chat; and in a command.
_REF = re.compile(r"room_([\w-]{20,40})")
_JOIN = re.compile(rf"\s*/join\s+{doors.TOKEN}\s*[.!]?\s*", re.IGNORECASE)
NAMES_SHOWN = 12
# These are about the chat in the app alone, so they are no commands of the room.
MUTING = {"mute": True, "unmute": False}


def token_of(event: InboundMessage | InboundOpening) -> str:
    """The token of an invitation that came; empty where none did."""
    if found := _REF.fullmatch(event.ref.strip()):
        return found[1]
    if not isinstance(event, InboundMessage):
        return ""
    found = _JOIN.fullmatch(event.text)
    return found[1] if found else doors.typed_token(event.text)


def is_in_room(contact: Contact) -> bool:
    """Whether what a contact says is said in a room, or was until now."""
    return contact.conversation is not None and hasattr(contact.conversation, "room")


def is_asked(contact: Contact) -> bool:
    """Whether a contact was asked under which name they join."""
    return bool((contact.expects or {}).keys() & {"room", "new_room"})


def new_title(contact: Contact) -> str | None:
    """The title of the room that a contact is about to make; None where they make none."""
    return (contact.expects or {}).get("new_room")


def invite(channel: Channel, contact: Contact, token: str) -> OutboundMessage:
    """What a room is, and the question whether to join. Raises InvitationEndedError."""
    room = membership.invited(token)
    title = in_plain_text(room.conversation.title)
    if room.conversation.memberships.filter(person=contact.person).exists():
        _enter(contact, membership.join(contact.person, token, ""))
        return _say(channel, _("You are in the room “%(title)s” again. /leave takes you out.") % {"title": title})
    if room.locked or room.blocks.filter(person=contact.person).exists():
        raise InvitationEndedError
    contacts.update(contact, expects={"room": token})
    names = [in_plain_text(member.name) for member in membership.members_of(room)]
    shown = ", ".join(names[:NAMES_SHOWN]) + ("…" if len(names) > NAMES_SHOWN else "")
    text = _(
        "You are invited to the room “%(title)s” with %(names)s.\n\n"
        "All who are in it read what you write here, in their apps and on the website. I answer when I am called. "
        "The room is erased %(days)s days after its last word.\n\n"
        "Write the name by which the others shall know you."
    ) % {"title": title, "names": shown, "days": settings.ROOM_DAYS}
    choices = [Choice(_("Not now"), NOT_NOW)]
    if name := chosen_name(contact.name or contact.username):
        choices.insert(0, Choice(_("Join as %(name)s") % {"name": name}, f"{JOIN}:{name}"))
    return _say(channel, text, choices)


def join(channel: Channel, contact: Contact, name: str) -> OutboundMessage:
    """Join the room to which a contact was invited. Raises AssistantError."""
    member = membership.join(contact.person, str((contact.expects or {}).get("room", "")), name)
    _enter(contact, member)
    text = _(
        "You are in the room “%(title)s” as %(name)s. What you write now is read by all. "
        "“%(assistant)s, …” asks me; /who, /summarise, /poll and /imagine work too; /leave takes you out."
    ) % {
        "title": in_plain_text(member.conversation.title),
        "name": in_plain_text(member.name),
        "assistant": settings.SITE_NAME,
    }
    return _say(channel, text)


def own_name(contact: Contact) -> str:
    """What somebody calls themselves in the app, where they may be called so in a room of theirs; else empty."""
    name = chosen_name(contact.name or contact.username)
    return "" if poses_as(name, ()) else name


def ask_name(channel: Channel, contact: Contact, title: str) -> OutboundMessage:
    """The question what somebody is called in the room that they are about to make."""
    contacts.update(contact, expects={"new_room": title[: membership.TITLE_CHARACTERS]})
    return _say(channel, _("Under which name shall the others know you?"), [Choice(_("Not now"), NOT_NOW)])


def make(channel: Channel, contact: Contact, title: str, name: str) -> OutboundMessage:
    """Make a room in which a contact is called `name`. Raises AssistantError."""
    room = membership.make(contact.person, name, title)
    _enter(contact, contact.person.memberships.get(conversation=room.pk))
    text = _(
        "Your room “%(title)s” is open, and you are %(name)s there. %(invitation)s\n\n"
        "What you write now is read by all who are in it. “%(assistant)s, …” asks me; /invite shows the link again, "
        "/leave takes you out."
    ) % {
        "title": in_plain_text(room.conversation.title),
        "name": in_plain_text(name),
        "invitation": orders.invitation(contact.person, room.pk),
        "assistant": settings.SITE_NAME,
    }
    return _say(channel, text)


def decline(channel: Channel, contact: Contact) -> OutboundMessage:
    """They do not join, or make no room."""
    sentence = _("All right. The invitation stays where you found it.")
    if new_title(contact) is not None:
        sentence = _("All right, no room then.")
    contacts.update(contact, expects=None)
    return _say(channel, sentence)


def vote(channel: Channel, contact: Contact, payload: str) -> OutboundMessage:
    """Vote, and tell how it stands. Raises AssistantError."""
    key, _colon, place = payload.removeprefix(relay.VOTE).partition(":")
    try:
        poll_id, option = UUID(key), int(place)
    except ValueError:
        raise NotFoundError from None
    event = polls.vote(contact.person, poll_id, option)
    poll = event.poll if event and event.poll else polls.own(contact.person, poll_id)
    return _say(channel, relay.standing(poll, contact.person))


def arrive(contact: Contact) -> UUID | None:
    """The room in which a contact speaks, who first gets what they missed. None where they are out of it."""
    room = contact.conversation_id
    if room is None:
        return None
    try:
        with transaction.atomic():
            member = events.lock(contact.person, room)
            relay.catch_up(contact, member)
    except NotFoundError:
        contacts.update(contact, conversation=None, missed_after=None)
        return None
    return room


def order_of(entries: Sequence[InboxEntry]) -> Order | None:
    """The command of a room that a contact writes there, or of their chat in the app about it; None for words."""
    said = _said(entries)
    text = _spoken(said)
    if any(one.forwarded for one in said) or orders.is_summary(text):
        return None
    muting = text.casefold().removeprefix("/")
    return Order(muting) if text.startswith("/") and muting in MUTING else orders.order_of(text)


def carry_out(channel: Channel, contact: Contact, room: UUID, order: Order) -> OutboundMessage | None:
    """Carry out a command; returns what the contact alone is told. Raises AssistantError."""
    if order.name in MUTING:
        return _mute(channel, contact, room, MUTING[order.name])
    sentence = orders.carry_out(contact.person, room, order)
    if order.name == "leave":
        contacts.update(contact, conversation=None, missed_after=None)
    return _say(channel, sentence) if sentence else None


async def speak(
    answering: Answering, channel: Channel, contact: Contact, room: UUID, entries: Sequence[InboxEntry]
) -> list[OutboundMessage]:
    """What a contact says in a room. Returns what they alone are told. Raises AssistantError, Later."""
    events_here = _said(entries)
    event = events_here[0]
    turn = entries[0].turn or uuid4()
    if await in_thread(_is_said)(entries, contact, turn):
        # Before a crash.
        return []
    received = await Receiver(answering.runtime, channel, contact, entries[0]).receive(event.media)
    told = [_say(channel, sentence) for sentence in received.told]
    if event.unknown:
        told.append(_say(channel, _("The others do not see this kind of message. Please write it in words.")))
    text = "\n".join(filter(None, (*map(reading.in_room, events_here), *received.heard)))
    if received.is_empty and not text:
        return told
    quoted = await in_thread(_quoted)(contact, event)
    words = Words(
        text[: settings.MESSAGE_CHARACTERS],
        turn,
        received.files,
        quoted,
        things=received.things,
        pictures=received.pictures,
        forwarded=all(one.forwarded for one in events_here),
    )
    said = await room_turns.say(answering, contact.person, contacts.address(contact), room, words)
    if said.event.message:
        await in_thread(_note)(entries, said.event.message)
    return told


def edit(contact: Contact, event: InboundEdit) -> str:
    """Follow an edit of what a contact said in a room: the others get the new words. Returns a code of what came of it.

    Raises EmptyTextError, TextTooLongError.
    """
    entry = contact.inbox.filter(external_id=event.id).select_related("message").first()
    together = entry.turn and contact.inbox.filter(turn=entry.turn).exclude(pk=entry.pk).exists() if entry else False
    if entry is None or entry.message is None or together:
        # Said before there was a room, or as a part of a message.
        return "edit_in_room"
    try:
        talk.edit(contact.person, entry.message.pk, event.text)
    except NotFoundError:
        return "edit_in_room"
    return "edited_in_room"


def react(contact: Contact, event: InboundReaction) -> bool:
    """Follow a reaction to what was said in a room. False where it is one to something else."""
    message = _message_of(contact, event.id)
    if message is None or not hasattr(message.conversation, "room"):
        return False
    with suppress(NotFoundError, RefusedInputError, LimitedError):
        reactions.react(contact.person, message.pk, event.emoji)
    return True


def _message_of(contact: Contact, external_id: str) -> Message | None:
    """The message that a bubble of either side shows."""
    if not external_id:
        return None
    rows = contact.inbox.filter(external_id=external_id).exclude(message=None)
    mine = rows.select_related("message__conversation__room").first()
    return mine.message if mine else outbox.answer_of(contact, external_id)


def _quoted(contact: Contact, event: InboundMessage) -> UUID | None:
    """To what a message is a reply. WhatsApp takes every tap for one."""
    message = None if event.payload else _message_of(contact, event.quoted)
    return message.pk if message else None


def _is_said(entries: Sequence[InboxEntry], contact: Contact, turn: UUID) -> bool:
    message = Message.objects.filter(author=contact.person_id, client_id=turn).first()
    if message:
        _note(entries, message)
    return message is not None


def _note(entries: Sequence[InboxEntry], message: Message) -> None:
    if turn := entries[0].turn:
        inbox.note_message(turn, message)


def _said(entries: Sequence[InboxEntry]) -> list[InboundMessage]:
    return [found for entry in entries if isinstance(found := inbox.event_of(entry), InboundMessage)]


def _spoken(said: Sequence[InboundMessage]) -> str:
    return "\n".join(filter(None, (reading.spoken(one).strip() for one in said)))


def _mute(channel: Channel, contact: Contact, room: UUID, muted: bool) -> OutboundMessage:
    membership.mute(contact.person, room, muted=muted)
    if muted:
        return _say(channel, _("Nothing more of the room reaches you here, until you write /unmute."))
    return _say(channel, _("The room reaches you here again. What was said meanwhile is on the website."))


def _enter(contact: Contact, member: Member) -> None:
    """What they say goes there from now on; what waits for a yes was said to the assistant alone."""
    contacts.update(contact, conversation=member.conversation, expects=None, missed_after=None)
    agreeing.drop(contact)


def _say(channel: Channel, text: str, choices: Sequence[Choice] = ()) -> OutboundMessage:
    return replies.say(channel, text, choices)
