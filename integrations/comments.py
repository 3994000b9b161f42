"""Comments that name us: taken in once, answered there in a few words or in one private message, or left alone.

What is said under a post is nobody's chat: it has a conversation for each post and person, the answer knows nothing of
the person, no greeting comes and no sign of writing. Whatever goes wrong stays silent, as everybody would read it.
"""

import copy
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assistant import naming, people, sentences, titles, wishes
from assistant.answering import Answering
from assistant.commands import imagine_prompt
from assistant.conversations import Turn
from assistant.database import in_thread
from assistant.errors import AgreementNeededError, AssistantError, LimitedError, LogUnavailableError
from assistant.models import Conversation, Message, Run
from assistant.sources import Source
from assistant.turns import TurnRequest
from imagine.errors import ImagineError
from imagine.models import Picture
from integrations import agreeing, contacts, discretion, inbox, outbox, replies, wording
from integrations.base import Channel, Posts
from integrations.errors import (
    AccountError,
    ChannelError,
    CommentGoneError,
    ContactGoneError,
    PermissionMissingError,
    RefusedError,
    TemporaryError,
    WindowClosedError,
)
from integrations.inbound import Comment, InboundComment, Post, Sender
from integrations.models import Contact, InboxEntry, OutboxEntry
from integrations.outbound import Drawn, OutboundMessage, Recipient
from integrations.talk import AGAIN_SECONDS, Later, Talk
from integrations.text.comment import comment as as_comment
from integrations.text.render import render

logger = logging.getLogger(__name__)

State, Kind = InboxEntry.State, InboxEntry.Kind
# A private reply is possible for so long, and under a post nobody waits for longer.
LATE = timedelta(days=7)
MOST_TRIES = 6
# A token that ended is mended by a person.
ACCOUNT_SECONDS = 300
# Whose comment it is has to be asked: until then they are this, and the comment's id.
UNKNOWN_AUTHOR = "comment:"
COMMAND = re.compile(r"(?:^|\s)/([^\W\d_]\w{0,39})(?:\s+(.*))?$", re.DOTALL)


class Asked(NamedTuple):
    """A comment that names us: its words without our name, and all that is said with it."""

    event: InboundComment
    comment: Comment
    text: str
    is_own: bool
    """Whether it stands under a post of ours."""


class Under(NamedTuple):
    """What answers a comment: a code of what came of it, a bubble, and the answer of the conversation that it shows."""

    outcome: str
    bubble: OutboundMessage | None = None
    privately: bool = False
    answer: Message | None = None


# What comes in, synchronous


def receive(channel: Channel, event: InboundComment) -> bool:
    """Put a comment that may name us into the inbox, once; follow one that was changed. False for any other."""
    if not settings.ANSWER_COMMENTS or channel.posts is None:
        return False
    rows = InboxEntry.objects.filter(channel=channel.name, external_id=event.id, kind=Kind.COMMENT)
    known = rows.select_related("contact").first()
    if event.verb in ("remove", "hide"):
        if known:
            _withdraw(known, event)
        return known is not None
    if known:
        if event.verb == "edit" and known.state == State.WAITING:
            rows.filter(state=State.WAITING).update(content={**known.content, "text": event.text})
        return True
    if not (event.named or naming.may_name(event.text) or _is_ours(channel, event.parent)):
        return False
    sender = event.sender if event.sender.user_id else Sender(user_id=f"{UNKNOWN_AUTHOR}{event.id}")
    # An edit may be the first that names us; whatever comes later is about the same entry.
    inbox.add(contacts.find_or_make(channel.name, event.account, sender), replace(event, verb="add"))
    return True


