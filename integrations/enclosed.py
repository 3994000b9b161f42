"""What a member of a room sends besides words, as bubbles for an app; a sentence for what the app does not take."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assistant.models import Attachment, Member, Message, RoomFile
from assistant.names import in_plain_text
from assistant.rooms import files
from imagine.models import Picture
from integrations import replies
from integrations.base import Channel, File
from integrations.errors import RefusedError
from integrations.outbound import Drawn, Enclosed, OutboundMessage

TEXT = "text/plain"
# What they are called as files that go along.
KINDS: dict[str, Literal["audio", "video", "document"]] = {"audio": "audio", "video": "video", "document": "document"}


def bubbles(channel: Channel, message: Message, member: Member) -> list[OutboundMessage]:
    """The pictures and files of a message, one bubble each, for a member who may read it."""
    pictures = message.pictures.filter(status=Picture.Status.DONE).order_by("created_at", "id")
    found = [OutboundMessage(drawn=Drawn(str(one.pk), channel.loop if one.moves else "still")) for one in pictures]
    found += [_file(channel, one, message, member) for one in message.room_files.all()]
    return found + [_text(channel, one, message, member) for one in message.attachments.defer("text")]


def announced(message: Message) -> str:
    """What somebody sends without a word, in a line without their name; empty where they send nothing else."""
    pictures, sent = message.pictures.count(), list(message.room_files.values_list("kind", flat=True))
    texts = message.attachments.count()
    number = pictures + len(sent) + texts
    if number > 1:
        return ngettext("sends %(number)s file", "sends %(number)s files", number) % {"number": number}
    if pictures:
        return _("sends a picture")
    if RoomFile.Kind.AUDIO in sent:
        return _("sends a voice note")
    if RoomFile.Kind.VIDEO in sent:
        return _("sends a video")
    return _("sends a document") if number else ""


def with_words(channel: Channel, texts: Sequence[str], things: Sequence[OutboundMessage]) -> list[OutboundMessage]:
    """Words and then what came with them; a single bubble of words is the caption of the first, where it can be."""
    first = things[0] if things else None
    fits = len(texts) == 1 and len(texts[0]) <= channel.limits.caption
    if first and fits and not first.text and (first.enclosed is None or first.enclosed.kind != "audio"):
        caption = f"{texts[0]}\n{first.instead}" if first.instead else ""
        return [replace(first, text=texts[0], instead=caption), *things[1:]]
    return [*map(OutboundMessage, texts), *things]


def file_of(enclosed: Enclosed) -> File:
    """The bytes of a file. Raises RefusedError where it was deleted."""
    if enclosed.kind == "text":
        text = Attachment.objects.filter(pk=UUID(enclosed.id)).first()
        if text is None:
            raise RefusedError("the file was deleted")
        return File(text.text.encode(), TEXT, text_name(text))
    found = RoomFile.objects.filter(pk=UUID(enclosed.id)).first()
    try:
        if found is not None:
            return File(files.load(found), found.content_type, found.name)
    except FileNotFoundError as error:
        raise RefusedError("the file is lost") from error
    raise RefusedError("the file was deleted")


def text_name(text: Attachment) -> str:
    """A name for a text file that opens as one: of a strange ending nobody's phone makes anything else."""
    name = text.name or _("pasted text")
    return name if name.lower().endswith(".txt") else f"{name}.txt"


def _file(channel: Channel, file: RoomFile, message: Message, member: Member) -> OutboundMessage:
    instead = replies.say(channel, _not_taken(channel, file.name, message, member))
    if not channel.takes_file(file.kind, file.content_type, file.size):
        return instead
    return OutboundMessage(enclosed=Enclosed(str(file.pk), KINDS[file.kind]), instead=instead.text)


def _text(channel: Channel, text: Attachment, message: Message, member: Member) -> OutboundMessage:
    instead = replies.say(channel, _not_taken(channel, text.name or _("a pasted text"), message, member))
    if not channel.takes_file("document", TEXT, text.size):
        return instead
    return OutboundMessage(enclosed=Enclosed(str(text.pk), "text"), instead=instead.text)


def _not_taken(channel: Channel, name: str, message: Message, member: Member) -> str:
    """What is said in place of a file that the app does not take."""
    names = {"name": in_plain_text(message.spoken_as), "file": in_plain_text(name), "app": channel.title}
    if member.person.is_guest:
        # Nobody but they knows this chat, so there is no way to it on the website.
        return (
            _("%(name)s sends “%(file)s”, which %(app)s does not take from me. /link connects you with the website.")
            % names
        )
    address = settings.SITE_URL + reverse("room", args=[member.conversation_id])
    return _("%(name)s sends “%(file)s”, which %(app)s does not take from me. It is here: %(address)s") % {
        **names,
        "address": address,
    }
