"""Who is in a room, and who may come: made, invited, joined, left, removed. All is synchronous.

Callers announce what changed, see turns.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from assistant import conversations
from assistant.conversations import lock_quota
from assistant.errors import (
    BadNameError,
    BlockedError,
    InvitationEndedError,
    NameTakenError,
    NotFoundError,
    RoomFullError,
    TooManyConversationsError,
)
from assistant.models import Conversation, Member, Person, Room, RoomBlock, Run
from assistant.names import clean_name
from assistant.posing import chosen_name, poses_as, skeleton
from assistant.rooms.events import Kind, check_pace, lock, lock_as_host, lock_room, note
from imagine.models import new_token

TITLE_CHARACTERS = 120


def make(
    person: Person, name: str, title: str, conversation_id: UUID | None = None, *, shows_earlier: bool = False
) -> Room:
    """A new room of `person`, who is called `name` there: out of one of their conversations, or empty.

    `shows_earlier`: whoever joins reads what was said in the conversation before. Raises NotFoundError, BadNameError,
    BusyError, TooManyConversationsError.
    """
    with transaction.atomic():
        lock_quota(person)
        if conversation_id:
            conversation = conversations.lock(person, conversation_id)
            if conversation.temporary:
                raise NotFoundError
            conversations.refuse_when_busy(person, conversation)
            # Copies of it would stay open to people who are not in the room.
            conversation.shares.all().delete()
        else:
            conversation = conversations.begin(person, "")
        member = conversation.memberships.get(person=person)
        _call(member, name)
        if title := clean_name(title, TITLE_CHARACTERS):
            conversation.title = title
        conversation.title = conversation.title or default_title(member.name)
        conversation.titled_by_person = True
        conversation.save(update_fields=["title", "titled_by_person"])
        last = conversations.shown_messages(conversation).last()
        room = Room.objects.create(
            conversation=conversation,
            host=person,
            shows_earlier=shows_earlier,
            began_after=last.position if last else 0,
            ends_at=_end(),
        )
        note(room, Kind.JOINED, member)
    return room


def default_title(name: str) -> str:
    """What a room is called that somebody made without a word."""
    return _("Room of %(name)s") % {"name": name}


def invited(token: str) -> Room:
    """The room to which an invitation leads. Raises InvitationEndedError."""
    room = Room.objects.select_related("conversation").filter(token=token).first() if token else None
    if room is None or room.token is None or not constant_time_compare(room.token, token):
        raise InvitationEndedError
    return room


def join(person: Person, token: str, name: str) -> Member:
    """Become a member under `name`; who is one already stays one under the name that they have.

    Raises InvitationEndedError (also where the room is locked), BlockedError, RoomFullError, BadNameError,
    NameTakenError, TooManyConversationsError.
    """
    with transaction.atomic():
        lock_quota(person)
        room = lock_room(invited(token).pk)
        if room.token != token:
            raise InvitationEndedError
        members = Member.objects.select_related("conversation__room", "person").filter(conversation=room.pk)
        if found := members.filter(person=person).first():
            return found
        if room.locked:
            raise InvitationEndedError
        if room.blocks.filter(person=person).exists():
            raise BlockedError
        if members.count() >= settings.ROOM_MEMBERS:
            raise RoomFullError
        if person.memberships.count() >= settings.CONVERSATIONS_PER_PERSON:
            raise TooManyConversationsError
        member = Member(conversation=room.conversation, person=person, since=room.last_number)
        member.read_until = member.since
        _call(member, name)
        note(room, Kind.JOINED, member)
    return member


def leave(person: Person, room_id: UUID) -> None:
    """Leave a room. The last one ends it; a host's place goes to who is there longest. Raises NotFoundError."""
    with transaction.atomic():
        member = lock(person, room_id)
        _go(member, Kind.LEFT)


def remove(host: Person, room_id: UUID, member_id: int, *, block: bool = False) -> None:
    """Take a member out of a room, who reads nothing more of it; with `block` they cannot come back.

    Raises NotFoundError, NotHostError.
    """
    with transaction.atomic():
        lock_as_host(host, room_id)
        member = other(host, room_id, member_id)
        if block:
            RoomBlock.objects.get_or_create(room_id=room_id, person=member.person)
        _go(member, Kind.REMOVED)


def hand_over(host: Person, room_id: UUID, member_id: int) -> None:
    """Make another member the host. Raises NotFoundError, NotHostError."""
    with transaction.atomic():
        lock_as_host(host, room_id)
        _host(other(host, room_id, member_id))


