"""How a message of the assistant goes on once it is taken: sent, delivered, read where the phone is open, or failed."""

import asyncio

from integrations.emulator.groups import Groups
from integrations.emulator.state import World
from integrations.emulator.things import Bubble, Fault, Group, Thread

SENT_SECONDS = 0.05
DELIVERED_SECONDS = 0.15
READ_SECONDS = 0.5


class Progress:
    """Moves messages on, a moment apart."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups = Groups(world)

    def start(self, thread: Thread, bubble: Bubble, fault: Fault | None = None) -> None:
        """Show a message and let it go its way; with a `fault` it fails instead."""
        self._world.add_from_bot(thread, bubble)
        loop = asyncio.get_running_loop()
        if fault:
            loop.call_later(SENT_SECONDS, self._world.advance, thread, bubble, "failed", fault)
            return
        loop.call_later(SENT_SECONDS, self._world.advance, thread, bubble, "sent")
        loop.call_later(DELIVERED_SECONDS, self._world.advance, thread, bubble, "delivered")
        loop.call_later(READ_SECONDS, self._look, thread)

    def _look(self, thread: Thread) -> None:
        if thread.open:
            self._world.read(thread)

    def start_in_group(self, group: Group, bubble: Bubble, fault: Fault | None = None) -> None:
        """The same for a message to a group."""
        self._groups.add_from_bot(group, bubble)
        loop = asyncio.get_running_loop()
        if fault:
            loop.call_later(SENT_SECONDS, self._groups.fail, group, bubble, fault)
            return
        loop.call_later(SENT_SECONDS, self._groups.sent, group, bubble)
        reached = list(bubble.receipts)
        loop.call_later(DELIVERED_SECONDS, self._groups.advance, group, bubble, "delivered", reached)
        loop.call_later(READ_SECONDS, lambda: self._groups.read(group, group.open))
