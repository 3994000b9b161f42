"""People: create, convert and merge guests; erase and export what is kept about a person."""

import json
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from assistant import agreement, api_keys, members, memories, transcripts, versions
from assistant.database import in_chunks
from assistant.errors import InstructionsTooLongError
from assistant.models import Attachment, ConversationShare, Message, Person, Run
from assistant.transcripts import PictureUrl
from imagine.models import Picture, Share

TOUCH_EVERY = timedelta(hours=1)
CHUNK = 200

# Sent with `person` before they are erased, in that transaction: what others see of them is put in order then.
erasing = Signal()
# Sent by `merge` with `guest` and `into`, in its transaction: what others keep for the guest moves then.
merged = Signal()


def make_guest() -> Person:
    """A new person without a name or a password."""
    guest = Person(username=f"guest-{secrets.token_hex(12)}", is_guest=True)
    guest.set_unusable_password()
    guest.save(force_insert=True)
    return guest


def touch(person: Person) -> bool:
    """Update when `person` was last seen, at most once an hour. Returns whether it was updated."""
    now = timezone.now()
    if person.last_seen_at > now - TOUCH_EVERY:
        return False
    person.last_seen_at = now
    return bool(Person.objects.filter(pk=person.pk).update(last_seen_at=now))


def claim(guest: Person) -> bool:
    """Convert the guest's row to an account. False for all but the first of concurrent callers."""
    claimed = Person.objects.filter(pk=guest.pk, is_guest=True).update(is_guest=False)
    guest.is_guest = False
    return bool(claimed)


@transaction.atomic
def merge(guest: Person, into: Person) -> None:
    """Move everything of `guest` to the account `into` and delete the guest.

    Does nothing when the guest was deleted or became an account meanwhile.
    """
    locked = Person.objects.select_for_update().filter(pk=guest.pk, is_guest=True).first()
    if locked is None or locked.pk == into.pk:
        return
    taken = Message.objects.filter(author=into, client_id__isnull=False).values("client_id")
    locked.messages.filter(client_id__in=taken).update(client_id=None)
    locked.messages.update(author=into)
    locked.attachments.update(person=into)
    members.move(locked, into)
    locked.runs.update(person=into)
    locked.feedback.filter(message__in=into.feedback.values("message")).delete()
    locked.feedback.update(person=into)
    locked.room_files.update(person=into)
    locked.conversation_shares.update(person=into)
    Picture.objects.filter(person=locked).update(person=into)
    memories.move(locked, into)
    agreement.move(locked, into)
    Person.objects.filter(pk=into.pk, instructions="").update(instructions=locked.instructions)
    merged.send(Person, guest=locked, into=into)
    locked.delete()


def may_instruct(person: Person) -> bool:
    """Whether the person's instructions are taken into account."""
    return settings.INSTRUCTIONS_FOR_GUESTS or not person.is_guest


def needs_account(person: Person | None) -> bool:
    """Whether this person, or a visitor without a row, must sign in before anything is drawn."""
    return settings.IMAGINE_ACCOUNT and (person is None or person.is_guest)


def instruct(person: Person, text: str) -> None:
    """Keep what the assistant should know about `person` and how it should answer; an empty text ends that.

    Raises InstructionsTooLongError.
    """
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(text) > settings.INSTRUCTIONS_CHARACTERS:
        raise InstructionsTooLongError
    person.instructions = text
    person.save(update_fields=["instructions"])


def expire_guests(before: datetime, limit: int = 500) -> int:
    """Erase up to `limit` guests not seen since `before`, with all they said. Returns their number."""
    old = Person.objects.filter(is_guest=True, last_seen_at__lt=before).order_by("last_seen_at")[:limit]
    return sum(_erase_unseen(guest, before) for guest in old)


@transaction.atomic
def _erase_unseen(guest: Person, before: datetime) -> bool:
    """Erase the guest unless they were seen, or signed up, since the query."""
    still_old = Person.objects.select_for_update().filter(pk=guest.pk, is_guest=True, last_seen_at__lt=before)
    locked = still_old.first()
    if locked is not None:
        _prepare_erasing(locked)
        locked.delete()
    return locked is not None


@transaction.atomic
def erase(person: Person) -> list[UUID]:
    """Erase a person with all they said, and end their sessions.

    Returns the ids of their runs, so that the caller can delete their logs in Redis.
    """
    # Before their rooms, as whoever speaks in one does.
    Person.objects.select_for_update().filter(pk=person.pk).first()
    going = Run.objects.filter(Q(person=person) | Q(conversation__in=members.alone(person)))
    runs = list(going.values_list("pk", flat=True))
    _prepare_erasing(person)
    LogEntry.objects.filter(object_id=str(person.pk)).update(object_repr="")
    Person.objects.filter(pk=person.pk).delete()
    return runs


def _prepare_erasing(person: Person) -> None:
    """Prepare the conversations that stay, as others are in them, for the end of what `person` said."""
    erasing.send(Person, person=person)
    versions.close_gaps(person, person.conversations.exclude(pk__in=members.alone(person)))


