"""A contact of an app and a person of the site become one, and part again. All is synchronous, on the database.

It begins on one side and needs a word from both. In the app: /link gives an address; whoever opens it agrees on the
page, and the app asks once more. On the site: a page shows a code; /link with that code lets the app ask, and the page
as well. A code is good for one contact and one person, for ten minutes, in a private chat.

Rows are locked in one order: the rooms in which both are, the contact, its link code, the person.
"""

import base64
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from assistant import people
from assistant.errors import NotFoundError
from assistant.models import Person
from assistant.rooms import persons
from integrations import wake
from integrations.errors import AlreadyLinkedError, LinkEndedError
from integrations.models import Contact, InboxEntry, LinkCode, OutboxEntry
from integrations.outbound import Choice, OutboundMessage

LIFETIME = timedelta(minutes=10)
# A contact may mistype so many codes in that time; there are 31 ** 8 of them.
TRIES = 5
TRIES_LIFETIME = timedelta(hours=1)
# Letters and digits that nobody takes for others.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8
# How much of a name is shown where somebody decides.
NAME_CHARACTERS = 40

PREFIX = "link:"


# In the app


def handle(contact: Contact, argument: str, group: str = "") -> OutboundMessage:
    """The answer to `/link`, or to `/link` with a code as `argument`, said by `contact` in the `group`, if any."""
    with _in_language_of(contact), transaction.atomic():
        if group:
            return OutboundMessage(_("That works in a private chat with me only."))
        locked = _lock(contact.pk)
        if not locked.person.is_guest:
            return _is_linked(locked)
        return _claim(locked, argument) if argument.strip() else _offer(locked)


def confirm(contact: Contact, payload: str) -> OutboundMessage:
    """The answer to a tap on a choice of ours, whose payload begins with "link:"."""
    with _in_language_of(contact), transaction.atomic():
        answer, _colon, text = payload.removeprefix(PREFIX).partition(":")
        asking = LinkCode.objects.filter(contact=contact, person__isnull=False).values_list("person", flat=True)
        persons.lock_common([contact.person_id, *asking])
        locked = _lock(contact.pk)
        link = _of_contact(locked, text)
        if link is None:
            # The same tap again, for instance.
            return _ended() if locked.linked_at is None else _is_linked(locked)
        if answer != "yes":
            link.delete()
            return OutboundMessage(_("Nothing was connected."))
        link.contact_agreed_at = timezone.now()
        try:
            joined = _join(link, locked)
        except LinkEndedError:
            return _ended()
        except AlreadyLinkedError:
            return _is_linked(locked)
        _refresh(contact)
        if joined:
            return _is_linked(contact)
        address = _address("apps")
        return OutboundMessage(_("Now confirm it on the page that showed you the code: %(url)s") % {"url": address})


def unlink(contact: Contact) -> OutboundMessage:
    """The answer to `/unlink`."""
    with _in_language_of(contact), transaction.atomic():
        locked = _lock(contact.pk)
        if locked.linked_at is None:
            return OutboundMessage(_("This chat is connected with nobody. /link connects it."))
        _part(locked)
        _refresh(contact)
        return _has_parted()


# On the site


def linked(person: Person) -> QuerySet[Contact]:
    """The contacts that are one with the person, oldest first."""
    return person.contacts.filter(linked_at__isnull=False).order_by("linked_at", "pk")


def current(person: Person) -> LinkCode | None:
    """What the person has begun, or was asked, and has not ended yet."""
    alive = LinkCode.objects.filter(person=person, ends_at__gt=timezone.now())
    return alive.select_related("contact").order_by("-created_at").first()


def make(person: Person) -> LinkCode:
    """A new code of the person, in place of the one before it. Raises NotFoundError for somebody who was erased."""
    with transaction.atomic():
        if not Person.objects.select_for_update().filter(pk=person.pk).exists():
            raise NotFoundError
        _sweep(Q(person=person))
        return _begin(LinkCode.Side.SITE, person=person)


def code_of(link: LinkCode) -> str:
    """The code of a link that began on the site, as it is shown: ABCD-EFGH."""
    secret = _secret(link)
    return f"{secret[:4]}-{secret[4:]}"


