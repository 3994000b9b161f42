"""Everything a benchmark measures, started and stopped: Valkey, the database, the scripted model, the web server."""

import os
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx
from django.core.management import call_command

from benchmarks.environment import folder
from tests.servers import Server, Site, Valkey
from web.local.ports import free_port
from web.local.process import Child

OPEN_FILES = 4096
EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Stage:
    """What runs now."""

    site: Site
    model_url: str
    valkey: Valkey
    model: Server


def stage(words: int = 1, rate: float = 1000) -> AbstractContextManager[Stage]:
    """Start all of it, with an empty SQLite database; the model answers `words` words at `rate` pieces a second."""
    return stage_of("benchmarks.model", {"words": words, "rate": rate})


@contextmanager
def stage_of(module: str, options: Mapping[str, object], environment: Mapping[str, str] = EMPTY) -> Iterator[Stage]:
    """The same with the model, and whatever else, that a module of ours serves; `environment` is the site's.

    In its values {port} stands for the port of the module.
    """
    allow_files()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    valkey, model = Valkey(folder / "valkey"), Server(lambda: scripted(module, port, options))
    more = {name: value.format(port=port) for name, value in environment.items()}
    site = Site(folder, {"REDIS_URL": valkey.url, "LLAMA_URL": url, **more})
    with ExitStack() as stack:
        for server in (valkey, model, site):
            stack.callback(server.kill)
            server.start()
        yield Stage(site, url, valkey, model)


def allow_files() -> None:
    """Hundreds of sockets are hundreds of open files, here and in the servers that we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def scripted(module: str, port: int, options: Mapping[str, object]) -> Child:
    """The scripted model as a process of its own, not yet started."""
    named = {"port": port, **options}
    return Child(
        name="The scripted model",
        command=[
            *(sys.executable, "-m", module),
            *(word for name, value in named.items() for word in (f"--{name}", str(value))),
        ],
        environment=dict(os.environ),
        folder=Path(__file__).parent.parent,
        log=folder / "log" / "model.log",
        is_ready=lambda: answers(f"http://127.0.0.1:{port}/health"),
    )


def answers(url: str) -> bool:
    """Whether a server answers there."""
    try:
        return httpx.get(url, timeout=1, trust_env=False).is_success
    except httpx.TransportError:
        return False
