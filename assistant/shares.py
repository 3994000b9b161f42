"""Shared conversations: made, found, read, reported, revoked, expired, continued. All are synchronous, on the database.

A link shows a fixed copy. What is said, edited or deleted later changes nothing in it, until the person shares again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from assistant import commands, conversations
from assistant.conversations import shown_messages
from assistant.errors import NotFoundError, NothingToShareError, SharedAgainError, TooManySharesError
from assistant.history import REFUSED
from assistant.models import Attachment, Conversation, ConversationShare, Message, Person, Run, SharedMessage
from imagine.models import Picture
from imagine.shares import REPORT_CHARACTERS, REPORTS_CHARACTERS, TOKEN

Role = Message.Role
CHUNK = 100


@dataclass(frozen=True)
class Extent:
    """What a copy of a conversation would hold now: so many messages and pictures, from one position to another.

    `cut` says that earlier messages are left out, `answering` that an answer in the making is, `files` that attached
    files are. `changed_at` is when the last answer of it ended: one that was cut off goes on in its place.
    """

    messages: int = 0
    pictures: int = 0
    first: int = 0
    until: int = 0
    last_words: str = ""
    cut: bool = False
    answering: bool = False
    files: bool = False
    changed_at: datetime | None = None


# For the owner


def extent(conversation: Conversation) -> Extent:
    """What would be shared: all that is shown up to the last finished answer, the newest of it where it is too long.

    Nothing of a temporary conversation.
    """
    if conversation.temporary:
        return Extent()
    running = conversation.runs.filter(status=Run.Status.RUNNING).exists()
    rows = _finished(conversation).annotate(characters=Length("text")).order_by("-position")
    found = list(rows.values_list("position", "role", "characters")[: settings.SHARED_MESSAGES + 1])
    while found and found[0][1] == Role.USER:
        found.pop(0)
    kept, characters = list[tuple[int, str]](), 0
    for position, role, length in found[: settings.SHARED_MESSAGES]:
        characters += length
        if characters > settings.SHARED_CHARACTERS and kept:
            break
        kept.append((position, role))
    cut = len(kept) < len(found)
    while cut and kept and kept[-1][1] != Role.USER:
        kept.pop()
    if not kept:
        return Extent(answering=running)
    first, until = kept[-1][0], kept[0][0]
    copied = _finished(conversation).filter(position__range=(first, until))
    pictures = sum(map(len, _pictures(copied).values()))
    last = conversation.messages.filter(position=until).values_list("text", flat=True).first() or ""
    files = Attachment.objects.filter(messages__in=copied.values("pk")).exists()
    changed_at = copied.aggregate(last=Max("run__finished_at"))["last"]
    return Extent(len(kept), pictures, first, until, last[:400], cut, running, files, changed_at)


def is_current(share: ConversationShare, now: Extent, title: str) -> bool:
    """Whether a new copy of its conversation, which would hold `now` under that title, would show the same."""
    if (share.until, share.length, share.title) != (now.until, now.messages, title):
        return False
    return now.changed_at is None or now.changed_at <= share.copied_at


def make(person: Person, conversation_id: UUID, shows_name: bool = False) -> ConversationShare:
    """A link to a copy of the person's conversation as it is now; the valid one that shows the same, if there is one.

    Raises NotFoundError, NothingToShareError, TooManySharesError.
    """
    with transaction.atomic():
        conversations.lock_quota(person)
        conversation = conversations.lock(person, conversation_id)
        now = extent(conversation)
        if not now.messages:
            raise NothingToShareError
        shows_name = shows_name and not person.is_guest
        links = of(person, conversation).filter(until=now.until)
        if same := next((link for link in links if is_current(link, now, conversation.title)), None):
            same.shows_name = shows_name
            same.save(update_fields=["shows_name"])
            return same
        if _valid().filter(person=person).count() >= settings.SHARED_CONVERSATIONS_PER_PERSON:
            raise TooManySharesError
        share = ConversationShare(conversation=conversation, person=person, shows_name=shows_name)
        _copy(share, now)
        return share


def renew(person: Person, conversation_id: UUID, token: str, shows_name: bool = False) -> ConversationShare:
    """Put a copy of the conversation as it is now behind one of its links, which then lasts anew.

    Raises NotFoundError, NothingToShareError.
    """
    with transaction.atomic():
        conversations.lock_quota(person)
        conversation = conversations.lock(person, conversation_id)
        share = of(person, conversation).select_for_update().filter(token=token).first()
        if share is None:
            raise NotFoundError
        now = extent(conversation)
        if not now.messages:
            raise NothingToShareError
        share.messages.all().delete()
        share.shows_name = shows_name and not person.is_guest
        share.edition += 1
        _copy(share, now)
        return share


def take_back(person: Person, conversation_id: UUID, token: str = "") -> None:
    """Revoke one of the person's links to their conversation, or without `token` all. Raises NotFoundError."""
    conversation = conversations.own_conversation(person, conversation_id)
    links = ConversationShare.objects.filter(person=person, conversation=conversation)
    (links.filter(token=token) if token else links).delete()


def of(person: Person, conversation: Conversation) -> QuerySet[ConversationShare]:
    """The person's valid links to a conversation, newest first."""
    return _valid().filter(person=person, conversation=conversation)


def all_of(person: Person) -> QuerySet[ConversationShare]:
    """The person's valid links to conversations, newest first."""
    return _valid().filter(person=person).select_related("conversation")


# For people with the link


def find(token: str) -> ConversationShare | None:
    """The valid link of that token, with its person; None where there is none, by the same one query.

    The links of a suspended person are not valid.
    """
    known = token if TOKEN.fullmatch(token) else ""
    return _valid().filter(person__is_active=True).select_related("person").filter(token=known).first()


