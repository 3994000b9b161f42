"""Draws final pictures and loops. One device: between two steps the queue of live prompts is served first."""

import logging
from collections.abc import Callable, Sequence
from io import BytesIO
from uuid import UUID

from PIL import Image, ImageOps
from redis import Redis
from redis.exceptions import RedisError

from imagine import jobs, safety
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.errors import CheckpointError, ImagineError, RefusedPixelsError, UnableError
from imagine.files import animate, develop, storage
from imagine.models import Picture
from imagine.painter.checkpoints import Checkpoints
from imagine.painter.claim import Claim
from imagine.painter.heartbeat import Heartbeat
from imagine.painter.live import LiveWorker
from imagine.painter.words import words_for
from imagine.shapes import SHAPES
from imagine.spoken import spoken
from imagine.weights import Weighed

logger = logging.getLogger(__name__)

Made = Picture.Made

# Less than visibility_timeout in settings.py, after which Redis delivers a task again.
DRAW_SECONDS = 900
LOOP_SECONDS = 3_000
# Between two steps, so that large pictures progress while many people type.
LIVE_SECONDS = 0.5
LOOP_SIDE = 512
FRAME_MS = 80
GROWN_FRAMES = 90
# Of a loop, every so many frames are classified.
CHECK_EVERY = 3
# Without their new words they would be the same picture.
FOLLOW_WORDS = (Made.RESTYLED, Made.EDITED)


class FinalWorker:
    """Not safe for threads, as its checkpoints."""

    def __init__(self, checkpoints: Checkpoints, redis: Redis, heartbeat: Heartbeat) -> None:
        self._checkpoints = checkpoints
        self._redis = redis
        self._heartbeat = heartbeat
        self.live = LiveWorker(checkpoints, redis)

    def pictures(self, ids: Sequence[UUID]) -> None:
        """Draw each picture that still waits. Raises RedisError."""
        self._draw_all(ids, DRAW_SECONDS, self._picture)

    def loops(self, ids: Sequence[UUID]) -> None:
        """Draw each loop that still waits. Raises RedisError."""
        self._draw_all(ids, LOOP_SECONDS, self._loop)

    def _draw_all(self, ids: Sequence[UUID], seconds: float, draw: Callable[[Claim], None]) -> None:
        for picture in ids:
            self.live.serve(LIVE_SECONDS)
            self._draw_claimed(picture, seconds, draw)
        # Only now: between two steps the queue is served again anyway, and a task would wait behind this one.
        if self.live.serve(LIVE_SECONDS):
            jobs.send_live()

    def _draw_claimed(self, picture: UUID, seconds: float, draw: Callable[[Claim], None]) -> None:
        claim = Claim.claim(picture, self._redis, seconds)
        if claim is None:
            return
        with self._heartbeat.keeping([picture]):
            try:
                claim.check()
                draw(claim)
            except ImagineError as error:
                logger.info("picture %s ended: %s", picture, error, extra={"problem": error.code})
                claim.fail(error)
            except Exception:
                # The boundary of one picture: the libraries raise anything, and the next picture must be drawn.
                logger.exception("picture %s failed", picture)
                claim.fail(ImagineError())

    # Pictures

    def _picture(self, claim: Claim) -> None:
        picture = claim.picture
        is_upload = picture.made == Made.UPLOADED
        image = beginning(picture) if is_upload or picture.made == Made.KEPT else self._paint(claim)
        safety.check_pixels(image)
        files = develop.upload_files(image) if is_upload else develop.still_files(image, picture.from_upload)
        claim.finish(files, image.size)

    def _paint(self, claim: Claim) -> Image.Image:
        renderer = self._checkpoints.final
        painted = renderer.paint([stroke(claim.picture, renderer)], self._watch(claim))[0]
        if painted.unsafe:
            raise RefusedPixelsError("the checkpoint's own checker fired")
        return painted.image

    def _watch(self, claim: Claim) -> Callable[[int, int], None]:
        """The callback between two steps: check the claim, publish the progress, serve live prompts."""

        def watch(step: int, of: int) -> None:
            claim.check()
            claim.publish_progress(step, of)
            self.live.serve(LIVE_SECONDS)

        return watch

    # Loops

    def _loop(self, claim: Claim) -> None:
        picture = claim.picture
        frames = self._grown(picture) if picture.made == Made.GROWN else self._animated(claim)
        for frame in frames[::CHECK_EVERY]:
            safety.check_pixels(frame)
        claim.check()
        files = develop.loop_files(frames, FRAME_MS, picture.from_upload)
        claim.finish(files, frames[0].size, len(frames))

    def _animated(self, claim: Claim) -> list[Image.Image]:
        picture, renderer = claim.picture, self._checkpoints.final
        start = self._fitted(beginning(picture), picture.shape, renderer)
        count = round(picture.seconds * 1000 / FRAME_MS)
        if (video := self._checkpoints.video) and (film := self._filmed(video, claim, start, count)):
            return film
        prompt, anew = read(picture, renderer), renderer.abilities.anew and not picture.from_upload
        return animate.frames(
            renderer, start, prompt, picture.seed, picture.motion, count, self._watch(claim), anew=anew
        )

    def _filmed(self, video: Renderer, claim: Claim, start: Image.Image, count: int) -> list[Image.Image]:
        """A loop by the video checkpoint; nothing where that fails, as one of pictures is better than none."""
        picture = claim.picture
        prompt = read(picture, video)
        try:
            return animate.video(video, start, prompt, picture.seed, count, self._watch(claim))
        except (CheckpointError, UnableError) as error:
            logger.warning("%s, so the loop is made of pictures", error)
        except (ImagineError, RedisError):
            raise
        except Exception:
            # The libraries raise anything where a checkpoint does not like what it is given.
            logger.exception("%s made no video, so the loop is made of pictures", video.name)
        return []

    def _fitted(self, image: Image.Image, shape: str, renderer: Renderer) -> Image.Image:
        side = min(LOOP_SIDE, renderer.recipe.size)
        return ImageOps.fit(image, SHAPES[shape].size(side, renderer.multiple))

    def _grown(self, picture: Picture) -> list[Image.Image]:
        names = [name for name in storage.names(picture.id) if name.startswith(storage.PREVIEW)]
        return animate.growth([opened(storage.load(picture.id, name)) for name in names], GROWN_FRAMES)


