"""Prompts of pictures in English, for checkpoints whose text encoder reads no other language."""

import asyncio
import logging

import simplemma
from django.conf import settings

from assistant import prompts, usage
from assistant.backoff import Backoff
from assistant.brief import brief_answer
from assistant.cache import Cache
from assistant.errors import AssistantError, BudgetSpentError
from assistant.meter import Meter
from assistant.model_server import ModelServer
from assistant.titles import plain_lines, unwrap
from imagine.status import RoleStatus

logger = logging.getLogger(__name__)

# Waiting for the model included: a picture that begins later is worse than one of words that are half understood.
SECONDS = 6
# The share of words in simplemma's dictionary of English from which a prompt counts as English: all but one of four.
ENGLISH = 0.7
# A translation is hardly longer than the text, but of scripts that need a sign for a word.
LONGER = 6
CHARACTERS, LINES = 2_000, 3
# After a failure the model is left alone for so long: who types would wait for it with each pause.
PAUSE_SECONDS = (20.0, 60.0)


class Translator:
    """It belongs to one event loop. Without a `server` nothing is translated."""

    def __init__(self, server: ModelServer | None, cache: Cache, meter: Meter) -> None:
        self._server = server
        self._cache = cache
        self._meter = meter
        self._backoff = Backoff()
        self._has_dictionary = False

    async def is_needed(self, painter: RoleStatus | None, prompt: str) -> bool:
        """Whether `prompt` is in a language that the painter does not read."""
        if self._server is None or painter is None or not painter.english:
            return False
        if not self._has_dictionary:
            # To read it takes most of a second, and to look into it less than to change to a thread.
            await asyncio.to_thread(is_english, prompt)
            self._has_dictionary = True
        return not is_english(prompt)

    async def known(self, painter: RoleStatus | None, prompt: str) -> str:
        """The translation of `prompt` for the painter, where it was translated lately; empty where not."""
        if not await self.is_needed(painter, prompt):
            return ""
        found = await self._cache.get([prompt])
        return found if isinstance(found, str) else ""

    async def english(self, painter: RoleStatus | None, prompt: str, payer: str) -> str:
        """What the painter is to read for `prompt`; empty where that is the prompt itself, also where no model answers.

        Like all that models say it is hostile text: it is one line and bounded, and the caller has its words checked.
        `payer` is one of usage.Payer. Raises nothing.
        """
        if known := await self.known(painter, prompt):
            return known
        if self._server is None or not await self.is_needed(painter, prompt) or self._backoff.is_on:
            return ""
        try:
            self._meter.check(payer)
        except BudgetSpentError as error:
            logger.info("a prompt is drawn as it was typed: %s", error)
            return ""
        try:
            async with asyncio.timeout(SECONDS):
                answer = await ask(self._server, prompt, payer)
        except (AssistantError, TimeoutError) as error:
            logger.info("a prompt is drawn as it was typed: %s", error or "the translation took too long")
            self._backoff.failed(PAUSE_SECONDS)
            return ""
        self._backoff.worked()
        translated = clean(answer, prompt)
        if translated:
            await self._cache.put([prompt], translated)
        return translated


async def ask(server: ModelServer, prompt: str, payer: str) -> str:
    """The model's answer. Waits in the queue before the model. Raises AssistantError: CrowdedError and LlamaError."""
    mark = usage.payer.set(payer)
    try:
        async with server.queue.seat(lambda place: None):
            return await brief_answer(server.client, prompts.translation(prompt), CHARACTERS, LINES)
    finally:
        usage.payer.reset(mark)


def is_english(prompt: str) -> bool:
    """Whether nearly all words of `prompt` are English; what has no letters is."""
    if not any(sign.isalpha() for sign in prompt):
        return True
    return simplemma.in_target_language(prompt, lang="en") >= ENGLISH


def clean(answer: str, prompt: str) -> str:
    """The translation in a model's answer; empty where that is none: nothing, a speech, or the prompt itself."""
    lines = [line for line in map(unwrap, plain_lines(answer)) if line]
    line = lines[0] if lines else ""
    most = min(settings.PROMPT_CHARACTERS, LONGER * len(prompt) + 40)
    return line if len(line) <= most and line.casefold() != prompt.casefold() else ""
