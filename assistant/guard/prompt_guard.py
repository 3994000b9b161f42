"""Prompt Guard: what gives orders to the model in pages, results and files is left out before the model reads it."""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Literal, NamedTuple

from assistant.guard.classifier import BATCH, Classifier, UnfitError
from assistant.guard.errors import GuardAwayError
from assistant.guard.guard import AWAY, SAFE
from assistant.guard.windows import Window, windows, without
from assistant.llama.files import TextFile
from assistant.llama.messages import ChatMessage
from assistant.sources import Step

logger = logging.getLogger(__name__)

Place = Literal["page", "result", "file"]
INJECTION = "injection"

# All texts of one call together; what is not judged by then counts as if the classifier were away.
SCREEN_SECONDS = 5.0
# Verdicts on windows that this process remembers, by their digests: files are told to the model again with each turn.
KEPT_VERDICTS = 20_000

# What the model reads in place of a part, and the names of the steps that tell the person.
LEFT_OUT = "(A part is left out here: it looks like instructions.)"
NOT_CHECKED = "(A part is left out here: it could not be checked.)"
TOLD = {INJECTION: "left_out", AWAY: "not_checked"}


class Screened(NamedTuple):
    """A text as the model may read it; `found` is INJECTION or AWAY where a part was left out, else SAFE."""

    text: str
    found: str


class PromptGuard:
    """Leaves out what `classifier` finds malicious by `threshold` or more; where it is away nothing, if that is
    `open_when_away`, else all that was not judged.

    `counts` are texts since they were last taken: by place, and INJECTION, SAFE or AWAY.
    """

    # In the table of counts: there are other versions of Llama Guard alone.
    version = 0

    def __init__(self, classifier: Classifier, threshold: float, *, open_when_away: bool) -> None:
        self.classifier = classifier
        self.counts: Counter[tuple[str, str]] = Counter()
        self._threshold = threshold
        self._open_when_away = open_when_away
        self._kept: OrderedDict[bytes, float] = OrderedDict()

    async def screen(self, place: Place, texts: Sequence[str]) -> list[Screened]:
        """The texts as the model may read them. Raises nothing."""
        cut = await asyncio.to_thread(lambda: [windows(text) for text in texts])
        judged = await self._judged({window.words for found in cut for window in found})
        return [self._screened(place, text, found, judged) for text, found in zip(texts, cut, strict=True)]

    async def files(self, messages: Sequence[ChatMessage]) -> tuple[list[ChatMessage], list[Step]]:
        """The messages with their files as the model may read them; a step for each of the last where a part is not."""
        files = [file for message in messages for file in message.files]
        if not files:
            return list(messages), []
        found = await self.screen("file", [file.text for file in files])
        changed = iter([_changed(file, one.text) for file, one in zip(files, found, strict=True)])
        kept = [replace(message, files=tuple(next(changed) for _ in message.files)) for message in messages]
        first = len(files) - len(messages[-1].files)
        new = zip(files[first:], found[first:], strict=True)
        return kept, [Step(TOLD[one.found], file.name) for file, one in new if one.found in TOLD]

    def _screened(self, place: Place, text: str, found: Sequence[Window], judged: dict[str, float]) -> Screened:
        orders = [one[:2] for one in found if judged.get(one.words, 0) >= self._threshold]
        unknown = [one[:2] for one in found if one.words not in judged]
        self.counts[place, INJECTION if orders else AWAY if unknown else SAFE] += 1
        if unknown and not self._open_when_away:
            return Screened(without(text, [*orders, *unknown], NOT_CHECKED), AWAY)
        return Screened(without(text, orders, LEFT_OUT), INJECTION) if orders else Screened(text, SAFE)

    async def _judged(self, words: set[str]) -> dict[str, float]:
        """Windows and how likely they give orders, as far as that could be found out in time."""
        digests = {one: sha256(one.encode(errors="replace")).digest() for one in words}
        judged = {one: self._kept[digest] for one, digest in digests.items() if digest in self._kept}
        new = sorted(words - judged.keys())
        parts = [new[start : start + BATCH] for start in range(0, len(new), BATCH)]
        tasks = [asyncio.create_task(self._judge(part, judged)) for part in parts]
        try:
            done = (await asyncio.wait(tasks, timeout=SCREEN_SECONDS))[0] if tasks else set()
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for one, likely in judged.items():
            self._kept[digests[one]] = likely
            self._kept.move_to_end(digests[one])
        while len(self._kept) > KEPT_VERDICTS:
            self._kept.popitem(last=False)
        return judged

    async def _judge(self, words: Sequence[str], judged: dict[str, float]) -> None:
        """Add how likely each of `words` gives orders; nothing where the classifier does not say."""
        try:
            judged.update(zip(words, await self.classifier.probabilities(words), strict=True))
        except UnfitError:
            if len(words) == 1:
                # So strange that it is longer than a window can be: else that would be a way past.
                judged[words[0]] = 1.0
                return
            # One must not save the others from being judged. Or the server takes fewer at once.
            half = len(words) // 2
            await self._judge(words[:half], judged)
            await self._judge(words[half:], judged)
        except GuardAwayError as error:
            logger.info("%s windows are not judged: %s", len(words), error)


def _changed(file: TextFile, text: str) -> TextFile:
    """The file with another text in place of its own: what of it was cut off before stays cut off."""
    return replace(file, text=text, length=file.length - len(file.text) + len(text))
