"""Draws the live frames: for those who type, the newest prompt of each, as quickly as the device can."""

import json
import logging
import time
from collections.abc import Sequence

from redis import Redis

from imagine import jobs, keys, live, safety
from imagine.errors import CheckpointError, ImagineError, RefusedPixelsError, StoppedError
from imagine.live import Lookout, Sketch
from imagine.painters import Painters
from imagine.pipeline import Painted, Painter, Stroke
from imagine.shapes import SHAPES
from imagine.styles import styled

logger = logging.getLogger(__name__)


class Sketcher:
    """Use it from the thread of its painters."""

    def __init__(self, painters: Painters, redis: Redis) -> None:
        self._painters = painters
        self._redis = redis

    def serve(self, seconds: float) -> None:
        """Draw for those in line, for about so long; what is left is for the next who serves.

        Nothing in a process without that role: it would load another checkpoint for it.
        """
        if "live" not in self._painters.roles:
            return
        until = time.monotonic() + seconds
        while sketches := self._next():
            try:
                self._draw(sketches)
            except Exception:
                # The edge of one pass: the picture in whose midst it may stand must go on, and so must the next pass.
                logger.exception("%s live frames failed", len(sketches))
            finally:
                live.release(self._redis, sketches)
            if time.monotonic() > until:
                jobs.send_live()
                return

    def _next(self) -> list[Sketch]:
        try:
            return live.take(self._redis, self._painters.live.batch)
        except CheckpointError as error:
            logger.info("nobody draws live: %s", error)
            return []

    def _draw(self, sketches: Sequence[Sketch]) -> None:
        """One pass for all of them."""
        painter, began = self._painters.live, time.monotonic()
        self._painters.begun += len(sketches)
        try:
            painted = painter.paint([stroke(sketch, painter) for sketch in sketches], Lookout(self._redis, sketches))
        except StoppedError:
            return
        for sketch, frame in zip(sketches, painted, strict=True):
            self._show(sketch, frame)
        self._painters.note_frame(time.monotonic() - began)

    def _show(self, sketch: Sketch, frame: Painted) -> None:
        try:
            if frame.unsafe:
                raise RefusedPixelsError("the checkpoint's own checker fired")
            safety.check_pixels(frame.image)
        except RefusedPixelsError as error:
            self._refuse(sketch, error)
        else:
            live.show(self._redis, sketch, frame.image)
            self._painters.shown += 1

    def _refuse(self, sketch: Sketch, error: ImagineError) -> None:
        word = {"type": "refused", "sketch": str(sketch.sketch), "number": sketch.number, "code": error.code}
        self._redis.publish(keys.person(sketch.person), json.dumps(word))


def stroke(sketch: Sketch, painter: Painter) -> Stroke:
    """A sketch as the painter takes it, in the small size."""
    width, height = SHAPES[sketch.shape].size(painter.recipe.live_size, painter.multiple)
    return Stroke(styled(sketch.prompt, sketch.style), sketch.seed, width, height)
