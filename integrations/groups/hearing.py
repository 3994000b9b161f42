"""What people write in a group, as a delivery brings it: kept where it calls us, and else dropped at once.

What calls us: our name or an `@` with it, a reply to a message of ours, a command, a vote. What was forwarded, or only
stands in a quotation or in code, does not, nor does what an edit makes of words later.
"""

import re
from contextlib import suppress
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assistant import room_aside
from assistant.errors import EmptyTextError, LimitedError, NotFoundError, RefusedInputError, TextTooLongError
from assistant.models import Member, Message, Poll, Room, RoomEvent
from assistant.rooms import orders, reactions, talk
from imagine.models import Picture
from integrations import contacts, inbox, outbox, reading, rooms, wording
from integrations.groups import lifecycle, members, telling
from integrations.inbound import InboundEdit, InboundMessage, InboundReaction, InboundUnsend
from integrations.models import Contact, Group, InboxEntry, OutboxEntry

Said = InboundMessage | InboundEdit | InboundUnsend | InboundReaction
# Of one member so much waits to be answered; what comes beyond is dropped, so that others are heard.
MOST_WAITING = 12
NUMBER = re.compile(r"\s*([1-9][0-9]?)[.)]?\s*")


def receive(group: Group, event: Said) -> None:
    """Take in what somebody did in a group. Raises DatabaseError. Belongs into a transaction."""
    room = lifecycle.lock(group)
    if room is None:
        return
    contact = lifecycle.attach(group, room)
    match event:
        case InboundMessage():
            _receive_words(group, contact, room, event)
        case InboundEdit():
            _edit(group, contact, room, event)
        case InboundUnsend():
            _unsend(contact, room, group, event)
        case InboundReaction():
            _react(group, contact, event)


def words_of(event: InboundMessage) -> str:
    """What was said. WhatsApp writes a mention as the number of who is mentioned: ours is read as our name."""
    return _named(reading.spoken(event).strip())


def in_room(event: InboundMessage) -> str:
    """What was said, with places and cards in words."""
    return _named(reading.in_room(event).strip())


def poll_of(contact: Contact, room: Room, event: InboundMessage) -> tuple[Poll, int] | None:
    """The vote, and the place of the option, that a number is for: that to which it replies, else the newest."""
    found = NUMBER.fullmatch(event.text)
    if found is None:
        return None
    polls = Poll.objects.filter(room=room, closed_at=None)
    if event.quoted:
        asked = contact.outbox.filter(external_id=event.quoted).first()
        cause = telling.CAUSE.fullmatch(asked.cause) if asked else None
        number = int(cause[1]) if cause else -1
        polls = polls.filter(events__in=RoomEvent.objects.filter(room=room, number=number))
    poll = polls.order_by("-created_at").first()
    place = int(found[1]) - 1
    return (poll, place) if poll and place < len(poll.options) else None


def quoted_in(contact: Contact, event: InboundMessage) -> OutboxEntry | None:
    """Our message to which one replies."""
    return contact.outbox.filter(external_id=event.quoted).select_related("message").first() if event.quoted else None


def _receive_words(group: Group, contact: Contact, room: Room, event: InboundMessage) -> None:
    speaker = members.enter(group, room, event.sender)
    if speaker is None:
        return
    telling.heard(group, contact, room, event.at)
    if rooms.token_of(event) or contact.inbox.filter(external_id=event.id).exists():
        # An invitation is for one alone; what was taken back, or came before, is not heard again.
        return
    if _is_addressed(contact, room, event):
        sender = event.sender
        mine = {"content__sender__user_id": sender.user_id, "content__sender__phone": sender.phone}
        if contact.inbox.filter(state=InboxEntry.State.WAITING, **mine).count() < MOST_WAITING:
            inbox.add(contact, event)
        return
    _keep_aside(room, speaker, event.id, "" if event.forwarded else words_of(event))


def _is_addressed(contact: Contact, room: Room, event: InboundMessage) -> bool:
    if event.forwarded:
        return False
    if quoted_in(contact, event) or poll_of(contact, room, event):
        return True
    text = words_of(event)
    if text.startswith("/") and (orders.order_of(text) or wording.command_name(text)):
        return True
    return talk.is_for_assistant(text)


def _named(text: str) -> str:
    number = settings.WHATSAPP_NUMBER
    return re.sub(rf"@\+?{number}(?!\d)", f"@{settings.SITE_NAME}", text) if number else text


