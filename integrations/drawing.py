"""Pictures in an app: what is tapped under one, and pictures that people send us. Drawn as on the picture page."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from assistant import agreement, attachments, vision
from assistant.database import in_thread
from assistant.errors import AccountNeededError, NotFoundError
from assistant.guard.counts import judge_prompt
from assistant.people import needs_account
from assistant.runtime import Runtime
from assistant.tools.picture_watch import TIMEOUT_SECONDS, PictureWatch
from assistant.usage import Payer
from imagine import jobs, keys
from imagine.errors import ERRORS, ImagineError, PictureNotFoundError
from imagine.files.decoder import decoders
from imagine.files.motions import MOTIONS
from imagine.models import Picture
from imagine.status import read_status
from imagine.styles import STYLES
from integrations import contacts, replies
from integrations.base import Channel
from integrations.models import Contact, InboxEntry
from integrations.outbound import Choice, Drawn, OutboundMessage

logger = logging.getLogger(__name__)

# How the payload of what is tapped under a picture begins.
PREFIX = "picture:"
LOOP_SECONDS = 2.0


async def tapped(
    runtime: Runtime, channel: Channel, contact: Contact, entry: InboxEntry, payload: str
) -> list[OutboundMessage]:
    """What answers a tap `picture:<what>:<id>[:<how>]`. Raises ImagineError, AssistantError, RedisError."""
    what, _colon, rest = payload.removeprefix(PREFIX).partition(":")
    text, _colon, how = rest.partition(":")
    if what == "begin":
        return await begun(runtime, channel, contact, entry, text)
    picture = await in_thread(own)(contact, text)
    if what == "style" and how not in STYLES:
        return [await in_thread(replies.styles)(channel, picture.id)]
    if what == "move" and how not in MOTIONS and picture.moves:
        choices = [Choice(str(motion.label), f"picture:move:{picture.id}:{name}") for name, motion in MOTIONS.items()]
        return [replies.menu(channel, _("How should it move?"), _("Motions"), choices)]
    if what == "words":
        await in_thread(contacts.update)(contact, expects={"edit": str(picture.id)})
        return [replies.say(channel, _("What should be different? Write it in a few words."))]
    if what == "sticker":
        return sticker(channel, picture)
    work: dict[str, Callable[[str], Picture]] = {
        "more": lambda _read: jobs.vary(contact.person_id, picture.id, count=1)[0],
        "style": lambda _read: jobs.restyle(contact.person_id, picture.id, how),
        "move": lambda _read: jobs.animate(contact.person_id, still_of(picture).id, how or "gentle", LOOP_SECONDS),
    }
    if what not in work:
        raise PictureNotFoundError(f"{what} is nothing that can be done with a picture")
    return await drawn(runtime, channel, contact, entry, work[what])


async def edited(
    runtime: Runtime, channel: Channel, contact: Contact, entry: InboxEntry, picture: str, words: str
) -> list[OutboundMessage]:
    """A picture changed as the words say. Raises as `tapped` does."""
    old = await in_thread(own)(contact, picture)
    shown = f"{old.prompt}, {words}"

    def request(read: str) -> Picture:
        return jobs.edit(contact.person_id, still_of(old).id, words, read)

    return await drawn(runtime, channel, contact, entry, request, shown, words)


async def drawn(
    runtime: Runtime,
    channel: Channel,
    contact: Contact,
    entry: InboxEntry,
    request: Callable[[str], Picture],
    words: str = "",
    typed: str = "",
) -> list[OutboundMessage]:
    """Have a picture drawn for an entry, once, and wait for it. Raises as `tapped`.

    New `words` are judged before, as is what is drawn in place of those that were `typed` now.
    """
    read = ""
    if entry.picture is None:
        painter = await read_status(runtime.redis)
        painter.check()
        if needs_account(contact.person):
            raise AccountNeededError("guests draw nothing here")
        await runtime.limits.count_own_pictures(contact.person, 1)
        if typed:
            read = await runtime.translator.english(painter.final, typed, Payer.CHANNELS)
        if runtime.guard and words:
            await judge_prompt(runtime.guard, "\n".join(filter(None, [words, read])), guest=contact.person.is_guest)
    picture = await in_thread(requested)(entry, lambda: request(read))
    await finished(runtime, picture)
    done = await in_thread(Picture.objects.filter(id=picture.id).first)()
    if done is None or done.status != Picture.Status.DONE:
        raise ERRORS.get(done.problem if done else "", ImagineError)(f"picture {picture.id} did not come out")
    return await in_thread(replies.of_picture)(channel, done)


def requested(entry: InboxEntry, request: Callable[[], Picture]) -> Picture:
    """The picture of an entry, requested now unless it was before. Raises ImagineError."""
    with transaction.atomic():
        locked = InboxEntry.objects.select_for_update().get(pk=entry.pk)
        if locked.picture and (before := Picture.objects.filter(id=locked.picture).first()):
            return before
        picture = request()
        InboxEntry.objects.filter(pk=entry.pk).update(picture=picture.id)
        return picture


async def finished(runtime: Runtime, picture: Picture, seconds: float = TIMEOUT_SECONDS) -> None:
    """Wait until a picture is no longer in the making. Raises TooSlowError after so many seconds."""
    watch, channel = PictureWatch(picture.id), keys.person(picture.person_id)
    await runtime.doorbell.subscribe(channel, watch.notify)
    try:
        async with aclosing(watch.steps(seconds)) as steps:
            async for _step in steps:
                pass
    finally:
        await runtime.doorbell.unsubscribe(channel, watch.notify)


async def kept(runtime: Runtime, contact: Contact, entry: InboxEntry, data: bytes) -> Picture:
    """Keep a picture that somebody sent, once, as the start of a drawing. Raises as `tapped` does, BadUploadError."""
    await agreement.check(contact.person)
    if entry.picture is None:
        await runtime.limits.count(settings.LIMIT_PERSON_UPLOADS, "upload", "person", str(contact.person_id))
    decoded = await asyncio.get_running_loop().run_in_executor(decoders, jobs.decode_upload, data)
    picture = await in_thread(requested)(entry, lambda: jobs.upload(contact.person_id, decoded))
    await finished(runtime, picture)
    return picture


async def begun(
    runtime: Runtime, channel: Channel, contact: Contact, entry: InboxEntry, attachment: str
) -> list[OutboundMessage]:
    """A picture that was asked about, as the start of a drawing. Raises as `kept` does, NotFoundError."""
    (await read_status(runtime.redis)).check()
    picture = await kept(runtime, contact, entry, await in_thread(_attached)(contact, attachment))
    await in_thread(contacts.update)(contact, expects={"edit": str(picture.id)})
    text = _("What should be different? Write it in a few words, or tap.")
    return [await in_thread(replies.say)(channel, text, replies.of_it(channel, picture))]


def _attached(contact: Contact, attachment: str) -> bytes:
    try:
        return attachments.picture_of(contact.person, UUID(attachment))
    except ValueError as error:
        raise NotFoundError("no id of an attachment") from error


async def sent_to_us(
    runtime: Runtime, channel: Channel, contact: Contact, entry: InboxEntry, data: bytes, words: str
) -> list[OutboundMessage]:
    """A picture that somebody sends, as the start of a drawing. Raises as `kept` does."""
    picture = await kept(runtime, contact, entry, data)
    if words:
        await in_thread(contacts.update)(contact, expects={"edit": str(picture.id)})
    text = _("I cannot look at pictures yet, but I can draw on from yours. Tap, or reply to it with words.")
    if vision.is_on():
        text = _("I can draw on from this picture. Tap, or reply to it with words.")
    return [await in_thread(replies.say)(channel, text, replies.of_it(channel, picture))]


def sticker(channel: Channel, picture: Picture) -> list[OutboundMessage]:
    """A picture as a sticker, in the apps that have them."""
    if not channel.stickers:
        return [replies.say(channel, _("This app takes no stickers from me."))]
    return [OutboundMessage(drawn=Drawn(str(picture.id), "sticker"))]


def own(contact: Contact, picture: str) -> Picture:
    """A picture of the contact's person. Raises PictureNotFoundError for any other, and for what is no id."""
    try:
        return jobs.own_picture(contact.person_id, UUID(picture))
    except ValueError as error:
        raise PictureNotFoundError("no id of a picture") from error


def newest(contact: Contact) -> Picture | None:
    """The picture that the person had drawn last."""
    return jobs.own_pictures(contact.person_id).filter(status=Picture.Status.DONE).first()


def still_of(picture: Picture) -> Picture:
    """The picture itself, or the one that a loop was made of."""
    return picture.parent if picture.moves and picture.parent else picture


def of_quoted(contact: Contact, external_id: str) -> Sequence[str]:
    """The ids of the pictures in a message of either side."""
    if not external_id:
        return []
    mine = contact.outbox.filter(external_id=external_id).first()
    if mine is not None:
        shown = mine.content.get("drawn") or {}
        return [str(shown["picture"])] if shown else []
    theirs = contact.inbox.filter(external_id=external_id).first()
    return [str(theirs.picture)] if theirs and theirs.picture else []
