"""Draw a picture inside a conversation: requested as on the picture page, then waited for."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from django.db import DatabaseError, transaction
from kombu.exceptions import OperationalError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant import usage
from assistant.database import in_thread
from assistant.errors import AccountNeededError
from assistant.events import Event, PictureMade, TurnFailed, TurnFinished, Waiting
from assistant.models import Person, Run
from assistant.people import needs_account
from assistant.tools.kit import Kit
from assistant.tools.picture_watch import PictureWatch
from assistant.tools.schema import Bounds, tool
from imagine import jobs, keys, safety
from imagine.errors import ERRORS, AwayError, ImagineError, PictureNotFoundError, StoppedError, TooSlowError
from imagine.models import Picture
from imagine.status import PainterStatus, read_status

logger = logging.getLogger(__name__)

# What is too long is refused as on the picture page, in a sentence; beyond this it is no prompt at all.
PROMPT_CHARACTERS = 10_000


@tool
async def create_image(
    prompt: Annotated[str, Bounds(0, PROMPT_CHARACTERS)], *, kit: Kit
) -> AsyncGenerator[Event, None]:
    """Draw a picture, when the person asks for one. It is the whole answer: say nothing beside it.

    Raises ImagineError, AccountNeededError, LimitedError, GuardError.

    - prompt: what is to be seen, in the person's words
    """
    painter = await painter_status(kit.redis)
    painter.check()
    if not kit.counted:
        await kit.limits.count_own_pictures(await asker(kit.run), 1)
    drawn = await kit.translator.english(painter.final, prompt, usage.payer.get()) if kit.translator else ""
    safety.check_words(drawn)
    if kit.guard:
        await kit.guard.prompt("\n".join(filter(None, [prompt, drawn])), guest=kit.guest)
    yield Waiting("drawing" if painter.final else "painter_away")
    picture = await request(kit.run, prompt, drawn)
    watch = PictureWatch(picture.id)
    channel = keys.person(picture.person_id)
    await kit.doorbell.subscribe(channel, watch.notify)
    try:
        async with aclosing(watch.steps()) as steps:
            async for step in steps:
                yield step
    except TooSlowError:
        await cancel_pictures(kit.run)
        raise
    finally:
        await kit.doorbell.unsubscribe(channel, watch.notify)
    for event in await ending(picture.id):
        yield event


async def painter_status(redis: "Redis") -> PainterStatus:
    """What the painter reports. Raises AwayError without Redis."""
    try:
        return await read_status(redis)
    except (RedisError, OSError, TimeoutError) as error:
        raise AwayError("Redis cannot be reached") from error


@in_thread
def asker(run_id: UUID) -> Person:
    """Who asked. Raises StoppedError for a run that was erased."""
    person = Person.objects.filter(runs=run_id).first()
    if person is None:
        raise StoppedError("the run is gone")
    return person


@in_thread
def request(run_id: UUID, prompt: str, drawn: str = "") -> Picture:
    """Store a picture of `prompt`, or of `drawn` in its place, as part of the run's answer, and have it drawn.

    Raises ImagineError (AwayError where it cannot be sent, StoppedError once the run has ended), AccountNeededError.
    """
    try:
        with transaction.atomic():
            # What ends the run waits for this lock, or is seen here: then nothing is drawn in vain.
            runs = Run.objects.select_for_update(of=("self",)).select_related("answer", "person")
            run = runs.filter(id=run_id, status=Run.Status.RUNNING).first()
            if run is None or run.person is None:
                raise StoppedError("the run has ended")
            if needs_account(run.person):
                raise AccountNeededError("guests draw nothing here")
            picture = jobs.draw(run.person.id, prompt, drawn=drawn)[0]
            run.answer.pictures.add(picture)
    except (OperationalError, RedisError) as error:
        raise AwayError("the picture could not be sent to the painter") from error
    return picture


@in_thread
def cancel_pictures(run_id: UUID) -> None:
    """Cancel what is being drawn for a run."""
    try:
        for picture in Picture.objects.filter(messages__run=run_id, status__in=Picture.MAKING):
            jobs.stop(picture.person_id, picture.id)
    except (RedisError, DatabaseError, PictureNotFoundError) as error:
        logger.warning("what run %s requested is drawn to its end: %s", run_id, error)


@in_thread
def ending(picture_id: UUID) -> list[Event]:
    """The last events about a picture that is no longer in the making."""
    picture = Picture.objects.filter(id=picture_id).first()
    if picture is None or picture.status == Picture.Status.STOPPED:
        return [TurnFinished("stopped")]
    if picture.status == Picture.Status.FAILED:
        error = ERRORS.get(picture.problem, ImagineError)
        return [TurnFailed(error.code, error.retry)]
    return [PictureMade(str(picture.id)), TurnFinished("stop")]
