"""What somebody sent in an app, as the words of a conversation: quoted words, places and contact cards in plain lines.

All of it is hostile text: it becomes part of what the person says, and nothing else.
"""

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext as _

from integrations import outbox
from integrations.inbound import Card, InboundMessage, Place
from integrations.models import Contact
from integrations.replies import SAID

QUOTED_CHARACTERS = 500


def words_of(contact: Contact, messages: Iterable[InboundMessage]) -> str:
    """What the person says in messages that are answered together, as much as one may have. Uses the database."""
    text = "\n".join(filter(None, (_words(contact, message) for message in messages)))
    return text[: settings.MESSAGE_CHARACTERS]


def spoken(message: InboundMessage) -> str:
    """The words alone: those behind a tap whole, as its title was cut."""
    return message.payload.removeprefix(SAID) if message.payload.startswith(SAID) else message.text


def in_room(message: InboundMessage) -> str:
    """What a message says to all in a room: there a reply is one to a message. Forwarded words are set off as quoted,
    so that they call nobody."""
    lines = _said(message).split("\n")
    return "\n".join([lines[0], *(f"> {line}" for line in lines[1:])]) if message.forwarded else "\n".join(lines)


def place_line(place: Place) -> str:
    """A place in words."""
    named = ", ".join(filter(None, (place.name, place.address)))
    where = f"{place.latitude:.5f}, {place.longitude:.5f}"
    return _("Place: %(place)s") % {"place": f"{named} ({where})" if named else where}


def card_line(card: Card) -> str:
    """A contact card in words."""
    return _("Contact: %(card)s") % {"card": ", ".join((card.name, *card.phones, *card.emails))}


def _words(contact: Contact, message: InboundMessage) -> str:
    # WhatsApp takes every tap for a reply to its bubble.
    return _said(message, "" if message.payload else _quoted(contact, message))


def _said(message: InboundMessage, quoted: str = "") -> str:
    lines = [quoted, spoken(message).strip()]
    if message.story:
        lines.insert(0, message.story)
    if message.forwarded:
        lines.insert(0, _("Forwarded:"))
    if message.place:
        lines.append(place_line(message.place))
    lines.extend(card_line(card) for card in message.cards)
    lines.extend(link for link in message.links if link not in message.text)
    return "\n".join(filter(None, lines))


def _quoted(contact: Contact, message: InboundMessage) -> str:
    """What a message replies to, each line marked as a quotation, and an empty line after it."""
    text = outbox.text_of(contact, message.quoted).strip()
    if not text:
        return ""
    cut = text if len(text) <= QUOTED_CHARACTERS else f"{text[:QUOTED_CHARACTERS]}…"
    return "\n".join(f"> {line}" for line in cut.splitlines()) + "\n"
