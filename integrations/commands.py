"""Commands of people in an app: what they are called, and what answers them."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assistant.database import in_thread
from assistant.runtime import Runtime
from integrations import contacts, drawing, links, replies, wording
from integrations.base import Channel
from integrations.inbound import InboundMessage
from integrations.models import Contact
from integrations.outbound import Choice, OutboundMessage

logger = logging.getLogger(__name__)

# What the buttons say that ask whether to erase everything.
ERASE, KEEP = "erase:yes", "erase:no"
# These are heard while the assistant is silent.
HEARD = ("start", "stop", "forget", "help")
HUMAN = timedelta(days=1)


class Command(NamedTuple):
    """`name` as the code uses it, and the words after it."""

    name: str
    argument: str = ""


def command_of(event: InboundMessage) -> Command | None:
    """The command in a message or behind a tap, in English or the language of now; None where it is none of ours.

    `/forget` and `/think` with words are the assistant's, as on the page.
    """
    text = (event.payload if event.payload.startswith("/") else event.text).strip()
    name, argument = wording.command_name(text), text.partition(" ")[2].strip()
    if not name or (name in ("forget", "think") and argument and text.startswith("/")):
        return None
    return Command(name, argument if text.startswith("/") else "")


def may_erase(contact: Contact) -> bool:
    """Whether a word in the app erases everything: never what belongs to an account, or to a browser too."""
    return contact.linked_at is None and contact.person.is_guest


class Commands:
    """Carries out the commands of one contact."""

    def __init__(self, runtime: Runtime, channel: Channel, contact: Contact) -> None:
        self._runtime = runtime
        self._channel = channel
        self._contact = contact

    async def answer(self, command: Command, event: InboundMessage) -> list[OutboundMessage]:
        """What answers a command. Raises AssistantError, ImagineError."""
        actions: dict[str, Callable[[Command], Awaitable[list[OutboundMessage]]]] = {
            "help": self._help,
            "new": self._new,
            "stop": self._stop,
            "start": self._start,
            "forget": self._forget,
            "language": self._language,
            "model": self._model,
            "think": self._think,
            "human": self._human,
        }
        if command.name == "sticker":
            return await self._sticker(event)
        if command.name == "link":
            asked = await in_thread(links.handle)(self._contact, command.argument, event.group)
            return [replies.say(self._channel, asked.text, asked.choices)]
        if command.name == "unlink":
            parted = await in_thread(links.unlink)(self._contact)
            return [replies.say(self._channel, parted.text, parted.choices)]
        return await actions[command.name](command)

    async def _help(self, _command: Command) -> list[OutboundMessage]:
        return [self._say(wording.help_text())]

    async def _new(self, _command: Command) -> list[OutboundMessage]:
        await in_thread(contacts.update)(self._contact, conversation=None, harder=False, expects=None)
        return [self._say(_("A new conversation. What is it about?"))]

    async def _stop(self, _command: Command) -> list[OutboundMessage]:
        await in_thread(contacts.update)(self._contact, stopped_at=timezone.now(), expects=None)
        return [self._say(_("I am silent from now on. Write “start” to go on."))]

    async def _start(self, _command: Command) -> list[OutboundMessage]:
        was_silent = self._contact.stopped_at or self._contact.human_until
        await in_thread(contacts.update)(self._contact, stopped_at=None, human_until=None)
        return [self._say(_("I am here again.") if was_silent else wording.help_text())]

    async def _human(self, _command: Command) -> list[OutboundMessage]:
        await in_thread(contacts.update)(self._contact, human_until=timezone.now() + HUMAN)
        logger.warning("contact %s of %s asks for a human", self._contact.pk, self._channel.title)
        text = _("The people who run this see that you ask for them, and may answer here. “start” brings me back.")
        return [self._say(text)]

    async def _forget(self, command: Command) -> list[OutboundMessage]:
        """Erase everything, once that is confirmed. What belongs to an account is erased on the website."""
        if not may_erase(self._contact):
            text = _("This chat is connected with the website. You erase it there: %(address)s")
            return [self._say(text % {"address": settings.SITE_URL + reverse("you")})]
        choices = [Choice(_("Erase it"), ERASE), Choice(_("Keep it"), KEEP)]
        text = _("Shall I erase everything of this chat: what was said, your pictures, what I know of you?")
        return [self._say(text, choices)]

    async def _language(self, command: Command) -> list[OutboundMessage]:
        known = {code: str(name) for code, name in settings.LANGUAGES}
        if len(known) == 1:
            return [self._say(_("My own words are in English. I answer in your language as well as I can."))]
        wanted = command.argument.casefold()
        code = next((code for code, name in known.items() if wanted in (code, name.casefold())), None)
        if code is None:
            choices = [Choice(name, f"/language {code}") for code, name in known.items()]
            return [replies.menu(self._channel, _("Which language?"), _("Languages"), choices)]
        await in_thread(contacts.update)(self._contact, language=code)
        with translation.override(code):
            return [self._say(_("From now on in this language."))]

    async def _model(self, _command: Command) -> list[OutboundMessage]:
        name = settings.LLAMA_MODEL or (await self._runtime.usual.client.backend()).model
        return [self._say(_("Answers come from %(model)s.") % {"model": name})]

    async def _think(self, _command: Command) -> list[OutboundMessage]:
        """Ask the best model in this conversation from now on, or no longer."""
        if self._runtime.best is None:
            return [self._say(_("One model answers everything here."))]
        harder = not self._contact.harder
        await in_thread(contacts.update)(self._contact, harder=harder)
        if not harder:
            return [self._say(_("From now on the usual model answers again."))]
        text = _(
            "I think harder in this conversation from now on, which takes longer. /think ends it, and so does /new."
        )
        return [self._say(text)]

    async def _sticker(self, event: InboundMessage) -> list[OutboundMessage]:
        quoted = await in_thread(drawing.of_quoted)(self._contact, event.quoted)
        picture = await in_thread(drawing.own)(self._contact, quoted[0]) if quoted else None
        picture = picture or await in_thread(drawing.newest)(self._contact)
        if picture is None:
            return [self._say(_("There is no picture yet. “imagine a llama” draws one."))]
        return drawing.sticker(self._channel, picture)

    def _say(self, text: str, choices: Sequence[Choice] = ()) -> OutboundMessage:
        return replies.say(self._channel, text, choices)
