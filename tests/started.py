"""`manage.py start` in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.ports import free_port

CHECKOUT = Path(__file__).parent.parent
OPERATORS = ("REDIS_URL", "DATABASE_URL", "SITE_URL", "DJANGO_SETTINGS_MODULE")


class Started:
    """A start in a process of its own; `port` is where it serves.

    Nothing draws, unless `settings` name a checkpoint or `shipped` leaves it to the one that comes along.
    """

    def __init__(
        self,
        data: Path,
        *,
        before: str = "",
        arguments: tuple[str, ...] = (),
        shipped: bool = False,
        **settings: str,
    ) -> None:
        self.port = free_port()
        self.data = data
        ours = {
            name: value
            for name, value in os.environ.items()
            if name not in OPERATORS and not name.startswith(("LLAMA", "IMAGINE"))
        }
        ours |= {} if shipped else {"IMAGINE_MODEL": ""}
        run = ["-c", before + "import manage; manage.main()"] if before else ["manage.py"]
        with (data / "said").open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, *run, "start", "--port", str(self.port), *arguments],
                env=ours | {"DATA_DIR": str(data)} | settings,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return (self.data / "said").read_text()

    def is_up(self) -> bool:
        return self.process.poll() is not None or "Press Ctrl-C" in self.said()

    def ended(self) -> tuple[int, str]:
        """The exit code, and all that was said."""
        return self.process.wait(60), self.said()
