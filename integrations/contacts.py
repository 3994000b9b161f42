"""Who writes to us: found by the app's own ids, made when they write first, followed when their ids change.

All is synchronous and belongs into a transaction. Who is found is locked; rooms are locked before, see room_locks.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from assistant import people
from assistant.models import Person
from assistant.rooms import persons
from integrations.inbound import ContactChange, Sender
from integrations.models import Contact, GroupOrder
from integrations.outbound import Recipient

# An app lets us answer for so long after the person's last message.
WINDOW = timedelta(hours=24)
# A delivery may change these while the contact is answered.
SHARED = ("stopped_at", "human_until")


def find(channel: str, account: str, sender: Sender) -> Contact | None:
    """The contact with the sender's ids, whatever they call themselves; None for somebody new.

    A user id is one person's for ever. A number may be given to somebody else: known under another user id, it does
    not make them the same.
    """
    if sender.user_id and sender.phone:
        _lock_rooms(channel, account, [sender.user_id], [sender.phone])
    # No stronger lock, so that rows which name the contact can be made meanwhile.
    rows = Contact.objects.select_for_update(no_key=True).filter(channel=channel, account=account, is_group=False)
    by_id = rows.filter(user_id=sender.user_id).first() if sender.user_id else None
    by_phone = rows.filter(phone=sender.phone).first() if sender.phone else None
    if by_phone and sender.user_id and by_phone.user_id not in (None, sender.user_id):
        Contact.objects.filter(pk=by_phone.pk).update(phone=None)
        by_phone = None
    if by_id and by_phone and by_id.pk != by_phone.pk:
        return join(by_phone, by_id)
    return by_id or by_phone


def find_or_make(channel: str, account: str, sender: Sender) -> Contact:
    """The contact of a sender, with the ids and names of now. A new one is a guest."""
    contact = find(channel, account, sender)
    if contact is None:
        try:
            return _make(channel, account, sender)
        except IntegrityError:
            # Another courier met them at the same moment.
            contact = find(channel, account, sender)
            if contact is None:
                raise
    fresh = {"user_id": sender.user_id, "phone": sender.phone, "name": sender.name, "username": sender.username}
    update(contact, **{name: value for name, value in fresh.items() if value})
    return contact


def _make(channel: str, account: str, sender: Sender) -> Contact:
    """A new guest; no guest is left where the contact is known by now. Raises IntegrityError then."""
    with transaction.atomic():
        return Contact.objects.create(
            channel=channel,
            account=account,
            user_id=sender.user_id or None,
            phone=sender.phone or None,
            name=sender.name,
            username=sender.username,
            person=people.make_guest(),
        )


def change(channel: str, event: ContactChange) -> Contact | None:
    """Follow a person to new ids; None for somebody who never wrote."""
    before = event.sender
    _lock_rooms(channel, event.account, [before.user_id, event.user_id], [before.phone, event.phone])
    contact = find(channel, event.account, event.sender)
    if contact is None:
        return None
    rows = Contact.objects.filter(channel=channel, account=event.account).exclude(pk=contact.pk)
    new = Q(user_id=event.user_id) if event.user_id else Q(pk=None)
    new |= Q(phone=event.phone) if event.phone else Q(pk=None)
    known = (None, contact.user_id, event.user_id)
    for other in rows.filter(new):
        if other.user_id in known:
            # They wrote before the app said that they moved.
            contact = join(other, contact)
        else:
            # A number that was somebody else's.
            Contact.objects.filter(pk=other.pk).update(phone=None)
    ids = {"user_id": event.user_id, "phone": event.phone}
    if rows.filter(user_id=event.user_id).exists():
        # It stays with an account, which is not joined.
        del ids["user_id"]
    update(contact, **{name: value for name, value in ids.items() if value})
    return contact


def _lock_rooms(channel: str, account: str, user_ids: Sequence[str], phones: Sequence[str]) -> None:
    """Lock the rooms that the contacts with these ids share, as they may turn out to be one."""
    ids = Q(user_id__in=[*filter(None, user_ids)]) | Q(phone__in=[*filter(None, phones)])
    found = set(Contact.objects.filter(ids, channel=channel, account=account).values_list("person", flat=True))
    if len(found) > 1:
        persons.lock_common(found)


def join(other: Contact, into: Contact) -> Contact:
    """Make two contacts of one person one. History of an account never goes to a contact that is not linked to it:
    then the other one only loses its number."""
    if other.person_id != into.person_id and not (other.person.is_guest and into.person.is_guest):
        Contact.objects.filter(pk=other.pk).update(phone=None)
        return into
    phone, user_id = other.phone, other.user_id
    other.inbox.update(contact=into)
    other.outbox.update(contact=into)
    into.groups.add(*other.groups.all())
    GroupOrder.objects.removals(other).update(argument=GroupOrder.whom(into))
    into.conversation = into.conversation or other.conversation
    into.greeted_at = into.greeted_at or other.greeted_at
    into.stopped_at = into.stopped_at or other.stopped_at
    into.linked_at = into.linked_at or other.linked_at
    guest = other.person
    other.delete()
    if guest.pk != into.person_id:
        people.merge(guest, into.person)
    into.phone, into.user_id = into.phone or phone, into.user_id or user_id
    into.save()
    return into


def wrote(contact: Contact, at: datetime) -> None:
    """Note that they wrote, which opens the window for answers, and that they can be reached."""
    at = min(at, timezone.now())
    people.touch(contact.person)
    if contact.wrote_at is None or contact.wrote_at < at:
        update(contact, wrote_at=at)
    update(contact, gone_at=None)


def is_open(contact: Contact) -> bool:
    """Whether the app still lets us answer."""
    return contact.wrote_at is not None and contact.wrote_at > timezone.now() - WINDOW


def update(contact: Contact, **values: object) -> None:
    """Change those fields of a contact that are other than `values`, here and in the database.

    Those that others change meanwhile are written always: what is known here of them may be old.
    """
    changed = {name: value for name, value in values.items() if name in SHARED or getattr(contact, name) != value}
    for name, value in changed.items():
        setattr(contact, name, value)
    if changed:
        Contact.objects.filter(pk=contact.pk).update(**changed)


def is_quiet(contact: Contact) -> bool:
    """Whether the assistant says nothing: the person wished that, or a human answers."""
    human = contact.human_until
    return contact.stopped_at is not None or (human is not None and human > timezone.now())


def is_suspended(contact: Contact) -> bool:
    """Whether an operator has suspended the person, now."""
    return Person.objects.filter(pk=contact.person_id, is_active=False).exists()


def recipient(contact: Contact) -> Recipient:
    """How to reach a contact."""
    if contact.is_group:
        return Recipient(contact.account, group=contact.user_id or "")
    return Recipient(contact.account, contact.user_id or "", contact.phone or "")


def sender(contact: Contact) -> Sender:
    """The contact by the app's ids."""
    return Sender(contact.user_id or "", contact.phone or "", contact.name, contact.username)


def address(contact: Contact) -> str:
    """What takes the place of a network address where messages are counted."""
    return f"{contact.channel}:{contact.pk}"
