"""What was said, in the database. Every object is looked up through a member of its conversation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from assistant import attachments, versions
from assistant.errors import (
    BusyError,
    ConversationFullError,
    EmptyTextError,
    NotFoundError,
    TextTooLongError,
    TooManyConversationsError,
    WholeAnswerError,
)
from assistant.models import Attachment, Conversation, Member, Message, Person, Run, Summary
from assistant.prepared import Prepared, PreparedObjects, insert, update
from assistant.titles import first_words
from assistant.tools.base import ToolCall
from imagine.models import Picture

LINE_END = re.compile(r"\r\n?")
# The first line itself may be indented.
EMPTY_LINES_FIRST = re.compile(r"(?:[^\S\n]*\n)+")
# How long a temporary conversation stays while no tab shows it: a phone in the pocket, a lost connection.
AWAY = timedelta(minutes=5)
ANSWER_CHARACTERS = 200_000

Harder, Revision, Search = Run.Harder, Run.Revision, Run.Search


@dataclass(frozen=True)
class Turn:
    """A run that was asked for. `question` is None when an answer is made anew or goes on.

    `after` is the position of the message before the turn, 0 at the beginning: of what stands after that only the turn
    is still shown. `new` is False when the same request had come before: then it must not be answered twice.
    `files` are those of the question, without their text; `alone`: no message of the conversation has other versions.
    """

    run: Run
    answer: Message
    question: Message | None
    after: int = 0
    new: bool = True
    files: Sequence[Attachment] = ()
    alone: bool = False


@PreparedObjects
def _own_conversation(person: UUID, conversation: UUID) -> QuerySet[Conversation]:
    return Conversation.objects.filter(memberships__person=person, room=None, id=conversation)


def own_conversation(person: Person, conversation_id: UUID) -> Conversation:
    """The person's conversation; raises NotFoundError for any other.

    A room is none, here and below: it is looked up in rooms/, where its members have other rights.
    """
    conversation = _own_conversation.first(person.pk, conversation_id)
    if conversation is None:
        raise NotFoundError
    return conversation


def own_message(person: Person, message_id: UUID) -> Message:
    """A message of one of the person's conversations, with that and its parent; raises NotFoundError."""
    messages = Message.objects.select_related("conversation", "parent")
    message = messages.filter(conversation__memberships__person=person, conversation__room=None, id=message_id).first()
    if message is None:
        raise NotFoundError
    return message


def own_run(person: Person, run_id: UUID) -> Run:
    """A run of one of the person's conversations, with its answer; raises NotFoundError."""
    runs = Run.objects.select_related("answer", "conversation")
    run = runs.filter(conversation__memberships__person=person, conversation__room=None, id=run_id).first()
    if run is None:
        raise NotFoundError
    return run


def question_text(person: Person, message_id: UUID) -> str:
    """What was said before an answer in one of the person's conversations; raises NotFoundError."""
    return question_before(own_message(person, message_id))


def question_before(answer: Message) -> str:
    """What was said before `answer`."""
    parent = answer.parent
    return parent.text if parent and parent.role == Message.Role.USER else ""


def shown_messages(conversation: Conversation) -> QuerySet[Message]:
    """The messages of the chosen versions, oldest first."""
    return conversation.messages.filter(shown=True).order_by("position")


