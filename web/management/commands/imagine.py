"""`manage.py imagine`: what a checkpoint is and can do here, how long it takes, and what to mend."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from imagine.errors import CheckpointError


class Command(BaseCommand):
    help = "Try a checkpoint: what it was recognised as, what it can do, and how long a picture takes."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "checkpoint", nargs="*", help="a folder, a file, or a name on the hub; those of the settings if none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Torch takes seconds to load, and no other command needs it.
        from imagine.painter.checkup import rows

        named = (settings.IMAGINE_MODEL, settings.IMAGINE_FINAL_MODEL, settings.IMAGINE_VIDEO_MODEL)
        failed = False
        for name in options["checkpoint"] or dict.fromkeys(filter(None, named)):
            try:
                for title, value in rows(name):
                    self.stdout.write(f"{title:<12}{value}")
            except CheckpointError as error:
                failed = True
                self.stdout.write(f"{'Trouble':<12}{error}")
            self.stdout.write("")
        if failed:
            sys.exit(1)
