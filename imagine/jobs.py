"""What callers use: request pictures, look after them, delete them.

Those that request pictures store rows and send a task by name, so that torch stays in the painter. All are synchronous,
and all but `decode_upload` use the database. All raise PictureNotFoundError for what the person does not have; those
that request pictures raise BusyDrawingError and TooManyPicturesError, and RedisError where they read the history.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from imagine import history, keys, prompts, quota, safety
from imagine.cancel import clear_stop, set_stop
from imagine.connection import redis
from imagine.errors import HeavyUploadError, PictureNotFoundError, RefusedInputError
from imagine.events import PictureProgress
from imagine.files import decoder, storage
from imagine.files.motions import MOTIONS
from imagine.history import Preview
from imagine.models import Picture, new_seed
from imagine.shapes import SQUARE
from imagine.styles import STYLES

logger = logging.getLogger(__name__)

VARIANTS = 4
MOST_AT_ONCE = 4
# How far from its parent a new picture may go: 0 keeps all, 1 nothing.
VARY_STRENGTH = 0.75
RESTYLE_STRENGTH = 0.65
EDIT_STRENGTH = 0.7
FINISH_STRENGTH = 0.5
SECONDS = (1.0, 2.0, 3.0)
LIVE_TASKS = "live"

Made = Picture.Made


class DecodedUpload(NamedTuple):
    """An uploaded picture as it is kept, and the nearest of our shapes."""

    shape: str
    jpeg: bytes


def own_pictures(person: UUID) -> QuerySet[Picture]:
    """The person's pictures, newest first."""
    return Picture.objects.filter(person=person).order_by("-created_at", "-id")


def own_picture(person: UUID, picture: UUID) -> Picture:
    """The person's picture, or PictureNotFoundError."""
    found = Picture.objects.select_related("parent").filter(person=person, id=picture).first()
    if found is None:
        raise PictureNotFoundError(f"{person} has no picture {picture}")
    return found


# What is to be seen, for who judges it before it is requested


def words_of_preview(person: UUID, canvas: UUID, number: int) -> str:
    """The words of a preview. Raises RefusedWordsError."""
    return _preview(person, canvas, number).prompt.prompt


def words_of_history(person: UUID, canvas: UUID) -> str:
    """The words of all previews of a canvas, each once."""
    return "\n".join(dict.fromkeys(preview.prompt.prompt for preview in history.read(redis(), person, canvas)))


def words_of_edit(person: UUID, picture: UUID, words: str) -> str:
    """The words of a picture, and how it is changed."""
    return _edited(own_picture(person, picture), words)


# New pictures


def draw(
    person: UUID,
    prompt: str,
    style: str = "",
    shape: str = SQUARE,
    seed: int | None = None,
    count: int = 1,
    drawn: str = "",
    negative: str = "",
) -> list[Picture]:
    """Pictures from a prompt, or from `drawn` in its place, without what `negative` names.

    The first has `seed`, each other the next one.
    Raises EmptyPromptError, RefusedInputError, RefusedWordsError.
    """
    prompt = prompts.clean_prompt(prompt)
    drawn = drawn and prompts.clean_prompt(drawn)
    negative = prompts.clean_negative(negative, f"{prompt}, {drawn}")
    first = new_seed() if seed is None else seed
    pictures = [
        Picture(
            made=Made.DRAWN,
            prompt=prompt,
            drawn=drawn,
            negative=negative,
            style=prompts.known_style(style),
            shape=prompts.known_shape(shape),
            seed=number,
        )
        for number in range(first, first + min(max(count, 1), MOST_AT_ONCE))
    ]
    return _request(person, _grouped(pictures))


def keep(person: UUID, canvas: UUID, number: int) -> Picture:
    """The preview of that number in the person's history, as it was. Raises RefusedWordsError."""
    preview = _preview(person, canvas, number)
    return _request(person, [_kept(preview)], {"start.jpg": preview.jpeg})[0]


def finish(person: UUID, canvas: UUID, number: int, drawn: str = "") -> Picture:
    """A large picture from a preview of the person's history, which is kept too, as its parent: both or neither.

    It is drawn from `drawn` where the preview was drawn as it was typed. Raises RefusedWordsError.
    """
    preview = _preview(person, canvas, number)
    parent = _kept(preview)
    drawn = preview.prompt.drawn or (drawn and prompts.clean_prompt(drawn))
    safety.check_left_out(drawn, preview.prompt.negative)
    large = _child(parent, Made.FINISHED, strength=FINISH_STRENGTH, seed=preview.prompt.seed, drawn=drawn)
    return _request(person, [parent, large], {"start.jpg": preview.jpeg})[1]