def _keep_aside(room: Room, speaker: Contact, key: str, text: str) -> None:
    if not settings.GROUP_CONTEXT_MINUTES or not text:
        return
    member = Member.objects.filter(conversation=room.pk, person=speaker.person).first()
    if member:
        keep = partial(room_aside.keep, room.pk, key, room.last_number, member, text)
        transaction.on_commit(keep)


def _edit(group: Group, contact: Contact, room: Room, event: InboundEdit) -> None:
    """Words were edited: what is kept of them reads so from now on. That calls nobody, and is not answered."""
    speaker = contacts.find(group.channel, group.account, event.sender)
    if speaker is None:
        return
    entry = contact.inbox.filter(external_id=event.id).first()
    if entry is None:
        if not talk.is_for_assistant(_named(event.text)):
            _keep_aside(room, speaker, event.id, _named(event.text))
        return
    if not _is_of(entry, speaker):
        return
    if entry.state == InboxEntry.State.WAITING and entry.turn is None and entry.content:
        contact.inbox.filter(pk=entry.pk, turn=None).update(content={**entry.content, "text": event.text})
    said = Message.objects.filter(author=speaker.person, client_id=entry.turn, conversation=room.pk).first()
    if entry.turn and said:
        with suppress(NotFoundError, EmptyTextError, TextTooLongError, LimitedError):
            talk.edit(speaker.person, said.pk, _named(event.text))


def _unsend(contact: Contact, room: Room, group: Group, event: InboundUnsend) -> None:
    """Words were taken back: nothing of them stays, here and in the room."""
    speaker = contacts.find(group.channel, group.account, event.sender)
    if speaker is None:
        return
    transaction.on_commit(partial(room_aside.drop, room.pk, event.id))
    entry = contact.inbox.filter(external_id=event.id).first()
    if entry is None:
        # It may come late: then nothing of it is kept.
        _note_unsent(contact, event)
        return
    if not _is_of(entry, speaker):
        return
    contact.inbox.filter(pk=entry.pk).update(content={}, state=InboxEntry.State.DROPPED, outcome=inbox.UNSENT)
    if entry.picture:
        # It was fetched, and is not said yet.
        Picture.objects.filter(id=entry.picture, person=speaker.person, made=Picture.Made.UPLOADED).delete()
    outbox.take_back(contact, f"turn:{entry.turn}")
    said = Message.objects.filter(author=speaker.person, client_id=entry.turn, conversation=room.pk).first()
    if entry.turn and said:
        try:
            talk.unsay(speaker.person, said.pk)
        except NotFoundError:
            # They are out of the room: what they said stays, as on the website.
            return


def _note_unsent(contact: Contact, event: InboundUnsend) -> None:
    entry = InboxEntry(
        contact=contact,
        channel=contact.channel,
        external_id=event.id,
        kind=InboxEntry.Kind.MESSAGE,
        content={},
        state=InboxEntry.State.DROPPED,
        outcome=inbox.UNSENT,
        said_at=timezone.now(),
    )
    InboxEntry.objects.bulk_create([entry], ignore_conflicts=True)


def _is_of(entry: InboxEntry, speaker: Contact) -> bool:
    """Whether an entry is of somebody: only who wrote it changes it."""
    if entry.message and entry.message.author_id:
        return bool(entry.message.author_id == speaker.person_id)
    sender = entry.content.get("sender", {})
    return bool(
        (speaker.user_id and speaker.user_id == sender.get("user_id"))
        or (speaker.phone and speaker.phone == sender.get("phone"))
    )


def _react(group: Group, contact: Contact, event: InboundReaction) -> None:
    """A reaction to what stands in the room counts there, as one of the website does; all others say nothing to us."""
    speaker = contacts.find(group.channel, group.account, event.sender)
    message = outbox.answer_of(contact, event.id) or _said_as(contact, event.id)
    if speaker is not None and message is not None:
        with suppress(NotFoundError, RefusedInputError, LimitedError):
            reactions.react(speaker.person, message.pk, event.emoji)


def _said_as(contact: Contact, external_id: str) -> Message | None:
    """The message of the room that was said in the group under that id."""
    entry = contact.inbox.filter(external_id=external_id).select_related("message").first()
    return entry.message if entry else None
