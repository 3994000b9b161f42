"""What was said, in the database. Every object is looked up through a member of its conversation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from assistant import attachments
from assistant.errors import (
    BusyError,
    ConversationFullError,
    EmptyTextError,
    NotFoundError,
    TextTooLongError,
    TooManyConversationsError,
)
from assistant.models import Conversation, Member, Message, Person, Run
from assistant.titles import first_words
from assistant.tools.base import ToolCall

LINE_END = re.compile(r"\r\n?")
# The first line itself may be indented.
EMPTY_LINES_FIRST = re.compile(r"(?:[^\S\n]*\n)+")
# How long a temporary conversation stays while no tab shows it: a phone in the pocket, a lost connection.
AWAY = timedelta(minutes=5)


@dataclass(frozen=True)
class Turn:
    """A run that was asked for. `question` is None when an answer is made anew; `removed` were put aside for it.

    `new` is False when the same request had come before: then it must not be answered twice.
    """

    run: Run
    answer: Message
    question: Message | None
    removed: tuple[UUID, ...] = ()
    new: bool = True


def own_conversation(
    person: Person, conversation_id: UUID, rows: "QuerySet[Conversation] | None" = None
) -> Conversation:
    """The person's conversation, of `rows` if given; raises NotFoundError for any other."""
    rows = Conversation.objects.all() if rows is None else rows
    conversation = rows.filter(memberships__person=person, id=conversation_id).first()
    if conversation is None:
        raise NotFoundError
    return conversation


def own_message(person: Person, message_id: UUID) -> Message:
    """A message of one of the person's conversations, with its conversation; raises NotFoundError."""
    messages = Message.objects.select_related("conversation")
    message = messages.filter(conversation__memberships__person=person, id=message_id).first()
    if message is None:
        raise NotFoundError
    return message


def own_run(person: Person, run_id: UUID) -> Run:
    """A run of one of the person's conversations, with its answer; raises NotFoundError."""
    runs = Run.objects.select_related("answer", "conversation")
    run = runs.filter(conversation__memberships__person=person, id=run_id).first()
    if run is None:
        raise NotFoundError
    return run


def question_text(person: Person, message_id: UUID) -> str:
    """What was said before an answer in one of the person's conversations; raises NotFoundError."""
    return question_before(own_message(person, message_id))


def question_before(answer: Message) -> str:
    """What was said before `answer`."""
    said = answer.conversation.messages.filter(role=Message.Role.USER, position__lt=answer.position, replaced_by=None)
    return said.order_by("-position").values_list("text", flat=True).first() or ""


def shown_messages(conversation: Conversation) -> QuerySet[Message]:
    """The messages that are not put aside, oldest first."""
    return conversation.messages.filter(replaced_by=None).order_by("position")


def clean_text(text: str, attached: bool = False) -> str:
    """What a person wrote, as it is kept; raises when empty or too long. A message with files may be empty.

    Only empty lines before it, white space after it, and the characters that no database takes are left out.
    """
    text = LINE_END.sub("\n", text.replace("\x00", "")).rstrip()
    if blank := EMPTY_LINES_FIRST.match(text):
        text = text[blank.end() :]
    if not text and not attached:
        raise EmptyTextError
    if len(text) > settings.MESSAGE_CHARACTERS:
        raise TextTooLongError
    return text


def say(
    person: Person,
    conversation_id: UUID | None,
    text: str,
    client_id: UUID,
    tool_call: ToolCall | None = None,
    files: Sequence[UUID] = (),
    *,
    temporary: bool = False,
) -> Turn:
    """Store what `person` says, and the answer to come. Without an id a conversation is begun, or a `temporary` one.

    `tool_call` is carried out in place of the model's answer; `files` are attachments of theirs that wait. Raises
    NotFoundError, BusyError, EmptyTextError, TextTooLongError, ConversationFullError, TooManyConversationsError,
    AttachmentGoneError, TooManyAttachmentsError.
    """
    text = clean_text(text, bool(files))
    with transaction.atomic():
        lock_quota(person)
        if before := said_before(person, client_id):
            return before
        found = attachments.claimable(person, files)
        title = first_words(text) or "".join(file.name for file in found[:1])
        conversation = lock(person, conversation_id) if conversation_id else begin(person, title, temporary=temporary)
        refuse_when_busy(person, conversation)
        question = add(conversation, Message.Role.USER, text=text, author=person, client_id=client_id)
        attachments.claim(found, conversation, question)
        return answer(person, conversation, question, tool_call)


def edit(
    person: Person,
    message_id: UUID,
    text: str,
    client_id: UUID,
    tool_call: ToolCall | None = None,
    files: Sequence[UUID] = (),
) -> Turn:
    """Put `message_id` and all after it aside, and say `text` instead. Raises as `say` does.

    `files` may name those of the old message, which keeps them too.
    """
    text = clean_text(text, bool(files))
    with transaction.atomic():
        lock_quota(person)
        if before := said_before(person, client_id):
            return before
        old = locked_message(person, message_id)
        if old.role != Message.Role.USER or old.author_id != person.id or old.replaced_by_id:
            raise NotFoundError
        found = attachments.claimable(person, files, old)
        refuse_when_busy(person, old.conversation)
        aside = shown_messages(old.conversation).filter(position__gte=old.position)
        removed = tuple(aside.values_list("id", flat=True))
        question = add(old.conversation, Message.Role.USER, text=text, author=person, client_id=client_id)
        attachments.claim(found, old.conversation, question)
        Message.objects.filter(id__in=removed).update(replaced_by=question)
        return answer(person, old.conversation, question, tool_call, removed)


