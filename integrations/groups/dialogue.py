"""One turn in a group: what calls us there is said in the room, carried out or counted, exactly once.

The answer of the assistant comes by telling.py, as to all doors. What is said here is about orders and refusals.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assistant import agreement, naming, room_turns, vision
from assistant.answering import Answering
from assistant.database import in_thread
from assistant.errors import AgreementNeededError, AssistantError, LimitedError, NotFoundError
from assistant.models import Message, Person, Room
from assistant.rooms import events, orders, polls, talk
from assistant.rooms.talk import Words
from integrations import agreeing, contacts, inbox, outbox, relay, replies, wording
from integrations.base import Channel
from integrations.groups import hearing
from integrations.inbound import InboundMessage
from integrations.models import Contact, Group, InboxEntry
from integrations.received import Received, Receiver
from integrations.talk import Later

logger = logging.getLogger(__name__)

LATE = timedelta(hours=1)
MOST_TRIES = 6
# Who asks for too much is told so once in a while, whatever they go on to send; so is a group what we cannot look into.
TOLD_EVERY = timedelta(minutes=10)
# How the cause begins of the question whether somebody agrees to the terms of the site.
ASKED = "terms:"


class Speaker(NamedTuple):
    """Who said something in a group: a member of its room."""

    contact: Contact
    person: Person
    room: Room
    name: str


class Reply(NamedTuple):
    """What came of an entry, what the group is told of that, and by which cause, if it is told once only."""

    outcome: str
    text: str = ""
    cause: str = ""


class GroupDialogue:
    """Answers one group. `await answer(entries)` answers the next entry."""

    def __init__(self, answering: Answering, channel: Channel, contact: Contact) -> None:
        self._answering = answering
        self._channel = channel
        self._contact = contact
        # Who speaks, once that is known.
        self._speaking: Speaker | None = None

    async def answer(self, entries: Sequence[InboxEntry]) -> None:
        """Answer one entry. Raises DatabaseError."""
        entry = entries[0]
        if entry.attempts > MOST_TRIES:
            # First: it may not even be readable.
            logger.error("entry %s of group %s could not be answered %s times", entry.pk, self._contact.pk, MOST_TRIES)
            await in_thread(self._give_up)(entry)
            return
        with translation.override(self._contact.language or settings.LANGUAGE_CODE):
            event = inbox.event_of(entry)
            if not isinstance(event, InboundMessage):
                raise TypeError("only messages wait for an answer in a group")
            reply: Reply | None
            try:
                reply = await self._answer(entry, event)
            except Later as later:
                await in_thread(inbox.postpone)([entry], later.seconds, tried=later.tried)
                return
            except LimitedError as error:
                logger.info("group %s: somebody is limited: %s", self._contact.pk, error)
                reply = Reply(error.code, str(error.sentence), f"limited:{_slot()}:{self._key()}")
            except AgreementNeededError as error:
                logger.info("group %s: somebody has not agreed: %s", self._contact.pk, error)
                name = self._speaking.name if self._speaking else ""
                reply = Reply(agreeing.HELD, agreeing.ask_in_group(name), f"{ASKED}{_slot()}:{self._key()}")
            except AssistantError as error:
                logger.info("group %s is told: %s: %s", self._contact.pk, error.code, error)
                reply = Reply(error.code, str(error.sentence))
            if reply is not None:
                await in_thread(self._conclude)(entry, event, reply)

    def _key(self) -> int:
        """Our key of who speaks; 0 where that is not known."""
        return self._speaking.contact.pk if self._speaking else 0

    async def _answer(self, entry: InboxEntry, event: InboundMessage) -> Reply | None:
        """What came of an entry; None where it is ended already. Raises AssistantError, Later."""
        if event.at < timezone.now() - LATE:
            return Reply("late")
        if not self._channel.admits(event.sender):
            text = _("%(name)s may not answer somebody of your country here. It does on its website: %(address)s")
            names = {"name": settings.SITE_NAME, "address": settings.SITE_URL}
            return Reply("not_admitted", text % names, "not_admitted")
        speaker = await in_thread(self._speaker)(event)
        if speaker is None:
            return Reply("no_member")
        self._speaking = speaker
        await self._count_order(event, speaker)
        if await in_thread(self._settle)(entry, event, speaker):
            return None
        return await self._say(entry, event, speaker)

    async def _count_order(self, event: InboundMessage, speaker: Speaker) -> None:
        """Count a command as its words would be, see room_turns.py. Raises LimitedError."""
        text = hearing.words_of(event)
        if text.startswith("/") and not (orders.is_summary(text) or talk.draws(text)):
            limits = self._answering.runtime.limits
            who = str(speaker.person.pk), str(speaker.room.pk)
            await limits.count(settings.LIMIT_MEMBER_MESSAGES, "room", "member", *who)

    def _speaker(self, event: InboundMessage) -> Speaker | None:
        group = Group.objects.select_related("room").filter(contact=self._contact).first()
        with transaction.atomic():
            found = contacts.find(self._channel.name, event.account, event.sender)
        if group is None or group.room is None or found is None or contacts.is_suspended(found):
            return None
        try:
            member = events.membership(found.person, group.room.pk)
        except NotFoundError:
            return None
        return Speaker(found, found.person, group.room, member.name)

    def _settle(self, entry: InboxEntry, event: InboundMessage, speaker: Speaker) -> bool:
        """Carry out a vote or a command and end its entry: both, once, or neither. False for words.

        Raises AssistantError.
        """
        with transaction.atomic():
            reply = self._carry_out(speaker, event)
            if reply:
                self._conclude(entry, event, reply)
        return reply is not None

    def _carry_out(self, speaker: Speaker, event: InboundMessage) -> Reply | None:
        """What comes of a vote or a command; None for words. Raises AssistantError."""
        room, text = speaker.room, hearing.words_of(event)
        answer = agreeing.answer_of(event, naming.without(text, [settings.SITE_NAME]))
        if answer is not None and self._is_asked(event, speaker):
            return self._settle_agreement(speaker, agreed=answer)
        if vote := hearing.poll_of(self._contact, room, event):
            poll, place = vote
            polls.vote(speaker.person, poll.pk, place)
            return Reply("vote", relay.standing(poll))
        if talk.is_for_assistant(text) or not text.startswith("/"):
            return None
        order = orders.order_of(text)
        if order and order.name == "leave":
            return Reply("leave", _("One leaves a group in WhatsApp itself: open its name, then “Exit group”."))
        if order and order.name == "invite":
            # Never an invitation of the room: it would bring others in who are not in the group.
            group = Group.objects.filter(contact=self._contact).first()
            link = group.link if group and not room.locked else ""
            text = _("Others come into this group by its link: %(link)s") if link else _("Nobody new can come in now.")
            return Reply("invite", text % {"link": link} if link else text)
        if order:
            return Reply(order.name, orders.carry_out(speaker.person, room.pk, order))
        command = wording.command_name(text)
        if command == "help":
            return Reply("help", wording.group_help())
        if command == "stop":
            orders.hush(speaker.person, room.pk, hushed=True)
            return Reply("hush")
        if command:
            return Reply("alone", _("That is for a chat with me alone: here all would read it."))
        return None

    def _is_asked(self, event: InboundMessage, speaker: Speaker) -> bool:
        """Whether somebody has to agree, and was asked: by name, or in a question to another to which they reply."""
        if agreement.has_agreed(speaker.person):
            return False
        quoted = hearing.quoted_in(self._contact, event)
        by_reply = quoted is not None and quoted.cause.startswith(ASKED)
        return by_reply or agreeing.is_open(self._contact, speaker.contact)

    def _settle_agreement(self, speaker: Speaker, *, agreed: bool) -> Reply:
        """Keep a yes to the terms of the site, and have what was asked answered; or erase that."""
        if agreed:
            waiting = agreeing.agree(self._contact, speaker.contact)
            return Reply("terms", "" if waiting else agreeing.thanks())
        agreeing.drop(self._contact, speaker.contact)
        return Reply("terms", agreeing.goodbye())

    async def _say(self, entry: InboxEntry, event: InboundMessage, speaker: Speaker) -> Reply:
        """Say it in the room with its files, as from a chat alone. Raises AssistantError, Later."""
        person, room, turn = speaker.person, speaker.room.pk, _turn(entry)
        if await in_thread(self._is_said)(entry, speaker):
            # Before a crash.
            return Reply("said")
        received = await self._received(entry, event, speaker)
        told = "\n".join(received.told)
        text = "\n".join(filter(None, (hearing.in_room(event), *received.heard)))
        if received.is_empty and not text:
            told = told or _("I cannot read this kind of message. Please write it in words.")
            return Reply("empty", told)
        shown = await in_thread(hearing.quoted_in)(self._contact, event)
        quoted = shown.message if shown else None
        # A reply to what we said about a vote or an order has no message behind it; it calls us all the same.
        words = Words(
            text[: settings.MESSAGE_CHARACTERS],
            turn,
            received.files,
            quoted.pk if quoted else None,
            things=received.things,
            pictures=received.pictures,
            called=shown is not None and quoted is None,
        )
        said = await room_turns.say(self._answering, person, contacts.address(speaker.contact), room, words)
        if said.event.message:
            await in_thread(self._note)(entry, said.event.message)
        seen = len(received.pictures) if vision.is_on() else 0
        if len(received.pictures) + len(received.things) == len(received.heard) + seen:
            return Reply("said", told)
        if not text and not seen:
            return Reply(
                "said", "\n".join(filter(None, (told, _("I cannot look into this yet. Please ask in words."))))
            )
        unread = _("I cannot look into pictures and files of this kind yet, and go by your words.")
        return Reply("said", told or unread, "" if told else f"unread:{_slot()}")

    async def _received(self, entry: InboxEntry, event: InboundMessage, speaker: Speaker) -> Received:
        """What came with the words; only of what calls us is it fetched. Raises LimitedError, Later."""
        runtime = self._answering.runtime
        if event.media:
            # Nobody has files fetched that come to nothing more often than they may call.
            await runtime.limits.count(settings.LIMIT_MEMBER_CALLS, "file", "member", str(speaker.person.pk))
        return await Receiver(runtime, self._channel, speaker.contact, entry).receive(event.media)

    def _is_said(self, entry: InboxEntry, speaker: Speaker) -> bool:
        message = Message.objects.filter(author=speaker.person, client_id=entry.turn).first()
        if message:
            self._note(entry, message)
        return message is not None

    def _note(self, entry: InboxEntry, message: Message) -> None:
        InboxEntry.objects.filter(pk=entry.pk).update(message=message)

    def _conclude(self, entry: InboxEntry, event: InboundMessage, reply: Reply) -> None:
        """End the entry and queue what answers it: both, once, or neither. Its words are kept in the room alone."""
        with transaction.atomic():
            if not inbox.finish([entry], reply.outcome):
                self._take_back(entry)
                return
            if reply.outcome == agreeing.HELD and self._speaking:
                agreeing.hold(self._contact, self._speaking.contact)
            else:
                InboxEntry.objects.filter(pk=entry.pk).update(content={})
            if reply.text and Contact.objects.filter(pk=self._contact.pk).exists():
                bubble = replace(replies.say(self._channel, reply.text), quotes=event.id)
                outbox.add(self._contact, reply.cause or f"turn:{entry.turn}", [bubble])

    def _give_up(self, entry: InboxEntry) -> None:
        """End an entry that cannot be answered, and say so."""
        with transaction.atomic(), translation.override(self._contact.language or settings.LANGUAGE_CODE):
            if inbox.finish([entry], AssistantError.code):
                InboxEntry.objects.filter(pk=entry.pk).update(content={})
                bubble = replies.say(self._channel, str(AssistantError.sentence))
                outbox.add(self._contact, f"turn:{entry.turn}", [bubble])

    def _take_back(self, entry: InboxEntry) -> None:
        """Leave nothing in the room of what was taken back while it was answered."""
        unsent = InboxEntry.objects.filter(pk=entry.pk, outcome=inbox.UNSENT).exists()
        said = Message.objects.filter(conversation=self._contact.conversation_id, client_id=entry.turn).first()
        if unsent and said and said.author:
            with suppress(NotFoundError):
                talk.unsay(said.author, said.pk)


def _slot() -> int:
    """The same number for a while: what is told by it is told once then."""
    return int(timezone.now().timestamp() // TOLD_EVERY.total_seconds())


def _turn(entry: InboxEntry) -> UUID:
    if entry.turn is None:
        raise ValueError("an entry that was not taken")
    return entry.turn
