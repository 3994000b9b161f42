"""Calculations beside the loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.utils import timezone

# One at a time: nothing takes long, and mpmath's precision belongs to one thread.
thread = ThreadPoolExecutor(1, thread_name_prefix="calculator")


async def work_out(question: str) -> str:
    """What `question` asks for, in a line. Raises CalculationError."""
    # The person's own zone, where one is active.
    now = timezone.localtime()
    return await asyncio.get_running_loop().run_in_executor(thread, _answer, question, now)


def _answer(question: str, now: datetime) -> str:
    # Its patterns take a tenth of a second to compile, which most processes never need.
    from assistant.calculator.answer import answer

    return answer(question, now)