def grow(person: UUID, canvas: UUID) -> Picture:
    """A loop of the previews of a canvas, without those whose words are refused now that they are whole.

    Raises RefusedInputError where there are fewer than two, RefusedWordsError.
    """
    previews = history.read(redis(), person, canvas)
    if previews:
        safety.check_words(previews[-1].prompt.prompt)
    kept = [one for one in previews if safety.is_drawn(one.prompt.prompt) and safety.is_drawn(one.prompt.drawn)]
    if len(kept) < 2:
        raise RefusedInputError("growth needs two previews")
    files = {f"{storage.PREVIEW}{index:03}.jpg": preview.jpeg for index, preview in enumerate(kept)}
    picture = _kept(kept[-1])
    picture.made = Made.GROWN
    return _request(person, [picture], files)[0]


def check_upload(person: UUID) -> None:
    """Check the quota before an upload is decoded.

    Raises BusyDrawingError, TooManyPicturesError, PictureNotFoundError for somebody who was erased.
    """
    with transaction.atomic():
        quota.check_kept(person, 1)


def decode_upload(data: bytes) -> DecodedUpload:
    """The picture in an uploaded file. Raises BadUploadError, LargeUploadError.

    It waits for a child process, a large one for seconds: call it outside the threads of the database.
    """
    if len(data) > settings.UPLOAD_BYTES:
        raise HeavyUploadError(f"{len(data)} bytes, {settings.UPLOAD_BYTES} are allowed")
    decoded = decoder.decode(data)
    return DecodedUpload(prompts.nearest_shape(decoded.width, decoded.height), decoded.jpeg)


def upload(person: UUID, decoded: DecodedUpload) -> Picture:
    """Keep an uploaded picture. Raises as `check_upload` does."""
    picture = Picture(made=Made.UPLOADED, shape=decoded.shape, from_upload=True)
    return _request(person, [picture], {"start.jpg": decoded.jpeg})[0]


# From a picture


def vary(person: UUID, picture: UUID, count: int = VARIANTS, shape: str = "", seed: int | None = None) -> list[Picture]:
    """Variants of a picture, also in another shape. Raises RefusedInputError while it is not done."""
    parent = _finished(person, picture)
    first = new_seed() if seed is None else seed
    children = [
        _child(
            parent, Made.VARIANT, strength=VARY_STRENGTH, seed=number, shape=prompts.known_shape(shape or parent.shape)
        )
        for number in range(first, first + min(max(count, 1), MOST_AT_ONCE))
    ]
    return _request(person, _grouped(children))


def restyle(person: UUID, picture: UUID, style: str) -> Picture:
    """A picture in another style. Raises RefusedInputError for an unknown style, or while it is not done."""
    if style not in STYLES:
        raise RefusedInputError("no such style")
    parent = _finished(person, picture)
    return _request(person, [_child(parent, Made.RESTYLED, strength=RESTYLE_STRENGTH, style=style)])[0]


def edit(person: UUID, picture: UUID, words: str, drawn: str = "") -> Picture:
    """A picture changed as the words say, or `drawn` in their place.

    Raises EmptyPromptError, RefusedWordsError, and RefusedInputError for too many words, or while it is not done.
    """
    words, parent = prompts.clean_prompt(words), _finished(person, picture)
    whole = _edited(parent, words)
    # All of it: what no longer fits into the prompt is still in the picture.
    safety.check_words(whole)
    safety.check_left_out(whole, parent.negative)
    changes = {"prompt": whole[-settings.PROMPT_CHARACTERS :].strip(), "words": words}
    if drawn or parent.drawn:
        drawn = prompts.clean_prompt(drawn or words)
        whole = ", ".join(filter(None, [parent.drawn or parent.prompt, drawn]))
        safety.check_words(whole)
        safety.check_left_out(whole, parent.negative)
        changes |= {"drawn": whole[-settings.PROMPT_CHARACTERS :].strip(), "drawn_words": drawn}
    return _request(person, [_child(parent, Made.EDITED, strength=EDIT_STRENGTH, **changes)])[0]


def animate(person: UUID, picture: UUID, motion: str, seconds: float) -> Picture:
    """A loop of a picture. Raises RefusedInputError for an unknown motion or length, or while it is not done."""
    if motion not in MOTIONS or seconds not in SECONDS:
        raise RefusedInputError("no such motion or length")
    parent = _finished(person, picture)
    return _request(person, [_child(parent, Made.ANIMATED, motion=motion, seconds=seconds)])[0]


def again(person: UUID, picture: UUID) -> Picture:
    """Retry a picture that failed or was stopped; any other stays as it is. Raises BusyDrawingError, RedisError."""
    found = own_picture(person, picture)
    retry = Picture.objects.filter(id=found.id, status__in=(Picture.Status.FAILED, Picture.Status.STOPPED))
    with transaction.atomic():
        quota.check_making(person, 1)
        waiting = {"status": Picture.Status.WAITING, "queued_at": timezone.now(), "attempts": 0}
        is_new = retry.update(**waiting, problem="", started_at=None)
    if is_new:
        clear_stop(found.id)
        send([found])
    found.refresh_from_db()
    return found