def _withdraw(entry: InboxEntry, event: InboundComment) -> None:
    """It was hidden or deleted: what has not gone out never does, and nothing stays of one that was deleted."""
    contact = entry.contact
    under = contact.outbox.filter(comment=event.id)
    under.filter(state=OutboxEntry.State.QUEUED).update(state=OutboxEntry.State.FAILED, problem=CommentGoneError.code)
    if event.verb == "hide":
        waiting = InboxEntry.objects.filter(pk=entry.pk, state=State.WAITING)
        waiting.update(state=State.DROPPED, outcome="hidden", content={})
        return
    inbox.unsend(contact, event.id)
    if under.filter(privately=False).exclude(state=OutboxEntry.State.FAILED).exists():
        # Our answer goes too, see `Comments._remove`.
        inbox.add(contact, event)


def _is_ours(channel: Channel, comment_id: str) -> bool:
    """Whether a comment is an answer of ours."""
    rows = OutboxEntry.objects.filter(contact__channel=channel.name, external_id=comment_id)
    return bool(comment_id) and rows.exclude(comment="").exists()


# What goes out


async def ready(channel: Channel, to: Recipient, entry: OutboxEntry) -> Recipient:
    """Whom an answer to a comment reaches, if the comment still stands. Raises ChannelError (CommentGoneError)."""
    event = await in_thread(_event_of)(channel, entry)
    if event is None or channel.posts is None:
        raise CommentGoneError("the comment was deleted or hidden")
    if (await _look(channel.posts, event)).hidden:
        raise CommentGoneError("the comment was hidden")
    post = "" if channel.posts.is_own(event) else event.post
    return Recipient(to.account, to.user_id, to.phone, entry.comment, entry.privately, post)


def is_of_comment(error: ChannelError) -> bool:
    """Whether an error is about a comment alone, though of a message it would say more: that a person cannot be
    reached at all, or that nothing can be sent for the account."""
    return isinstance(error, PermissionMissingError | WindowClosedError | ContactGoneError)


def _event_of(channel: Channel, entry: OutboxEntry) -> InboundComment | None:
    """The comment that is answered; None for one that was taken back."""
    rows = InboxEntry.objects.filter(channel=channel.name, external_id=entry.comment, kind=Kind.COMMENT)
    found = rows.exclude(state=State.DROPPED).first()
    return InboundComment.from_json(found.content) if found and found.content else None


async def _look(posts: Posts, event: InboundComment) -> Comment:
    """The comment as it stands now. Raises ChannelError (CommentGoneError)."""
    try:
        found = await posts.comment(event)
        # Without a permission the app leaves words out that it delivered.
        return found if found.text else replace(found, text=event.text)
    except PermissionMissingError as error:
        logger.warning("a comment is answered as it was told: %s", error)
        return Comment(event.text, event.sender, event.parent)
    except RefusedError as error:
        # The same words are said where a permission is missing, so the operator should read them.
        raise CommentGoneError(f"the comment is not there: {error}") from error


