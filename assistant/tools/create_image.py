"""Draw a picture inside a conversation: asked for as on the picture page, then waited for."""

import logging
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from assistant.database import in_thread
from assistant.errors import AccountNeededError
from assistant.events import Event, PictureMade, TextDelta, TurnFailed, TurnFinished, Waiting
from assistant.models import Run
from assistant.runs.bell import Bell
from assistant.tools.picture_watch import MAKING, PictureWatch
from imagine import jobs, keys, studio
from imagine.errors import (
    ERRORS,
    AwayError,
    CheckpointError,
    ImagineError,
    PictureNotFoundError,
    StoppedError,
    TooSlowError,
)
from imagine.models import Picture

logger = logging.getLogger(__name__)

ASKS = re.compile(r"\s*(?P<slash>/?)imagine(?:\s+(?P<prompt>.*))?", re.IGNORECASE | re.DOTALL)
# "Imagine that ...", "Imagine you ...": the person wants to be talked to.
TALK = re.compile(
    r"(?:that|if|you|your|yourself|we|i|he|she|they|how|what|why|when|where|who|being|having|for)\b", re.IGNORECASE
)


def wanted(text: str) -> str | None:
    """What a message wants drawn; None when it wants to be answered in words.

    `/imagine` always draws. `imagine` draws unless the words after it begin as talk does, ask something, or are
    more than a prompt may hold.
    """
    found = ASKS.fullmatch(text)
    if found is None:
        return None
    prompt = (found["prompt"] or "").strip()
    is_talk = TALK.match(prompt) or prompt.endswith("?") or len(prompt) > settings.PROMPT_CHARACTERS
    return prompt if found["slash"] or (prompt and not is_talk) else None


async def answer(redis: "Redis", bell: Bell, run: UUID, prompt: str) -> AsyncGenerator[Event, None]:
    """Answer `run` with a picture. Raises ImagineError, AccountNeededError."""
    yield Waiting("drawing")
    await refuse_without_painter(redis)
    picture = await ask(run, prompt)
    watch = PictureWatch(picture.id)
    await bell.listen(keys.person(picture.person_id), watch.hear)
    try:
        async with aclosing(watch.steps()) as steps:
            async for step in steps:
                yield step
    except TooSlowError:
        await stop(run)
        raise
    finally:
        await bell.leave(keys.person(picture.person_id), watch.hear)
    for event in await ending(picture.id):
        yield event


async def refuse_without_painter(redis: "Redis") -> None:
    """Raises AwayError, NoCheckpointError, CheckpointError when nobody could draw now. One who still loads can wait."""
    try:
        painter = (await studio.look(redis)).final
    except (RedisError, OSError, TimeoutError) as error:
        raise AwayError("Redis cannot be reached") from error
    if painter is None:
        raise studio.nobody()
    if painter.state == "broken":
        raise CheckpointError(painter.problem)


@in_thread
def ask(run_id: UUID, prompt: str) -> Picture:
    """Ask for a picture as part of the run's answer."""
    try:
        with transaction.atomic():
            # Whoever ends the run waits for this lock, or is seen here: then nothing is drawn for nobody.
            runs = Run.objects.select_for_update(of=("self",)).select_related("answer", "conversation__person")
            run = runs.filter(id=run_id, status=Run.Status.RUNNING).first()
            if run is None:
                raise StoppedError("the run has ended")
            person = run.conversation.person
            if settings.IMAGINE_ACCOUNT and person.is_guest:
                raise AccountNeededError("guests draw nothing here")
            picture = jobs.draw(person.id, prompt)[0]
            run.answer.pictures.add(picture)
    except (OperationalError, RedisError) as error:
        raise AwayError("the picture could not be sent to those who draw") from error
    return picture


@in_thread
def stop(run_id: UUID) -> None:
    """Draw no further what is being drawn for a run."""
    try:
        for picture in Picture.objects.filter(messages__run=run_id, status__in=MAKING):
            jobs.stop(picture.person_id, picture.id)
    except (RedisError, DatabaseError, PictureNotFoundError) as error:
        logger.warning("what run %s asked for is drawn to its end: %s", run_id, error)


@in_thread
def ending(picture_id: UUID) -> list[Event]:
    """What there is to say about a picture that is no longer in the making."""
    picture = Picture.objects.filter(id=picture_id).first()
    if picture is None or picture.status == Picture.Status.STOPPED:
        return [TurnFinished("stopped")]
    if picture.status == Picture.Status.FAILED:
        error = ERRORS.get(picture.problem, ImagineError)
        return [TurnFailed(error.code, error.retry)]
    return [PictureMade(str(picture.id)), TextDelta(_("Here is your picture.")), TurnFinished("stop")]
