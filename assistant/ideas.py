"""Ideas for prompts: suggestions where nothing is typed yet, improvements of what is typed."""

import asyncio
import logging
import random
import re
from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from assistant import demo_ideas, prompts
from assistant.brief import brief_answer
from assistant.errors import AssistantError
from assistant.llama.messages import ChatMessage
from assistant.runtime import Runtime
from imagine import safety
from imagine.errors import ImagineError, RefusedWordsError
from imagine.prompts import clean_prompt

logger = logging.getLogger(__name__)

DEADLINE_SECONDS = 6
SUGGESTIONS, IMPROVEMENTS = 4, 3
# The stream is closed after so many characters or lines: what the prompt asks for is shorter.
ANSWER_CHARACTERS = 1_200
ANSWER_LINES = 8
MIN_IDEA_CHARACTERS = 6

BULLET = re.compile(r"^\s*(?:[-*•>#]+|\(?\d{1,2}[.):])\s*")
MARKUP = re.compile(r"[*_`#<>|\[\]]+")
QUOTES = " \"'“”‘’«»„"
WORD = re.compile(r"\w{3,}")
STEM_CHARACTERS = 4

LIGHTS = (
    "soft morning light",
    "warm light of a low sun",
    "moonlight and long shadows",
    "light through thin mist",
    "bright noon light",
    "the glow of lanterns",
)
PLACES = (
    "wide mountains behind",
    "in a quiet garden",
    "beside a still lake",
    "in an old narrow street",
    "under a large sky",
    "in a cozy room",
)
LOOKS = (
    "loose watercolor",
    "natural photograph with fine detail",
    "oil painting with thick strokes",
    "layered paper cut",
    "storybook illustration",
    "clean lines and flat colors",
)


class Ideas(NamedTuple):
    """Prompts to choose from: new ones, or improvements of what is typed."""

    suggested: list[str]
    improved: list[str]


async def ideas(runtime: Runtime, typed: str) -> Ideas:
    """Ideas from the model, or `plain_ideas` where it fails, is slow, or answers in another form. Raises nothing.

    The demonstration model is too small to be asked, and its counterpart for pictures draws only `demo_ideas`.
    """
    prompt = prompt_of(typed)
    if settings.LLAMA_DEMO or settings.IMAGINE_DEMO:
        return plain_ideas(typed)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            answer = await model_answer(runtime, prompts.improvements(prompt) if prompt else prompts.suggestions())
    except (AssistantError, TimeoutError) as error:
        logger.info("plain ideas are offered: %s", error)
        return plain_ideas(typed)
    lines = clean(answer, prompt)
    if prompt:
        return Ideas([], lines[:IMPROVEMENTS]) if lines else plain_ideas(typed)
    return Ideas(distinct([*lines, *suggestions()])[:SUGGESTIONS], [])


def plain_ideas(typed: str) -> Ideas:
    """Ideas without a model."""
    prompt = prompt_of(typed)
    improved = improvements(prompt) if prompt else []
    return Ideas([] if improved else suggestions()[:SUGGESTIONS], improved)


def prompt_of(typed: str) -> str:
    """`typed` as a prompt; empty where it is none that can be drawn."""
    try:
        return clean_prompt(typed)
    except ImagineError:
        return ""


async def model_answer(runtime: Runtime, messages: list[ChatMessage]) -> str:
    """The start of the model's answer, as far as it is needed. Waits in the queue before the model.

    Raises AssistantError: CrowdedError and LlamaError.
    """
    async with runtime.usual.queue.seat(lambda place: None):
        return await brief_answer(runtime.usual.client, messages, ANSWER_CHARACTERS, ANSWER_LINES)


def clean(answer: str, prompt: str) -> list[str]:
    """The prompts in a model's answer, one a line, without bullets, markup, quotes and remarks."""
    lines = (MARKUP.sub(" ", BULLET.sub("", line)) for line in answer.splitlines())
    found = distinct(" ".join(line.split()).strip(QUOTES) for line in lines)
    return [
        line for line in found if is_prompt(line) and line.casefold() != prompt.casefold() and shares_word(line, prompt)
    ]


def is_prompt(line: str) -> bool:
    """Whether `line` can be drawn, and is no remark such as "Here are three:"."""
    if not MIN_IDEA_CHARACTERS <= len(line) <= settings.PROMPT_CHARACTERS or line.endswith((":", "?")):
        return False
    try:
        safety.check_words(line)
    except RefusedWordsError:
        return False
    return True


def shares_word(line: str, prompt: str) -> bool:
    """Whether `line` has a word of `prompt`, compared by its first letters, so that it is about the same.

    That works for English; prompts in other scripts are not compared.
    """
    if not prompt or not prompt.isascii():
        return True
    return any(word[:STEM_CHARACTERS] in line.casefold() for word in WORD.findall(prompt.casefold()))


def distinct(lines: Iterable[str]) -> list[str]:
    """`lines` without duplicates, regardless of case."""
    return list({line.casefold(): line for line in lines}.values())


def improvements(prompt: str) -> list[str]:
    """`prompt` with words for light, place and style, as far as a prompt may be that long."""
    if settings.IMAGINE_DEMO:
        lines = demo_ideas.improvements(prompt, IMPROVEMENTS)
    else:
        words = zip(*(random.sample(some, IMPROVEMENTS) for some in (LIGHTS, PLACES, LOOKS)), strict=True)
        lines = [", ".join([prompt, *added]) for added in words]
    return [line for line in lines if is_prompt(line)]


def suggestions() -> list[str]:
    """Prompts for anything a large checkpoint draws, in random order."""
    if settings.IMAGINE_DEMO:
        return demo_ideas.suggestions()
    found = [
        _("A fox reading under a street lamp in the rain"),
        _("A tiny house on the back of a snail, in a mossy forest"),
        _("A llama in a knitted scarf, high in the snowy mountains"),
        _("A lighthouse made of glass at sunrise"),
        _("A market street on the moon, with lanterns"),
        _("An octopus playing the drums, bright poster"),
        _("A quiet library inside a giant tree"),
        _("A paper boat crossing a cup of tea"),
        _("Hot-air balloons over terraced fields at dawn"),
        _("A robot watering sunflowers on a balcony"),
        _("A sleeping dragon the size of a hill, in watercolor"),
        _("A cat astronaut looking back at the Earth"),
    ]
    random.shuffle(found)
    return found