def read(share: ConversationShare, after: int, most: int) -> list[SharedMessage]:
    """Up to `most` messages of the copy, those after position `after`."""
    return list(share.messages.filter(position__gt=after)[:most])


def pictures_of(messages: Iterable[SharedMessage]) -> dict[str, Picture]:
    """The pictures of shared messages that can be shown, by id."""
    ids = [UUID(one) for message in messages for one in message.pictures]
    return {str(one.pk): one for one in _shown_pictures().filter(pk__in=ids)}


def picture(share: ConversationShare, position: int, number: int) -> Picture | None:
    """The picture number `number` (from 1 on) in a message of the copy; None where it cannot be shown."""
    message = share.messages.filter(position=position).first()
    if message is None or not 0 < number <= len(message.pictures):
        return None
    return _shown_pictures().filter(pk=message.pictures[number - 1]).first()


def report(share: ConversationShare, word: str) -> None:
    """Record a report on a shared conversation, and its reason. Later reports are appended."""
    with transaction.atomic():
        row = ConversationShare.objects.select_for_update().filter(token=share.token).first()
        if row is None:
            return
        words = filter(None, [row.report, word.replace("\x00", "").strip()[:REPORT_CHARACTERS]])
        row.report = "\n".join(words)[:REPORTS_CHARACTERS]
        row.reported_at = row.reported_at or timezone.now()
        row.save(update_fields=["report", "reported_at"])


def fork(person: Person, token: str, edition: int, client_id: UUID) -> Conversation:
    """A new conversation of `person` that begins with the copy behind a link. Idempotent by `client_id`.

    The pictures stay with those whose they are. Raises NotFoundError for what is no link (any more), SharedAgainError
    where the copy is not the one of that `edition`, TooManyConversationsError.
    """
    with transaction.atomic():
        conversations.lock_quota(person)
        before = Message.objects.filter(author=person, client_id=client_id).select_related("conversation").first()
        if before:
            return before.conversation
        share = find(token)
        if share is None:
            raise NotFoundError
        # Locked, so that no new copy takes the place of this one while it is read.
        locked = ConversationShare.objects.select_for_update().filter(token=share.token, edition=edition).first()
        if locked is None:
            raise SharedAgainError
        conversation = conversations.begin(person, locked.title)
        _write(conversation, person, locked.messages.all(), client_id)
        return conversation


def expire() -> int:
    """Delete expired links with their copies; gives how many links."""
    ended = ConversationShare.objects.filter(ends_at__lte=timezone.now())
    return ended.delete()[1].get("assistant.ConversationShare", 0)


def _valid() -> QuerySet[ConversationShare]:
    return ConversationShare.objects.filter(ends_at__gt=timezone.now()).order_by("-created_at")


def _finished(conversation: Conversation) -> QuerySet[Message]:
    """The shown messages that hold something and will not change, without what the guard refused."""
    drawn = _shown_pictures().filter(messages=OuterRef("pk"))
    attached = Attachment.objects.filter(messages=OuterRef("pk"))
    filled = shown_messages(conversation).filter(~Q(text="") | Exists(drawn) | Exists(attached))
    return filled.exclude(run__status=Run.Status.RUNNING).exclude(REFUSED)


def _pictures(messages: QuerySet[Message]) -> dict[UUID, list[str]]:
    """The ids of the pictures that were drawn in each message."""
    shown = _shown_pictures().filter(messages__in=messages.values("pk")).order_by("created_at", "pk")
    found: dict[UUID, list[str]] = {}
    for message, one in shown.values_list("messages", "pk"):
        found.setdefault(message, []).append(str(one))
    return found


def _shown_pictures() -> QuerySet[Picture]:
    return Picture.objects.filter(status=Picture.Status.DONE).exclude(made=Picture.Made.UPLOADED)


def _copy(share: ConversationShare, now: Extent) -> None:
    """Copy so much of the conversation behind the link, and let it last from now on."""
    share.title, share.length, share.until = share.conversation.title, now.messages, now.until
    share.copied_at = timezone.now()
    share.ends_at = share.copied_at + timedelta(days=settings.SHARE_DAYS)
    share.save()
    messages = _finished(share.conversation).filter(position__range=(now.first, now.until))
    pictures = _pictures(messages)
    rows = messages.order_by("position").values_list("pk", "role", "text", "run__sources", "run__code_issues")
    copied = (
        SharedMessage(
            share=share,
            position=place,
            role=role,
            text=text,
            pictures=pictures.get(key, []),
            sources=sources,
            code_issues=issues,
        )
        for place, (key, role, text, sources, issues) in enumerate(rows, 1)
    )
    SharedMessage.objects.bulk_create(copied, batch_size=CHUNK)


def _write(conversation: Conversation, person: Person, copied: Iterable[SharedMessage], client_id: UUID) -> None:
    """Write the messages of a copy as the person's own, each answer with a run that is over.

    The first words carry `client_id`. An answer that was a picture keeps the command that asked for it.
    """
    messages, runs, asked = list[Message](), list[Run](), ""
    for one in copied:
        message = Message(conversation=conversation, position=one.position, role=one.role, text=one.text)
        message.parent = messages[-1] if messages else None
        messages.append(message)
        if one.role == Role.USER:
            message.author, asked = person, one.text
            message.client_id = client_id if len(messages) == 1 else None
            continue
        call = None if one.text else commands.tool_call(asked)
        run = Run(conversation=conversation, answer=message, person=person, status=Run.Status.DONE)
        run.sources, run.code_issues = one.sources, one.code_issues
        run.tool_call, run.finished_at = call and call.to_json(), timezone.now()
        runs.append(run)
    Message.objects.bulk_create(messages, batch_size=CHUNK)
    Run.objects.bulk_create(runs, batch_size=CHUNK)
