"""WhatsApp, by Meta's Cloud API: what is sent to it, and what it sends.

https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from integrations.base import Channel, File, Limits, Pace, Takes, mapping, sequence
from integrations.errors import (
    ChannelError,
    LargeMediaError,
    MediaGoneError,
    RefusedError,
    TemporaryError,
    UncertainError,
)
from integrations.graph import Graph
from integrations.inbound import Media, Parsed, Sender, identifier
from integrations.outbound import Choice, OutboundMessage, Recipient
from integrations.text.dialect import WHATSAPP
from integrations.whatsapp.countries import countries_of
from integrations.whatsapp.payloads import Account, parsed
from integrations.whatsapp.problems import failure_of, judged

# Where Meta keeps what people send, as the API names it.
MEDIA_HOSTS = ("fbsbx.com", "fbcdn.net")
MEDIA_ID = re.compile(r"[A-Za-z0-9_-]+")
COUNTRY = re.compile(r"([A-Z]{2})\.")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
SHA256_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=")

# What a picture is called there, by its form.
KINDS = {"still": "image", "video": "video", "sticker": "sticker"}
OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENTS = frozenset(
    (
        "text/plain",
        "application/pdf",
        f"{OFFICE}.wordprocessingml.document",
        f"{OFFICE}.spreadsheetml.sheet",
        f"{OFFICE}.presentationml.presentation",
    )
)
SOUNDS = frozenset(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"))


class WhatsApp(Channel):
    name = "whatsapp"
    title = "WhatsApp"
    object = "whatsapp_business_account"
    dialect = WHATSAPP
    # An id may have 256 characters on a button, and 200 in a list.
    limits = Limits(buttons=3, title=20, payload=200, rows=10, row_title=24, row_about=72, caption=1024, above=1024)
    # 80 messages a second go through a number, in and out together; to one person one each 6 seconds in the long run.
    pace = Pace(account="40/second", contact="40/minute;600/hour")
    loop = "video"
    stickers = True
    reactions = True
    takes = {
        "audio": Takes(SOUNDS, 16_000_000),
        "video": Takes(frozenset(("video/mp4",)), 16_000_000),
        "document": Takes(DOCUMENTS, 100_000_000),
    }
    has_groups = True
    # It goes after 25.
    typing_seconds = 20

    def __init__(self) -> None:
        self._admitted = frozenset(settings.WHATSAPP_COUNTRIES)
        self._open_to_all = settings.WHATSAPP_PURPOSE == "helper"
        self._account: str = settings.WHATSAPP_PHONE_ID
        self._business: str = settings.WHATSAPP_ACCOUNT_ID
        self._graph: Graph | None = None

    @property
    def account(self) -> str:
        """The id of our number."""
        return self._account

    @property
    def graph(self) -> Graph:
        if self._graph is None:
            url = f"{settings.GRAPH_URL}/{settings.GRAPH_VERSION}"
            self._graph = Graph(url, settings.WHATSAPP_TOKEN, judged)
        return self._graph

    def admits(self, sender: Sender) -> bool:
        """Whether Meta's terms let us answer this person: a general assistant may speak in some countries only."""
        if self._open_to_all:
            return True
        countries = country_of(sender)
        return bool(countries) and countries <= self._admitted

    def failure(self, problem: str) -> type[ChannelError]:
        return failure_of(problem)

    def parse(self, entries: Sequence[Any]) -> Parsed:
        return parsed(entries, Account(self._account, self._business))

    async def send(self, to: Recipient, message: OutboundMessage, file: File | None, key: str) -> str:
        """Send one bubble: see Channel. Raises ValueError for what WhatsApp has no bubble for."""
        body = {
            "messaging_product": "whatsapp",
            **address(to),
            **content(message, await self._uploaded(file) if file else "", file.name if file else ""),
            "biz_opaque_callback_data": key,
        }
        if message.quotes and message.reacts is None:
            body["context"] = {"message_id": message.quotes}
        answer = await self.graph.post(f"{self._account}/messages", body)
        sent = identifier(mapping(next(iter(sequence(answer.get("messages"))), None)).get("id"))
        if not sent:
            raise UncertainError("a message was taken without an id")
        return sent

    async def show_typing(self, to: Recipient, seen: str) -> None:
        """Mark `seen` and all before it as read, and show that we write: there is no such sign without a message."""
        if not seen:
            return
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": seen,
            "typing_indicator": {"type": "text"},
        }
        await self.graph.post(f"{self._account}/messages", body)

    async def download(self, media: Media, most: int) -> bytes:
        """A file that somebody sent: its address is asked for first, as each lives for minutes."""
        url, size, digest = await self._whereabouts(media)
        if size > most:
            raise LargeMediaError(most)
        data = await self.graph.download(url, most, MEDIA_HOSTS)
        if not is_digest(digest, data):
            raise MediaGoneError("a file of somebody is not the one that was announced")
        return data

    async def _whereabouts(self, media: Media) -> tuple[str, int, str]:
        """The address of a file, its size, and its SHA-256, as far as those are told."""
        if not media.id:
            return media.url, 0, media.sha256
        if not MEDIA_ID.fullmatch(media.id):
            raise MediaGoneError("a file of somebody has an id that is none")
        try:
            answer = await self.graph.get(media.id)
        except RefusedError as error:
            raise MediaGoneError(str(error)) from error
        size = answer.get("file_size")
        digest = identifier(answer.get("sha256")) or media.sha256
        return str(answer.get("url")), size if isinstance(size, int) else 0, digest

    async def _uploaded(self, file: File) -> str:
        """The id of a file there, which it keeps for 30 days. Raises ChannelError."""
        fields = {"messaging_product": "whatsapp", "type": file.mime_type}
        upload = (file.name, file.data, file.mime_type)
        answer = await self.graph.upload(f"{self._account}/media", fields, "file", upload)
        media = identifier(answer.get("id"))
        if not media:
            raise TemporaryError("a file was taken without an id")
        return media


