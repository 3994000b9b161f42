"""Whether something may stand: what the guard model found, and what the operator makes of that."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from assistant.guard import turns
from assistant.guard.categories import NEVER_IGNORED, Category
from assistant.guard.client import GuardClient
from assistant.guard.errors import (
    GuardAwayError,
    GuardError,
    RefusedPromptError,
    RefusedQuestionError,
    SelfHarmError,
    TakenBackError,
)
from assistant.guard.verdicts import Verdict
from assistant.llama.messages import ChatMessage

Side = Literal["question", "answer", "picture"]
REFUSALS: dict[Side, type[GuardError]] = {
    "question": RefusedQuestionError,
    "answer": TakenBackError,
    "picture": RefusedPromptError,
}
SAFE, AWAY = "safe", "away"


class Guard:
    """Decides by the verdicts of `client`. For guests every category counts, and nothing stands that was not judged;
    for accounts `ignored` ones do not count, and where the model is away all stands if that is `open_when_away`.

    `counts` are the decisions since they were last taken: by side, and by category, or SAFE or AWAY.
    """

    def __init__(self, client: GuardClient, ignored: frozenset[Category], size: int, *, open_when_away: bool) -> None:
        self.client = client
        self.version = client.version.number
        self.counts: Counter[tuple[str, str]] = Counter()
        self._ignored = ignored - NEVER_IGNORED
        self._size = size
        self._open_when_away = open_when_away

    async def question(self, messages: Sequence[ChatMessage], *, guest: bool) -> None:
        """Judge the question at the end of `messages`. Raises RefusedQuestionError, SelfHarmError, GuardAwayError."""
        await self._judge("question", turns.of_question(messages, self._size), guest)

    async def answer(self, messages: Sequence[ChatMessage], text: str, *, guest: bool) -> None:
        """Judge a part of the answer to `messages`. Raises TakenBackError, SelfHarmError, GuardAwayError."""
        await self._judge("answer", turns.of_answer(messages, text, self._size), guest)

    async def prompt(self, text: str, *, guest: bool) -> None:
        """Judge what somebody wants to have drawn. Raises RefusedPromptError, SelfHarmError, GuardAwayError."""
        await self._judge("picture", turns.of_prompt(text, self._size), guest)

    async def _judge(self, side: Side, judged: Sequence[turns.Turns], guest: bool) -> None:
        if not judged:
            return
        found = await asyncio.gather(*map(self.client.verdict, judged), return_exceptions=True)
        away: GuardAwayError | None = None
        refused: set[Category] = set()
        for verdict in found:
            if isinstance(verdict, Verdict):
                refused |= verdict.categories - (frozenset() if guest else self._ignored)
            elif isinstance(verdict, GuardAwayError):
                away = verdict
            else:
                raise verdict
        self.counts.update((side, category.value) for category in refused)
        if refused:
            names = ", ".join(sorted(refused))
            raise (SelfHarmError if Category.SELF_HARM in refused else REFUSALS[side])(f"unsafe by {names}")
        self.counts[side, AWAY if away else SAFE] += 1
        if away and (guest or not self._open_when_away):
            raise away
