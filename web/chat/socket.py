"""The socket of a conversation page."""

from uuid import UUID

from django.utils.translation import override

from assistant import follow_ups, turns
from assistant.afterwards import suggest
from assistant.conversations import own_conversation, own_run, shown_messages
from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.models import Run
from assistant.runs import keys
from assistant.turns import TurnRequest
from imagine.errors import ImagineError
from web.chat.presenter import render_follow_ups
from web.chat.run_view import RunViews
from web.chat.turn_html import filled_in, is_quick, rendered
from web.chat.watched_runs import WatchedRuns
from web.sockets import messages
from web.sockets.base import PageConsumer

# "Going away", in the words of the WebSocket protocol: what browsers send when a page is left.
PAGE_CLOSED = 1001


class ChatConsumer(PageConsumer):
    """A tab that shows a conversation."""

    kinds = messages.CONVERSATION_MESSAGES

    async def opened(self) -> None:
        self.runs = WatchedRuns(self.process.part(RunViews), self.language, self.put)
        self.conversation: UUID | None = None
        self.temporary = False
        self.page_closed = False
        await self.hear_rooms()
        self.stack.push_async_callback(self.leave_conversation)
        self.stack.push_async_callback(self.runs.leave_all)

    async def may_act(self, message: messages.ConversationMessage) -> bool:
        """Whether the session still holds; for a turn that is asked where it is stored, see `begin`."""
        return isinstance(message, messages.Send | messages.Edit | messages.Retry) or await super().may_act(message)

    async def carry_out(self, message: messages.ConversationMessage) -> None:
        match message:
            case messages.Open(conversation):
                await self.open(conversation)
            case messages.Watch(run, after):
                await self.watch(run, after)
            case messages.Send(conversation, client_id, text, files, search, harder):
                what = turns.send(conversation, text, client_id, files, search=search, harder=harder)
                await self.begin(client_id, what)
            case messages.Edit(edited, client_id, text, files, search, harder):
                await self.begin(client_id, turns.edit(edited, text, client_id, files, search, harder=harder))
            case messages.Retry(answer, client_id, revision, harder):
                await self.begin(client_id, turns.retry(answer, client_id, revision, harder=harder))
            case messages.Stop(run):
                await turns.stop(self.runtime, self.person, run)
            case messages.Ping():
                self.say("pong")

    def refuse(self, message: messages.ConversationMessage, error: AssistantError | ImagineError) -> None:
        fields = {"code": error.code, "sentence": str(error.sentence)}
        match message:
            case messages.Send() | messages.Edit() | messages.Retry():
                self.say("refused", id=str(message.id), retry=error.retry, **fields)
            case _:
                self.say("problem", **fields)

    async def open(self, conversation_id: UUID) -> None:
        """Subscribe to the changes of a conversation, in the place of the one before. Raises NotFoundError."""
        conversation = await in_thread(own_conversation)(self.person, conversation_id)
        await self.leave_conversation()
        if conversation.temporary:
            await self.runtime.open_conversations.join(conversation_id)
        self.conversation, self.temporary = conversation_id, conversation.temporary
        await self.runtime.doorbell.subscribe(keys.conversation(conversation_id), self.notify)
        # Looked up once the changes are heard: none falls between the two.
        state, answered = await self.find(conversation_id)
        self.say("opened", conversation=str(conversation_id), **state)
        # It was answered before the page was there to see, or to hear what is suggested.
        if answered and answered.follow_ups:
            self.say_suggested(follow_ups.suggested(answered, answered.follow_ups))
        elif answered:
            await suggest(self.runtime, answered.id)

    @in_thread
    def find(self, conversation_id: UUID) -> tuple[dict[str, str | None], Run | None]:
        """By what a page tells that it was rendered before something happened, and the run that has just ended, if any.

        Raises NotFoundError.
        """
        conversation = own_conversation(self.person, conversation_id)
        running = conversation.runs.filter(status=Run.Status.RUNNING).values_list("id", flat=True).first()
        newest = shown_messages(conversation).values_list("id", flat=True).last()
        state = {
            "run": str(running) if running else None,
            "updated": conversation.updated_at.isoformat(),
            "newest": str(newest) if newest else None,
        }
        return state, None if running else follow_ups.just_answered(conversation)

    async def disconnect(self, code: int) -> None:
        """Note whether the tab was closed or led elsewhere; a lost connection has another code."""
        self.page_closed = code == PAGE_CLOSED

    async def leave_conversation(self) -> None:
        if self.conversation and self.temporary:
            await self.runtime.open_conversations.leave(self.conversation, closed=self.page_closed)
        if self.conversation:
            await self.runtime.doorbell.unsubscribe(keys.conversation(self.conversation), self.notify)
            self.conversation = None

    def notify(self, origin: bytes | None) -> None:
        """The conversation changed, or has something to say next; what this very tab did it knows already."""
        if origin and (suggested := follow_ups.decode(origin)):
            self.say_suggested(suggested)
        elif origin is None or origin.decode() != self.name:
            self.say("changed", conversation=str(self.conversation))

    def say_suggested(self, suggested: follow_ups.Suggested) -> None:
        """Show what could be said next in the open conversation."""
        if self.conversation:
            with override(self.language):
                html = render_follow_ups(self.conversation, *suggested)
            self.say("suggested", answer=str(suggested.answer), html=html)

    async def watch(self, run_id: UUID, after: int) -> None:
        """Follow one of the person's runs. Raises NotFoundError."""
        run = await in_thread(own_run)(self.person, run_id)
        await self.runs.follow(run.id, after)

    async def begin(self, client_id: UUID, request: TurnRequest) -> None:
        """Start a turn and follow its run. Raises AssistantError, SignedOutError."""
        request = request._replace(store=self.session.guarded(request.store))
        turn = await turns.start(self.process.answering, self.person, self.address, request, self.name)
        html = filled_in(turn) if is_quick(turn) else await in_thread(rendered)(turn)
        self.say("accepted", id=str(client_id), run=str(turn.run.id), html=html, after=turn.after)
        if not turn.new:
            # Since then another version may have been chosen.
            self.say("changed", conversation=str(turn.run.conversation_id))
        await self.runs.follow(turn.run.id)
