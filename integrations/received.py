"""What a member of a room sends in an app besides words: fetched, looked at, and kept for the message it comes with."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from assistant import agreement, attachments, text_files, transcription
from assistant.database import in_thread
from assistant.errors import (
    AssistantError,
    FileError,
    FileTooLargeError,
    PictureFileError,
    SpeechError,
    UnknownFileError,
)
from assistant.models import RoomFile
from assistant.rooms import files
from assistant.runtime import Runtime
from imagine import jobs
from imagine.errors import ERRORS, ImagineError
from imagine.files.decoder import decoders
from imagine.models import Picture
from imagine.status import read_status
from integrations import contacts, drawing, outbox, wording
from integrations.base import Channel
from integrations.errors import AccountError, LargeMediaError, MediaGoneError, TemporaryError
from integrations.inbound import Media
from integrations.models import Contact, InboxEntry
from integrations.talk import AGAIN_SECONDS, HALTED_SECONDS, MOST_ATTEMPTS, Later

logger = logging.getLogger(__name__)

Kind = RoomFile.Kind


@dataclass
class Received:
    """What is kept for a message: by its ids, with the words that were heard in voice notes.

    `told` is for the sender alone: what did not come through.
    """

    pictures: list[UUID] = field(default_factory=list)
    files: list[UUID] = field(default_factory=list)
    things: list[UUID] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there to be passed on."""
        return not (self.pictures or self.files or self.things or self.heard)


class Receiver:
    """Takes what one contact sends in a room. `await receive(media)` takes the files of one message of theirs."""

    def __init__(self, runtime: Runtime, channel: Channel, contact: Contact, entry: InboxEntry) -> None:
        self._runtime = runtime
        self._channel = channel
        self._contact = contact
        self._entry = entry
        self._received = Received()

    async def receive(self, media: Sequence[Media]) -> Received:
        """Keep them. What cannot be kept is told in a sentence. Raises AgreementNeededError, Later, DatabaseError."""
        await agreement.check(self._contact.person)
        for one in media[: settings.ATTACHMENTS_PER_MESSAGE]:
            try:
                await self._take(one)
            except AccountError as error:
                # Nobody can be answered now anyway.
                await in_thread(outbox.halt)(self._contact, error)
                raise Later(HALTED_SECONDS) from error
            except (MediaGoneError, TemporaryError) as error:
                if isinstance(error, TemporaryError) and self._entry.attempts < MOST_ATTEMPTS:
                    raise Later(error.seconds or AGAIN_SECONDS, tried=True) from error
                logger.info("a file of contact %s is not read: %s", self._contact.pk, error)
                too_large = isinstance(error, LargeMediaError) and wording.too_large(error.most)
                self._tell(too_large or _("I could not fetch this. Please send it once more."))
            except (AssistantError, ImagineError) as error:
                logger.info("a file of contact %s is not passed on: %s: %s", self._contact.pk, error.code, error)
                self._tell(str(error.sentence))
        if len(media) > settings.ATTACHMENTS_PER_MESSAGE:
            self._tell(_("These are too many files for one message. Please send some with the next."))
        return self._received

    def _tell(self, sentence: str) -> None:
        if sentence not in self._received.told:
            self._received.told.append(sentence)

    async def _take(self, media: Media) -> None:
        match media.kind:
            case "image" | "sticker":
                self._received.pictures.append(await self._picture(media))
            case "audio":
                await self._voice(media)
            case "video":
                data = await self._fetched(media)
                self._received.things.append(await self._kept(media, data, Kind.VIDEO))
            case "document":
                await self._document(media)

    async def _picture(self, media: Media, data: bytes | None = None) -> UUID:
        """A picture is decoded, looked at and drawn anew by the painter, as in a chat with the assistant alone."""
        contact, runtime = self._contact, self._runtime
        try:
            if error := (await read_status(runtime.redis)).error():
                raise error
        except (RedisError, OSError, TimeoutError) as trouble:
            raise TemporaryError(f"the painter cannot be asked: {trouble}") from trouble
        await runtime.limits.count(settings.LIMIT_PERSON_UPLOADS, "upload", "person", str(contact.person_id))
        if data is None:
            data = await self._channel.download(media, settings.UPLOAD_BYTES)
        decode = asyncio.get_running_loop().run_in_executor
        decoded = await decode(decoders, jobs.decode_upload, data)
        if self._received.pictures:
            picture = await in_thread(jobs.upload)(contact.person_id, decoded)
        else:
            # The one that an entry keeps is not drawn again after a crash, and goes where the entry is taken back.
            upload = lambda: jobs.upload(contact.person_id, decoded)  # noqa: E731
            picture = await in_thread(drawing.requested)(self._entry, upload)
        await drawing.finished(runtime, picture)
        done = await in_thread(Picture.objects.filter(id=picture.id).first)()
        if done is None or done.status != Picture.Status.DONE:
            raise ERRORS.get(done.problem if done else "", ImagineError)(f"picture {picture.id} was not kept")
        return done.id

    async def _voice(self, media: Media) -> None:
        """A voice note travels as it is, and as words too, where a speech model is set."""
        data = await self._fetched(media)
        self._received.things.append(await self._kept(media, data, Kind.AUDIO))
        if not transcription.is_on():
            return
        try:
            self._received.heard.append(await transcription.transcribe(data, self._contact.language))
        except SpeechError as error:
            # The others can listen to it.
            logger.info("a voice note of contact %s is no text: %s", self._contact.pk, error)

    async def _document(self, media: Media) -> None:
        """A text file is an attachment, which the assistant can read; others are passed on as they are."""
        data = await self._fetched(media)
        try:
            self._received.things.append(await self._kept(media, data, Kind.DOCUMENT))
            return
        except UnknownFileError as unknown:
            try:
                if len(data) > settings.ATTACHMENT_BYTES and not text_files.is_picture(data):
                    raise FileTooLargeError(f"{len(data)} bytes") from unknown
                text = await asyncio.to_thread(text_files.read_text, data)
            except FileTooLargeError:
                raise
            except PictureFileError:
                # Some send photographs so, to keep their size.
                self._received.pictures.append(await self._picture(media, data))
                return
            except FileError as error:
                raise unknown from error
        kept = await in_thread(attachments.keep)(self._contact.person, text_files.clean_name(media.name), text)
        self._received.files.append(kept.id)

    async def _fetched(self, media: Media) -> bytes:
        await self._runtime.limits.count_attachment(self._contact.person, contacts.address(self._contact))
        return await self._channel.download(media, files.MOST_BYTES)

    async def _kept(self, media: Media, data: bytes, kind: RoomFile.Kind) -> UUID:
        return (await in_thread(files.keep)(self._contact.person, media.name, data, kind)).pk
