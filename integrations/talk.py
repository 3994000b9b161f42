"""What a contact says, answered by the assistant: a turn as on the page, and its answer as bubbles."""

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.urls import reverse

from assistant import follow_ups, prompts, turns
from assistant.answering import Answering
from assistant.brief import brief_answer
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.errors import AssistantError, BusyError, ConversationFullError, LogUnavailableError, NotFoundError
from assistant.llama.errors import LlamaError
from assistant.models import Message, Person, Run
from assistant.turns import TurnRequest
from assistant.usage import Payer
from integrations import contacts, inbox, replies
from integrations.base import Channel
from integrations.inbound import InboundEdit
from integrations.models import Contact, InboxEntry
from integrations.outbound import OutboundMessage

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# A run that another process makes, or made: its reaper ends it within half a minute.
LONGEST_SECONDS = 900
MOST_ATTEMPTS = 4
AGAIN_SECONDS = 3
# So long until it is asked again whether the operator has mended the account.
HALTED_SECONDS = 300
FOLLOW_UP_SECONDS = 5
FOLLOW_UP_CHARACTERS, FOLLOW_UP_LINES = 1_200, 12


class Later(Exception):
    """It cannot be answered now, but in so many seconds. `tried`: this was an attempt, of which there are few."""

    def __init__(self, seconds: float, *, tried: bool = False) -> None:
        self.seconds = seconds
        self.tried = tried


class Reply(NamedTuple):
    """What answers entries: a code of what came of them, the bubbles, and the answer of the conversation in them."""

    outcome: str
    bubbles: list[OutboundMessage]
    answer: Message | None = None


