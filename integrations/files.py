"""Files that people send in an app: pictures, text files, voice notes; a sentence about what cannot be read here."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from assistant import agreement, attachments, text_files, transcription, vision
from assistant.commands import tool_call
from assistant.database import in_thread
from assistant.errors import FileTooLargeError, SpeechOffError
from assistant.runtime import Runtime
from assistant.wishes import draw_wish
from imagine.files.decoder import decoders
from imagine.status import is_configured
from integrations import contacts, drawing, outbox, reading, replies, wording
from integrations.base import Channel
from integrations.errors import AccountError, LargeMediaError, MediaGoneError, TemporaryError
from integrations.inbound import InboundMessage, Media
from integrations.models import Contact, InboxEntry
from integrations.outbound import Choice
from integrations.talk import AGAIN_SECONDS, HALTED_SECONDS, MOST_ATTEMPTS, Later, Reply, Talk

logger = logging.getLogger(__name__)

PICTURE_BYTES = settings.UPLOAD_BYTES
VOICE_BYTES = 25_000_000
UNNAMED, PICTURE_NAME = "file.txt", "picture.jpg"


class Files:
    """Answers what one contact sends."""

    def __init__(self, runtime: Runtime, channel: Channel, contact: Contact, talk: Talk) -> None:
        self._runtime = runtime
        self._channel = channel
        self._contact = contact
        self._talk = talk

    async def answer(self, entries: Sequence[InboxEntry], event: InboundMessage) -> Reply:
        """Answer the first file of a message, with the words that came with it.

        Raises AssistantError, ImagineError, Later.
        """
        # Before anything is fetched and heard.
        await agreement.check(self._contact.person)
        await self._talk.wait_for_turn(entries)
        try:
            return await self._answer(entries, event, event.media[0])
        except AccountError as error:
            # Nobody can be answered now anyway.
            await in_thread(outbox.halt)(self._contact, error)
            raise Later(HALTED_SECONDS) from error
        except LargeMediaError as error:
            return self._say("media_large", wording.too_large(error.most))
        except MediaGoneError as error:
            logger.info("a file of contact %s is not read: %s", self._contact.pk, error)
        except TemporaryError as error:
            if entries[0].attempts < MOST_ATTEMPTS:
                raise Later(error.seconds or AGAIN_SECONDS, tried=True) from error
        return self._say("media_gone", _("I could not fetch this. Please send it once more."))

    async def _answer(self, entries: Sequence[InboxEntry], event: InboundMessage, media: Media) -> Reply:
        match media.kind:
            case "image":
                return await self._picture(entries, event, media)
            case "document":
                return await self._document(entries, event, media)
            case "audio":
                return await self._voice(entries, event, media)
            case "video":
                return self._say("video", _("I cannot watch videos yet. Please tell me about it in words."))
            case "sticker":
                return self._say("sticker", _("I cannot look at stickers yet. Please write to me in words."))

    async def _picture(self, entries: Sequence[InboxEntry], event: InboundMessage, media: Media) -> Reply:
        """A picture is asked about; where none can be, or that is what the words want, a drawing begins with it."""
        words = reading.spoken(event).strip()
        if vision.is_on() and not (draw_wish(words) or tool_call(words)):
            return await self._asked_about(entries, event, media)
        data = await self._channel.download(media, PICTURE_BYTES)
        sent = self._runtime, self._channel, self._contact, entries[0]
        return Reply("picture", await drawing.sent_to_us(*sent, data, words))

    async def _asked_about(self, entries: Sequence[InboxEntry], event: InboundMessage, media: Media) -> Reply:
        """The model looks at the pictures of a message. Below the answer stands a way to draw from the last one."""
        pictures = [one for one in event.media if one.kind == "image"][: settings.ATTACHMENTS_PER_MESSAGE] or [media]
        kept = [await self._kept(one) for one in pictures]
        words = await in_thread(reading.words_of)(self._contact, [event])
        reply = await self._talk.say(entries, words, kept)
        return await in_thread(self._with_drawing)(reply, kept[-1])

    async def _kept(self, media: Media) -> UUID:
        """A picture as an attachment that waits for its message."""
        limits, person = self._runtime.limits, self._contact.person
        await limits.count(settings.LIMIT_PERSON_UPLOADS, "upload", "person", str(person.pk))
        await limits.count_attachment(person, contacts.address(self._contact))
        data = await self._channel.download(media, PICTURE_BYTES)
        picture = await asyncio.get_running_loop().run_in_executor(decoders, vision.read_picture, data)
        name = text_files.clean_name(media.name or PICTURE_NAME)
        return (await in_thread(attachments.keep_picture)(person, name, picture)).pk

    def _with_drawing(self, reply: Reply, attachment: UUID) -> Reply:
        can_redraw, _can_animate = replies.abilities()
        if not (reply.bubbles and can_redraw and is_configured()):
            return reply
        *before, last = reply.bubbles
        choices = [Choice(_("Draw from it"), f"{drawing.PREFIX}begin:{attachment}"), *last.choices]
        return reply._replace(bubbles=[*before, replies.with_choices(self._channel, last, choices)])

    async def _document(self, entries: Sequence[InboxEntry], event: InboundMessage, media: Media) -> Reply:
        """A text file goes along with the words, as on the page. Some send photographs so, to keep their size."""
        if vision.is_on() and vision.is_meant_as_picture(b"", media.name, media.mime_type):
            return await self._picture(entries, event, media)
        await self._runtime.limits.count_attachment(self._contact.person, contacts.address(self._contact))
        data = await self._channel.download(media, max(PICTURE_BYTES, settings.ATTACHMENT_BYTES))
        if vision.is_on() and text_files.is_picture(data):
            return await self._picture(entries, event, media)
        if len(data) > settings.ATTACHMENT_BYTES:
            raise FileTooLargeError(f"{len(data)} bytes")
        text = await asyncio.to_thread(text_files.read_text, data)
        name = text_files.clean_name(media.name or UNNAMED)
        kept = await in_thread(attachments.keep)(self._contact.person, name, text)
        words = await in_thread(reading.words_of)(self._contact, [event])
        return await self._talk.say(entries, words, [kept.id])

    async def _voice(self, entries: Sequence[InboxEntry], event: InboundMessage, media: Media) -> Reply:
        """What is said in a voice note is answered as words are."""
        if not transcription.is_on():
            raise SpeechOffError("SPEECH_URL is not set")
        await self._runtime.limits.count_attachment(self._contact.person, contacts.address(self._contact))
        data = await self._channel.download(media, VOICE_BYTES)
        heard = await transcription.transcribe(data, self._contact.language)
        words = await in_thread(reading.words_of)(self._contact, [event])
        return await self._talk.say(entries, "\n".join(filter(None, (words, heard))))

    def _say(self, outcome: str, text: str) -> Reply:
        return Reply(outcome, [replies.say(self._channel, text)])
