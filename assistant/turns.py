"""A turn from any door: counted against the limits, stored, started, announced to the conversation's subscribers."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from redis.exceptions import RedisError

from assistant import agreement, changes, commands, conversations, people
from assistant.answering import Answering
from assistant.background import to_the_end
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.engine import History
from assistant.errors import LimitedError, LogUnavailableError, RefusedInputError
from assistant.models import Message, Person, Run
from assistant.runs import saving
from assistant.runs.heartbeat import request_stop
from assistant.runtime import Runtime
from assistant.tools.base import ToolCall
from assistant.usage import payer_of

logger = logging.getLogger(__name__)


class TurnRequest(NamedTuple):
    """How to store a turn, and the text that it answers: `text`, or that before the answer `retried`.

    Without both it is no command: what goes on is words. `public`: everybody can read the answer. `harder`: the best
    model is asked for. `store` is given the call of a command, and a code of Run.Harder.
    """

    store: Callable[[Person, ToolCall | None, str], Turn]
    text: str | None = None
    retried: UUID | None = None
    attached: bool = False
    public: bool = False
    harder: bool = False


def send(
    conversation: UUID | None,
    text: str,
    client_id: UUID,
    files: Sequence[UUID] = (),
    *,
    search: str = "",
    harder: bool = False,
    temporary: bool = False,
) -> TurnRequest:
    """Say `text` with attached `files`, in a new conversation where none is named, or in a new `temporary` one.

    `search` is a code of Run.Search. Raises RefusedInputError for another.
    """
    search, (text, harder) = known_search(search), _asked(text, harder)

    def store(person: Person, call: ToolCall | None, harder: str) -> Turn:
        values: dict[str, Any] = {"search": search, "harder": harder, "temporary": temporary}
        return conversations.say(person, conversation, text, client_id, call, files, **values)

    return TurnRequest(store, text, attached=bool(files), harder=harder)


def edit(
    message: UUID, text: str, client_id: UUID, files: Sequence[UUID] = (), search: str = "", *, harder: bool = False
) -> TurnRequest:
    """Say `text` with attached `files` instead of an earlier message. Raises as `send` does."""
    search, (text, harder) = known_search(search), _asked(text, harder)

    def store(person: Person, call: ToolCall | None, harder: str) -> Turn:
        return conversations.edit(person, message, text, client_id, call, files, search=search, harder=harder)

    return TurnRequest(store, text, attached=bool(files), harder=harder)


def _asked(text: str, harder: bool) -> tuple[str, bool]:
    """A message without the command that asks for the best model, and whether that is asked for."""
    question = commands.hard_question(text)
    return (text, harder) if question is None else (question, True)


def known_search(code: str) -> str:
    """A code of Run.Search. Raises RefusedInputError for another."""
    if code not in Run.Search.values:
        raise RefusedInputError("the way to search is unknown")
    return code


def retry(answer: UUID, client_id: UUID, revision: str = "", *, harder: bool = False) -> TurnRequest:
    """Answer anew, as `revision` says, a code of Run.Revision, or go on. Raises RefusedInputError."""
    if revision not in Run.Revision.values:
        raise RefusedInputError("the revision is unknown")
    if revision == Run.Revision.CONTINUE:
        return TurnRequest(lambda person, _call, _harder: conversations.resume(person, answer, client_id))

    def store(person: Person, call: ToolCall | None, harder: str) -> Turn:
        return conversations.retry(person, answer, client_id, revision, call, harder=harder)

    return TurnRequest(store, retried=answer, harder=harder)


async def start(
    answering: Answering, person: Person, address: str, request: TurnRequest, origin: str = "", payer: str = ""
) -> Turn:
    """Store a turn of `person`, who comes from the block `address`, and answer it in the background.

    `origin` names the socket that asked; it is not notified. `payer` is whose budget it comes from, where that is not
    the one of guests or accounts. Raises AssistantError: AgreementNeededError, LimitedError, BudgetSpentError,
    LogUnavailableError, and what the functions of assistant/conversations.py raise.
    """
    await agreement.check(person)
    limits = answering.runtime.limits
    payer = payer or payer_of(person)
    await limits.count_message(person, address)
    text = await _text(person, request)
    call = None if text is None else commands.tool_call(text)
    if call is not None and call.name == "create_image":
        await limits.count_pictures(person, address, 1)
    if call is None:
        answering.runtime.meter.check(payer)
    harder: str = Run.Harder.NO
    if request.harder and call is None:
        harder = await count_harder(answering.runtime, person, address)
    # A browser that leaves meanwhile cancels its request; what is stored must be answered all the same.
    turn = await to_the_end(_begin(answering, person, request, call, harder, payer))
    if turn.new:
        await changes.announce(answering.runtime, turn.run.conversation_id, origin)
    return turn


async def count_harder(runtime: Runtime, person: Person, address: str) -> str:
    """Count a question for the best model; returns a code of Run.Harder. Who has used up theirs gets an answer of the
    usual model. Raises LogUnavailableError."""
    if runtime.best is None:
        return Run.Harder.NO
    try:
        await runtime.limits.count_harder(person, address)
    except LimitedError:
        return Run.Harder.SPENT
    return Run.Harder.YES


async def _begin(
    answering: Answering, person: Person, request: TurnRequest, call: ToolCall | None, harder: str, payer: str
) -> Turn:
    turn, history = await in_thread(_store)(person, request, call, harder)
    if turn.new:
        answering.start(turn.run.id, history, public=request.public, payer=payer)
    return turn


async def stop(runtime: Runtime, person: Person, run_id: UUID) -> Run:
    """Stop one of the person's answers. Raises NotFoundError, LogUnavailableError."""
    run = await in_thread(conversations.own_run)(person, run_id)
    try:
        await request_stop(runtime.redis, run.id)
    except (RedisError, OSError, TimeoutError) as error:
        raise LogUnavailableError(f"run {run.id} cannot be stopped: {error}") from error
    return run


async def show_version(runtime: Runtime, person: Person, message: UUID) -> Message:
    """Show another version in one of the person's conversations. Raises NotFoundError, BusyError."""
    shown = await in_thread(conversations.show_version)(person, message)
    await changes.announce(runtime, shown.conversation_id)
    return shown


async def _text(person: Person, request: TurnRequest) -> str | None:
    """The text that is answered, as it is stored; None where none is."""
    if request.text is not None:
        # No query: on SQLite the way to the first word would wait once more for the one database thread.
        return conversations.clean_text(request.text, request.attached)
    return await in_thread(conversations.question_text)(person, request.retried) if request.retried else None


def _store(
    person: Person, request: TurnRequest, call: ToolCall | None, harder: str = Run.Harder.NO
) -> tuple[Turn, History | None]:
    """Store it, and read what it answers while we are here: on SQLite all wait for the one database thread."""
    people.touch(person)
    turn = request.store(person, call, harder)
    try:
        return turn, saving.history_of(turn.run.id) if turn.new else None
    except Exception:
        # It is stored, so it must be answered, and end: who answers it reads the history, or meets the same error.
        logger.warning("the history of run %s could not be read at once", turn.run.id, exc_info=True)
        return turn, None
