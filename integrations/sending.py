"""Sends what is queued for a contact, one message after another, no faster than the app takes them."""

import logging
from uuid import UUID

from assistant.database import in_thread
from assistant.errors import LimitedError, LogUnavailableError
from assistant.runtime import Runtime
from imagine.errors import FormMissingError
from imagine.files import forms
from imagine.models import Picture
from integrations import comments, contacts, enclosed, outbox, relay
from integrations.base import Channel, File
from integrations.errors import ChannelError, RefusedError, WindowClosedError
from integrations.groups import telling
from integrations.models import Contact, OutboxEntry
from integrations.outbound import Drawn, OutboundMessage

logger = logging.getLogger(__name__)


# After so many seconds it is tried again whether a message would still be too fast.
ACCOUNT_SECONDS, CONTACT_SECONDS = 0.2, 3


async def send_next(runtime: Runtime, channel: Channel, contact: Contact) -> bool:
    """Send the next message to a contact. False where none may be sent now. Raises DatabaseError."""
    entry = await in_thread(outbox.claim)(contact)
    if entry is None:
        return False
    if wait := await _too_fast(runtime, channel, contact):
        await in_thread(outbox.put_back)(entry, wait)
        return True
    try:
        external_id = await _send(channel, contact, entry)
    except ChannelError as error:
        await in_thread(outbox.failed)(entry, error)
        if error.code in relay.UNREACHABLE:
            await in_thread(telling.missed if contact.is_group else relay.missed)(contact)
    else:
        await in_thread(outbox.sent)(entry, external_id)
    return True


async def _send(channel: Channel, contact: Contact, entry: OutboxEntry) -> str:
    """Send one; returns the app's id. Raises ChannelError."""
    if contact.gone_at is not None and not entry.comment:
        raise WindowClosedError("they cannot be reached")
    if not contacts.is_open(contact) and not entry.comment:
        raise WindowClosedError("the person has written nothing for 24 hours")
    message = OutboundMessage.from_json(entry.content)
    file = await in_thread(file_of)(message) if message.has_file else None
    to = contacts.recipient(contact)
    try:
        if entry.comment:
            to = await comments.ready(channel, to, entry)
        return await channel.send(to, message, file, str(entry.pk))
    except ChannelError as error:
        if entry.comment and comments.is_of_comment(error):
            raise RefusedError(f"no answer to a comment: {error}") from error
        raise
    except ValueError as error:
        raise RefusedError(f"the message is not for {channel.title}: {error}") from error


async def _too_fast(runtime: Runtime, channel: Channel, contact: Contact) -> float:
    """Count a message against what the app takes; returns after how many seconds it may be sent, 0 for now."""
    pace = channel.pace
    try:
        await runtime.limits.count(pace.account, "sent", "account", channel.account)
    except LimitedError:
        return ACCOUNT_SECONDS
    except LogUnavailableError:
        # Redis is away: the app counts too.
        return 0
    try:
        await runtime.limits.count(pace.contact, "sent", "contact", str(contact.pk))
    except (LimitedError, LogUnavailableError):
        return CONTACT_SECONDS
    return 0


def file_of(message: OutboundMessage) -> File:
    """The bytes of the picture or file of a message. Raises RefusedError where it was deleted."""
    if message.enclosed:
        return enclosed.file_of(message.enclosed)
    if message.drawn is None:
        raise RefusedError("no picture, and no file")
    return picture_of(message.drawn)


def picture_of(drawn: Drawn) -> File:
    """The bytes of a picture in a form. Raises RefusedError where it was deleted."""
    picture = Picture.objects.filter(id=UUID(drawn.picture)).first()
    if picture is None:
        raise RefusedError("the picture was deleted")
    try:
        found = forms.load(picture, drawn.form)
    except FormMissingError as error:
        raise RefusedError(str(error)) from error
    return File(found.data, found.content_type, found.name)
