"""One turn in an app: what a contact sent is understood, answered, and the answer queued, exactly once.

Each step can be done again after a crash: the message of a conversation has the turn's own id, a picture is kept with
its entry, and what answers is queued in the transaction that ends the entries.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assistant import attachments, follow_ups, people, prompts, text_files, turns, wishes
from assistant.answering import Answering
from assistant.brief import brief_answer
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.errors import (
    AssistantError,
    BusyError,
    ConversationFullError,
    FileError,
    FileTooLargeError,
    LogUnavailableError,
    NotFoundError,
)
from assistant.llama.errors import LlamaError
from assistant.models import Message, Person, Run
from assistant.runs.forget import forget
from assistant.turns import TurnRequest
from imagine import jobs
from imagine.errors import ImagineError
from integrations import commands, drawing, inbox, outbox, reading, replies, wording
from integrations.base import Channel
from integrations.commands import Command
from integrations.errors import AccountError, ChannelError, MediaGoneError, TemporaryError
from integrations.inbound import InboundComment, InboundEdit, InboundMessage, InboundOpening, Media, Sender
from integrations.models import Contact, InboxEntry
from integrations.outbound import Choice, OutboundMessage, Recipient

logger = logging.getLogger(__name__)

# Older messages are not answered all at once after an outage; the person is asked whether they still want it.
LATE = timedelta(hours=1)
POLL_SECONDS = 1.0
# A run that another process makes, or made: its reaper ends it within half a minute.
LONGEST_SECONDS = 900
MOST_ATTEMPTS = 4
AGAIN_SECONDS = 3
FOLLOW_UP_SECONDS = 5
PICTURE_BYTES = settings.UPLOAD_BYTES
VOICE_BYTES = 16_000_000
ERASE = "erase:yes"


class Later(Exception):
    """It cannot be answered now, but in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Dialogue:
    """Answers one contact. `await answer(entries)` answers entries that belong together."""

    def __init__(self, answering: Answering, channel: Channel, contact: Contact) -> None:
        self._answering = answering
        self._runtime = answering.runtime
        self._channel = channel
        self.contact = contact

    @property
    def recipient(self) -> Recipient:
        return recipient_of(self.contact)

    async def answer(self, entries: Sequence[InboxEntry]) -> None:
        """Answer, or put it off. Raises DatabaseError."""
        with translation.override(self.contact.language or settings.LANGUAGE_CODE):
            try:
                async with self._typing(entries[0]):
                    if entries[0].content.get("payload") == ERASE:
                        await erase(self._channel, self.contact)
                        return
                    outcome, bubbles, answer = await self._answer(entries)
            except Later as later:
                await in_thread(inbox.postpone)(entries, later.seconds)
                return
            except (AssistantError, ImagineError) as error:
                logger.info("contact %s is told: %s: %s", self.contact.pk, error.code, error)
                outcome, bubbles, answer = error.code, [self._say(str(error.sentence))], None
            await self._conclude(entries, outcome, bubbles, answer)

    async def _answer(self, entries: Sequence[InboxEntry]) -> tuple[str, list[OutboundMessage], Message | None]:
        event = inbox.event_of(entries[0])
        if isinstance(event, InboundOpening):
            return "opened", [] if self.contact.greeted_at is None else [self._say(wording.help_text())], None
        if isinstance(event, InboundComment):
            return "comment", [], None
        if self._is_silent(event):
            return "silent", [], None
        if not self._channel.admits(sender_of(self.contact)):
            return "not_admitted", await in_thread(self._refusal)(), None
        if isinstance(event, InboundEdit):
            return await self._edit(entries[0], event)
        messages = [found for one in entries if isinstance(found := inbox.event_of(one), InboundMessage)]
        if event.payload == "erase:no":
            return "kept", [self._say(_("All stays as it is."))], None
        if command := commands.command_of(_command_text(event)):
            return command.name, await self._command(command, event), None
        if self._is_late(event):
            await in_thread(inbox.drop_late)(self.contact, timezone.now() - LATE)
            return "late", [self._late()], None
        if event.payload.startswith("picture:"):
            bubbles = await drawing.tapped(self._runtime, self._channel, self.contact, entries[0], event.payload)
            return "picture", bubbles, None
        if event.media:
            return await self._media(entries, event)
        if event.unknown and not reading.spoken(event):
            return "unknown", [self._say(_("I cannot read this kind of message. Please write it in words."))], None
        if picture := await self._to_change(event):
            bubbles = await drawing.edited(
                self._runtime, self._channel, self.contact, entries[0], picture, reading.spoken(event).strip()
            )
            return "edited", bubbles, None
        text = await in_thread(reading.words_of)(self.contact, messages)
        if not text.strip():
            return "empty", [], None
        return await self._words(entries, text)

    # Words

    async def _words(
        self, entries: Sequence[InboxEntry], text: str, files: Sequence[UUID] = ()
    ) -> tuple[str, list[OutboundMessage], Message | None]:
        """Have the assistant answer words."""
        turn_id, attempts = entries[0].turn or uuid4(), entries[0].attempts
        request = turns.send(self.contact.conversation_id, text, turn_id, files)
        try:
            turn = await self._start(request)
        except (NotFoundError, ConversationFullError) as error:
            if isinstance(error, NotFoundError) and not await in_thread(self._still_there)():
                raise
            # It was deleted on the website, or is full: they begin anew.
            turn = await self._start(turns.send(None, text, turn_id, files))
        return await self._ended(turn, attempts)

    async def _start(self, request: TurnRequest) -> Turn:
        try:
            turn = await turns.start(self._answering, self.contact.person, address_of(self.contact), request)
        except BusyError as error:
            # An answer is written on the website, say.
            raise Later(AGAIN_SECONDS) from error
        except LogUnavailableError as error:
            raise Later(AGAIN_SECONDS) from error
        await in_thread(self._note)(turn)
        return turn

    def _note(self, turn: Turn) -> None:
        """Keep where the conversation goes on, and as which message the entries stand in it."""
        if self.contact.conversation_id != turn.run.conversation_id:
            Contact.objects.filter(pk=self.contact.pk).update(conversation=turn.run.conversation_id)
            self.contact.conversation_id = turn.run.conversation_id
        if turn.question and turn.question.client_id:
            inbox.note_message(turn.question.client_id, turn.question)

    async def _ended(self, turn: Turn, attempts: int) -> tuple[str, list[OutboundMessage], Message | None]:
        """Wait for a run; one that a crash interrupted is answered anew."""
        run = await self._wait(turn.run.id)
        if run.status == Run.Status.INTERRUPTED and attempts < MOST_ATTEMPTS:
            again = turns.retry(run.answer_id, uuid5(turn.run.id, str(attempts)))
            return await self._ended(await self._start(again), attempts + 1)
        await self._suggest(run)
        address = replies.address_of(run.answer, self.contact.person.is_guest)
        bubbles = await in_thread(replies.answer)(self._channel, run, address)
        return "answered", bubbles, run.answer

    async def _wait(self, run_id: UUID) -> Run:
        """The run once it is over; a word to stop ends it early."""
        waiting = asyncio.create_task(self._answering.wait(run_id))
        deadline = asyncio.get_running_loop().time() + LONGEST_SECONDS
        try:
            while True:
                await asyncio.wait([waiting], timeout=POLL_SECONDS)
                run = await in_thread(find_run)(run_id)
                if run is None:
                    raise NotFoundError(f"run {run_id} was erased")
                if run.status != Run.Status.RUNNING:
                    return run
                if asyncio.get_running_loop().time() > deadline:
                    raise AssistantError(f"run {run_id} does not end")
                await self._stop_if_asked(run)
                if waiting.done():
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            waiting.cancel()

    async def _stop_if_asked(self, run: Run) -> None:
        entry = await in_thread(inbox.stop_asked)(self.contact, stop_words())
        if entry is not None:
            await turns.stop(self._runtime, self.contact.person, run.id)
            await in_thread(inbox.finish)([entry], "stopped")

    async def _suggest(self, run: Run) -> None:
        """Let the model suggest what to say next, if nobody waits for it: the lines are buttons under the answer."""
        if not self._runtime.queue.is_idle:
            return
        exchange = await in_thread(follow_ups.exchange)(run.id)
        if exchange is None:
            return
        prompt = prompts.follow_ups(exchange.asked, exchange.said)
        try:
            async with asyncio.timeout(FOLLOW_UP_SECONDS):
                said = await brief_answer(self._runtime.client, prompt, 1_200, 12)
        except (LlamaError, TimeoutError) as error:
            logger.info("nothing is suggested after run %s: %s", run.id, error)
            return
        if lines := follow_ups.clean(said, exchange.asked):
            run.follow_ups = lines
            await in_thread(follow_ups.keep)(run.id, lines)

    async def _edit(self, entry: InboxEntry, event: InboundEdit) -> tuple[str, list[OutboundMessage], Message | None]:
        """Answer a message anew that was changed, while nothing was said after it."""
        original = await in_thread(self._original)(event.id)
        if original is None or entry.turn is None:
            return "edit_of_old", [], None
        turn = await self._start(turns.edit(original.id, event.text, entry.turn))
        return await self._ended(turn, entry.attempts)

    def _original(self, external_id: str) -> Message | None:
        entry = self.contact.inbox.filter(external_id=external_id).select_related("message").first()
        message = entry.message if entry else None
        if message is None or not message.shown:
            return None
        after = message.conversation.messages.filter(shown=True, role=Message.Role.USER)
        return None if after.filter(position__gt=message.position).exists() else message

    # Files

    async def _media(
        self, entries: Sequence[InboxEntry], event: InboundMessage
    ) -> tuple[str, list[OutboundMessage], Message | None]:
        media = event.media[0]
        try:
            if media.kind == "image":
                data = await self._channel.download(media, PICTURE_BYTES)
                words = reading.spoken(event).strip()
                bubbles = await drawing.sent_to_us(self._runtime, self._channel, self.contact, entries[0], data, words)
                return "picture", bubbles, None
            if media.kind == "document":
                return await self._document(entries, event, media)
        except MediaGoneError as error:
            logger.info("a file of contact %s is not read: %s", self.contact.pk, error)
            return "media_gone", [self._say(_("I could not fetch this. Please send it once more."))], None
        except TemporaryError as error:
            if entries[0].attempts < MOST_ATTEMPTS:
                raise Later(error.seconds or AGAIN_SECONDS) from error
            return "media_gone", [self._say(_("I could not fetch this. Please send it once more."))], None
        sentences = {
            "audio": _("I cannot hear voice notes yet. Please write it in words."),
            "video": _("I cannot watch videos yet. Please tell me about it in words."),
            "sticker": _("I cannot look at stickers yet. Please write to me in words."),
        }
        return media.kind, [self._say(sentences[media.kind])], None

    async def _document(
        self, entries: Sequence[InboxEntry], event: InboundMessage, media: Media
    ) -> tuple[str, list[OutboundMessage], Message | None]:
        """A text file goes along with the words, as on the page. Raises FileError, ChannelError."""
        if not self.contact.person_id:
            raise FileError("nobody")
        await self._runtime.limits.count_attachment(self.contact.person, address_of(self.contact))
        data = await self._channel.download(media, settings.ATTACHMENT_BYTES + 1)
        if len(data) > settings.ATTACHMENT_BYTES:
            raise FileTooLargeError(f"{len(data)} bytes")
        text = await asyncio.to_thread(text_files.read_text, data)
        name = text_files.clean_name(media.name or "file.txt")
        kept = await in_thread(attachments.keep)(self.contact.person, name, text)
        words = await in_thread(reading.words_of)(self.contact, [event])
        return await self._words(entries, words, [kept.id])

    async def _to_change(self, event: InboundMessage) -> str | None:
        """The picture that words are about: one that they reply to, or for which they were asked."""
        expected = (self.contact.expects or {}).get("edit")
        quoted = await in_thread(drawing.of_quoted)(self.contact, event.quoted)
        if expected:
            await in_thread(drawing.expect)(self.contact, None)
        words = reading.spoken(event).strip()
        if not words or len(words) > settings.PROMPT_CHARACTERS or words.endswith("?") or wishes.draw_wish(words):
            return None
        return quoted[0] if quoted else expected

    # Commands

    async def _command(self, command: Command, event: InboundMessage) -> list[OutboundMessage]:
        """What answers a command. Raises AssistantError, ImagineError."""
        actions: dict[str, Callable[[Command], Awaitable[list[OutboundMessage]]]] = {
            "help": self._help,
            "new": self._new,
            "stop": self._stop,
            "start": self._begin_again,
            "forget": self._forget,
            "language": self._language,
            "model": self._model,
            "human": self._human,
            "sticker": partial(self._sticker, event),
        }
        return await actions[command.name](command)

    async def _help(self, _command: Command) -> list[OutboundMessage]:
        return [self._say(wording.help_text())]

    async def _new(self, _command: Command) -> list[OutboundMessage]:
        await in_thread(self._change)(conversation=None, expects=None)
        return [self._say(_("A new conversation. What is it about?"))]

    async def _stop(self, _command: Command) -> list[OutboundMessage]:
        await in_thread(self._change)(stopped_at=timezone.now(), expects=None)
        return [self._say(_("I am silent from now on. Write “start” to go on."))]

    async def _begin_again(self, _command: Command) -> list[OutboundMessage]:
        was_silent = self.contact.stopped_at or self.contact.human_until
        await in_thread(self._change)(stopped_at=None, human_until=None)
        return [self._say(_("I am here again.") if was_silent else wording.help_text())]

    async def _human(self, _command: Command) -> list[OutboundMessage]:
        await in_thread(self._change)(human_until=timezone.now() + timedelta(days=1))
        logger.warning("contact %s of %s asks for a human", self.contact.pk, self._channel.title)
        text = _("The people who run this see that you ask for them, and may answer here. “start” brings me back.")
        return [self._say(text)]

    async def _forget(self, command: Command) -> list[OutboundMessage]:
        """Erase everything, once that is confirmed. What belongs to an account is erased on the website."""
        if not self.contact.person.is_guest:
            return [
                self._say(f"{_('This chat belongs to your account. You erase it there:')} {settings.SITE_URL}/you/")
            ]
        choices = [Choice(_("Erase it"), ERASE), Choice(_("Keep it"), "erase:no")]
        text = _("Shall I erase everything of this chat: what was said, your pictures, what I know of you?")
        return [self._say(text, choices)]

    async def _language(self, command: Command) -> list[OutboundMessage]:
        known = {code: str(name) for code, name in settings.LANGUAGES}
        wanted = command.argument.casefold()
        code = next((code for code, name in known.items() if wanted in (code, name.casefold())), None)
        if code is None:
            choices = [Choice(name, f"/language {code}") for code, name in known.items()]
            return [replies.menu(self._channel, _("Which language?"), _("Languages"), choices)]
        await in_thread(self._change)(language=code)
        with translation.override(code):
            return [self._say(_("From now on in this language."))]

    async def _model(self, _command: Command) -> list[OutboundMessage]:
        name = settings.LLAMA_MODEL or (await self._runtime.client.backend()).model
        return [self._say(_("Answers come from %(model)s.") % {"model": name})]

    async def _sticker(self, event: InboundMessage, _command: Command) -> list[OutboundMessage]:
        quoted = await in_thread(drawing.of_quoted)(self.contact, event.quoted)
        picture = await in_thread(drawing.own)(self.contact, quoted[0]) if quoted else None
        picture = picture or await in_thread(drawing.newest)(self.contact)
        if picture is None:
            return [self._say(_("There is no picture yet. “imagine a llama” draws one."))]
        return drawing.sticker(self._channel, picture)

    # Manners

    @asynccontextmanager
    async def _typing(self, entry: InboxEntry) -> AsyncIterator[None]:
        """Mark what they wrote as read, and show that we write, again and again until it is answered."""
        seen = entry.external_id if entry.kind == InboxEntry.Kind.MESSAGE else ""
        task = asyncio.create_task(self._show_typing(seen))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _show_typing(self, seen: str) -> None:
        if self._is_quiet():
            return
        while True:
            try:
                await self._channel.show_typing(self.recipient, seen)
            except ChannelError as error:
                # It is a courtesy: what is sent shows what is wrong.
                logger.info("no sign of writing for contact %s: %s", self.contact.pk, error)
                if isinstance(error, AccountError):
                    return
            await asyncio.sleep(self._channel.typing_seconds)

    def _is_quiet(self) -> bool:
        human = self.contact.human_until
        return self.contact.stopped_at is not None or (human is not None and human > timezone.now())

    def _is_silent(self, event: InboundMessage | InboundEdit) -> bool:
        """Whether nothing is to be said: they wished that, or a human answers. Some words are heard all the same."""
        if not self._is_quiet():
            return False
        command = commands.command_of(_command_text(event)) if isinstance(event, InboundMessage) else None
        return command is None or command.name not in ("start", "forget", "help", "stop")

    def _is_late(self, event: InboundMessage) -> bool:
        return event.at < timezone.now() - LATE and event.payload != "late:yes"

    def _late(self) -> OutboundMessage:
        return self._say(
            _("I was away when you wrote, and could not answer in time. Please send it again if it matters.")
        )

    def _say(self, text: str, choices: Sequence[Choice] = ()) -> OutboundMessage:
        return replies.say(self._channel, text, choices)

    def _refusal(self) -> list[OutboundMessage]:
        """Said once to people whom the app's terms keep from us."""
        if self.contact.greeted_at:
            return []
        self._change(greeted_at=timezone.now())
        text = _("%(name)s may not answer here in your country. It does on its website: %(address)s")
        return [self._say(text % {"name": settings.SITE_NAME, "address": settings.SITE_URL})]

    def _change(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self.contact, name, value)
        Contact.objects.filter(pk=self.contact.pk).update(**values)

    def _still_there(self) -> bool:
        """Whether the person was not erased meanwhile."""
        return Person.objects.filter(pk=self.contact.person_id).exists()

    @in_thread
    def _conclude(
        self,
        entries: Sequence[InboxEntry],
        outcome: str,
        bubbles: list[OutboundMessage],
        answer: Message | None,
    ) -> None:
        """End the entries and queue what answers them: both, once, or neither."""
        with transaction.atomic():
            if not inbox.finish(entries, outcome):
                return
            if self.contact.greeted_at is None and outcome not in ("silent", "not_admitted", "comment"):
                bubbles = [self._say(wording.greeting()), *bubbles]
                self._change(greeted_at=timezone.now())
            if bubbles:
                outbox.add(self.contact, f"turn:{entries[0].turn}", bubbles, answer)


