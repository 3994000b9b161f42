"""All tools, in one place."""

from redis.asyncio import Redis

from assistant.doorbell import Doorbell
from assistant.tools.base import Tool
from assistant.tools.create_image import CreateImage


def toolbox(redis: "Redis", doorbell: Doorbell) -> dict[str, Tool]:
    """The tools by name, with the connections of this process."""
    return {"create_image": CreateImage(redis, doorbell)}
