"""The ways into a chat with us, for people who are on the site: which apps are on, and an address that opens each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from integrations import qr
from integrations.models import Contact, Group
from integrations.registry import SETUPS, TITLES
from integrations.setup import stands_in

# The token of an invitation, and what stands for it where its words are looked for.
TOKEN, MARK = r"([A-Za-z0-9_-]{32})", "TOKEN"


@dataclass(frozen=True)
class Door:
    """An app that is on. `address` opens the chat with a text typed; it is empty where our name there is unknown."""

    channel: str
    title: str
    address: str

    @property
    def picture(self) -> str:
        """The address as a QR code, in a data: URL of an SVG image."""
        return qr.picture(self.address)


class Reader(NamedTuple):
    """An app in which a member reads a room. `is_reached`: what happens there is sent to them now."""

    title: str
    is_reached: bool


def doors(text: str) -> list[Door]:
    """The apps that are on; each address has `text` typed already."""
    typed = f"?text={quote(text)}"
    return _doors(typed, typed)


def invitations(token: str) -> list[Door]:
    """The same for an invitation to a room: each address leads to the question whether to join it."""
    carried = f"?ref=room_{quote(token, safe='')}"
    return _doors(f"?text={quote(invitation_words(token))}", carried)


def invitation_words(token: str) -> str:
    """What one writes in an app to be asked whether to join a room."""
    return _("Join room %(token)s") % {"token": token}


def typed_token(text: str) -> str:
    """The token of an invitation in such words, whichever language of the site typed them; else empty."""
    found = _invitations(tuple(code for code, _name in settings.LANGUAGES)).fullmatch(text.strip())
    return next(filter(None, found.groups())) if found else ""


@cache
def _invitations(languages: Sequence[str]) -> re.Pattern[str]:
    spoken = set()
    # Without a language they are those of the source.
    for language in (None, *languages):
        with translation.override(language):
            spoken.add(invitation_words(MARK))
    words = (r"\s+".join(map(re.escape, text.split())).replace(re.escape(MARK), TOKEN) for text in sorted(spoken))
    return re.compile("|".join(rf"{one}\s*[.!]?" for one in words), re.IGNORECASE)


def _doors(typed: str, carried: str) -> list[Door]:
    """The apps that are on. WhatsApp carries nothing but a text that is typed."""
    whatsapp, instagram = settings.WHATSAPP_NUMBER, settings.INSTAGRAM_NAME
    addresses = {
        "whatsapp": whatsapp and f"https://wa.me/{whatsapp}{typed}",
        "messenger": f"https://m.me/{quote(settings.MESSENGER_PAGE_ID, safe='')}{carried}",
        "instagram": instagram and f"https://ig.me/m/{instagram}{carried}",
    }
    # The emulator's phones are on a page of its own: these addresses would lead to somebody else.
    known = {} if stands_in() else addresses
    return [Door(setup.name, setup.title, known.get(setup.name, "")) for setup in SETUPS if setup.is_on]


def in_room(room_id: UUID) -> dict[UUID, list[Reader]]:
    """The apps in which people are in a room, by person."""
    found: dict[UUID, list[Reader]] = {}
    rows = Contact.objects.filter(conversation=room_id).order_by("pk")
    for person, channel, missed_after in rows.values_list("person", "channel", "missed_after"):
        found.setdefault(person, []).append(Reader(title(channel), missed_after is None))
    in_group = Contact.objects.filter(groups__room=room_id, groups__state=Group.State.OPEN).order_by("pk")
    for person, missed_after in in_group.values_list("person", "groups__contact__missed_after"):
        found.setdefault(person, []).append(Reader(_("WhatsApp group"), missed_after is None))
    return found


def are_open() -> bool:
    """Whether any app is on."""
    return any(setup.is_on for setup in SETUPS)


def title(channel: str) -> str:
    """What people call an app."""
    return TITLES.get(channel, channel)
