"""`manage.py channels`: how WhatsApp, Messenger and Instagram are set up. With `setup`, what the API can set is set."""

import asyncio
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integrations import checkup
from integrations.setup import Finding


class Command(BaseCommand):
    help = "Look at how WhatsApp, Messenger and Instagram are set up, or set up what Meta's API can."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", nargs="?", default="check", choices=["check", "setup"], help="default: check")
        parser.add_argument("--dry-run", action="store_true", help="with setup: only say what would be done")

    def handle(self, *args: Any, action: str, dry_run: bool, **options: Any) -> None:
        faults = asyncio.run(self.look() if action == "check" else self.set_up(dry_run))
        if faults:
            sys.exit(1)

    async def look(self) -> int:
        """Print how it stands, then what to mend. Returns how much that is."""
        faults: list[tuple[str, Finding]] = []
        async for section in checkup.check():
            self.stdout.write(section.title)
            for finding in section.findings:
                self.stdout.write(f"  {finding.about:<13}{finding.text}")
            self.stdout.write("")
            faults += [(section.title, finding) for finding in section.faults]
        for title, finding in faults:
            self.stdout.write(f"{title}, {finding.about.lower()}: {finding.mend}")
        if not faults:
            self.stdout.write("All is well.")
        return len(faults)

    async def set_up(self, dry_run: bool) -> int:
        """Do each step, and print how it went. Returns how many failed."""
        faults, any_step = 0, False
        async for setup, finding in checkup.set_up(dry_run):
            any_step = True
            self.stdout.write(f"{setup.title:<11}{finding.about}: {finding.text}")
            if finding.mend:
                self.stdout.write(f"{'':<11}{finding.mend}")
                faults += 1
        if not any_step:
            self.stdout.write("No app is on. manage.py channels says what each of them needs.")
        return faults