def address(to: Recipient) -> dict[str, str]:
    """To whom, as the API wants it: a group, or by the number where there is one, else by the user id.

    Raises ValueError.
    """
    if to.group:
        return {"recipient_type": "group", "to": to.group}
    if to.comment or not (to.phone or to.user_id):
        raise ValueError("WhatsApp sends to people and groups")
    who = {"to": f"+{to.phone}"} if to.phone else {"recipient": to.user_id}
    return {"recipient_type": "individual", **who}


def content(message: OutboundMessage, media: str, name: str = "") -> dict[str, Any]:
    """A bubble as the API wants it; `media` is the id of its file, which is called `name`.

    Raises ValueError where there is none like it.
    """
    if message.has_file != bool(media):
        raise ValueError("a picture without a file, or a file without a picture")
    if message.reacts is not None:
        return {"type": "reaction", "reaction": {"message_id": message.quotes, "emoji": message.reacts}}
    if message.choices:
        return {"type": "interactive", "interactive": interactive(message, media)}
    if not message.has_file:
        if not message.text:
            raise ValueError("an empty message")
        return {"type": "text", "text": {"body": message.text, "preview_url": False}}
    kind = kind_of(message)
    if kind == "sticker" and message.text:
        raise ValueError("a sticker is a bubble of its own")
    if len(message.text) > WhatsApp.limits.caption:
        raise ValueError("too long a text beside a picture")
    if kind == "audio" and message.text:
        raise ValueError("a voice note is a bubble of its own")
    caption = {"caption": message.text} if message.text else {}
    filename = {"filename": name} if kind == "document" else {}
    return {"type": kind, kind: {"id": media, **filename, **caption}}


def interactive(message: OutboundMessage, media: str) -> dict[str, Any]:
    """A bubble with choices: up to three buttons, under a picture too; or a list, which `menu` opens."""
    if not message.text:
        raise ValueError("choices without a word")
    body = {"body": {"text": message.text}}
    if message.menu and not message.drawn:
        if len(message.choices) > WhatsApp.limits.rows:
            raise ValueError("too many choices for a list")
        rows = [row(choice) for choice in message.choices]
        # A single section needs no title.
        return {"type": "list", **body, "action": {"button": message.menu, "sections": [{"rows": rows}]}}
    if len(message.choices) > WhatsApp.limits.buttons:
        raise ValueError("too many choices for buttons, and no word that opens a list")
    if len(message.text) > WhatsApp.limits.above:
        raise ValueError("too long a text above buttons")
    buttons = [{"type": "reply", "reply": {"id": choice.payload, "title": choice.title}} for choice in message.choices]
    header: dict[str, Any] = {}
    if message.drawn:
        kind = kind_of(message)
        if kind == "sticker":
            raise ValueError("a sticker is a bubble of its own")
        header = {"header": {"type": kind, kind: {"id": media}}}
    return {"type": "button", **header, **body, "action": {"buttons": buttons}}


def row(choice: Choice) -> dict[str, str]:
    """A line of a list."""
    about = {"description": choice.about} if choice.about else {}
    return {"id": choice.payload, "title": choice.title, **about}


def kind_of(message: OutboundMessage) -> str:
    """What the file of a message is called there. Raises ValueError for a form that WhatsApp does not take."""
    if message.enclosed:
        return "document" if message.enclosed.kind == "text" else message.enclosed.kind
    form = message.drawn.form if message.drawn else ""
    if form not in KINDS:
        raise ValueError(f"WhatsApp takes no {form}")
    return KINDS[form]


def country_of(sender: Sender) -> frozenset[str]:
    """The countries somebody may be from: their user id begins with one, else their number tells."""
    found = COUNTRY.match(sender.user_id)
    return frozenset({found[1]}) if found else countries_of(sender.phone)


def is_digest(text: str, data: bytes) -> bool:
    """Whether `text` is the SHA-256 of `data`, in hex or base64; anything else tells nothing, and passes."""
    digest = hashlib.sha256(data)
    if SHA256_HEX.fullmatch(text.lower()):
        return text.lower() == digest.hexdigest()
    if SHA256_BASE64.fullmatch(text):
        return text == base64.b64encode(digest.digest()).decode()
    return True
