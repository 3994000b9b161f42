"""Text files and pictures of people, in the database: kept when they are sent, claimed by the message they come with.

An unclaimed one is its owner's alone; a claimed one belongs to its conversation, and goes with it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Left

from assistant.errors import (
    AttachmentGoneError,
    AttachmentQuotaError,
    FileTooLargeError,
    NotFoundError,
    TooManyAttachmentsError,
)
from assistant.llama.files import TextFile
from assistant.llama.pictures import OTHERS, PromptPicture
from assistant.models import AttachedPicture, Attachment, Conversation, Message, Person
from imagine.files.decoder import Decoded

# Of a prompt's pictures so many are read from the database: no model is shown more.
PROMPT_PICTURES = OTHERS.most
# Of the files in one prompt at most so many characters are read from the database: more than any context holds.
PROMPT_CHARACTERS = 600_000


def keep(person: Person, name: str, text: str) -> Attachment:
    """Keep a text for a message to come. A paste has no name. Raises FileTooLargeError, AttachmentQuotaError.

    Raises NotFoundError for somebody who was erased meanwhile.
    """
    size = len(text.encode())
    # Characters beyond ASCII may take more bytes here than in the file, three at most.
    if size > 3 * settings.ATTACHMENT_BYTES:
        raise FileTooLargeError(f"{size} bytes")
    with transaction.atomic():
        _check_room(person, size)
        return Attachment.objects.create(person=person, name=name, text=text, size=size, length=len(text))


def keep_picture(person: Person, name: str, picture: Decoded) -> Attachment:
    """Keep a picture for a message to come. Raises as `keep` does."""
    size, sides = len(picture.jpeg), {"width": picture.width, "height": picture.height}
    with transaction.atomic():
        _check_room(person, size)
        kept = Attachment.objects.create(person=person, name=name, size=size, length=0, **sides)
        AttachedPicture.objects.create(attachment=kept, data=picture.jpeg)
    return kept


def _check_room(person: Person, size: int) -> None:
    """Let nobody else count what the person keeps until the transaction ends. Raises as `keep` does."""
    if not Person.objects.select_for_update(no_key=True).filter(id=person.id).exists():
        raise NotFoundError
    used = person.attachments.aggregate(used=Sum("size"))["used"] or 0
    if used + size > settings.ATTACHMENT_BYTES_PER_PERSON:
        raise AttachmentQuotaError(f"{used} bytes are kept, {size} more do not fit")


def own(person: Person, attachment_id: UUID) -> Attachment:
    """An attachment of one of the person's conversations, or one of theirs that waits; raises NotFoundError."""
    reachable = Q(conversation__memberships__person=person) | Q(conversation=None, person=person)
    found = Attachment.objects.filter(reachable, id=attachment_id).first()
    if found is None:
        raise NotFoundError
    return found


def picture_of(person: Person, attachment_id: UUID) -> bytes:
    """The JPEG of an attached picture, which `own` finds. Raises NotFoundError, also for a text."""
    found = AttachedPicture.objects.filter(attachment=own(person, attachment_id)).first()
    if found is None:
        raise NotFoundError
    return bytes(found.data)


def discard(person: Person, attachment_id: UUID) -> None:
    """Delete one that came with no message. Raises NotFoundError, also for one that did."""
    deleted, _ = person.attachments.filter(conversation=None, id=attachment_id).delete()
    if not deleted:
        raise NotFoundError


def claimable(person: Person, ids: Iterable[UUID], edited: Message | None = None) -> list[Attachment]:
    """The attachments that a message of `person` may come with, in the order of `ids`: theirs that wait, or those of
    the message that it replaces. The caller holds the person's quota, see `conversations.lock_quota`.

    Raises AttachmentGoneError for any other, TooManyAttachmentsError.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > settings.ATTACHMENTS_PER_MESSAGE:
        raise TooManyAttachmentsError
    if not wanted:
        return []
    allowed = Q(conversation=None, person=person) | (Q(messages=edited) if edited else Q(pk=None))
    found = Attachment.objects.filter(allowed).defer("text").distinct().in_bulk(wanted)
    if len(found) < len(wanted):
        raise AttachmentGoneError
    return [found[one] for one in wanted]


def claim(files: Sequence[Attachment], conversation: Conversation, message: Message) -> None:
    """Make `files` part of a message."""
    for file in files:
        Attachment.objects.filter(id=file.id).update(conversation=conversation)
        file.messages.add(message)


def release(message: Message) -> None:
    """Delete the files of a message that is about to be deleted, but for those of another message too."""
    for file in message.attachments.all():
        if not file.messages.exclude(id=message.id).exists():
            file.delete()


def expire(before: datetime) -> int:
    """Delete those that were sent before a time and came with no message. Returns their number."""
    deleted, _ = Attachment.objects.filter(conversation=None, created_at__lt=before).delete()
    return deleted


def texts_for_prompt(messages: QuerySet[Message]) -> dict[UUID, list[TextFile]]:
    """The text files of `messages` by the message, the newest with their text, as far as `PROMPT_CHARACTERS` go."""
    through = Attachment.messages.through.objects.filter(message__in=messages, attachment__width=0)
    rows = through.order_by("-message__position", "attachment__created_at", "attachment_id").values_list(
        "message_id", "attachment_id", "attachment__name", "attachment__length"
    )
    left, heads, found = PROMPT_CHARACTERS, dict[UUID, int](), list(rows)
    for _, attachment, _, length in found:
        if left:
            heads[attachment] = min(length, left)
            left -= heads[attachment]
    texts = _heads(heads, PROMPT_CHARACTERS - left)
    files: dict[UUID, list[TextFile]] = {}
    for message, attachment, name, length in found:
        files.setdefault(message, []).append(TextFile(name, texts.get(attachment, ""), length))
    return files


def pictures_for_prompt(messages: QuerySet[Message], shown: Collection[UUID]) -> dict[UUID, list[PromptPicture]]:
    """The pictures of `messages` by the message; of those in messages `shown` the newest with their bytes."""
    through = Attachment.messages.through.objects.filter(message__in=messages, attachment__width__gt=0)
    rows = through.order_by("-message__position", "-attachment__created_at", "-attachment_id")
    found = list(rows.values_list("message_id", "attachment_id"))
    read = [attachment for message, attachment in found if message in shown][:PROMPT_PICTURES]
    data = dict(AttachedPicture.objects.filter(attachment__in=read).values_list("attachment_id", "data"))
    pictures: dict[UUID, list[PromptPicture]] = {}
    for message, attachment in reversed(found):
        pictures.setdefault(message, []).append(PromptPicture(bytes(data.get(attachment, b""))))
    return pictures


def _heads(heads: dict[UUID, int], most: int) -> dict[UUID, str]:
    """The beginnings of attachments, each of its length in `heads`, of which none exceeds `most`."""
    texts = Attachment.objects.filter(id__in=heads).values_list("id", Left("text", max(most, 1)))
    return {attachment: text[: heads[attachment]] for attachment, text in texts}
