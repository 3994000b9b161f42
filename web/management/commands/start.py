"""`manage.py start`: the whole product on this machine, with an embedded server for each unset address.

With LLAMA_LOCAL_MODEL=list or IMAGINE_MODEL=list it shows the models or checkpoints that have names, and ends.
"""

import sys
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from web.local import pictures
from web.local.errors import LocalError
from web.local.llama import listing
from web.local.progress import Terminal
from web.local.start import run
from web.local.supervisor import StopRequested

MOST_PROCESSES = 64


def port_number(text: str) -> int:
    """The port that `text` names. Raises ArgumentTypeError."""
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise ArgumentTypeError(f"{text} is not a port: write a number from 1 to 65535.")


def process_count(text: str) -> int:
    """The number of processes that `text` names. Raises ArgumentTypeError."""
    if text.isdecimal() and 0 < int(text) <= MOST_PROCESSES:
        return int(text)
    raise ArgumentTypeError(f"{text} web processes cannot be started: write a number from 1 to {MOST_PROCESSES}.")


class Command(BaseCommand):
    help = "Run Chaski on this machine until Ctrl-C: the site, its workers, and a server for each unset URL."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
        parser.add_argument(
            "--emulator", action="store_true", help="play WhatsApp, Messenger and Instagram, with phones on a page"
        )
        parser.add_argument("--port", default=8000, type=port_number, help="the port to listen on (default: 8000)")
        parser.add_argument(
            "--web",
            type=process_count,
            help="how many processes serve it (default: one for each core, up to four; one beside a model of its own)",
        )

    def handle(self, *args: Any, host: str, port: int, web: int | None, emulator: bool, **options: Any) -> None:
        if settings.LLAMA_LOCAL_MODEL == "list":
            self.stdout.write(listing(settings.MODEL_FOLDER.resolve()))
            return
        if settings.IMAGINE_MODEL == "list":
            self.stdout.write(pictures.listing(settings.CHECKPOINT_FOLDER.resolve()))
            return
        try:
            run(host, port, Terminal(), webs=web, emulated=emulator)
        except LocalError as error:
            sys.exit(str(error))
        except (StopRequested, KeyboardInterrupt):
            sys.exit(0)
