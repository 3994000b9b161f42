"""Draws previews of live prompts: the newest of each person in the queue."""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress

from redis import Redis

from imagine import history, keys, live
from imagine.diffusion.pipeline import Painted, Renderer, Stroke
from imagine.errors import CheckpointError, ImagineError, RefusedPixelsError, StoppedError
from imagine.events import PromptRead, PromptRefused
from imagine.live import LivePrompt, StaleCheck
from imagine.painter.checkpoints import Checkpoints
from imagine.painter.screening import Screening
from imagine.painter.words import Words, words_for
from imagine.shapes import SHAPES
from imagine.spoken import spoken

logger = logging.getLogger(__name__)


class LiveWorker:
    """Not safe for threads, as its checkpoints."""

    def __init__(self, checkpoints: Checkpoints, redis: Redis) -> None:
        self._checkpoints = checkpoints
        self._redis = redis
        self._screening = Screening()

    def serve(self, seconds: float) -> bool:
        """Draw previews for about so many seconds, until the queue is empty. Whether prompts may be left in it.

        A process without the role "live" draws none: it would load another checkpoint for it. Raises RedisError.
        """
        if "live" not in self._checkpoints.roles:
            return False
        until = time.monotonic() + seconds
        while prompts := self._next():
            try:
                self._draw(prompts)
            except ImagineError as error:
                logger.warning("%s previews failed: %s: %s", len(prompts), error.code, error)
                self._refuse(prompts, error)
            except Exception:
                # The boundary of one pass: the picture between whose steps it runs must go on, and so must the queue.
                logger.exception("%s previews failed", len(prompts))
                self._refuse(prompts, ImagineError())
            finally:
                live.release(self._redis, prompts)
            if time.monotonic() > until:
                return True
        return False

    def _next(self) -> list[LivePrompt]:
        try:
            return live.take(self._redis, self._checkpoints.live.batch)
        except CheckpointError as error:
            logger.info("no previews are drawn: %s", error)
            return []

    def _draw(self, prompts: Sequence[LivePrompt]) -> None:
        """One turn of these people: a pass, and where that is let go for newer prompts, one that is finished.

        At the end of the queue they would wait for all others once more, and see nothing while they type slowly.
        """
        try:
            self._pass(prompts, StaleCheck(self._redis, prompts))
        except StoppedError:
            if newer := live.newest(self._redis, prompts):
                with suppress(StoppedError):
                    self._pass(newer, StaleCheck(self._redis, newer, only_left=True))

    def _pass(self, prompts: Sequence[LivePrompt], check: StaleCheck) -> None:
        """Draw all of them together. Raises StoppedError."""
        renderer, began = self._checkpoints.live, time.monotonic()
        self._checkpoints.begun += len(prompts)
        words = [words_for(renderer, prompt.drawn or prompt.prompt, prompt.style) for prompt in prompts]
        strokes = [stroke(prompt, one.read, renderer) for prompt, one in zip(prompts, words, strict=True)]
        for prompt, one, preview in zip(prompts, words, renderer.paint(strokes, check), strict=True):
            self._publish(prompt, one, preview)
            live.note_drawn(self._redis, prompt)
        self._checkpoints.note_preview(time.monotonic() - began)

    def _publish(self, prompt: LivePrompt, words: Words, preview: Painted) -> None:
        try:
            if preview.unsafe:
                raise RefusedPixelsError("the checkpoint's own checker fired")
            self._screening.check(prompt.canvas, preview.image)
        except RefusedPixelsError as error:
            self._refuse([prompt], error)
        else:
            if words.left_out or prompt.drawn:
                event = PromptRead(str(prompt.canvas), prompt.number, words.left_out, prompt.drawn)
                self._redis.publish(keys.person(prompt.person), event.to_bytes())
            history.publish(self._redis, prompt, preview.image)
            self._checkpoints.shown += 1

    def _refuse(self, prompts: Sequence[LivePrompt], error: ImagineError) -> None:
        """Say why there is no preview: the pages of these people wait for it."""
        for prompt in prompts:
            event = PromptRefused(str(prompt.canvas), prompt.number, error.code)
            self._redis.publish(keys.person(prompt.person), event.to_bytes())


def stroke(prompt: LivePrompt, words: str, renderer: Renderer) -> Stroke:
    """A live prompt as it is rendered out of these words, in the small size."""
    width, height = SHAPES[prompt.shape].size(renderer.recipe.live_size, renderer.multiple)
    return Stroke(words, prompt.seed, width, height, negative=spoken(prompt.negative))