def offered(token: str) -> LinkCode:
    """What the address with `token` offers to whoever opens it. Raises LinkEndedError once somebody took it."""
    digest = _digest(LinkCode.Side.APP, token)
    open_ones = LinkCode.objects.filter(side=LinkCode.Side.APP, person=None, ends_at__gt=timezone.now())
    link = open_ones.select_related("contact__person").filter(digest=digest).first()
    if link is None or not constant_time_compare(link.digest, digest):
        raise LinkEndedError
    return link


def accept(person: Person, token: str) -> None:
    """The person agrees to what an address offers; the app asks the contact then.

    Raises LinkEndedError, AlreadyLinkedError.
    """
    with transaction.atomic():
        contact = _lock_contact(offered(token))
        link = LinkCode.objects.select_for_update().filter(pk=offered(token).pk, person=None).first()
        if link is None:
            raise LinkEndedError
        _check(contact, person)
        # What else they had begun is over.
        LinkCode.objects.filter(person=person).delete()
        link.person, link.person_agreed_at = person, timezone.now()
        link.save(update_fields=["person", "person_agreed_at"])
        with _in_language_of(contact):
            _put(contact, link, 0, _question(link))


def agree(person: Person, link_id: UUID) -> bool:
    """The person agrees to be one with the contact who typed their code. Returns whether they are one now.

    Raises LinkEndedError, AlreadyLinkedError.
    """
    with transaction.atomic():
        mine = LinkCode.objects.filter(pk=link_id, person=person, contact__isnull=False, ends_at__gt=timezone.now())
        found = mine.select_related("contact").first()
        if found is None or found.contact is None:
            raise LinkEndedError
        persons.lock_common([found.contact.person_id, person.pk])
        contact = _lock_contact(found)
        link = mine.select_for_update().first()
        if link is None:
            raise LinkEndedError
        link.person_agreed_at = timezone.now()
        joined = _join(link, contact)
        if joined:
            contact.refresh_from_db()
            with _in_language_of(contact):
                _put(contact, link, 1, _is_linked(contact))
    return joined


def decline(person: Person, link_id: UUID) -> None:
    """The person ends what was begun. Raises LinkEndedError."""
    deleted, _rows = LinkCode.objects.filter(pk=link_id, person=person).delete()
    if not deleted:
        raise LinkEndedError


def disconnect(person: Person, contact_id: int) -> None:
    """Part the person from one of their contacts, who is told. Raises NotFoundError."""
    with transaction.atomic():
        contact = linked(person).select_for_update().filter(pk=contact_id).first()
        if contact is None:
            raise NotFoundError
        _part(contact)
        with _in_language_of(contact):
            _put_as(contact, f"unlink:{uuid4()}", 0, _has_parted())


def move_contacts(guest: Person, into: Person, **_more: Any) -> None:
    """The contacts of a guest go where the guest goes; what the guest had begun does not."""
    Contact.objects.filter(person=guest).update(person=into)
    LinkCode.objects.filter(person=guest).delete()


# Both


def _offer(contact: Contact) -> OutboundMessage:
    """An address on the site, in place of the one before it."""
    _sweep(Q(contact=contact))
    link = _begin(LinkCode.Side.APP, contact=contact)
    address = _address("accept_link", _secret(link))
    text = _(
        "Open this address and confirm there: this chat and you on the site become one.\n\n%(url)s\n\n"
        "It works for ten minutes and once. Give it to nobody: whoever confirms it shares this chat."
    )
    return OutboundMessage(text % {"url": address})


