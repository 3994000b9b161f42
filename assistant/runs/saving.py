"""A run's rows: the history it answers, its text so far, its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assistant import search
from assistant.database import in_thread
from assistant.engine import History
from assistant.errors import InterruptedRunError
from assistant.events import ReasoningReplaced, TurnFailed, TurnFinished
from assistant.history import past, token_factor
from assistant.models import Memory, Message, Run
from assistant.room_history import room_past
from assistant.rooms import talk
from assistant.runs.reached import Reached
from assistant.sources import Source, Step
from assistant.tools.base import ToolCall

End = TurnFinished | TurnFailed
Json = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a run ended, for the database. `number` is that of the last event in `text`.

    `steps` and `sources` are what was done for it and what it cites, as JSON.
    """

    text: str
    number: int
    first_token_at: datetime | None
    end: End
    reasoning: ReasoningReplaced | None = None
    steps: Sequence[Json] = ()
    sources: Sequence[Json] = ()


@in_thread
def load_history(run_id: UUID) -> History:
    """The shown conversation before the run's answer as `history.past` has it, the person's turn last.

    Raises Run.DoesNotExist for a run that was erased.
    """
    fields = Run.objects.values_list(
        "conversation",
        "answer__position",
        "answer__text",
        "tool_call",
        "revision",
        "search",
        "sources",
        "steps",
        "person__instructions",
        "person__is_guest",
        "person__remembers",
        "person",
        "conversation__temporary",
        "conversation__room",
        named=True,
    )
    run = fields.get(id=run_id)
    conversation, position, call = run.conversation, run.answer__position, run.tool_call
    if run.conversation__room:
        return _room_history(run_id)
    summary, ids, messages = past(conversation, position)
    factor, model = token_factor(conversation)
    remembers = run.person__remembers and not run.conversation__temporary
    remembers = bool(remembers) and (settings.MEMORY_FOR_GUESTS or not run.person__is_guest)
    return History(
        messages,
        factor,
        ToolCall.from_json(call) if call else None,
        (run.person__instructions or "") if settings.INSTRUCTIONS_FOR_GUESTS or not run.person__is_guest else "",
        run.revision,
        run.answer__text if run.revision == Run.Revision.CONTINUE else "",
        run.search,
        [Source.from_json(source) for source in run.sources or ()],
        [Step.from_json(step) for step in run.steps or ()],
        model,
        summary,
        ids,
        list(Memory.objects.filter(person=run.person).values_list("text", flat=True)) if remembers else (),
        remembers,
    )


def _room_history(run_id: UUID) -> History:
    """The same for a room: what called the assistant there, and nothing of the person who asks."""
    run = Run.objects.select_related("answer__quoted__quoted").get(id=run_id)
    factor, model = token_factor(run.conversation_id)
    messages, aside = room_past(run)
    call = ToolCall.from_json(run.tool_call) if run.tool_call else None
    return History(messages, factor, call, search=run.search, token_model=model, aside=aside, in_room=True)


@in_thread
def save_progress(
    run_id: UUID,
    text: str,
    number: int,
    reasoning: ReasoningReplaced | None = None,
    steps: Sequence[Json] = (),
    sources: Sequence[Json] = (),
) -> None:
    """Keep the text reached so far and the number it stands for, unless the run has ended.

    `reasoning`, `steps` and `sources` are empty where there are none, or none that are not saved yet.
    """
    with transaction.atomic():
        # The run first: its row is locked then, so that a late save and the end never mix.
        running = Run.objects.filter(id=run_id, status=Run.Status.RUNNING)
        if running.update(saved_number=number, **reasoning_fields(reasoning), **found_fields(steps, sources)):
            Message.objects.filter(run=run_id).update(text=text)


def reached(run_id: UUID) -> Reached:
    """How far a run came, as it was saved. Synchronous."""
    run = Run.objects.select_related("answer").get(id=run_id)
    thought = ReasoningReplaced(run.reasoning, run.reasoned_seconds or 0) if run.reasoning else None
    return Reached(run.saved_number, run.answer.text, thought, list(run.steps or ()), list(run.sources or ()))


def keep(run_id: UUID, reached: Reached) -> None:
    """Save how far a run came that is over. Synchronous; belongs into the transaction that ends it."""
    found = found_fields(reached.steps, reached.sources)
    Run.objects.filter(id=run_id).update(saved_number=reached.number, **reasoning_fields(reached.reasoning), **found)
    Message.objects.filter(run=run_id).update(text=reached.text)


@in_thread
def save_end(run_id: UUID, outcome: Outcome) -> bool:
    """Keep the answer and how it ended, also when a reaper thought the run dead. False when it was erased."""
    with transaction.atomic():
        talk.lock_of(run_id)
        kept = Run.objects.filter(id=run_id).update(
            saved_number=outcome.number,
            first_token_at=outcome.first_token_at,
            finished_at=timezone.now(),
            **reasoning_fields(outcome.reasoning),
            **found_fields(outcome.steps, outcome.sources),
            **end_fields(outcome.end),
        )
        # A reaper that thought the run dead, or the run before this one, may have let the text be indexed as it stood.
        search.forget_messages(Message.objects.filter(run=run_id))
        # An answer that goes on has text before its run has any.
        if outcome.text:
            Message.objects.filter(run=run_id).update(text=outcome.text)
        talk.ended(run_id)
    return bool(kept)


@in_thread
def index(run_id: UUID) -> None:
    """Make the turn of a run that is over, and what else is new in its conversation, findable. Raises DatabaseError."""
    rows = Run.objects.filter(id=run_id, conversation__room=None)
    if conversation := rows.values_list("conversation", flat=True).first():
        search.index(conversation)


@in_thread
def untitled(run_id: UUID) -> UUID | None:
    """The conversation of the run, when a worker is to name it: this was a first answer, it has no name and is kept.

    The demonstration model gives no good names.
    """
    answer = Message.objects.select_related("conversation", "parent").get(run=run_id)
    conversation = answer.conversation
    if (answer.parent and answer.parent.parent_id) or conversation.titled_by_person or settings.LLAMA_DEMO:
        return None
    if conversation.temporary or hasattr(conversation, "room"):
        return None
    return answer.conversation_id


def reasoning_fields(reasoning: ReasoningReplaced | None) -> dict[str, object]:
    """The columns of Run that hold what the model thought; none where it did not think."""
    return {"reasoning": reasoning.text, "reasoned_seconds": reasoning.seconds} if reasoning else {}


def found_fields(steps: Sequence[Json], sources: Sequence[Json]) -> dict[str, object]:
    """The columns of Run that hold what was done for the answer and what it cites; none where there is nothing."""
    return {name: list(items) for name, items in (("steps", steps), ("sources", sources)) if items}


def end_fields(end: End) -> dict[str, object]:
    """The columns of Run that say how it ended."""
    match end:
        case TurnFinished():
            stopped = end.reason == "stopped"
            return {
                "status": Run.Status.STOPPED if stopped else Run.Status.DONE,
                "problem": "length" if end.reason == "length" else "",
                "model": end.model[:200],
                "prompt_tokens": end.prompt_tokens,
                "answer_tokens": end.answer_tokens,
                "token_factor": end.token_factor,
                "cut_files": end.cut_files,
            }
        case TurnFailed():
            interrupted = end.problem == InterruptedRunError.code
            return {
                "status": Run.Status.INTERRUPTED if interrupted else Run.Status.FAILED,
                "problem": end.problem,
            }
        case _:
            assert_never(end)