class Comments:
    """Answers the comments of one contact. `await answer(entries)` answers one."""

    def __init__(self, answering: Answering, channel: Channel, contact: Contact) -> None:
        self._answering = answering
        self._runtime = answering.runtime
        self._channel = channel
        self._contact = contact

    async def answer(self, entries: Sequence[InboxEntry]) -> None:
        """Answer, put it off, or be silent. Raises DatabaseError."""
        entry = entries[0]
        with translation.override(self._contact.language or settings.LANGUAGE_CODE):
            try:
                under = await self._answer(entry)
            except Later as later:
                await in_thread(inbox.postpone)(entries, later.seconds, tried=later.tried)
                return
            except TemporaryError as error:
                await in_thread(inbox.postpone)(entries, outbox.pause(error, entry.attempts), tried=True)
                return
            except AccountError as error:
                logger.error("a comment waits until %s can be asked again: %s", self._channel.title, error)
                # No try of this comment failed: LATE ends the wait.
                await in_thread(inbox.postpone)(entries, ACCOUNT_SECONDS, tried=False)
                return
            except (AssistantError, ImagineError, ChannelError) as error:
                logger.info("a comment of contact %s is not answered: %s: %s", self._contact.pk, error.code, error)
                under = Under(error.code)
            if under.outcome == "uninvited":
                await in_thread(_dismiss)(entry)
            elif under.outcome != "moved":
                await self._conclude(entry, under)

    async def _answer(self, entry: InboxEntry) -> Under:
        if entry.attempts > MOST_TRIES:
            logger.error("a comment of contact %s could not be answered %s times", self._contact.pk, MOST_TRIES)
            return Under("given_up")
        posts, event = self._channel.posts, inbox.event_of(entry)
        if posts is None or not isinstance(event, InboundComment) or not settings.ANSWER_COMMENTS:
            return Under("off")
        if event.verb == "remove":
            return await self._remove(posts, event)
        if event.at < timezone.now() - LATE:
            return Under("late")
        names = await posts.names()
        if event.text and not await self._is_named(event, Comment(event.text, event.sender, event.parent), names):
            return Under("uninvited")
        found = await _look(posts, event)
        if found.hidden:
            return Under("hidden")
        if self._is_own(posts, found.sender) or not await self._is_named(event, found, names):
            return Under("uninvited")
        if self._contact.user_id == f"{UNKNOWN_AUTHOR}{event.id}" and found.sender.user_id:
            await in_thread(_move)(entry, event, found.sender)
            return Under("moved")
        if contacts.is_quiet(self._contact):
            return Under("silent")
        if await in_thread(contacts.is_suspended)(self._contact):
            return Under("suspended")
        await self._count(event)
        text = naming.without(found.text, [*names, settings.SITE_NAME], tagged=event.named)
        asked = Asked(event, found, text, posts.is_own(event))
        try:
            return await self._said(posts, entry, asked)
        except AgreementNeededError:
            return self._alone(asked, "", agreeing.ask(self._channel))

    async def _is_named(self, event: InboundComment, found: Comment, names: Sequence[str]) -> bool:
        """Whether a comment is said to us: it names us, or answers what we wrote."""
        if naming.is_named(found.text, [*names, settings.SITE_NAME]):
            return True
        if event.named and (not names or naming.is_named(found.text, names, tagged=True)):
            return True
        return await in_thread(_is_ours)(self._channel, found.parent or event.parent)

    def _is_own(self, posts: Posts, sender: Sender) -> bool:
        """Whether we wrote it. Instagram may know us by another id there, but by no other name."""
        by_name = bool(sender.username) and sender.username.casefold() == posts.username.casefold()
        return by_name or sender.user_id == self._channel.account

    async def _count(self, event: InboundComment) -> None:
        """Count an answer under the post. Raises LimitedError, Later."""
        try:
            await self._runtime.limits.count(
                settings.LIMIT_POST_COMMENTS, "comment", "post", self._channel.name, event.post
            )
        except LogUnavailableError as error:
            raise Later(AGAIN_SECONDS) from error

    # What is said

    async def _said(self, posts: Posts, entry: InboxEntry, asked: Asked) -> Under:
        prompt = imagine_prompt(asked.text)
        command = COMMAND.search(asked.text)
        if command and command[1].casefold() == "imagine":
            prompt = (command[2] or "").strip()
        prompt = prompt or wishes.draw_wish(asked.text)
        if prompt:
            return await self._drawn(posts, entry, asked, prompt)
        if command and command[1].casefold() in {*wording.command_words(), "imagine", "remember"}:
            text = _("Under posts “%(command)s” has no effect. Please send it to me here.")
            return self._alone(asked, text % {"command": f"/{command[1]}"})
        if discretion.is_personal(asked.text):
            return self._alone(asked, _("This is for you alone, so I answer here. What would you like to know?"))
        run = await self._ask(posts, entry, asked)
        if await in_thread(_pictures)(run):
            return await in_thread(self._shown)(asked, run)
        if not run.answer.text or run.status == Run.Status.FAILED:
            return Under(run.problem or "failed")
        if discretion.asks_for_discretion(asked.text):
            if not asked.is_own:
                return self._alone(asked, "")
            bubbles = render(run.answer.text, self._channel.dialect, _sources(run))
            if not bubbles:
                return Under("empty")
            return Under("answered", OutboundMessage(bubbles[0]), privately=True, answer=run.answer)
        text = as_comment(run.answer.text, posts.limit, _sources(run))
        return Under("answered", OutboundMessage(text), answer=run.answer) if text else Under("empty")

    async def _ask(self, posts: Posts, entry: InboxEntry, asked: Asked) -> Run:
        """Have the assistant answer. Raises AssistantError, ChannelError, Later."""
        conversation = await in_thread(_conversation_of)(self._contact, asked.event.post)
        post = Post() if asked.event.id == asked.event.post else await self._post(posts, asked.event)
        above = await self._above(posts, asked)
        words = question(Post() if conversation else post, above, asked.text)
        talk = PostTalk(self._answering, self._channel, self._contact, conversation, post.text or asked.text)
        return await talk.run([entry], words)

    async def _drawn(self, posts: Posts, entry: InboxEntry, asked: Asked, prompt: str) -> Under:
        """A comment holds no picture: whoever asked for it gets it privately."""
        if not asked.is_own:
            return self._alone(asked, "")
        conversation = await in_thread(_conversation_of)(self._contact, asked.event.post)
        post = await self._post(posts, asked.event)
        talk = PostTalk(self._answering, self._channel, self._contact, conversation, post.text or asked.text)
        try:
            run = await talk.run([entry], f"/imagine {prompt}")
        except LimitedError as error:
            return self._alone(asked, str(error.sentence))
        return await in_thread(self._shown)(asked, run)

    def _shown(self, asked: Asked, run: Run) -> Under:
        """The picture of a run as the one private reply, with what can be made of it; or why there is none."""
        pictures = _pictures(run)
        if not pictures or not asked.is_own:
            return self._alone(asked, sentences.problem_sentence(run))
        choices = replies.shown(self._channel, replies.of_it(self._channel, pictures[0]))
        drawn = Drawn(str(pictures[0].id), self._channel.loop if pictures[0].moves else "still")
        return Under("picture", OutboundMessage(drawn=drawn, choices=choices), privately=True, answer=run.answer)

    def _alone(self, asked: Asked, text: str, bubble: OutboundMessage | None = None) -> Under:
        """A sentence, or a bubble, for the person alone; where they cannot be written to, an invitation."""
        if not asked.is_own:
            return Under("invited", OutboundMessage(_("Please write to me in a message for that.") + " " + _("(AI)")))
        if not (text or bubble):
            return Under("silent")
        return Under("private", bubble or replies.say(self._channel, text), privately=True)

    async def _post(self, posts: Posts, event: InboundComment) -> Post:
        """The post, as far as we may read it. Raises TemporaryError, AccountError."""
        try:
            return await posts.post(event)
        except (PermissionMissingError, RefusedError) as error:
            logger.info("a comment is answered without its post: %s", error)
            return Post()

    async def _above(self, posts: Posts, asked: Asked) -> str:
        """The words to which a comment replies, unless they are ours, which the conversation has."""
        parent = asked.comment.parent or asked.event.parent
        if not parent or await in_thread(_is_ours)(self._channel, parent):
            return ""
        try:
            found = await posts.parent(parent)
        except (PermissionMissingError, RefusedError):
            return ""
        return "" if found.hidden else found.text

    # What becomes of it

    async def _remove(self, posts: Posts, event: InboundComment) -> Under:
        """Delete our answers under a comment that was deleted, as far as the app lets us."""
        for external_id in await in_thread(_answers_under)(self._contact, event.id):
            try:
                await posts.delete(external_id)
            except TemporaryError:
                raise
            except ChannelError as error:
                # Most likely it went with what it was under.
                logger.info("an answer under a deleted comment was not deleted: %s", error)
        return Under("removed")

    @in_thread
    def _conclude(self, entry: InboxEntry, under: Under) -> None:
        """End the entry and queue what answers it: both, once, or neither."""
        with transaction.atomic():
            if inbox.finish([entry], under.outcome) and under.bubble:
                cause, comment = f"turn:{entry.turn}", entry.external_id
                outbox.add(self._contact, cause, [under.bubble], under.answer, comment, under.privately)


