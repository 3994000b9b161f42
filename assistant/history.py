"""What was said before an answer, as the model is told it: a summary of the older part, then the messages after it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from assistant import attachments, prompts
from assistant.llama.files import TextFile
from assistant.llama.messages import ChatMessage
from assistant.llama.reasoning import split_reasoning
from assistant.models import Message, Run, Summary

HISTORY_MESSAGES = 200
HISTORY_STEP = 100


class Past(NamedTuple):
    """`summary` is of all before `messages`, where there is one; `ids` are those of the messages."""

    summary: str
    ids: list[UUID]
    messages: list[ChatMessage]


def past(conversation: UUID, before: int) -> Past:
    """What is shown of a conversation before that position, at most the newest `HISTORY_MESSAGES` after the summary."""
    shown = Message.objects.filter(conversation=conversation, shown=True, position__lt=before)
    # What leads to a message never changes, so its summary holds while it is shown.
    summaries = Summary.objects.filter(until__in=shown).order_by("-until__position")
    summed_up, summary = summaries.values_list("until__position", "text").first() or (0, "")
    # An answer that is a picture has no text.
    pictures = Message.pictures.through.objects.filter(message=OuterRef("pk"))
    drawn = Q(run__status=Run.Status.DONE) & (Q(run__tool_call__isnull=False) | Exists(pictures))
    rows = shown.filter(~Q(text="") | drawn | Q(role=Message.Role.USER), position__gt=summed_up)
    # The start moves in large steps, so that the prompt's head, and the server's work on it, last for many turns.
    start = max(0, rows.count() - HISTORY_MESSAGES + HISTORY_STEP - 1) // HISTORY_STEP * HISTORY_STEP
    found = list(rows.order_by("position").values_list("id", "role", "text", "run__tool_call")[start:])
    files = attachments.texts_for_prompt(rows.filter(role=Message.Role.USER))
    messages = [
        question(text, files.get(message, ())) if role == Message.Role.USER else answer(text, called)
        for message, role, text, called in found
    ]
    return Past(summary, [message for message, *_ in found], messages)


def token_factor(conversation: UUID) -> tuple[float, str]:
    """What the newest answer taught about counting tokens, and its model; see `tokens.correction`."""
    counted = Run.objects.filter(conversation=conversation).exclude(token_factor=None).order_by("-created_at")
    factor, model = counted.values_list("token_factor", "model").first() or (None, "")
    return factor or 1.0, model


def question(text: str, files: Sequence[TextFile]) -> ChatMessage:
    """What a person said, as it stands in the history."""
    return ChatMessage("user", text if text or files else prompts.NO_FILE, tuple(files))


def answer(text: str, called: Mapping[str, Any] | None = None) -> ChatMessage:
    """An answer as it stands in the history: those stored by older versions may begin with reasoning.

    That of a command, whose call is `called`, has no text.
    """
    if text:
        return ChatMessage("assistant", split_reasoning(text)[1])
    return ChatMessage("assistant", prompts.DONE.get(called["name"], prompts.DRAWN) if called else prompts.DRAWN)
