"""`manage.py courier`: answers what comes from WhatsApp, Messenger and Instagram, until Ctrl-C or SIGTERM."""

import asyncio
import gc
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand

from assistant.room_turns import RoomCalls
from assistant.runtime import Runtime
from integrations.courier import Courier
from integrations.registry import channels


class Command(BaseCommand):
    help = "Answer what comes from WhatsApp, Messenger and Instagram, until Ctrl-C. Several may run."
    # They are for who changes the code, and `make check` runs them: here they would cost a tenth of the start.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not channels():
            sys.exit("No messenger is set up, so there is nothing to do: see docs/channels/README.md.")
        asyncio.run(serve())


async def serve() -> None:
    """Run a courier until a signal; what it is answering may end first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # As in a web process: what was loaded is no garbage, and looking through it takes long.
    gc.freeze()
    async with Runtime() as runtime, Courier(runtime) as courier, RoomCalls(courier.answering):
        await stop.wait()
