"""One turn in an app: what a contact sent is understood, answered, and the answer queued, exactly once.

Each step can be done again after a crash: the message of a conversation has the turn's own id, a picture is kept with
its entry, and what answers is queued in the transaction that ends the entries.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assistant import traces, wishes
from assistant.answering import Answering
from assistant.commands import tool_call
from assistant.conversations import unsay
from assistant.database import in_thread
from assistant.errors import AgreementNeededError, AssistantError, BadNameError, InvitationEndedError, NotFoundError
from assistant.models import Member, Message
from assistant.runs.forget import forget
from imagine.errors import ImagineError
from imagine.models import Picture
from integrations import (
    agreeing,
    commands,
    contacts,
    drawing,
    inbox,
    links,
    outbox,
    reading,
    relay,
    replies,
    rooms,
    wording,
)
from integrations.base import Channel
from integrations.commands import Commands
from integrations.errors import AccountError, ChannelError
from integrations.files import Files
from integrations.inbound import InboundComment, InboundEdit, InboundMessage, InboundOpening
from integrations.models import Contact, InboxEntry
from integrations.outbound import OutboundMessage
from integrations.talk import Later, Reply, Talk

logger = logging.getLogger(__name__)

# Older messages are not answered all at once after an outage.
LATE = timedelta(hours=1)
MOST_TRIES = 6
# After these nobody is told who answers: nothing is said.
NOT_ADMITTED, SUSPENDED = "not_admitted", "suspended"
UNGREETED = "silent", NOT_ADMITTED, SUSPENDED, "too_late", "edit_of_old", "edit_in_room", "edited_in_room"
# After these nothing is left that could be ended.
ERASED, SETTLED = "erased", "settled"


class Dialogue:
    """Answers one contact. `await answer(entries)` answers entries that belong together."""

    def __init__(self, answering: Answering, channel: Channel, contact: Contact) -> None:
        self._answering = answering
        self._runtime = answering.runtime
        self._channel = channel
        self._talk = Talk(answering, channel, contact)
        self._files = Files(self._runtime, channel, contact, self._talk)
        self._commands = Commands(answering.runtime, channel, contact)
        self._contact = contact
        self._used_up = False

    async def answer(self, entries: Sequence[InboxEntry]) -> None:
        """Answer, or put it off. Raises DatabaseError."""
        with translation.override(self._contact.language or settings.LANGUAGE_CODE):
            try:
                async with self._typing(entries[0]):
                    reply = await self._answer(entries)
            except Later as later:
                await in_thread(inbox.postpone)(entries, later.seconds, tried=later.tried)
                return
            except AgreementNeededError:
                # It is answered once they agree, as if nobody had looked at it yet.
                self._used_up = False
                reply = Reply(agreeing.HELD, [agreeing.ask(self._channel)])
            except (AssistantError, ImagineError) as error:
                logger.info("contact %s is told: %s: %s", self._contact.pk, error.code, error)
                reply = Reply(error.code, [self._say(str(error.sentence))])
            if reply.outcome not in (ERASED, SETTLED):
                await in_thread(self._conclude)(entries, reply)

    async def _answer(self, entries: Sequence[InboxEntry]) -> Reply:
        if entries[0].attempts > MOST_TRIES:
            # What it does to us is in the log; the person is not left without a word.
            raise AssistantError(f"entries of contact {self._contact.pk} could not be answered {MOST_TRIES} times")
        event = inbox.event_of(entries[0])
        if isinstance(event, InboundComment):
            raise TypeError("comments are answered by comments.py")
        if isinstance(event, InboundMessage) and event.payload == commands.ERASE and commands.may_erase(self._contact):
            await erase(self._channel, self._contact)
            return Reply(ERASED, [])
        if self._is_silent(event):
            return Reply("silent", [])
        if await in_thread(contacts.is_suspended)(self._contact):
            return Reply(SUSPENDED, [])
        if not self._channel.admits(contacts.sender(self._contact)):
            return Reply(NOT_ADMITTED, await in_thread(self._refusal)())
        if not isinstance(event, InboundMessage) and self._is_late(event):
            # Nobody waits for it any more, and nothing was said that would be lost.
            return Reply("too_late", [])
        if isinstance(event, InboundOpening) and (token := rooms.token_of(event)):
            return await self._settle(entries, "invited", partial(rooms.invite, self._channel, self._contact, token))
        if isinstance(event, InboundOpening):
            return Reply("opened", [] if self._contact.greeted_at is None else [self._say(wording.help_text())])
        if isinstance(event, InboundEdit) and await in_thread(rooms.is_in_room)(self._contact):
            return Reply(await in_thread(rooms.edit)(self._contact, event), [])
        if isinstance(event, InboundEdit):
            return await self._talk.edit(entries[0], event)
        if self._is_late(event) and not _is_order(event):
            await in_thread(inbox.drop_late)(self._contact, timezone.now() - LATE)
            return Reply("late", [self._late()])
        return await self._understand(entries, event)

    async def _understand(self, entries: Sequence[InboxEntry], event: InboundMessage) -> Reply:
        """The answer to a tap, a command, a file, or words."""
        if event.payload == commands.ERASE:
            # They were connected with the website since they were asked.
            return Reply("kept", await self._commands.answer(commands.Command("forget"), event))
        if event.payload == commands.KEEP:
            return Reply("kept", [self._say(_("All stays as it is."))])
        if event.payload.startswith(links.PREFIX):
            asked = await in_thread(links.confirm)(self._contact, event.payload)
            return Reply("link", [replies.say(self._channel, asked.text, asked.choices)])
        if (agreed := await self._agreed(event)) is not None:
            return await self._settle_agreement(entries, agreed=agreed)
        if event.payload.startswith(drawing.PREFIX):
            bubbles = await drawing.tapped(self._runtime, self._channel, self._contact, entries[0], event.payload)
            return Reply("picture", bubbles)
        if (reply := await self._in_room(entries, event)) is not None:
            return reply
        if command := commands.command_of(event):
            return Reply(command.name, await self._commands.answer(command, event))
        if event.media:
            return await self._files.answer(entries, event)
        if event.unknown and not reading.spoken(event):
            return Reply("unknown", [self._say(_("I cannot read this kind of message. Please write it in words."))])
        words = reading.spoken(event).strip()
        if picture := await self._to_change(event, words):
            bubbles = await drawing.edited(self._runtime, self._channel, self._contact, entries[0], picture, words)
            return Reply("edited", bubbles)
        together = [found for one in entries if isinstance(found := inbox.event_of(one), InboundMessage)]
        text = await in_thread(reading.words_of)(self._contact, together)
        return await self._talk.say(entries, text) if text.strip() else Reply("empty", [])

    async def _agreed(self, event: InboundMessage) -> bool | None:
        """Whether a message is a yes or a no to the terms of the site; None for anything else."""
        answer = agreeing.answer_of(event, reading.spoken(event))
        if answer is None or event.payload or await in_thread(agreeing.is_open)(self._contact):
            return answer
        return None

    async def _settle_agreement(self, entries: Sequence[InboxEntry], *, agreed: bool) -> Reply:
        """Keep a yes, and have what was asked answered; or erase that."""

        def act() -> OutboundMessage | None:
            # Before its entries, as everywhere.
            Contact.objects.select_for_update(no_key=True).filter(pk=self._contact.pk).first()
            # What was said in one breath with it is looked at by itself.
            inbox.part(entries[1:])
            if agreed:
                return None if agreeing.agree(self._contact) else self._say(agreeing.thanks())
            agreeing.drop(self._contact)
            inbox.empty(entries[:1])
            return self._say(agreeing.goodbye())

        return await self._settle(entries, "terms", act)

    async def _in_room(self, entries: Sequence[InboxEntry], event: InboundMessage) -> Reply | None:
        """The answer to what concerns a room: an invitation, a name, a vote, words in it. None for all else."""
        channel, contact = self._channel, self._contact
        if event.payload.startswith(relay.VOTE):
            await self._runtime.limits.count(settings.LIMIT_MEMBER_MESSAGES, "vote", "member", str(contact.person_id))
            return await self._settle(entries, "vote", partial(rooms.vote, channel, contact, event.payload))
        if token := rooms.token_of(event):
            return await self._settle(entries, "invited", partial(rooms.invite, channel, contact, token))
        command = commands.command_of(event)
        if rooms.is_asked(contact) and command is None:
            return await self._named(entries, event)
        if event.payload.startswith(rooms.PREFIX):
            raise InvitationEndedError
        if not await in_thread(rooms.is_in_room)(contact):
            if command is None or command.name != "room":
                return None
            return await self._open_room(entries, command.argument, rooms.own_name(contact))
        if command is not None and command.name not in ("new", "room"):
            return None
        if command is not None:
            return Reply(command.name, [self._say(_("You are in a room. /leave takes you out of it."))])
        return await self._say_in_room(entries)

    async def _named(self, entries: Sequence[InboxEntry], event: InboundMessage) -> Reply:
        """The answer to who was asked under which name they join, or open a room."""
        channel, contact = self._channel, self._contact
        if event.payload == rooms.NOT_NOW:
            return await self._settle(entries, "declined", partial(rooms.decline, channel, contact))
        name = event.payload.removeprefix(f"{rooms.JOIN}:") if event.payload else event.text
        if (title := rooms.new_title(contact)) is not None:
            return await self._open_room(entries, title, name)
        try:
            return await self._settle(entries, "joined", partial(rooms.join, channel, contact, name))
        except BadNameError:
            raise
        except AssistantError:
            # They are asked for no other name.
            self._used_up = True
            raise

    async def _open_room(self, entries: Sequence[InboxEntry], title: str, name: str) -> Reply:
        """Make a room of theirs; where no name is known it is asked for first."""
        channel, contact = self._channel, self._contact
        if not name:
            return await self._settle(entries, "room", partial(rooms.ask_name, channel, contact, title))
        limits = self._runtime.limits
        await limits.count(settings.LIMIT_PERSON_ROOMS, "made", "person", str(contact.person_id))
        return await self._settle(entries, "room", partial(rooms.make, channel, contact, title, name))

    async def _say_in_room(self, entries: Sequence[InboxEntry]) -> Reply:
        """What is said in their room: a command, or words."""
        channel, contact = self._channel, self._contact
        room = await in_thread(rooms.arrive)(contact)
        if room is None:
            text = _("You are not in the room any more. What you write here is for me alone again.")
            return Reply("said", [self._say(text)])
        order = rooms.order_of(entries)
        if order is None:
            return Reply("said", await rooms.speak(self._answering, channel, contact, room, entries))
        who = str(contact.person_id), str(room)
        await self._runtime.limits.count(settings.LIMIT_MEMBER_MESSAGES, "room", "member", *who)
        return await self._settle(entries, order.name, partial(rooms.carry_out, channel, contact, room, order))

    async def _to_change(self, event: InboundMessage, words: str) -> str | None:
        """The picture that words are about: one that they reply to, or for which they were asked."""
        expected = (self._contact.expects or {}).get("edit")
        quoted = await in_thread(drawing.of_quoted)(self._contact, event.quoted)
        # Until this is answered it counts, also for who answers it after a crash.
        self._used_up = bool(expected)
        talk = not words or len(words) > settings.PROMPT_CHARACTERS or words.endswith("?")
        if talk or wishes.draw_wish(words) or tool_call(words):
            return None
        return quoted[0] if quoted else expected

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
        if contacts.is_quiet(self._contact):
            return
        while True:
            try:
                await self._channel.show_typing(contacts.recipient(self._contact), seen)
            except ChannelError as error:
                # It is a courtesy: what is sent shows what is wrong.
                logger.info("no sign of writing for contact %s: %s", self._contact.pk, error)
                if isinstance(error, AccountError):
                    return
            await asyncio.sleep(self._channel.typing_seconds)

    def _is_silent(self, event: InboundMessage | InboundEdit | InboundOpening) -> bool:
        """Whether nothing is to be said: they wished that, or a human answers. Some words are heard all the same."""
        if not contacts.is_quiet(self._contact):
            return False
        if not isinstance(event, InboundMessage) or not _is_order(event):
            return True
        command = commands.command_of(event)
        return command is not None and command.name not in commands.HEARD

    def _is_late(self, event: InboundMessage | InboundEdit | InboundOpening) -> bool:
        return event.at < timezone.now() - LATE

    def _late(self) -> OutboundMessage:
        return self._say(
            _("I was away when you wrote, and could not answer in time. Please send it again if it matters.")
        )

    def _say(self, text: str) -> OutboundMessage:
        return replies.say(self._channel, text)

    def _refusal(self) -> list[OutboundMessage]:
        """Said once to people whom the app's terms keep from us."""
        if self._contact.inbox.filter(outcome=NOT_ADMITTED).exists():
            return []
        text = _("%(name)s may not answer here in your country. It does on its website: %(address)s")
        return [self._say(text % {"name": settings.SITE_NAME, "address": settings.SITE_URL})]

    async def _settle(
        self, entries: Sequence[InboxEntry], outcome: str, act: Callable[[], OutboundMessage | None]
    ) -> Reply:
        """Do something in a room and end the entries by what is said about it: both, once, or neither.

        Raises AssistantError.
        """
        await in_thread(self._do)(entries, outcome, act)
        return Reply(SETTLED, [])

    def _do(self, entries: Sequence[InboxEntry], outcome: str, act: Callable[[], OutboundMessage | None]) -> None:
        with transaction.atomic():
            bubble = act()
            if not self._conclude(entries, Reply(outcome, [bubble] if bubble else [])):
                transaction.set_rollback(True)

    def _conclude(self, entries: Sequence[InboxEntry], reply: Reply) -> bool:
        """End the entries and queue what answers them: both, once, or neither. False where nothing is to be done."""
        with transaction.atomic():
            # Before its entries, as where words are taken back.
            now = Contact.objects.select_for_update(no_key=True).filter(pk=self._contact.pk).first()
            if now is None:
                # Two contacts turned out to be one: the other has the entries, and is answered.
                return False
            if not inbox.finish(entries, reply.outcome):
                self._take_back(entries, reply)
                return False
            # They may have parted from the person, or been suspended, while that was answered.
            bubbles = [bubble for bubble in reply.bubbles if _may_see(now, bubble, reply.answer)]
            if self._used_up:
                contacts.update(self._contact, expects=None)
            if self._contact.greeted_at is None and reply.outcome not in UNGREETED:
                bubbles = [self._say(wording.greeting()), *bubbles]
                contacts.update(self._contact, greeted_at=timezone.now())
            if bubbles and _can_be_quoted(entries[-1]) and inbox.is_followed(entries[-1]):
                bubbles = [replace(bubbles[0], quotes=entries[-1].external_id), *bubbles[1:]]
            if reply.outcome == agreeing.HELD:
                agreeing.hold(self._contact)
            if bubbles:
                outbox.add(self._contact, f"turn:{entries[0].turn}", bubbles, reply.answer)
        return True

    def _take_back(self, entries: Sequence[InboxEntry], reply: Reply) -> None:
        """Leave nothing in the conversation of what was taken back while it was answered."""
        rows = InboxEntry.objects.filter(pk__in=[entry.pk for entry in entries])
        if reply.answer is None or reply.answer.parent_id is None or rows.exclude(outcome=inbox.UNSENT).exists():
            return
        with suppress(NotFoundError):
            runs = unsay(self._contact.person, reply.answer.parent_id)
            transaction.on_commit(lambda: forget(runs))


