"""Ways to break a running site. What does not mend itself is mended on the way out."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from scripts.postgres import Postgres
from tests.started import Started
from tests.web.local.processes import children, command_line, said

# What stands in the command of a part, by what an operator calls it.
PARTS = {
    "web server": "web.server.serve",
    "worker": "--pool threads",
    "clock": " beat ",
    "painter": "live,final,animate",
    "model server": "llama_server",
    "Valkey": "valkey-server",
}
# So long a fault lasts that ends by itself.
FAULT_SECONDS = 20
MIGRATION_SECONDS = 5


@dataclass(frozen=True)
class Fault:
    """A way to break the site: `broken(started)` breaks it on the way in, and mends it on the way out.

    `seconds` is how long it lasts; 0 where it is over at once.
    """

    name: str
    broken: Callable[[Started], AbstractContextManager[None]]
    seconds: float = 0


@contextmanager
def nothing(_: Started) -> Iterator[None]:
    yield


def killed(part: str) -> Fault:
    @contextmanager
    def kill(started: Started) -> Iterator[None]:
        os.kill(process_of(started, part), signal.SIGKILL)
        yield

    return Fault(f"{part}, kill -9", kill)


@contextmanager
def locked(started: Started) -> Iterator[None]:
    """Another process holds the database for a while, as a backup does."""
    connection = sqlite3.connect(started.data / "chaski.sqlite3", isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def full_memory(started: Started) -> Iterator[None]:
    """Valkey may hold no more than it does."""
    with Redis.from_url(redis_url(started)) as redis:
        before = redis.config_get("maxmemory")["maxmemory"]
        redis.config_set("maxmemory", 1)
        try:
            yield
        finally:
            redis.config_set("maxmemory", before)


@contextmanager
def full_disk(started: Started) -> Iterator[None]:
    """Nothing more can be written below the data folder, which is a small disk of its own."""
    filler = started.data / "filler"
    with filler.open("wb") as file:
        while True:
            try:
                file.write(bytes(64 * 1024))
                file.flush()
            except OSError:
                break
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def migrated(started: Started) -> Iterator[None]:
    """A later version's migration adds to the table of messages, as it may: with a default of the database."""
    # It is closed by another thread than opened it.
    with closing(
        sqlite3.connect(started.data / "chaski.sqlite3", isolation_level=None, timeout=60, check_same_thread=False)
    ) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("ALTER TABLE assistant_message ADD COLUMN drilled text NOT NULL DEFAULT ''")
        database.execute("CREATE INDEX drilled ON assistant_message (drilled)")
        # As where there are a million of them.
        time.sleep(MIGRATION_SECONDS)
        database.execute("COMMIT")
        yield
        database.execute("DROP INDEX drilled")
        database.execute("ALTER TABLE assistant_message DROP COLUMN drilled")


def restarted(server: Postgres) -> Callable[[Started], AbstractContextManager[None]]:
    @contextmanager
    def restart(_: Started) -> Iterator[None]:
        server.stop()
        server.start()
        yield

    return restart


def clock_file(data: Path) -> Path:
    """Where it stands by how much the clock of a site is wrong."""
    return data / "clock"


def wrong_clock(data: Path) -> dict[str, str]:
    """The environment of a site whose clock `jumped` turns. Raises ImportError without the package libfaketime."""
    import libfaketime  # type: ignore[import-not-found]

    clock_file(data).write_text("+0")
    library = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
    # Both names are known to one version or another.
    steady = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    file = {"FAKETIME_TIMESTAMP_FILE": str(clock_file(data)), "FAKETIME_CACHE_DURATION": "1"}
    return {"LD_PRELOAD": str(library), **file, **steady}


def jumped(name: str, seconds: int) -> Fault:
    """The clock of the whole site jumps, and stays where it is then."""

    @contextmanager
    def jump(started: Started) -> Iterator[None]:
        clock_file(started.data).write_text(f"+{seconds}")
        yield

    return Fault(name, jump)


ON_SQLITE = (
    Fault("nothing", nothing),
    *(killed(part) for part in PARTS),
    Fault(f"database locked for {FAULT_SECONDS} s", locked, FAULT_SECONDS),
    Fault(f"a migration of {MIGRATION_SECONDS} s", migrated, MIGRATION_SECONDS),
    Fault(f"Valkey's memory full for {FAULT_SECONDS} s", full_memory, FAULT_SECONDS),
    Fault(f"disk full for {FAULT_SECONDS} s", full_disk, FAULT_SECONDS),
)
WITH_A_CLOCK = (jumped("clock an hour ahead", 3600), jumped("clock an hour back", 0))


def process_of(started: Started, part: str) -> int:
    return next(pid for pid in children(started.process.pid) if PARTS[part] in command_line(pid))


def environment_of(pid: int) -> dict[str, str]:
    pairs = (line.partition("=") for line in said(Path(f"/proc/{pid}/environ")).split("\0"))
    return {name: value for name, _, value in pairs if name}


def redis_url(started: Started) -> str:
    """Valkey's address, which its start chose. What was forked has no environment that can be seen."""
    return environment_of(process_of(started, "model server"))["REDIS_URL"]