class Talk:
    """The turns of one contact."""

    def __init__(self, answering: Answering, channel: Channel, contact: Contact) -> None:
        self._answering = answering
        self._runtime = answering.runtime
        self._channel = channel
        self._contact = contact

    async def say(self, entries: Sequence[InboxEntry], text: str, files: Sequence[UUID] = ()) -> Reply:
        """What the assistant answers words, with attached files. Raises AssistantError, Later."""
        return await self._reply(await self.run(entries, text, files))

    async def run(self, entries: Sequence[InboxEntry], text: str, files: Sequence[UUID] = ()) -> Run:
        """Have the assistant answer words, with attached files; the run once it is over. Raises as `say` does."""
        # Entries get a turn when they are taken.
        turn_id, harder = entries[0].turn or uuid4(), self._contact.harder
        await self.wait_for_turn(entries)
        try:
            turn = await self._start(turns.send(self._contact.conversation_id, text, turn_id, files, harder=harder))
        except (NotFoundError, ConversationFullError):
            if not await in_thread(self._is_there)():
                raise
            # It was deleted on the website, or is full: they begin anew.
            turn = await self._start(turns.send(None, text, turn_id, files, harder=harder))
        return await self._ended(turn)

    async def edit(self, entry: InboxEntry, event: InboundEdit) -> Reply:
        """Answer a message anew that was changed, while nothing was said after it. Raises as `say` does."""
        original = await in_thread(self._original)(event.id)
        if original is None or entry.turn is None:
            return Reply("edit_of_old", [])
        files = await in_thread(lambda: list(original.attachments.values_list("pk", flat=True)))()
        again = turns.edit(original.id, event.text, entry.turn, files, harder=self._contact.harder)
        turn = await self._start(again)
        if turn.question:
            await in_thread(inbox.note_edit)(self._contact, event.id, turn.question)
        return await self._reply(await self._ended(turn))

    async def wait_for_turn(self, entries: Sequence[InboxEntry]) -> None:
        """Raise Later while an answer is written elsewhere for the person: nothing has to be fetched or counted yet."""
        if await in_thread(self._is_busy)(entries[0].turn):
            raise Later(AGAIN_SECONDS)

    def _is_busy(self, turn: UUID | None) -> bool:
        if Message.objects.filter(author=self._contact.person_id, client_id=turn).exists():
            # It was begun before, perhaps by a process that is gone.
            return False
        running = Run.objects.filter(status=Run.Status.RUNNING)
        here = running.filter(conversation=self._contact.conversation_id).exists()
        return here or running.filter(person=self._contact.person_id).count() >= settings.LIMIT_PERSON_RUNS

    async def _start(self, request: TurnRequest) -> Turn:
        try:
            turn = await turns.start(
                self._answering, self._contact.person, contacts.address(self._contact), request, payer=Payer.CHANNELS
            )
        except (BusyError, LogUnavailableError) as error:
            # An answer is written on the website, say, or Redis is away.
            raise Later(AGAIN_SECONDS) from error
        await in_thread(self._note)(turn)
        return turn

    def _note(self, turn: Turn) -> None:
        """Keep where the conversation goes on, and as which message the entries stand in it."""
        if self._contact.conversation_id != turn.run.conversation_id:
            self._moved(turn.run.conversation_id)
            self._contact.conversation_id = turn.run.conversation_id
        if turn.question and turn.question.client_id:
            inbox.note_message(turn.question.client_id, turn.question)

    def _moved(self, conversation: UUID) -> None:
        """Keep a new conversation: what they say next goes on there."""
        Contact.objects.filter(pk=self._contact.pk).update(conversation=conversation)

    async def _ended(self, turn: Turn, attempts: int = 1) -> Run:
        """Wait for a run; one that a crash interrupted is answered anew, by the same run whoever finds it so."""
        run = await self._wait(turn.run.id)
        if run.status == Run.Status.INTERRUPTED and self._answering.ending:
            raise Later(0)
        if run.status == Run.Status.INTERRUPTED and attempts < MOST_ATTEMPTS:
            again = turns.retry(run.answer_id, uuid5(turn.run.id, "again"), harder=run.harder == Run.Harder.YES)
            return await self._ended(await self._start(again), attempts + 1)
        return run

    async def _reply(self, run: Run) -> Reply:
        await self._suggest(run)
        return Reply("answered", await in_thread(self._bubbles)(run), run.answer)

    def _bubbles(self, run: Run) -> list[OutboundMessage]:
        # Who is not known on the website cannot open it there.
        page = reverse("conversation", args=[run.conversation_id])
        address = f"{settings.SITE_URL}{page}" if self._contact.linked_at else ""
        return replies.answer(self._channel, run, address)

    async def _wait(self, run_id: UUID) -> Run:
        """The run once it is over; a word to stop ends it early."""
        made_here = asyncio.create_task(self._answering.wait(run_id))
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                while True:
                    await asyncio.wait([made_here], timeout=POLL_SECONDS)
                    run = await in_thread(find_run)(run_id)
                    if run.status != Run.Status.RUNNING:
                        return run
                    await self._stop_if_asked(run)
                    if made_here.done():
                        await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise AssistantError(f"run {run_id} does not end") from error
        finally:
            made_here.cancel()

    async def _stop_if_asked(self, run: Run) -> None:
        entry = await in_thread(inbox.stop_asked)(self._contact)
        if entry is None:
            return
        try:
            await turns.stop(self._runtime, self._contact.person, run.id)
        except LogUnavailableError as error:
            logger.info("run %s cannot be stopped yet: %s", run.id, error)
            return
        await in_thread(inbox.finish)([entry], "stopped")

    async def _suggest(self, run: Run) -> None:
        """Let the model suggest what to say next, if nobody waits for it: the lines are buttons under the answer."""
        exchange = await in_thread(follow_ups.exchange)(run.id) if self._runtime.usual.queue.is_idle else None
        if exchange is None:
            return
        prompt = prompts.follow_ups(exchange.asked, exchange.said)
        try:
            async with asyncio.timeout(FOLLOW_UP_SECONDS):
                said = await brief_answer(self._runtime.usual.client, prompt, FOLLOW_UP_CHARACTERS, FOLLOW_UP_LINES)
        except (LlamaError, TimeoutError) as error:
            logger.info("nothing is suggested after run %s: %s", run.id, error)
            return
        if lines := follow_ups.clean(said, exchange.asked):
            await in_thread(follow_ups.keep)(run.id, lines)
            run.answer.run.follow_ups = run.follow_ups = lines

    def _original(self, external_id: str) -> Message | None:
        """The newest question of the conversation, if it is that message of the contact's."""
        entry = self._contact.inbox.filter(external_id=external_id).select_related("message").first()
        message = entry.message if entry else None
        if message is None or not message.shown:
            return None
        questions = message.conversation.messages.filter(shown=True, role=Message.Role.USER)
        return None if questions.filter(position__gt=message.position).exists() else message

    def _is_there(self) -> bool:
        """Whether the person was not erased meanwhile."""
        return Person.objects.filter(pk=self._contact.person_id).exists()


def find_run(run_id: UUID) -> Run:
    """A run with its answer, and what that answers. Raises NotFoundError for one that was erased."""
    run = Run.objects.select_related("answer__parent", "answer__run").filter(id=run_id).first()
    if run is None:
        raise NotFoundError(f"run {run_id} was erased")
    return run