def stroke(picture: Picture, renderer: Renderer) -> Stroke:
    """The input of the renderer for a picture, in the large size. Raises UnableError."""
    width, height = SHAPES[picture.shape].size(renderer.recipe.size, renderer.multiple)
    prompt, negative = read(picture, renderer), spoken(picture.negative)
    if picture.strength is None:
        return Stroke(prompt, picture.seed, width, height, negative=negative)
    if renderer.abilities.anew and not picture.from_upload:
        return Stroke(prompt, picture.seed, width, height, negative=negative)
    if not renderer.abilities.redraw:
        if not picture.prompt or picture.made in FOLLOW_WORDS:
            raise UnableError(f"{renderer.name} cannot begin from a picture")
        return Stroke(prompt, picture.seed, width, height, negative=negative)
    start = ImageOps.fit(beginning(picture), (width, height))
    return Stroke(prompt, picture.seed, width, height, start, picture.strength, negative=negative)


def read(picture: Picture, renderer: Renderer) -> Weighed:
    """The words that the renderer is given for a picture, which notes what was left out of them."""
    prompt, last = (picture.drawn, picture.drawn_words) if picture.drawn else (picture.prompt, picture.words)
    words, picture.left_out = words_for(renderer, prompt, picture.style, last)
    return words


def beginning(picture: Picture) -> Image.Image:
    """The image that it begins from: its parent, or the upload or preview stored with it. Raises UnableError."""
    owner = picture.parent_id or picture.id
    # A preview that is being kept may not have its master yet.
    wanted = storage.MASTER if storage.MASTER in storage.names(owner) else "start.jpg"
    try:
        return opened(storage.load(owner, wanted))
    except FileNotFoundError as error:
        raise UnableError(f"the picture before {picture.id} is gone") from error


def opened(data: bytes) -> Image.Image:
    """One of our own files as an image, in RGB. Raises OSError for a damaged one."""
    with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as image:
        return image.convert("RGB")