async def erase(channel: Channel, contact: Contact) -> None:
    """Erase a guest with all that came from the app, and say so: not by the outbox, as that goes too."""
    recipient, text = contacts.recipient(contact), _("Everything is erased.")
    await in_thread(traces.erase)(contact.person)
    try:
        await channel.send(recipient, replies.say(channel, text), None, "")
    except ChannelError as error:
        logger.info("somebody was erased and could not be told: %s", error)


def _is_order(event: InboundMessage) -> bool:
    """Whether a message is a command, or a tap that answers a question of ours about one: no talk."""
    taps = (commands.ERASE, commands.KEEP)
    return event.payload in taps or event.payload.startswith(links.PREFIX) or commands.command_of(event) is not None


def _may_see(contact: Contact, bubble: OutboundMessage, answer: Message | None) -> bool:
    """Whether a bubble shows what belongs to the contact's person."""
    if contacts.is_suspended(contact):
        return False
    if bubble.drawn and not Picture.objects.filter(id=bubble.drawn.picture, person=contact.person_id).exists():
        return False
    mine = Member.objects.filter(person=contact.person_id)
    return answer is None or mine.filter(conversation=answer.conversation_id).exists()


def _can_be_quoted(entry: InboxEntry) -> bool:
    """Whether an entry is a message that the app knows by its id: not every tap is."""
    return entry.kind == InboxEntry.Kind.MESSAGE and not entry.content.get("payload")