# Stop and delete


def stop(person: UUID, picture: UUID) -> None:
    """Have it drawn no further. One that waits is marked as stopped at once. Raises RedisError."""
    found = own_picture(person, picture)
    waiting = Picture.objects.filter(id=found.id, status=Picture.Status.WAITING)
    if waiting.update(status=Picture.Status.STOPPED, problem="stopped"):
        publish_end(person, found.id, Picture.Status.STOPPED)
    set_stop(found.id)


def stop_all(person: UUID) -> None:
    """Have nothing drawn for the person any further. Without Redis what is being drawn goes on to its end."""
    making = own_pictures(person).filter(status__in=(Picture.Status.WAITING, Picture.Status.DRAWING))
    try:
        redis().delete(keys.slot(person))
        for picture in making.values_list("id", flat=True):
            stop(person, picture)
    except RedisError as error:
        logger.warning("what is drawn for %s goes on: %s", person, error)


def delete(person: UUID, picture: UUID) -> None:
    """Delete it, its files and its links. Pictures made from it stay."""
    own_picture(person, picture).delete()


def forget(person: UUID) -> None:
    """Delete what Redis holds of a person who was erased. Without Redis it expires within HISTORY_SECONDS."""
    try:
        redis().delete(keys.history(person), keys.slot(person))
    except RedisError as error:
        logger.warning("the previews of an erased person stay until they expire: %s", error)


# Tasks and rows


def send(pictures: Sequence[Picture]) -> None:
    """Send one task for pictures that are all still, or all loops. While Redis is away find_lost sends it later."""
    task = "imagine.tasks.animate" if pictures[0].moves else "imagine.tasks.draw"
    try:
        current_app.send_task(task, args=[[str(picture.id) for picture in pictures]], retry=False)
    except OperationalError as error:
        logger.warning("%s pictures wait until they are sent again: %s", len(pictures), error)


def publish_end(person: UUID, picture: UUID, status: str) -> None:
    """Publish that a picture ended. Raises RedisError."""
    redis().publish(keys.person(person), PictureProgress(str(picture), str(status), 1, 1).to_bytes())


def send_live() -> None:
    """Send a task that serves the queue of live prompts, unless one waits. While Redis is away find_lost sends it."""
    try:
        # Celery keeps a queue as a list of its name. One task serves all: more would pile up behind a slow picture.
        if not redis().llen(LIVE_TASKS):
            current_app.send_task("imagine.tasks.draw_live", retry=False)
    except (OperationalError, RedisError) as error:
        logger.warning("live prompts wait until find_lost: %s", error)


def _preview(person: UUID, canvas: UUID, number: int) -> Preview:
    """A preview to be kept. Its last word, which was not judged while it was typed, is judged now.

    Raises PictureNotFoundError, RefusedWordsError.
    """
    for preview in reversed(history.read(redis(), person, canvas)):
        if preview.prompt.number == number:
            for words in (preview.prompt.prompt, preview.prompt.drawn):
                safety.check_words(words)
                safety.check_left_out(words, preview.prompt.negative)
            return preview
    raise PictureNotFoundError(f"no preview {number} of {person}")


def _edited(parent: Picture, words: str) -> str:
    return ", ".join(filter(None, [parent.prompt, words]))


def _kept(preview: Preview) -> Picture:
    prompt = preview.prompt
    same = {name: getattr(prompt, name) for name in ("prompt", "drawn", "negative", "style", "shape", "seed")}
    return Picture(made=Made.KEPT, **same)


def _finished(person: UUID, picture: UUID) -> Picture:
    """A picture to begin from. Raises PictureNotFoundError, RefusedInputError while it is not done."""
    found = own_picture(person, picture)
    if found.status != Picture.Status.DONE:
        raise RefusedInputError("it is not done yet")
    return found


def _child(parent: Picture, made: Made, **changes: object) -> Picture:
    """A picture that begins where `parent` ended."""
    names = ("prompt", "drawn", "negative", "style", "shape", "seed", "from_upload")
    same = {name: getattr(parent, name) for name in names}
    return Picture(parent=parent, made=made, **{**same, **changes})


def _grouped(pictures: list[Picture]) -> list[Picture]:
    """The same, shown as made together."""
    group = uuid4()
    for picture in pictures:
        picture.group = group
    return pictures


def _request(person: UUID, pictures: Sequence[Picture], files: dict[str, bytes] | None = None) -> list[Picture]:
    """Store `pictures` for the person, with the files of the first, and have one task draw them: all or none.

    Raises BusyDrawingError, TooManyPicturesError, PictureNotFoundError for a person who was erased meanwhile.
    """
    for picture in pictures:
        picture.person_id = person
    with transaction.atomic():
        quota.check_kept(person, len(pictures))
        Picture.objects.bulk_create(pictures)
        if files:
            storage.save(pictures[0].id, files)
        transaction.on_commit(partial(send, pictures))
    return list(pictures)