def set_locked(host: Person, room_id: UUID, *, locked: bool) -> None:
    """Let nobody new in, or let people in again. Raises NotFoundError, NotHostError."""
    with transaction.atomic():
        member = lock_as_host(host, room_id)
        room = member.conversation.room
        if room.locked != locked:
            check_pace(member, Kind.LOCKED)
            Room.objects.filter(pk=room.pk).update(locked=locked)
            note(room, Kind.LOCKED if locked else Kind.UNLOCKED, member)


def renew_invitation(host: Person, room_id: UUID, *, closed: bool = False) -> str:
    """End the invitation and make another, unless `closed`; returns its token. Raises NotFoundError, NotHostError."""
    with transaction.atomic():
        lock_as_host(host, room_id)
        token = None if closed else new_token()
        Room.objects.filter(pk=room_id).update(token=token)
    return token or ""


def rename(host: Person, room_id: UUID, title: str) -> None:
    """Give a room another name. Raises NotFoundError, NotHostError, BadNameError, LimitedError."""
    with transaction.atomic():
        member = lock_as_host(host, room_id)
        title = clean_name(title, TITLE_CHARACTERS)
        if not title:
            raise BadNameError
        check_pace(member, Kind.NAMED)
        Conversation.objects.filter(pk=room_id).update(title=title, titled_by_person=True)
        note(member.conversation.room, Kind.NAMED, member, title=title)


def mute(person: Person, room_id: UUID, *, muted: bool) -> None:
    """Pass nothing on to the person's apps, or pass on again. Raises NotFoundError."""
    Member.objects.filter(pk=lock_free(person, room_id).pk).update(muted=muted)


def end(host: Person, room_id: UUID) -> list[UUID]:
    """Erase a room with all that was said in it. Returns its runs, whose logs the caller deletes.

    Raises NotFoundError, NotHostError.
    """
    with transaction.atomic():
        lock_as_host(host, room_id)
        return erase(room_id)


def erase(room_id: UUID) -> list[UUID]:
    """Erase a room. Returns its runs. Belongs into a transaction in which it is locked."""
    runs = list(Run.objects.filter(conversation=room_id).values_list("pk", flat=True))
    Conversation.objects.filter(pk=room_id).delete()
    return runs


def members_of(room: Room) -> Sequence[Member]:
    """Who is in a room, in the order in which they came."""
    rows = Member.objects.select_related("person").filter(conversation=room.pk)
    return list(rows.order_by("joined_at", "pk"))


def other(person: Person, room_id: UUID, member_id: int) -> Member:
    """Another member of the same room. Raises NotFoundError."""
    rows = Member.objects.select_related("conversation__room", "person").filter(conversation=room_id)
    found = rows.filter(pk=member_id).exclude(person=person).first()
    if found is None:
        raise NotFoundError
    return found


def lock_free(person: Person, room_id: UUID) -> Member:
    """The person's membership. Raises NotFoundError."""
    member = Member.objects.filter(person=person, conversation=room_id, conversation__room__isnull=False).first()
    if member is None:
        raise NotFoundError
    return member


def _call(member: Member, name: str) -> None:
    """Keep what a member is called. Raises BadNameError for none, and for one that looks like the assistant's, and
    NameTakenError for one that looks like another member's."""
    chosen = chosen_name(name)
    if not chosen or poses_as(chosen, ()):
        raise BadNameError
    others = Member.objects.filter(conversation=member.conversation_id).exclude(pk=member.pk)
    if poses_as(chosen, [one for one in others.values_list("name", flat=True) if one]):
        raise NameTakenError
    member.name, member.skeleton = chosen, skeleton(chosen)[:120]
    member.save()


def _go(member: Member, kind: Kind) -> None:
    """Take a member out. What they said stays, under the name that they had."""
    room = member.conversation.room
    note(room, kind, member)
    member.delete()
    pass_on(room, member.person)


def pass_on(room: Room, gone: Person) -> None:
    """Make who is there longest the host, where the host has gone. The room is locked."""
    if room.host_id != gone.pk:
        return
    rows = Member.objects.select_related("conversation__room").filter(conversation=room.pk)
    if heir := rows.order_by("joined_at", "pk").first():
        _host(heir)


def _host(member: Member) -> None:
    room = member.conversation.room
    Room.objects.filter(pk=room.pk).update(host=member.person_id)
    note(room, Kind.HOST, member)


def _end() -> datetime:
    return timezone.now() + timedelta(days=settings.ROOM_DAYS)
