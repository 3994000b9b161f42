"""What draws while people type, started and stopped: Valkey, the database, the web server, the process that draws."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

from django.core.management import call_command
from redis import Redis

from benchmarks.environment import folder
from benchmarks.stage import allow_files
from imagine import keys
from imagine.live import LivePrompt
from imagine.status import RoleStatus
from tests.servers import Painter, Server, Site, Valkey, eventually


@dataclass(frozen=True)
class Studio:
    """What runs now."""

    site: Site
    redis: Redis

    def notice(self) -> RoleStatus:
        """What the process that draws says about live frames; at most a beat old."""
        return RoleStatus.from_bytes(cast(bytes, self.redis.get(keys.painter("live"))))

    def film(self, person: UUID, sketch: UUID) -> list[tuple[float, LivePrompt]]:
        """When each frame of a drawing was sent to its page, in seconds since 1970, and what it shows."""
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.redis.xrange(keys.history(person)))
        frames = [(int(id.split(b"-")[0]) / 1000, LivePrompt.from_bytes(fields[b"prompt"])) for id, fields in entries]
        return [(at, frame) for at, frame in frames if frame.canvas == sketch]


@contextmanager
def studio(checkpoint: Path) -> Iterator[Studio]:
    """Start all of it, with a database that may be new; everybody draws with `checkpoint`."""
    allow_files()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    valkey = Valkey(folder / "valkey")
    environment = {"REDIS_URL": valkey.url, "IMAGINE_MODEL": str(checkpoint)}
    site, painter = Site(folder, environment), Painter(folder, environment)
    servers: tuple[Server, ...] = (valkey, painter, site)
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.kill)
            server.start()
        redis = stack.enter_context(Redis.from_url(valkey.url))
        running = Studio(site, redis)
        eventually(lambda: redis.exists(keys.painter("live")) and running.notice().state == "ready", 60)
        yield running
