"""The socket of a page that draws: prompts in while somebody types, frames and news of pictures out."""

import asyncio
import json
import logging
from uuid import UUID

from django.utils.translation import ngettext
from redis.exceptions import RedisError

from assistant.errors import AssistantError, LogUnavailableError
from imagine import jobs, keys, live, studio
from imagine.errors import ImagineError, RefusedPixelsError
from imagine.live import FRAME, Sketch
from imagine.studio import Studio
from web import frames
from web.studio import can_draw, must_draw, studio_fields
from web.tabs import Tab

logger = logging.getLogger(__name__)

LOOK_SECONDS = 3


class SketchConsumer(Tab):
    """A tab in which somebody draws."""

    kinds = frames.IMAGINE_FRAMES

    async def opened(self) -> None:
        self.studio: Studio | None = None
        self.sketch: UUID | None = None
        channel = keys.person(self.person.id)
        await self.running.runtime.bell.listen(channel, self.hear)
        self.stack.push_async_callback(self.running.runtime.bell.leave, channel, self.hear)
        self.stack.push_async_callback(self.leave)
        looking = asyncio.create_task(self.look_on())
        self.stack.callback(looking.cancel)

    # Out

    def hear(self, data: bytes | None) -> None:
        """What those who draw have published for the person. What was missed the page asks for, or draws anew."""
        if data is None:
            return
        if data[0] == FRAME:
            self.put_newest(data)
        elif data.startswith(b"{"):
            self.pass_on(json.loads(data))

    def pass_on(self, word: dict[str, object]) -> None:
        if word["type"] == "refused":
            word["sentence"] = str(RefusedPixelsError.sentence)
        self.say(str(word.pop("type")), **word)

    async def look_on(self) -> None:
        """Tell the page who draws, and again whenever that changes; and where in line the person stands."""
        told: dict[str, object] = {}
        while True:
            try:
                self.studio = await studio.look(self.running.runtime.redis)
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("nobody knows who draws: %s", error)
                self.studio = None
            fields = studio_fields(self.studio)
            if fields != told:
                told = fields
                self.say("studio", **fields)
            await asyncio.sleep(LOOK_SECONDS)

    # In

    async def act(self, frame: frames.ImagineFrame) -> None:
        try:
            await self.carry_out(frame)
        except (ImagineError, AssistantError) as error:
            logger.info("refused %s from %s: %s", type(frame).__name__, self.person.id, error.code)
            self.refuse(frame, error.code, str(error.sentence))
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("Redis is away: %s", error)
            self.refuse(frame, LogUnavailableError.code, str(LogUnavailableError.sentence))

    async def carry_out(self, frame: frames.ImagineFrame) -> None:
        match frame:
            case frames.Draw():
                await self.draw(frame)
            case frames.Hurry(sketch, number):
                await live.hurry(self.running.runtime.redis, self.person.id, sketch, number)
            case frames.Leave():
                await self.leave()
            case frames.Ping():
                self.say("pong")

    def refuse(self, frame: frames.ImagineFrame, code: str, sentence: str) -> None:
        if isinstance(frame, frames.Draw):
            self.say("refused", sketch=str(frame.sketch), number=frame.number, code=code, sentence=sentence)
        else:
            self.say("problem", code=code, sentence=sentence)

    async def draw(self, frame: frames.Draw) -> None:
        """Put what was typed into the person's slot, and the person into the line."""
        can_draw(self.person)
        must_draw(self.studio)
        await self.running.limits.count_frame(self.person)
        sketch = self.sketch_of(frame)
        self.sketch = frame.sketch
        place = await live.put(self.running.runtime.redis, sketch)
        if place.is_new:
            await asyncio.to_thread(jobs.send_live)
        # Behind a painter who is away the line says nothing.
        if place.before and self.studio is not None and self.studio.is_ready:
            self.say(
                "line", sketch=str(frame.sketch), number=frame.number, before=place.before, sentence=line(place.before)
            )

    def sketch_of(self, frame: frames.Draw) -> Sketch:
        """The frame as it is drawn. Raises ImagineError."""
        prompt = jobs.clean_prompt(frame.prompt, typing=not frame.hurry)
        style, shape = jobs.known_style(frame.style), jobs.known_shape(frame.shape)
        return Sketch(self.person.id, frame.sketch, frame.number, prompt, style, shape, frame.seed, frame.hurry)

    async def leave(self) -> None:
        """The tab looks away: what it asked for is drawn no more, unless another tab asks meanwhile."""
        if self.sketch:
            await live.leave(self.running.runtime.redis, self.person.id, self.sketch)
            self.sketch = None


def line(before: int) -> str:
    """What the page says to somebody who waits."""
    return ngettext("%(count)s person is before you", "%(count)s people are before you", before) % {"count": before}
