"""The product's own processes: web server, worker, painter, and the clock (Celery's beat)."""

import os
import secrets
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from integrations.wake import COURIER
from web.local.llama import healthy
from web.local.logs import rotate
from web.local.ports import free_port
from web.local.process import Child
from web.server.serve import CONNECTIONS, DRAIN_SECONDS

FOLDER = Path(__file__).parent.parent.parent
WEB_LOG = "web.log"
# The loopback address of a server that listens on every address.
REACHABLE_AS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
# Torch is slow to load on a cold disk.
PAINTER_SECONDS = 180


def web(host: str, port: int, data: Path, environment: dict[str, str], number: int = 1, processes: int = 1) -> Child:
    """The web server on `host` and `port`, not yet started; or one of its `processes`, which share port and log.

    Raises OSError.
    """
    options = {
        "--host": host,
        "--port": port,
        "--limit-concurrency": CONNECTIONS,
    }
    asked_at = f"{url_host(REACHABLE_AS.get(host, host))}:{port}"
    is_one_of_many = processes > 1
    if is_one_of_many:
        options["--own-port"] = own_port = free_port()
        asked_at = f"127.0.0.1:{own_port}"
    known_as = urlsplit(environment["SITE_URL"]).netloc
    return Child(
        name=f"Web process {number} of {processes}" if is_one_of_many else "The web server",
        command=module("web.server.serve", *(str(word) for pair in options.items() for word in pair)),
        environment=environment,
        folder=FOLDER,
        log=data / "log" / WEB_LOG,
        forked=True,
        shares_log="The web server" if is_one_of_many else "",
        show_warnings=True,
        is_ready=lambda: healthy(f"http://{asked_at}/healthz", known_as),
        stop_seconds=DRAIN_SECONDS + 15,
    )


def webs(processes: int, host: str, port: int, data: Path, environment: dict[str, str]) -> list[Child]:
    """All processes of the web server, not yet started. Raises OSError."""
    if processes > 1:
        # None of them does, as the others may be writing.
        rotate(data / "log" / WEB_LOG)
    return [web(host, port, data, environment, number, processes) for number in range(1, processes + 1)]


def worker(data: Path, environment: dict[str, str]) -> Child:
    """The Celery worker, not yet started."""
    name = unique_name("chaski")
    return Child(
        name="The worker",
        command=celery_worker(name, "--pool", "threads", "--concurrency", "2"),
        environment=environment,
        folder=FOLDER,
        log=data / "log" / "worker.log",
        forked=True,
        show_warnings=True,
        is_ready=lambda: worker_responds(environment["REDIS_URL"], name),
    )


def courier(data: Path, environment: dict[str, str]) -> Child:
    """The courier, which answers in the messengers, not yet started."""
    return Child(
        name="The courier",
        command=module("manage", "courier"),
        environment=environment,
        folder=FOLDER,
        log=data / "log" / "courier.log",
        forked=True,
        show_warnings=True,
        optional="nobody is answered in messengers until the next start, all else goes on",
        is_ready=lambda: courier_beats(environment["REDIS_URL"]),
        # What it is answering may end first.
        stop_seconds=DRAIN_SECONDS + 35,
    )


def courier_beats(redis_url: str) -> bool:
    """Whether a courier is at work."""
    try:
        with Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1) as client:
            return bool(client.exists(COURIER))
    except (RedisError, OSError):
        return False


def painter(data: Path, environment: dict[str, str]) -> Child:
    """The painter, a Celery worker, not yet started: one task at a time, as a pipeline serves one thread.

    It responds to no ping while it loads a checkpoint or draws.
    """
    name = unique_name("painter")
    options = ["--queues", "live,final,animate", "--pool", "solo", "--concurrency", "1", "--disable-prefetch"]
    return Child(
        name="The painter",
        command=celery_worker(name, *options),
        # While it is imported, transformers advises programmers in warnings.
        environment={"TRANSFORMERS_VERBOSITY": "error"} | threads() | environment,
        folder=FOLDER,
        log=data / "log" / "painter.log",
        show_warnings=True,
        optional="pictures are off until the next start, all else goes on",
        is_ready=lambda: worker_responds(environment["REDIS_URL"], name),
        start_seconds=PAINTER_SECONDS,
    )


def threads() -> dict[str, str]:
    """The environment that limits torch's threads: half of the cores, so that pages and answers have the rest, but two
    at least.

    Measured here: on two cores the other one is mostly idle, and a step is up to 1.6 times as fast with both. Threads
    wait passively: with OpenMP's default busy loop a step takes ten times as long while an answer is generated.
    https://gcc.gnu.org/onlinedocs/libgomp/OMP_005fWAIT_005fPOLICY.html
    """
    count = max(2, (os.cpu_count() or 2) // 2)
    return {"OMP_NUM_THREADS": str(count), "MKL_NUM_THREADS": str(count), "OMP_WAIT_POLICY": "PASSIVE"}


def clock(data: Path, environment: dict[str, str]) -> Child:
    """Celery's beat, not yet started. A process of its own: inside a worker it would be a child that outlives it.

    It needs less than half the memory of a process that loads the product.
    """
    return Child(
        name="The clock",
        command=[
            *module("celery", "-A", "web.clock", "-q", "--no-color", "beat"),
            *("--schedule", str(data / "schedule"), "--pidfile", ""),
        ],
        environment=environment,
        folder=FOLDER,
        log=data / "log" / "clock.log",
        forked=True,
        show_warnings=True,
        is_ready=lambda: True,
    )


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a Python module."""
    return [sys.executable, "-m", name, *arguments]


def celery_worker(name: str, *options: str) -> list[str]:
    """The command of a worker that goes by `name` and does not talk with others."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command = module("celery", "-A", "web", "-q", "--no-color", "worker")
    return [*command, "--hostname", name, "--loglevel", "INFO", *options, *quiet]


def unique_name(kind: str) -> str:
    """A unique hostname for a worker, by which it is pinged."""
    return f"{kind}-{secrets.token_hex(4)}@{socket.gethostname()}"


def worker_responds(redis_url: str, name: str) -> bool:
    """Whether the worker `name` responds to a ping within a second."""
    with Celery(broker=redis_url, set_as_current=False) as app:
        try:
            return bool(app.control.ping(destination=[name], timeout=1))
        except (OperationalError, RedisError):
            return False


def url_host(host: str) -> str:
    """`host` as part of a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host
