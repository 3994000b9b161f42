"""Limits and the Redis that counts them."""

import asyncio
from pathlib import Path

from assistant.limits import Limits
from tests.servers import Valkey


async def test_the_first_message_after_redis_started_again_is_not_refused(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)
    await asyncio.to_thread(valkey.start)
    limits = Limits(valkey.url)
    try:
        await limits.count("5/minute", "message", "ada")
        await asyncio.to_thread(valkey.kill)
        await asyncio.to_thread(valkey.start)
        await limits.count("5/minute", "message", "ada")
    finally:
        await limits.close()
        valkey.kill()
