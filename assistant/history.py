"""What was said before an answer, as the model is told it: a summary of the older part, then the messages after it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from assistant import attachments, prompts, vision
from assistant.guard.errors import ERRORS as GUARD_ERRORS
from assistant.llama.files import TextFile
from assistant.llama.messages import ChatMessage
from assistant.llama.pictures import PromptPicture
from assistant.llama.reasoning import split_reasoning
from assistant.models import Attachment, Message, Run, Summary
from assistant.prepared import Prepared

# Answers of turns that the guard ended. Neither these nor what was asked there are told again.
GUARDED = Q(run__problem__in=tuple(GUARD_ERRORS))
REFUSED = Exists(Message.objects.filter(GUARDED, parent=OuterRef("pk"), quoted=None, shown=True)) | Exists(
    Message.objects.filter(GUARDED, quoted=OuterRef("pk"))
)
HISTORY_MESSAGES = 200
HISTORY_STEP = 100
# A picture stays in view for so many turns, unless newer ones take its place.
PICTURE_TURNS = 8


class Past(NamedTuple):
    """`summary` is of all before `messages`, where there is one; `ids` are those of the messages."""

    summary: str
    ids: list[UUID]
    messages: list[ChatMessage]


def shown_before(conversation: UUID, before: int) -> QuerySet[Message]:
    """What is shown of a conversation before a position."""
    return Message.objects.filter(conversation=conversation, shown=True, position__lt=before)


def told(conversation: UUID, before: int, after: int) -> QuerySet[Message]:
    """What the model is told of the messages between two positions, oldest first, with turns that the guard ended."""
    # An answer that is a picture has no text.
    pictures = Message.pictures.through.objects.filter(message=OuterRef("pk"))
    drawn = Q(run__status=Run.Status.DONE) & (Q(run__tool_call__isnull=False) | Exists(pictures))
    rows = shown_before(conversation, before).filter(~Q(text="") | drawn | GUARDED | Q(role=Message.Role.USER))
    return rows.filter(position__gt=after).order_by("position")


@Prepared
def _summary(conversation: UUID, before: int) -> QuerySet[Summary, Any]:
    # What leads to a message never changes, so its summary holds while it is shown.
    summaries = Summary.objects.filter(until__in=shown_before(conversation, before)).order_by("-until__position")
    return summaries.values_list("until__position", "text")[:1]


@Prepared
def _positions(conversation: UUID, before: int, after: int) -> QuerySet[Message, Any]:
    return told(conversation, before, after).values_list("position")


@Prepared
def _messages(conversation: UUID, before: int, after: int) -> QuerySet[Message, Any]:
    return told(conversation, before, after).values_list(
        "id", "role", "text", "run__tool_call", "run__problem", "parent"
    )


@Prepared
def _files(conversation: UUID) -> QuerySet[Attachment, Any]:
    return Attachment.objects.filter(conversation=conversation).values_list("id")[:1]


def past(conversation: UUID, before: int) -> Past:
    """What is shown of a conversation before that position, at most the newest `HISTORY_MESSAGES` after the summary."""
    after, summary = _summary.first(conversation, before) or (0, "")
    # No more messages than positions between the two.
    positions = _positions.rows(conversation, before, after) if before - after - 1 > HISTORY_MESSAGES else []
    # The start moves in large steps, so that the prompt's head, and the server's work on it, last for many turns.
    start = max(0, len(positions) - HISTORY_MESSAGES + HISTORY_STEP - 1) // HISTORY_STEP * HISTORY_STEP
    if start:
        [after] = positions[start - 1]
    rows = _messages.rows(conversation, before, after)
    refused = {parent for *_, problem, parent in rows if problem in GUARD_ERRORS}
    found = [row[:4] for row in rows if row[4] not in GUARD_ERRORS and row[0] not in refused]
    files: dict[UUID, list[TextFile]] = {}
    pictures: dict[UUID, list[PromptPicture]] = {}
    if _files.rows(conversation):
        asked = told(conversation, before, after).filter(role=Message.Role.USER)
        files = attachments.texts_for_prompt(asked)
        recent = [message for message, role, *_ in found if role == Message.Role.USER][-PICTURE_TURNS:]
        pictures = attachments.pictures_for_prompt(asked, recent if vision.is_on() else ())
    messages = [
        question(text, files.get(message, ()), pictures.get(message, ()))
        if role == Message.Role.USER
        else answer(text, called)
        for message, role, text, called in found
    ]
    return Past(summary, [message for message, *_ in found], messages)


@Prepared
def _counted(conversation: UUID) -> QuerySet[Run, Any]:
    counted = Run.objects.filter(conversation=conversation).exclude(token_factor=None).order_by("-created_at")
    return counted.values_list("token_factor", "model")[:1]


def token_factor(conversation: UUID) -> tuple[float, str]:
    """What the newest answer taught about counting tokens, and its model; see `tokens.correction`."""
    factor, model = _counted.first(conversation) or (None, "")
    return factor or 1.0, model


def question(text: str, files: Sequence[TextFile], pictures: Sequence[PromptPicture] = ()) -> ChatMessage:
    """What a person said, as it stands in the history."""
    words = text if text or files or pictures else prompts.NO_FILE
    return ChatMessage("user", words, tuple(files), tuple(pictures))


def answer(text: str, called: Mapping[str, Any] | None = None) -> ChatMessage:
    """An answer as it stands in the history: those stored by older versions may begin with reasoning.

    That of a command, whose call is `called`, has no text.
    """
    if text:
        return ChatMessage("assistant", split_reasoning(text)[1])
    return ChatMessage("assistant", prompts.DONE.get(called["name"], prompts.DRAWN) if called else prompts.DRAWN)
