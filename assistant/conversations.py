"""What was said, in the database. Every object is looked up through its owner."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from assistant.errors import (
    BusyError,
    ConversationFullError,
    EmptyTextError,
    NotFoundError,
    TextTooLongError,
    TooManyConversationsError,
)
from assistant.models import Conversation, Message, Person, Run
from assistant.titles import first_words


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


def own_conversation(person: Person, conversation_id: UUID) -> Conversation:
    """The person's conversation; raises NotFoundError for any other."""
    conversation = Conversation.objects.filter(person=person, id=conversation_id).first()
    if conversation is None:
        raise NotFoundError
    return conversation


def own_message(person: Person, message_id: UUID) -> Message:
    """A message of one of the person's conversations, with its conversation; raises NotFoundError."""
    messages = Message.objects.select_related("conversation")
    message = messages.filter(conversation__person=person, id=message_id).first()
    if message is None:
        raise NotFoundError
    return message


def own_run(person: Person, run_id: UUID) -> Run:
    """A run of one of the person's conversations, with its answer; raises NotFoundError."""
    runs = Run.objects.select_related("answer", "conversation")
    run = runs.filter(conversation__person=person, id=run_id).first()
    if run is None:
        raise NotFoundError
    return run


def answered_text(person: Person, message_id: UUID) -> str:
    """What the person said before an answer of theirs; raises NotFoundError."""
    answer = own_message(person, message_id)
    said = answer.conversation.messages.filter(role=Message.Role.USER, position__lt=answer.position, replaced_by=None)
    return said.order_by("-position").values_list("text", flat=True).first() or ""


def shown_messages(conversation: Conversation) -> QuerySet[Message]:
    """The messages that are not put aside, oldest first."""
    return conversation.messages.filter(replaced_by=None).order_by("position")


def clean_text(text: str) -> str:
    """What a person wrote, without the characters that no database takes; raises when empty or too long."""
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise EmptyTextError
    if len(text) > settings.MESSAGE_CHARACTERS:
        raise TextTooLongError
    return text


def say(person: Person, conversation_id: UUID | None, text: str, client_id: UUID) -> Turn:
    """Store what `person` says, and the answer to come. Without an id a conversation is begun.

    Raises NotFoundError, BusyError, EmptyTextError, TextTooLongError, ConversationFullError.
    """
    text = clean_text(text)
    with transaction.atomic():
        lock(person)
        if before := said_before(person, client_id):
            return before
        conversation = (
            own_conversation(person, conversation_id) if conversation_id else begin(person, first_words(text))
        )
        refuse_when_busy(person, conversation)
        question = add(conversation, Message.Role.USER, text=text, author=person, client_id=client_id)
        return answer(conversation, question)


def edit(person: Person, message_id: UUID, text: str, client_id: UUID) -> Turn:
    """Put `message_id` and all after it aside, and say `text` instead. Raises as `say` does."""
    text = clean_text(text)
    with transaction.atomic():
        lock(person)
        if before := said_before(person, client_id):
            return before
        old = own_message(person, message_id)
        if old.role != Message.Role.USER or old.replaced_by_id:
            raise NotFoundError
        refuse_when_busy(person, old.conversation)
        aside = shown_messages(old.conversation).filter(position__gte=old.position)
        removed = tuple(aside.values_list("id", flat=True))
        question = add(old.conversation, Message.Role.USER, text=text, author=person, client_id=client_id)
        Message.objects.filter(id__in=removed).update(replaced_by=question)
        return answer(old.conversation, question, removed)


def retry(person: Person, message_id: UUID) -> Turn:
    """Put an answer and what came after it aside, and answer anew. Asking twice for the same changes nothing.

    Raises NotFoundError, BusyError.
    """
    with transaction.atomic():
        lock(person)
        old = own_message(person, message_id)
        if old.role != Message.Role.ASSISTANT:
            raise NotFoundError
        if old.replaced_by is not None:
            return retried_before(old)
        refuse_when_busy(person, old.conversation)
        aside = shown_messages(old.conversation).filter(position__gte=old.position)
        removed = tuple(aside.values_list("id", flat=True))
        turn = answer(old.conversation, None, removed)
        Message.objects.filter(id__in=removed).update(replaced_by=turn.answer)
        return turn


def lock(person: Person) -> None:
    """Let no other request of this person in until the transaction ends, so that counts hold."""
    Person.objects.select_for_update().get(id=person.id)


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
    """The turn that made the answer in the place of `old`."""
    run = Run.objects.select_related("answer").filter(answer=old.replaced_by).first()
    if run is None:
        raise NotFoundError
    return Turn(run, run.answer, None, removed=(old.id,), new=False)


def begin(person: Person, title: str) -> Conversation:
    """A new conversation; raises TooManyConversationsError."""
    if person.conversations.count() >= settings.CONVERSATIONS_PER_PERSON:
        raise TooManyConversationsError
    return Conversation.objects.create(person=person, title=title)


def refuse_when_busy(person: Person, conversation: Conversation) -> None:
    """Raise BusyError while an answer is written here, or too many elsewhere."""
    running = Run.objects.filter(conversation__person=person, status=Run.Status.RUNNING)
    elsewhere = list(running.values_list("conversation_id", flat=True))
    if conversation.id in elsewhere or len(elsewhere) >= settings.LIMIT_PERSON_RUNS:
        raise BusyError


def add(conversation: Conversation, role: str, **values: object) -> Message:
    """A new message at the end; raises ConversationFullError."""
    last = conversation.messages.aggregate(last=Max("position"))["last"] or 0
    if last >= settings.MESSAGES_PER_CONVERSATION:
        raise ConversationFullError
    return Message.objects.create(conversation=conversation, position=last + 1, role=role, **values)


def answer(conversation: Conversation, question: Message | None, removed: tuple[UUID, ...] = ()) -> Turn:
    """The empty answer and its run."""
    message = add(conversation, Message.Role.ASSISTANT)
    run = Run.objects.create(conversation=conversation, answer=message)
    conversation.updated_at = timezone.now()
    conversation.save(update_fields=["updated_at"])
    return Turn(run, message, question, removed)
