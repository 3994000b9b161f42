"""The socket of a conversation page."""

import logging
from uuid import UUID

from django.template.loader import render_to_string
from redis.exceptions import RedisError

from assistant import conversations
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.errors import AssistantError, LogUnavailableError
from assistant.models import Run
from assistant.runs import keys
from web import actions, frames
from web.shown import show
from web.tabs import Tab

logger = logging.getLogger(__name__)

RUNS_WATCHED = 10


class ChatConsumer(Tab):
    """A tab that shows a conversation."""

    kinds = frames.FRAMES

    async def opened(self) -> None:
        self.conversation: UUID | None = None
        self.watched: dict[UUID, None] = {}  # in the order they were asked for
        self.stack.push_async_callback(self.leave_conversation)
        self.stack.push_async_callback(self.leave_runs)

    async def leave_runs(self) -> None:
        for run in self.watched:
            await self.running.screens.leave(run, self.put)

    async def act(self, frame: frames.Frame) -> None:
        """Carry out one frame, in the language of the page."""
        try:
            await self.carry_out(frame)
        except AssistantError as error:
            self.refuse(frame, error)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("Redis is away: %s", error)
            self.refuse(frame, LogUnavailableError())

    async def carry_out(self, frame: frames.Frame) -> None:
        match frame:
            case frames.Open(conversation):
                await self.open(conversation)
            case frames.Watch(run, after):
                await self.watch(run, after)
            case frames.Send(conversation, client_id, text):
                await self.begin(client_id, actions.send(conversation, text, client_id))
            case frames.Edit(message, client_id, text):
                await self.begin(client_id, actions.edit(message, text, client_id))
            case frames.Retry(message, client_id):
                await self.begin(client_id, actions.retry(message))
            case frames.Stop(run):
                await actions.stop(self.running, self.person, run)
            case frames.Ping():
                self.say("pong")

    def refuse(self, frame: frames.Frame, error: AssistantError) -> None:
        """Say no to what was asked."""
        logger.info("refused %s from %s: %s", type(frame).__name__, self.person.id, error.code)
        fields = {"code": error.code, "sentence": str(error.sentence)}
        match frame:
            case frames.Send() | frames.Edit() | frames.Retry():
                self.say("refused", id=str(frame.id), retry=error.retry, **fields)
            case _:
                self.say("problem", **fields)

    async def open(self, conversation_id: UUID) -> None:
        run = await self.find_running(conversation_id)
        await self.leave_conversation()
        self.conversation = conversation_id
        await self.running.runtime.bell.listen(keys.conversation(conversation_id), self.hear)
        self.say("opened", conversation=str(conversation_id), run=str(run) if run else None)

    @in_thread
    def find_running(self, conversation_id: UUID) -> UUID | None:
        conversation = conversations.own_conversation(self.person, conversation_id)
        return conversation.runs.filter(status=Run.Status.RUNNING).values_list("id", flat=True).first()

    async def leave_conversation(self) -> None:
        if self.conversation:
            await self.running.runtime.bell.leave(keys.conversation(self.conversation), self.hear)
            self.conversation = None

    def hear(self, origin: bytes | None) -> None:
        """The conversation changed; what this very tab did it knows already."""
        if origin is None or origin.decode() != self.name:
            self.say("changed", conversation=str(self.conversation))

    async def watch(self, run_id: UUID, after: int) -> None:
        run = await in_thread(conversations.own_run)(self.person, run_id)
        await self.follow(run.id, after)

    async def follow(self, run: UUID, after: int = 0) -> None:
        """Send what came in a run after event `after`, and what comes. Only so many at once: the oldest is left."""
        if run not in self.watched and len(self.watched) >= RUNS_WATCHED:
            oldest = next(iter(self.watched))
            del self.watched[oldest]
            await self.running.screens.leave(oldest, self.put)
        self.watched[run] = None
        await self.running.screens.watch(run, self.put, after)

    async def begin(self, client_id: UUID, ask: actions.Ask) -> None:
        turn = await actions.begin(self.running, self.person, self.address, ask, self.name)
        html = await self.render(turn)
        removed = [str(message) for message in turn.removed]
        self.say("accepted", id=str(client_id), run=str(turn.run.id), html=html, removed=removed)
        await self.follow(turn.run.id)

    @in_thread
    def render(self, turn: Turn) -> str:
        """The turn's messages as HTML."""
        turn.answer.run = turn.run
        shown = [show(turn.question)] if turn.question else []
        shown.append(show(turn.answer))
        return "".join(render_to_string("_message.html", {"shown": item}) for item in shown)
