"""Notices to all who look at a conversation, at every process, that it changed."""

import logging
from uuid import UUID

from redis.exceptions import RedisError

from assistant.runs import keys
from assistant.runtime import Runtime

logger = logging.getLogger(__name__)


async def announce(runtime: Runtime, conversation: UUID, origin: str = "") -> None:
    """Notify the subscribers of `conversation`, all but `origin`, that it changed.

    Without Redis nothing is sent; subscribers look again once it is back.
    """
    try:
        await runtime.redis.publish(keys.conversation(conversation), origin)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("the change of conversation %s was not published: %s", conversation, error)
