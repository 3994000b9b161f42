"""Calculations beside the loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.utils import timezone

from assistant.calculator.answer import answer

# One at a time: nothing takes long, and mpmath's precision belongs to one thread.
thread = ThreadPoolExecutor(1, thread_name_prefix="calculator")


async def work_out(question: str) -> str:
    """What `question` asks for, in a line. Raises CalculationError."""
    # The person's own zone, where one is active.
    now = timezone.localtime()
    return await asyncio.get_running_loop().run_in_executor(thread, answer, question, now)
