"""What the guard decided, counted by day for the operator."""

import logging
from collections import Counter
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from assistant.database import add_up, in_thread
from assistant.guard.guard import Guard
from assistant.guard.prompt_guard import PromptGuard
from assistant.models import GuardCount

logger = logging.getLogger(__name__)

KEPT_DAYS = 400


async def save_counts(guard: Guard | PromptGuard) -> None:
    """Add what was decided since the last time to the rows of today. Without a database it is added the next time."""
    counts = Counter[tuple[str, str]](guard.counts)
    guard.counts.clear()
    if not counts:
        return
    try:
        await in_thread(_add)(guard.version, counts)
    except DatabaseError as error:
        logger.warning("decisions of the guard are not counted yet: %s", error)
        guard.counts.update(counts)


async def judge_prompt(guard: Guard, words: str, *, guest: bool) -> None:
    """Judge what is to be drawn outside of a conversation, and count that. Raises GuardError."""
    try:
        await guard.prompt(words, guest=guest)
    finally:
        await save_counts(guard)


def _add(version: int, counts: Counter[tuple[str, str]]) -> None:
    today = timezone.localdate()
    for (side, found), number in counts.items():
        line = {"day": today, "version": version, "side": side, "found": found}
        if add_up(GuardCount, line, {"number": number}):
            GuardCount.objects.filter(day__lt=today - timedelta(days=KEPT_DAYS)).delete()
