"""A run's rows: the history it answers, its text so far, its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, assert_never
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from assistant import search
from assistant.database import in_thread
from assistant.engine import History
from assistant.errors import InterruptedRunError
from assistant.events import ReasoningReplaced, TurnFailed, TurnFinished
from assistant.guard.errors import ERRORS as GUARD_ERRORS
from assistant.history import past, token_factor
from assistant.models import Memory, Message, Run, SearchEntry
from assistant.prepared import Prepared, update
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

    `steps` and `sources` are what was done for it and what it cites, `issues` those of its code, as JSON.
    """

    text: str
    number: int
    first_token_at: datetime | None
    end: End
    reasoning: ReasoningReplaced | None = None
    steps: Sequence[Json] = ()
    sources: Sequence[Json] = ()
    issues: Sequence[Json] = ()


class _Asked(NamedTuple):
    """What a run answers, and for whom; the fields of `_asked`."""

    conversation: UUID
    position: int
    text: str
    tool_call: Json | None
    revision: str
    search: str
    harder: str
    sources: list[Json] | None
    steps: list[Json] | None
    instructions: str | None
    is_guest: bool | None
    remembers: bool | None
    person: UUID | None
    temporary: bool
    room: UUID | None


@Prepared
def _asked(run: UUID) -> QuerySet[Run, Any]:
    return Run.objects.filter(id=run).values_list(
        "conversation",
        "answer__position",
        "answer__text",
        "tool_call",
        "revision",
        "search",
        "harder",
        "sources",
        "steps",
        "person__instructions",
        "person__is_guest",
        "person__remembers",
        "person",
        "conversation__temporary",
        "conversation__room",
    )


@Prepared
def _memories(person: UUID) -> QuerySet[Memory, Any]:
    return Memory.objects.filter(person=person).values_list("text")


def history_of(run_id: UUID) -> History:
    """The shown conversation before the run's answer as `history.past` has it, the person's turn last.

    Synchronous. Raises Run.DoesNotExist for a run that was erased.
    """
    row = _asked.first(run_id)
    if row is None:
        raise Run.DoesNotExist(f"run {run_id} was erased")
    run = _Asked(*row)
    if run.room:
        return _room_history(run_id)
    summary, ids, messages = past(run.conversation, run.position)
    factor, model = token_factor(run.conversation)
    remembers = bool(run.remembers) and not run.temporary and (settings.MEMORY_FOR_GUESTS or not run.is_guest)
    return History(
        messages,
        factor,
        ToolCall.from_json(run.tool_call) if run.tool_call else None,
        (run.instructions or "") if settings.INSTRUCTIONS_FOR_GUESTS or not run.is_guest else "",
        run.revision,
        run.text if run.revision == Run.Revision.CONTINUE else "",
        run.search,
        [Source.from_json(source) for source in run.sources or ()],
        [Step.from_json(step) for step in run.steps or ()],
        model,
        summary,
        ids,
        [text for (text,) in _memories.rows(run.person)] if remembers and run.person else (),
        remembers,
        harder=run.harder == Run.Harder.YES,
        is_guest=run.is_guest is not False,
    )


load_history = in_thread(history_of)


def _room_history(run_id: UUID) -> History:
    """The same for a room: what called the assistant there, and nothing of the person who asks."""
    run = Run.objects.select_related("answer__quoted__quoted", "person").get(id=run_id)
    is_guest = run.person is None or run.person.is_guest
    factor, model = token_factor(run.conversation_id)
    messages, aside, pictures = room_past(run)
    call = ToolCall.from_json(run.tool_call) if run.tool_call else None
    history = History(messages, factor, call, search=run.search, token_model=model, aside=aside, in_room=True)
    return replace(history, is_guest=is_guest, pictures=pictures, harder=run.harder == Run.Harder.YES)


@Prepared
def _answer(run: UUID) -> QuerySet[Run, Any]:
    return Run.objects.filter(id=run).values_list("answer")


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
        found = {**reasoning_fields(reasoning), **found_fields(steps, sources)}
        if update(Run, {"id": run_id, "status": Run.Status.RUNNING}, saved_number=number, **found):
            update(Message, {"id": _answer.value(run_id)}, text=text)


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


@Prepared
def _indexed(message: UUID) -> QuerySet[SearchEntry, Any]:
    return SearchEntry.objects.filter(message=message).values_list("id")


@in_thread
def save_end(run_id: UUID, outcome: Outcome) -> bool:
    """Keep the answer and how it ended, also when a reaper thought the run dead. False when it was erased."""
    with transaction.atomic():
        talk.lock_of(run_id)
        answer = _answer.value(run_id)
        kept = update(
            Run,
            {"id": run_id},
            saved_number=outcome.number,
            first_token_at=outcome.first_token_at,
            finished_at=timezone.now(),
            code_issues=list(outcome.issues) or None,
            **reasoning_fields(outcome.reasoning, withdrawn=is_withdrawn(outcome.end)),
            **found_fields(outcome.steps, outcome.sources),
            **end_fields(outcome.end),
        )
        # A reaper that thought the run dead, or the run before this one, may have let the text be indexed as it stood.
        if answer and _indexed.rows(answer):
            search.forget_messages(Message.objects.filter(id=answer))
        # An answer that goes on has text before its run has any.
        if answer and (outcome.text or is_withdrawn(outcome.end)):
            update(Message, {"id": answer}, text=outcome.text)
        talk.ended(run_id)
    return bool(kept)


@in_thread
def save_issues(run_id: UUID, issues: Sequence[Json]) -> UUID | None:
    """Keep the issues of an answer's code that were found after its end. Gives its conversation, None for a room.

    Raises DatabaseError.
    """
    update(Run, {"id": run_id}, code_issues=list(issues))
    conversation: UUID | None = _own_conversation.value(run_id)
    return conversation


@in_thread
def index(run_id: UUID) -> None:
    """Make the turn of a run that is over, and what else is new in its conversation, findable. Raises DatabaseError."""
    if conversation := _own_conversation.value(run_id):
        search.index(conversation)


@Prepared
def _own_conversation(run: UUID) -> QuerySet[Run, Any]:
    return Run.objects.filter(id=run, conversation__room=None).values_list("conversation")


@Prepared
def _naming(run: UUID) -> QuerySet[Run, Any]:
    return Run.objects.filter(id=run).values_list(
        "conversation",
        "answer__parent__parent",
        "conversation__titled_by_person",
        "conversation__temporary",
        "conversation__room",
    )


@in_thread
def untitled(run_id: UUID) -> UUID | None:
    """The conversation of the run, when a worker is to name it: this was a first answer, it has no name and is kept.

    The demonstration model gives no good names.
    """
    conversation, *reasons_against = _naming.first(run_id) or (None,)
    return None if settings.LLAMA_DEMO or any(reasons_against) else conversation


def is_withdrawn(end: End) -> bool:
    """Whether the guard ended the turn: nothing of its answer stays."""
    return isinstance(end, TurnFailed) and end.problem in GUARD_ERRORS


def reasoning_fields(reasoning: ReasoningReplaced | None, *, withdrawn: bool = False) -> dict[str, object]:
    """The columns of Run that hold what the model thought; none where it did not think, unless that is `withdrawn`."""
    if withdrawn:
        return {"reasoning": "", "reasoned_seconds": None}
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
                **({"harder": Run.Harder.AWAY} if end.instead else {}),
            }
        case TurnFailed():
            interrupted = end.problem == InterruptedRunError.code
            return {
                "status": Run.Status.INTERRUPTED if interrupted else Run.Status.FAILED,
                "problem": end.problem,
            }
        case _:
            assert_never(end)
