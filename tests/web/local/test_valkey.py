"""The embedded Valkey: it answers us alone, and keeps what it was told."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from imagine import keys
from imagine.status import RoleStatus, publish_status
from tests.ports import free_port
from tests.servers import eventually
from tests.web.local.processes import command_line
from web.local.errors import UnreachableError
from web.local.process import Child
from web.local.progress import Terminal
from web.local.start import Start
from web.local.supervisor import Supervisor
from web.local.valkey import check_redis, pings, valkey


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Child, str]]:
    child, url = valkey(tmp_path / 'a "data" folder', dict(os.environ))
    child.start()
    eventually(child.is_ready)
    yield child, url
    child.kill()


def stop(child: Child) -> None:
    child.terminate()
    eventually(child.stopped)
    child.kill()


def test_it_is_reached_with_its_password_only(running: tuple[Child, str]) -> None:
    _child, url = running
    check_redis(url)
    stranger = "redis://" + url.partition("@")[2]
    assert not pings(stranger)
    with pytest.raises(UnreachableError):
        check_redis(stranger)


def test_its_password_stands_nowhere_others_can_read(running: tuple[Child, str], tmp_path: Path) -> None:
    child, url = running
    assert child.process is not None
    password = url.removeprefix("redis://:").partition("@")[0]
    assert password not in command_line(child.process.pid)
    files = [path for path in tmp_path.rglob("*") if stat.S_ISREG(path.stat().st_mode)]
    assert not [path for path in files if password.encode() in path.read_bytes()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_it_was_told_is_there_after_it_ends(tmp_path: Path, number: int) -> None:
    child, url = valkey(tmp_path, dict(os.environ))
    child.start()
    eventually(child.is_ready)
    with redis.Redis.from_url(url) as client:
        client.set("word", "kept")
    assert child.process is not None
    child.process.send_signal(number)
    eventually(child.stopped)
    child.kill()

    child, url = valkey(tmp_path, dict(os.environ))
    child.start()
    eventually(child.is_ready)
    with redis.Redis.from_url(url) as client:
        assert client.get("word") == b"kept"
    stop(child)


def test_what_painters_said_before_a_restart_is_forgotten(tmp_path: Path, settings: Any, terminal: Terminal) -> None:
    """The next one may draw with another checkpoint, and loads it for a while."""
    settings.LOCAL_SERVERS = ["REDIS_URL"]
    with Supervisor(terminal) as supervisor:
        start = Start("127.0.0.1", 1, 1, tmp_path, terminal, supervisor, dict(os.environ))
        start.start_redis()
        with redis.Redis.from_url(start.environment["REDIS_URL"]) as client:
            publish_status(client, RoleStatus("final", "ready", redraw=True))
            client.set("word", "kept")
    with Supervisor(terminal) as supervisor:
        start = Start("127.0.0.1", 1, 1, tmp_path, terminal, supervisor, dict(os.environ))
        start.start_redis()
        with redis.Redis.from_url(start.environment["REDIS_URL"]) as client:
            assert client.get("word") == b"kept"
            assert not client.exists(keys.painter("final"))


def test_a_counter_outlives_what_fills_the_memory(running: tuple[Child, str]) -> None:
    """Whoever fills it must not get rid of their limits by that."""
    _child, url = running
    with redis.Redis.from_url(url) as client:
        used = client.info("memory")["used_memory"]
        client.config_set("maxmemory", used + 3_000_000)
        client.set("LIMITS:typed", 1, ex=60)
        for number in range(10_000):
            client.set(f"log:{number}", "x" * 1000, ex=3600)
            if number % 100 == 0:
                client.incr("LIMITS:typed")
        assert client.get("LIMITS:typed") == b"101"
        assert client.info("stats")["evicted_keys"] > 5_000


def test_a_redis_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(UnreachableError, match="REDIS_URL") as caught:
        check_redis(f"redis://:a-password@127.0.0.1:{free_port()}/0")
    assert "a-password" not in str(caught.value)