class PostTalk(Talk):
    """The turns under one post: public ones, in a conversation of their own, without suggestions."""

    def __init__(
        self, answering: Answering, channel: Channel, contact: Contact, conversation: UUID | None, title: str
    ) -> None:
        # What they write to us elsewhere goes on where it was.
        here = copy.copy(contact)
        here.conversation_id = conversation
        super().__init__(answering, channel, here)
        self._title = title

    async def _start(self, request: TurnRequest) -> Turn:
        return await super()._start(request._replace(public=True))

    def _moved(self, conversation: UUID) -> None:
        # It is called what the post says, and no model gives it another name.
        values = {"title": titles.first_words(self._title), "titled_by_person": True}
        Conversation.objects.filter(pk=conversation).update(**values)


def question(post: Post, above: str, text: str) -> str:
    """What is asked under a post, with the words it is about quoted, each line marked so that none is an order."""
    parts = [_quoted(post.text)]
    if post.pictured:
        parts.append(_("(The post shows a picture, which you cannot see.)"))
    parts.append(_quoted(above))
    parts.append(text or _("What can you say about this?"))
    return "\n\n".join(filter(None, parts))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line.strip()}" for line in text.splitlines() if line.strip())


def _sources(run: Run) -> list[Source]:
    return [Source.from_json(source) for source in run.sources or ()]