def retry(person: Person, message_id: UUID, tool_call: ToolCall | None = None) -> Turn:
    """Put an answer and what came after it aside, and answer anew. Idempotent for one answer.

    Raises NotFoundError, BusyError, ConversationFullError.
    """
    with transaction.atomic():
        lock_quota(person)
        old = locked_message(person, message_id)
        if old.role != Message.Role.ASSISTANT:
            raise NotFoundError
        if old.replaced_by is not None:
            return retried_before(old)
        refuse_when_busy(person, old.conversation)
        aside = shown_messages(old.conversation).filter(position__gte=old.position)
        removed = tuple(aside.values_list("id", flat=True))
        turn = answer(person, old.conversation, None, tool_call, removed)
        Message.objects.filter(id__in=removed).update(replaced_by=turn.answer)
        return turn


def lock_quota(person: Person) -> None:
    """Admit no other request of this person until the transaction ends, so that what is counted of theirs holds.

    It comes before `lock`, everywhere: two locks taken in one order never wait for each other. Raises NotFoundError
    for somebody who was erased meanwhile.
    """
    if not Person.objects.select_for_update().filter(id=person.id).exists():
        raise NotFoundError


def lock(person: Person, conversation_id: UUID) -> Conversation:
    """The person's conversation, for which no other member's request is admitted until the transaction ends.

    So messages keep their order. Raises NotFoundError.
    """
    return own_conversation(person, conversation_id, Conversation.objects.select_for_update(of=("self",)))


def locked_message(person: Person, message_id: UUID) -> Message:
    """The message as it is once its conversation is locked. Raises NotFoundError."""
    lock(person, own_message(person, message_id).conversation_id)
    return own_message(person, message_id)


def said_before(person: Person, client_id: UUID) -> Turn | None:
    """The turn that the same request made when it came the first time."""
    question = Message.objects.filter(author=person, client_id=client_id).select_related("conversation").first()
    if question is None:
        return None
    runs = question.conversation.runs.select_related("answer")
    run = runs.filter(answer__position__gt=question.position).order_by("answer__position").first()
    removed = tuple(question.replaces.values_list("id", flat=True))
    return Turn(run, run.answer, question, removed, new=False) if run else None


def retried_before(old: Message) -> Turn:
    """The turn that made the answer in the place of `old`. Raises NotFoundError where that is gone."""
    run = Run.objects.select_related("answer").filter(answer=old.replaced_by).first()
    if run is None:
        raise NotFoundError
    return Turn(run, run.answer, None, removed=(old.id,), new=False)


def begin(person: Person, title: str, *, temporary: bool = False) -> Conversation:
    """A new conversation with one member, a temporary one without its title. Raises TooManyConversationsError."""
    if person.memberships.count() >= settings.CONVERSATIONS_PER_PERSON:
        raise TooManyConversationsError
    conversation = Conversation.objects.create(
        title="" if temporary else title,
        temporary=temporary,
        alive_until=timezone.now() + AWAY if temporary else None,
    )
    Member.objects.create(conversation=conversation, person=person)
    return conversation


def refuse_when_busy(person: Person, conversation: Conversation) -> None:
    """Raise BusyError while an answer is written here, or too many for this person elsewhere."""
    running = Run.objects.filter(Q(person=person) | Q(conversation=conversation), status=Run.Status.RUNNING)
    found = list(running.values_list("conversation_id", "person_id"))
    own = sum(asker == person.id for _, asker in found)
    if own >= settings.LIMIT_PERSON_RUNS or any(place == conversation.id for place, _ in found):
        raise BusyError


def add(conversation: Conversation, role: str, **values: object) -> Message:
    """A new message at the end; raises ConversationFullError."""
    last = conversation.messages.aggregate(last=Max("position"))["last"] or 0
    if last >= settings.MESSAGES_PER_CONVERSATION:
        raise ConversationFullError
    return Message.objects.create(conversation=conversation, position=last + 1, role=role, **values)


def answer(
    person: Person,
    conversation: Conversation,
    question: Message | None,
    tool_call: ToolCall | None,
    removed: tuple[UUID, ...] = (),
) -> Turn:
    """The empty answer and its run, asked for by `person`."""
    message = add(conversation, Message.Role.ASSISTANT)
    call = tool_call and tool_call.to_json()
    run = Run.objects.create(conversation=conversation, answer=message, person=person, tool_call=call)
    conversation.updated_at = timezone.now()
    if conversation.temporary:
        conversation.alive_until = conversation.updated_at + AWAY
    conversation.save(update_fields=["updated_at", "alive_until"])
    return Turn(run, message, question, removed)