async def erase(channel: Channel, contact: Contact) -> None:
    """Erase a guest with all that came from the app, and say so: not by the outbox, as that goes too."""
    recipient, text = recipient_of(contact), _("Everything is erased.")
    runs = await in_thread(people.erase)(contact.person)
    await asyncio.to_thread(forget, runs)
    await asyncio.to_thread(jobs.forget, contact.person_id)
    try:
        await channel.send(recipient, replies.say(channel, text), None, "")
    except ChannelError as error:
        logger.info("somebody was erased and could not be told: %s", error)


def recipient_of(contact: Contact) -> Recipient:
    """How to reach a contact."""
    return Recipient(contact.account, contact.user_id or "", contact.phone or "")


def sender_of(contact: Contact) -> Sender:
    """The contact by the app's ids."""
    return Sender(contact.user_id or "", contact.phone or "", contact.name, contact.username)


def address_of(contact: Contact) -> str:
    """What takes the place of a network address where messages are counted."""
    return f"{contact.channel}:{contact.pk}"


def find_run(run_id: UUID) -> Run | None:
    """A run with its answer, and what that answers."""
    return Run.objects.select_related("answer__parent", "answer__run").filter(id=run_id).first()


def stop_words() -> frozenset[str]:
    """What ends an answer while it is made."""
    words = {word for word, name in wording.plain_words().items() if name == "stop"}
    return frozenset(words | {f"/{word}" for word, name in wording.command_words().items() if name == "stop"})


def _command_text(event: InboundMessage) -> str:
    """The words in which a command is looked for: those of a tap that stands for one come first."""
    return event.payload if event.payload.startswith("/") else event.text
