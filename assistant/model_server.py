"""A model server as answers use it: its client, the seats before it, how it is told of tools, whether it answers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from assistant.backoff import Backoff
from assistant.doorbell import Doorbell
from assistant.llama.client import LlamaClient
from assistant.llama.tool_choice import ToolChoice
from assistant.queue import ModelQueue
from assistant.seats import SharedSeats

# A server that did not answer is left alone for so long, the longer the more often: another model answers meanwhile.
REST_SECONDS = (5.0, 15.0, 60.0)


class ModelServer:
    """One server. It belongs to one event loop."""

    def __init__(self, client: LlamaClient, queue: ModelQueue, tool_choice: ToolChoice) -> None:
        self.client = client
        self.queue = queue
        self.tool_choice = tool_choice
        self._backoff = Backoff()

    @asynccontextmanager
    async def open(self, seats: SharedSeats, doorbell: Doorbell) -> AsyncIterator["ModelServer"]:
        """Share the seats with other processes, and find out how the server is told of tools, until the block ends."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.client.close)
            await stack.enter_async_context(self.queue.shared_by(seats, doorbell))
            await stack.enter_async_context(self.tool_choice)
            yield self

    @property
    def is_away(self) -> bool:
        """Whether it did not answer a moment ago: then nobody waits for it."""
        return self._backoff.is_on

    def failed(self) -> None:
        """It did not answer."""
        self._backoff.failed(REST_SECONDS)

    def answered(self) -> None:
        """It has answered."""
        self._backoff.worked()