def _claim(contact: Contact, typed: str) -> OutboundMessage:
    """The contact typed a code: if it is one, it is theirs from now on, and they are asked."""
    now = timezone.now()
    if contact.link_tried_at is None or contact.link_tried_at < now - TRIES_LIFETIME:
        contact.link_tries, contact.link_tried_at = 0, now
    if contact.link_tries >= TRIES:
        return OutboundMessage(_("Those were too many codes that are none. Please wait an hour."))
    digest = _digest(LinkCode.Side.SITE, _normalized(typed))
    codes = LinkCode.objects.filter(side=LinkCode.Side.SITE, contact=None, ends_at__gt=now)
    link = codes.select_for_update().filter(digest=digest).first()
    known = link is not None and constant_time_compare(link.digest, digest)
    contact.link_tries = 0 if known else contact.link_tries + 1
    contact.save(update_fields=["link_tries", "link_tried_at"])
    if link is None or not known:
        address = _address("apps")
        return OutboundMessage(
            _("This is no code, or it has ended. You find a new one here: %(url)s") % {"url": address}
        )
    if link.person_id == contact.person_id:
        link.delete()
        return _is_linked(contact)
    contact.link_codes.all().delete()
    link.contact = contact
    link.save(update_fields=["contact"])
    return _question(link)


def _join(link: LinkCode, contact: Contact) -> bool:
    """Make the two one if both have agreed; whether they have. Both rows are locked.

    Raises LinkEndedError, AlreadyLinkedError.
    """
    if link.person_id is None:
        raise LinkEndedError
    person = Person.objects.select_for_update().filter(pk=link.person_id).first()
    if person is None:
        raise LinkEndedError
    _check(contact, person)
    if link.contact_agreed_at is None or link.person_agreed_at is None:
        link.save(update_fields=["contact_agreed_at", "person_agreed_at"])
        return False
    LinkCode.objects.filter(Q(pk=link.pk) | Q(contact=contact)).delete()
    people.merge(contact.person, into=person)
    moved = Contact.objects.filter(pk=contact.pk, person=person)
    if not moved.update(linked_at=timezone.now(), link_tries=0):
        # Their guest became an account meanwhile.
        raise AlreadyLinkedError
    return True


def _check(contact: Contact, person: Person) -> None:
    """Raises AlreadyLinkedError where the contact cannot become one with the person."""
    if not contact.person.is_guest or contact.person_id == person.pk:
        raise AlreadyLinkedError


def _part(contact: Contact) -> None:
    """Give the contact a new guest and a new conversation. What was said stays, and opens to them no more."""
    contact.person, contact.conversation = people.make_guest(), None
    contact.linked_at, contact.expects = None, None
    contact.save(update_fields=["person", "conversation", "linked_at", "expects"])
    # Also what stands in no conversation, a picture for instance, was for the person.
    answers = contact.outbox.filter(Q(message__isnull=False) | Q(cause__startswith="turn:"))
    answers.filter(state=OutboxEntry.State.QUEUED).update(state=OutboxEntry.State.FAILED, problem="unlinked")
    # The rows stay, without a word: the chat may be another's by now.
    ended = contact.outbox.exclude(state__in=(OutboxEntry.State.QUEUED, OutboxEntry.State.SENDING))
    ended.update(content=OutboundMessage().to_json())
    contact.inbox.exclude(state=InboxEntry.State.WAITING).update(content={})
    answers.update(message=None)
    contact.inbox.filter(message__isnull=False).update(message=None)


def _lock(pk: int) -> Contact:
    # Not with its person in a join: PostgreSQL finds no row where that became another while it waited for the lock.
    return Contact.objects.select_for_update().get(pk=pk)


def _refresh(contact: Contact) -> None:
    """What the caller holds of the contact is as the database has it."""
    contact.refresh_from_db(fields=["person", "conversation", "linked_at", "expects"])


def _lock_contact(link: LinkCode) -> Contact:
    """The contact of a link. Raises LinkEndedError where it has gone."""
    contacts = Contact.objects.select_for_update()
    contact = contacts.filter(pk=link.contact_id).first() if link.contact_id else None
    if contact is None:
        raise LinkEndedError
    return contact


def _of_contact(contact: Contact, text: str) -> LinkCode | None:
    """The live link with the id `text` that waits for the contact's word."""
    try:
        link_id = UUID(text)
    except ValueError:
        return None
    alive = LinkCode.objects.filter(contact=contact, person__isnull=False, ends_at__gt=timezone.now())
    return alive.select_for_update().filter(pk=link_id).first()


# Codes