def counts(person: Person) -> dict[str, int]:
    """How much is kept about `person`: conversations, messages in them, their files, ratings, memories, keys, pictures.

    Temporary conversations are not, so they do not count.
    """
    return {
        "conversations": members.listed(person).count(),
        "messages": Message.objects.filter(conversation__in=members.listed(person)).count(),
        "attachments": kept_files(person).count(),
        "feedback": person.feedback.filter(message__conversation__temporary=False).count(),
        "memories": person.memories.count(),
        "api_keys": person.api_keys.count(),
        "pictures": kept_pictures(person).count(),
    }


def kept_files(person: Person) -> QuerySet[Attachment]:
    """The person's attached files, without those of temporary conversations: these go with them."""
    return person.attachments.exclude(conversation__temporary=True)


def kept_pictures(person: Person) -> QuerySet[Picture]:
    """The person's pictures, newest first, without those of temporary conversations: these go with them."""
    mine = Picture.objects.filter(person=person).exclude(messages__conversation__temporary=True)
    return mine.order_by("-created_at", "-id")


def picture_links(person: Person) -> QuerySet[Share]:
    """The links to pictures of the person, without those of temporary conversations."""
    return Share.objects.filter(picture__person=person).exclude(picture__messages__conversation__temporary=True)


def profile(person: Person) -> dict[str, Any]:
    """The person's row as JSON values, for the export."""
    return {
        "id": str(person.pk),
        "guest": person.is_guest,
        "name": "" if person.is_guest else person.get_username(),
        "email": person.email,
        "instructions": person.instructions,
        "remembers": person.remembers,
        "since": person.date_joined.isoformat(),
        "last_seen": person.last_seen_at.isoformat(),
        "agreed": person.agreed_at.isoformat() if person.agreed_at else None,
        "agreed_to": person.agreed_to,
    }


def conversations_json(person: Person, picture_url: PictureUrl) -> Iterator[str]:
    """The person's conversations, without temporary ones, as one JSON list, in chunks of about a message each.

    Between two chunks no cursor is open.
    """
    yield "["
    for index, conversation in enumerate(in_chunks(members.listed(person).order_by("created_at"), CHUNK)):
        yield ",\n" if index else "\n"
        yield from transcripts.fields(conversation, picture_url)
    yield "\n]\n"


def pictures_json(person: Person) -> Iterator[str]:
    """The rows of the person's pictures as one JSON list, in chunks of a picture each.

    Between two chunks no cursor is open.
    """
    yield "["
    pictures = kept_pictures(person).order_by("created_at", "id")
    for index, picture in enumerate(in_chunks(pictures, CHUNK)):
        fields = {
            "id": str(picture.pk),
            "made": picture.made,
            "prompt": picture.prompt,
            "drawn": picture.drawn,
            "negative": picture.negative,
            "left_out": picture.left_out,
            "style": picture.style,
            "created": picture.created_at.isoformat(),
            "parent": str(picture.parent_id) if picture.parent_id else None,
            "status": picture.status,
        }
        yield f"{',' if index else ''}\n {json.dumps(fields, ensure_ascii=False)}"
    yield "\n]\n"


def memories_json(person: Person) -> Iterator[str]:
    """What is remembered for the person as one JSON list, in one piece: there are few."""
    rows = memories.of(person).values_list("text", "created_at")
    found = [{"text": text, "since": since.isoformat()} for text, since in rows]
    yield json.dumps(found, ensure_ascii=False, indent=1)


def api_keys_json(person: Person) -> Iterator[str]:
    """The person's API keys as one JSON list, in one piece, without what is secret of them."""
    found = [
        {
            "name": key.name,
            "scope": key.scope,
            "begins": api_keys.beginning(key),
            "since": key.created_at.isoformat(),
            "expires": key.expires_at.isoformat() if key.expires_at else None,
            "last_used": key.last_used_at.isoformat() if key.last_used_at else None,
        }
        for key in api_keys.of(person)
    ]
    yield json.dumps(found, ensure_ascii=False, indent=1)


def links_json(person: Person) -> Iterator[str]:
    """The person's links to conversations and pictures as one JSON list, in chunks of a link each.

    Between two chunks no cursor is open.
    """
    conversations = in_chunks(person.conversation_shares.order_by("created_at", "pk"), CHUNK)
    pictures = in_chunks(picture_links(person).order_by("created_at", "pk"), CHUNK)
    links = chain(map(_conversation_link, conversations), map(_picture_link, pictures))
    yield "["
    for index, fields in enumerate(links):
        yield f"{',' if index else ''}\n {json.dumps(fields, ensure_ascii=False)}"
    yield "\n]\n"


def _conversation_link(share: ConversationShare) -> dict[str, Any]:
    return {
        "token": share.token,
        "conversation": str(share.conversation_id),
        "title": share.title,
        "messages": share.length,
        "shows_name": share.shows_name,
        "created": share.created_at.isoformat(),
        "copied": share.copied_at.isoformat(),
        "ends": share.ends_at.isoformat(),
    }


def _picture_link(share: Share) -> dict[str, Any]:
    return {
        "token": share.token,
        "picture": str(share.picture_id),
        "shows_prompt": share.shows_prompt,
        "created": share.created_at.isoformat(),
        "ends": share.ends_at.isoformat(),
    }