@PreparedObjects
def _last_shown(conversation: UUID) -> QuerySet[Message]:
    return Message.objects.filter(conversation=conversation, shown=True).order_by("-position")[:1]


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
    search: str = Search.AUTO,
    harder: str = Harder.NO,
    temporary: bool = False,
) -> Turn:
    """Store what `person` says, and the answer to come. Without an id a conversation is begun, or a `temporary` one.

    `tool_call` is carried out in place of the model's answer; `files` are attachments of theirs that wait; `search` is
    whether the web is searched, `harder` a code of Run.Harder. Raises NotFoundError, BusyError, EmptyTextError,
    TextTooLongError, ConversationFullError, TooManyConversationsError, AttachmentGoneError, TooManyAttachmentsError.
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
        parent = _last_shown.first(conversation.pk)
        values: dict[str, Any] = {"text": text, "author": person, "client_id": client_id}
        question = add(conversation, Message.Role.USER, parent=parent, **values)
        attachments.claim(found, conversation, question)
        request: dict[str, Any] = {"tool_call": to_json(tool_call), "search": search, "harder": harder}
        turn = answer(person, conversation, question, question, **request)
        return replace(turn, files=found, alone=not versions.has_versions(conversation.pk))


def edit(
    person: Person,
    message_id: UUID,
    text: str,
    client_id: UUID,
    tool_call: ToolCall | None = None,
    files: Sequence[UUID] = (),
    *,
    search: str = Search.AUTO,
    harder: str = Harder.NO,
) -> Turn:
    """Say `text` instead, as a new version of the message. Raises as `say` does.

    `files` may name those of the old message, which keeps them too.
    """
    text = clean_text(text, bool(files))
    with transaction.atomic():
        lock_quota(person)
        if before := said_before(person, client_id):
            return before
        old = locked_message(person, message_id)
        if old.role != Message.Role.USER or old.author_id != person.id:
            raise NotFoundError
        found = attachments.claimable(person, files, old)
        refuse_when_busy(person, old.conversation)
        put_aside(old)
        values: dict[str, Any] = {"text": text, "author": person, "client_id": client_id}
        question = add(old.conversation, Message.Role.USER, parent=old.parent, **values)
        attachments.claim(found, old.conversation, question)
        request: dict[str, Any] = {"tool_call": to_json(tool_call), "search": search, "harder": harder}
        return replace(answer(person, old.conversation, question, question, **request), files=found)


def retry(
    person: Person,
    message_id: UUID,
    client_id: UUID,
    revision: str = Revision.NONE,
    tool_call: ToolCall | None = None,
    *,
    harder: str = Harder.NO,
) -> Turn:
    """Answer anew, as a new version of the answer; `revision` says how, `harder` whether the best model is asked. A
    command takes no revision.

    Raises NotFoundError, BusyError, ConversationFullError.
    """
    with transaction.atomic():
        lock_quota(person)
        old = locked_answer(person, message_id)
        siblings = Run.objects.filter(conversation=old.conversation, answer__parent=old.parent)
        if before := retried_before(siblings, client_id):
            return before
        refuse_when_busy(person, old.conversation)
        put_aside(old)
        revision = Revision.NONE if tool_call else revision
        request: dict[str, Any] = {"client_id": client_id, "revision": revision, "tool_call": to_json(tool_call)}
        before = getattr(old, "run", None)
        request |= {"search": before.search if before else Search.AUTO, "harder": harder}
        return answer(person, old.conversation, old.parent, **request)


def resume(person: Person, message_id: UUID, client_id: UUID) -> Turn:
    """Go on with an answer that ended early, in its place: its text stays, its run is another.

    What was said after it is put aside, as the text changes; the answer then is a version that begins with the old
    text. Raises NotFoundError, BusyError, ConversationFullError, WholeAnswerError.
    """
    with transaction.atomic():
        lock_quota(person)
        old = locked_answer(person, message_id)
        siblings = Run.objects.filter(conversation=old.conversation, answer__parent=old.parent)
        if before := retried_before(siblings, client_id):
            return before
        refuse_when_busy(person, old.conversation)
        if not is_partial(old):
            raise WholeAnswerError
        request: dict[str, Any] = {"client_id": client_id, "revision": Revision.CONTINUE}
        # The text that stays cites what was found for it.
        request |= {name: getattr(old.run, name) for name in ("search", "harder", "steps", "sources")}
        if old.children.exists():
            put_aside(old)
            return answer(person, old.conversation, old.parent, text=old.text, **request)
        if not old.shown:
            versions.show(old)
        old.run.delete()
        return start_run(person, old, token_factor=old.run.token_factor, **request)


def show_version(person: Person, message_id: UUID) -> Message:
    """Show this version, and what was said after it, in place of another. Raises NotFoundError, BusyError."""
    with transaction.atomic():
        message = locked_message(person, message_id)
        if message.shown:
            return message
        if message.conversation.runs.filter(status=Run.Status.RUNNING).exists():
            raise BusyError
        versions.show(message)
        return message


def unsay(person: Person, message_id: UUID) -> list[UUID]:
    """Delete a message of the person's, with its answers, as if it had never been said; what came after moves up.

    Returns the runs of the answers, so that the caller can delete their logs in Redis. Raises NotFoundError.
    """
    with transaction.atomic():
        message = locked_message(person, message_id)
        if message.author_id != person.id:
            raise NotFoundError
        conversation = message.conversation
        answers = conversation.messages.filter(parent=message, role=Message.Role.ASSISTANT)
        ids = [message.id, *answers.values_list("id", flat=True)]
        leaving = conversation.messages.filter(id__in=ids)
        runs = list(Run.objects.filter(answer__in=leaving).values_list("id", flat=True))
        # They may hold what was said, and so does the title, where it is made of the first words.
        Summary.objects.filter(until__conversation=conversation).delete()
        if message.parent_id is None and not conversation.titled_by_person:
            Conversation.objects.filter(id=conversation.id).update(title="")
        versions.take_out(leaving)
        attachments.release(message)
        leaving.delete()
    return runs


def is_partial(answer: Message) -> bool:
    """Whether an answer, which is selected with its run, has text and ended early, so that it can go on."""
    run = getattr(answer, "run", None)
    if run is None or run.tool_call or not answer.text or len(answer.text) >= ANSWER_CHARACTERS:
        return False
    return run.problem == "length" or run.status in (Run.Status.STOPPED, Run.Status.FAILED, Run.Status.INTERRUPTED)


def pictures_of(answer: Message, run: Run | None) -> list[Picture]:
    """The pictures of an answer that is over, without those that came to nothing."""
    if run is None or run.status == Run.Status.RUNNING:
        return []
    goes_on = run.status == Run.Status.INTERRUPTED
    pictures = answer.pictures.all()
    return [one for one in pictures if one.status == Picture.Status.DONE or (goes_on and one.in_the_making)]


def put_aside(message: Message) -> None:
    """Put a message and what came after it aside, for a new version of it."""
    if not message.shown:
        # Another tab has chosen another version meanwhile.
        versions.show(message)
    versions.make_room(message)


@Prepared
def _locked_person(person: UUID) -> QuerySet[Person, Any]:
    return Person.objects.select_for_update(no_key=True).filter(id=person).values_list("id")


def lock_quota(person: Person) -> None:
    """Admit no other request of this person until the transaction ends, so that what is counted of theirs holds.

    It comes before `lock`, everywhere: two locks taken in one order never wait for each other. Raises NotFoundError
    for somebody who was erased meanwhile.
    """
    if not _locked_person.rows(person.pk):
        raise NotFoundError


@PreparedObjects
def _locked_conversation(person: UUID, conversation: UUID) -> QuerySet[Conversation]:
    locked = Conversation.objects.select_for_update(of=("self",), no_key=True)
    return locked.filter(memberships__person=person, room=None, id=conversation)


def lock(person: Person, conversation_id: UUID) -> Conversation:
    """The person's conversation, for which no other member's request is admitted until the transaction ends.

    So messages keep their order. Raises NotFoundError.
    """
    conversation = _locked_conversation.first(person.pk, conversation_id)
    if conversation is None:
        raise NotFoundError
    return conversation


def locked_answer(person: Person, message_id: UUID) -> Message:
    """An answer with its run, as it is once its conversation is locked. Raises NotFoundError."""
    message = locked_message(person, message_id)
    if message.role != Message.Role.ASSISTANT:
        raise NotFoundError
    return message


def locked_message(person: Person, message_id: UUID) -> Message:
    """The message as it is once its conversation is locked. Raises NotFoundError."""
    lock(person, own_message(person, message_id).conversation_id)
    return own_message(person, message_id)


@Prepared
def _said(person: UUID, client_id: UUID) -> QuerySet[Message, Any]:
    return Message.objects.filter(author=person, client_id=client_id).values_list("id")


def said_before(person: Person, client_id: UUID) -> Turn | None:
    """The turn that the same request made when it came the first time."""
    if not _said.rows(person.pk, client_id):
        return None
    question = Message.objects.filter(author=person, client_id=client_id).select_related("parent").first()
    if question is None:
        return None
    runs = Run.objects.filter(conversation=question.conversation_id, answer__parent=question)
    run = runs.select_related("answer").order_by("answer__position").first()
    return Turn(run, run.answer, question, position_of(question.parent), new=False) if run else None


def retried_before(runs: QuerySet[Run], client_id: UUID) -> Turn | None:
    """The turn among `runs` that the same request made when it came the first time."""
    run = runs.filter(client_id=client_id).select_related("answer__parent").first()
    return Turn(run, run.answer, None, position_of(run.answer.parent), new=False) if run else None


def to_json(tool_call: ToolCall | None) -> dict[str, Any] | None:
    """A call as a run keeps it."""
    return tool_call.to_json() if tool_call else None


def position_of(message: Message | None) -> int:
    """Where a message stands; 0 where there is none."""
    return message.position if message else 0


@Prepared
def _memberships(person: UUID) -> QuerySet[Person, Any]:
    return Person.objects.filter(id=person).annotate(count=Count("memberships")).values_list("count")


def begin(person: Person, title: str, *, temporary: bool = False) -> Conversation:
    """A new conversation with one member, a temporary one without its title. Raises TooManyConversationsError."""
    if _memberships.value(person.pk) >= settings.CONVERSATIONS_PER_PERSON:
        raise TooManyConversationsError
    conversation = Conversation.objects.create(
        title="" if temporary else title,
        temporary=temporary,
        alive_until=timezone.now() + AWAY if temporary else None,
    )
    Member.objects.create(conversation=conversation, person=person)
    return conversation


@Prepared
def _running(person: UUID, conversation: UUID, status: str) -> QuerySet[Run, Any]:
    running = Run.objects.filter(Q(person=person) | Q(conversation=conversation), status=status)
    return running.values_list("conversation_id", "person_id")


def refuse_when_busy(person: Person, conversation: Conversation) -> None:
    """Raise BusyError while an answer is written here, or too many for this person elsewhere."""
    found = _running.rows(person.pk, conversation.pk, Run.Status.RUNNING)
    own = sum(asker == person.id for _, asker in found)
    if own >= settings.LIMIT_PERSON_RUNS or any(place == conversation.id for place, _ in found):
        raise BusyError


@Prepared
def _newest(conversation: UUID) -> QuerySet[Message, Any]:
    return Message.objects.filter(conversation=conversation).order_by("-position").values_list("position")[:1]


def add(conversation: Conversation, role: str, last: int | None = None, **values: object) -> Message:
    """A new message at the end, after position `last` where that is known; raises ConversationFullError."""
    last = (_newest.value(conversation.pk) or 0) if last is None else last
    if last >= settings.MESSAGES_PER_CONVERSATION:
        raise ConversationFullError
    message = Message(conversation=conversation, position=last + 1, role=role, **values)
    insert(message)
    return message


def answer(
    person: Person,
    conversation: Conversation,
    parent: Message | None,
    question: Message | None = None,
    text: str = "",
    **request: Any,
) -> Turn:
    """The answer to come after `parent`, empty or begun with `text`, and its run, asked for by `person`."""
    last = question.position if question else None
    message = add(conversation, Message.Role.ASSISTANT, last, parent=parent, text=text)
    return start_run(person, message, question, **request)


def start_run(person: Person, message: Message, question: Message | None = None, **request: Any) -> Turn:
    """A run that writes the answer `message`; `request` are fields of it."""
    conversation = message.conversation
    run = Run(conversation=conversation, answer=message, person=person, **request)
    insert(run)
    conversation.updated_at = timezone.now()
    if conversation.temporary:
        conversation.alive_until = conversation.updated_at + AWAY
    times = {"updated_at": conversation.updated_at, "alive_until": conversation.alive_until}
    update(Conversation, {"id": conversation.pk}, **times)
    return Turn(run, message, question, position_of(question.parent if question else message.parent))