def _pictures(run: Run) -> list[Picture]:
    return list(run.answer.pictures.filter(status=Picture.Status.DONE))


def _answers_under(contact: Contact, comment_id: str) -> list[str]:
    """The app's ids of what we wrote under a comment."""
    rows = contact.outbox.filter(comment=comment_id, privately=False).exclude(external_id="")
    return list(rows.values_list("external_id", flat=True))


def _conversation_of(contact: Contact, post: str) -> UUID | None:
    """Where the person's questions under a post go on."""
    rows = contact.inbox.filter(kind=Kind.COMMENT, content__post=post, message__isnull=False)
    found = rows.select_related("message").order_by("-id").first()
    return found.message.conversation_id if found and found.message else None


def _dismiss(entry: InboxEntry) -> None:
    """Keep nothing of a comment that was not for us, nor of somebody of whom we know nothing else."""
    with transaction.atomic():
        contact = Contact.objects.select_for_update(no_key=True).filter(pk=entry.contact_id).first()
        InboxEntry.objects.filter(pk=entry.pk).delete()
        if contact:
            _let_go(contact)


def _move(entry: InboxEntry, event: InboundComment, sender: Sender) -> None:
    """Give a comment to the contact who wrote it, once the app has said who that is."""
    with transaction.atomic():
        nobody = Contact.objects.select_for_update(no_key=True).filter(pk=entry.contact_id).first()
        contact = contacts.find_or_make(entry.channel, event.account, sender)
        content = replace(event, sender=sender).to_json()
        InboxEntry.objects.filter(pk=entry.pk).update(contact=contact, content=content, attempts=0)
        if nobody:
            _let_go(nobody)


def _let_go(contact: Contact) -> None:
    """Erase a contact who has never written to us, of whom nothing is left."""
    if contact.wrote_at or contact.greeted_at or contact.inbox.exists() or contact.outbox.exists():
        return
    person = contact.person
    if person.is_guest and person.contacts.count() == 1 and not person.conversations.exists():
        people.erase(person)
