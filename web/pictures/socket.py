"""The socket of the drawing page: live prompts in while the person types, previews and events of pictures out."""

import asyncio
import logging
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import ngettext, override
from redis.exceptions import RedisError

from assistant.errors import AssistantError
from assistant.usage import payer_of
from imagine import events, jobs, keys, live, prompts, safety
from imagine.errors import ERRORS, ImagineError
from imagine.events import PictureProgress, PromptRead, PromptRefused
from imagine.live import PREVIEW, LivePrompt, Place
from imagine.status import PainterStatus
from web.pictures.status import check_account, painter_status, status_fields
from web.sockets import messages
from web.sockets.base import SIGNED_OUT, TRY_AGAIN, PageConsumer
from web.sockets.session import SESSION_SECONDS

logger = logging.getLogger(__name__)

STATUS_SECONDS = 3
# Before what was typed is translated, as each translation costs the model's time.
TYPING_SECONDS = 0.6
# After an action the session is asked for again before the last answer is too old: prompts wait for no database.
ASK_AGAIN_SECONDS = SESSION_SECONDS * 0.75


class PictureConsumer(PageConsumer):
    """The socket of a tab that draws."""

    kinds = messages.PICTURE_MESSAGES

    async def opened(self) -> None:
        self.painter = PainterStatus()
        self.canvas: UUID | None = None
        self.translating: asyncio.Task[None] | None = None
        self.stack.callback(self.translate_no_more)
        channel = keys.person(self.person.id)
        await self.runtime.doorbell.subscribe(channel, self.notify)
        self.stack.push_async_callback(self.runtime.doorbell.unsubscribe, channel, self.notify)
        self.stack.push_async_callback(self.leave)
        self.acted = asyncio.Event()
        for work in (self.poll_status(), self.check_session()):
            self.stack.callback(asyncio.create_task(work).cancel)

    # Out

    def notify(self, data: bytes | None) -> None:
        """Send what is published about the person's pictures. What is missed the page fetches, or draws anew."""
        if not data:
            return
        if data[0] == PREVIEW:
            self.put_newest(data)
            return
        match events.from_bytes(data):
            case PictureProgress(id, status, done, of):
                self.say("picture", id=id, status=status, done=done, of=of)
            case PromptRead(canvas, number, left_out, drawn):
                self.say("read", sketch=canvas, number=number, left_out=left_out, drawn=drawn)
            case PromptRefused(canvas, number, code):
                # This is called by another task, which has no language.
                with override(self.language):
                    sentence = str(ERRORS.get(code, ImagineError).sentence)
                self.say("refused", sketch=canvas, number=number, code=code, sentence=sentence, retry=False)

    async def poll_status(self) -> None:
        """Send the painter's status, and each change of it."""
        sent: dict[str, object] = {}
        while True:
            self.painter = await painter_status()
            fields = status_fields(self.painter)
            if fields != sent:
                sent = fields
                self.say("studio", **fields)
            await asyncio.sleep(STATUS_SECONDS)

    async def check_session(self) -> None:
        """Ask for the session again soon after each action, and close the socket where it has ended."""
        try:
            while await self.acted.wait():
                await asyncio.sleep(ASK_AGAIN_SECONDS)
                self.acted.clear()
                if not await self.session.ask():
                    self.drop(SIGNED_OUT)
                    return
        except DatabaseError as error:
            logger.warning("the session of %s cannot be checked: %s", self.person.id, error)
            self.drop(TRY_AGAIN)

    # In

    async def may_act(self, _message: messages.PictureMessage) -> bool:
        """Whether the session still holds, by a check of a moment ago where nothing has happened to it since."""
        self.acted.set()
        return await self.session.ask_if_marked()

    async def carry_out(self, message: messages.PictureMessage) -> None:
        match message:
            case messages.Draw():
                await self.draw(message)
            case messages.Hurry(canvas, number):
                await live.hurry(self.runtime.redis, self.person.id, canvas, number)
            case messages.Leave():
                await self.leave()
            case messages.Ping():
                self.say("pong")

    def refuse(self, message: messages.PictureMessage, error: AssistantError | ImagineError) -> None:
        fields = {"code": error.code, "sentence": str(error.sentence)}
        if isinstance(message, messages.Draw):
            again = {"sketch": str(message.sketch), "number": message.number, "retry": error.retry}
            self.say("refused", **again, **fields)
        else:
            self.say("problem", **fields)

    async def draw(self, message: messages.Draw) -> None:
        """Make the message the person's newest live prompt. Raises AssistantError, ImagineError, RedisError."""
        check_account(self.person)
        self.painter.check_live()
        await self.runtime.limits.count_live_prompt(self.person, self.address)
        self.translate_no_more()
        prompt = self.prompt_of(message)
        self.canvas = message.sketch
        translator = self.runtime.translator
        drawn = await translator.known(self.painter.live, prompt.prompt)
        safety.check_words(drawn, typing=not prompt.hurry)
        safety.check_left_out(drawn, prompt.negative)
        place = await self.put_prompt(replace(prompt, drawn=drawn))
        if not drawn and await translator.is_needed(self.painter.live, prompt.prompt):
            self.translating = asyncio.create_task(self.translate(prompt))
        # Behind a painter that is away no place in the queue is sent.
        if place.before and (self.painter.is_live or self.painter.is_ready):
            fields = {"before": place.before, "sentence": queue_sentence(place.before)}
            self.say("line", sketch=str(message.sketch), number=message.number, **fields)

    async def put_prompt(self, prompt: LivePrompt) -> Place:
        """Make it the person's newest live prompt. Raises AwayError, RedisError."""
        place = await live.put(self.runtime.redis, prompt)
        if place.is_new:
            await asyncio.to_thread(jobs.send_live)
        return place

    async def translate(self, prompt: LivePrompt) -> None:
        """Once typing pauses, have the prompt drawn again as the checkpoint reads it; not at all if that is refused."""
        try:
            await asyncio.sleep(TYPING_SECONDS)
            await self.runtime.limits.count_use(
                settings.LIMIT_PERSON_TRANSLATIONS, "translation", self.person, self.address
            )
            drawn = await self.runtime.translator.english(self.painter.live, prompt.prompt, payer_of(self.person))
            if drawn and prompt.canvas == self.canvas:
                safety.check_words(drawn)
                safety.check_left_out(drawn, prompt.negative)
                await self.put_prompt(replace(prompt, drawn=drawn, hurry=True))
        except AssistantError as error:
            logger.info("a prompt of %s is drawn as it was typed: %s", self.person.id, error.code)
        except ImagineError as error:
            self.translating = None
            await self.leave()
            fields = {"code": error.code, "sentence": str(error.sentence), "retry": error.retry}
            self.say("refused", sketch=str(prompt.canvas), number=prompt.number, **fields)
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("a translated prompt is not drawn: %s", error)

    def translate_no_more(self) -> None:
        """Something newer was typed, or the page has gone."""
        if self.translating:
            self.translating.cancel()

    def prompt_of(self, message: messages.Draw) -> LivePrompt:
        """The message as a valid live prompt. Raises EmptyPromptError, RefusedInputError, RefusedWordsError."""
        prompt = prompts.clean_prompt(message.prompt, typing=not message.hurry)
        return LivePrompt(
            self.person.id,
            message.sketch,
            message.number,
            prompt,
            prompts.known_style(message.style),
            prompts.known_shape(message.shape),
            message.seed,
            message.hurry,
            negative=prompts.clean_negative(message.without, prompt),
        )

    async def leave(self) -> None:
        """Withdraw this tab's prompt, unless another tab has put one meanwhile. Raises RedisError."""
        if self.canvas:
            self.translate_no_more()
            await live.leave(self.runtime.redis, self.person.id, self.canvas)
            self.canvas = None


def queue_sentence(before: int) -> str:
    """The sentence for a person in the queue."""
    return ngettext("%(count)s person is before you", "%(count)s people are before you", before) % {"count": before}