def _begin(side: LinkCode.Side, contact: Contact | None = None, person: Person | None = None) -> LinkCode:
    link = LinkCode(side=side, contact=contact, person=person, ends_at=timezone.now() + LIFETIME)
    link.digest = _digest(side, _secret(link))
    link.save(force_insert=True)
    return link


def _sweep(which: Q) -> None:
    """Delete these links, and all that have ended."""
    LinkCode.objects.filter(which | Q(ends_at__lte=timezone.now())).delete()


def _secret(link: LinkCode) -> str:
    """The code, or the end of the address: made from the row's id by our key, so that it can be shown again."""
    made = salted_hmac("integrations.links.secret", f"{link.side}:{link.pk}", algorithm="sha256").digest()
    if link.side == LinkCode.Side.APP:
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
    number, letters = int.from_bytes(made, "big"), ""
    for _place in range(CODE_LENGTH):
        number, index = divmod(number, len(ALPHABET))
        letters += ALPHABET[index]
    return letters


def _digest(side: str, secret: str) -> str:
    return salted_hmac("integrations.links.digest", f"{side}:{secret}", algorithm="sha256").hexdigest()


def _normalized(typed: str) -> str:
    """A code as people type it: in any case and width, with or without the dash, or spaces."""
    folded = unicodedata.normalize("NFKC", typed[:100]).upper()
    return "".join(character for character in folded if character.isalnum())


# Words


def contact_name(contact: Contact) -> str:
    """What a contact calls themselves, cut; empty where nothing is known."""
    return (contact.name or contact.username)[:NAME_CHARACTERS]


def number_end(contact: Contact) -> str:
    """The last digits of their number, by which people tell whether it is theirs."""
    return (contact.phone or "")[-4:] if len(contact.phone or "") > 6 else ""


def _who(person: Person | None) -> str:
    if person is None or person.is_guest:
        return _("somebody without an account, in a browser")
    return f"“{person.get_username()[:NAME_CHARACTERS]}”"


def _question(link: LinkCode) -> OutboundMessage:
    values = {"who": _who(link.person), "site": urlsplit(settings.SITE_URL).netloc}
    if link.side == LinkCode.Side.APP:
        text = _(
            "Somebody opened the address: %(who)s, on %(site)s. If you connect, they can read all that was said in "
            "this chat, and it goes on there. Was it you?"
        )
    else:
        text = _(
            "This code belongs to %(who)s, on %(site)s. If you connect, they can read all that was said in this chat, "
            "and it goes on there. Go on only if that is you. Did somebody send you this code? Then do not connect."
        )
    choices = (Choice(_("Connect"), f"{PREFIX}yes:{link.pk}"), Choice(_("Do not connect"), f"{PREFIX}no:{link.pk}"))
    return OutboundMessage(text % values, choices=choices)


def _is_linked(contact: Contact) -> OutboundMessage:
    text = _(
        "This chat is connected with %(who)s. It is one conversation here and on the site: %(url)s\n\n"
        "/unlink ends that."
    )
    return OutboundMessage(text % {"who": _who(contact.person), "url": settings.SITE_URL})


def _has_parted() -> OutboundMessage:
    text = _(
        "This chat is no longer connected. What was said before stays in the conversations on the site; here we begin "
        "anew."
    )
    return OutboundMessage(text)


def _ended() -> OutboundMessage:
    return OutboundMessage(_("This has ended. Nothing was connected; /link begins anew."))


def _address(page: str, *arguments: str) -> str:
    return settings.SITE_URL + reverse(page, args=arguments)


def _put(contact: Contact, link: LinkCode, place: int, message: OutboundMessage) -> None:
    _put_as(contact, f"{PREFIX}{link.pk}", place, message)


def _put_as(contact: Contact, cause: str, place: int, message: OutboundMessage) -> None:
    """Send the contact a message that answers none of theirs."""
    OutboxEntry.objects.create(contact=contact, cause=cause, place=place, content=message.to_json())
    transaction.on_commit(wake.couriers)


@contextmanager
def _in_language_of(contact: Contact) -> Iterator[None]:
    with translation.override(contact.language or settings.LANGUAGE_CODE):
        yield
