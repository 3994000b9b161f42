"""The fork server: a process that has loaded the site, and forks the site's processes, which share that memory.

`manage.py start` forks it before Django knows any settings, as those of the site's processes differ. A later one is
python -m web.local.fork_server SOCKET STARTER. What it forks is adopted by its starter (forks.py), and is then a child
like those of subprocess.
"""

import gc
import importlib
import json
import os
import runpy
import socket
import sys
import time
from dataclasses import dataclass
from typing import NoReturn

from setproctitle import setproctitle

from web.local import leash

# Libraries that the starter loads as well; none reads settings while it is imported.
LIBRARIES = [
    "aiohttp",
    "celery.app.base",
    "channels.auth",
    "django.contrib.admin",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "environs",
    "httpx",
    "kombu.transport.redis",
    "limits.aio.storage",
    "redis.asyncio",
    "servestatic.middleware",
]
# What web processes, worker, clock and courier run.
SITE = [
    "web.asgi",
    "web.urls",
    "web.server.requests",
    "integrations.courier",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker.consumer",
    "uvloop",
]


@dataclass(frozen=True)
class Program:
    """What a forked process runs: `command` is that of a module, python -m; `environment` is complete."""

    command: list[str]
    environment: dict[str, str]
    folder: str


def load(names: list[str]) -> None:
    """Import modules, and leave them to the processes to come: the collector would write to them, and so copy them."""
    for name in names:
        importlib.import_module(name)
    gc.freeze()


def serve(channel: socket.socket, starter: int) -> NoReturn:
    """Fork a process for each request of `starter`, until that ends, all with the environment of the first."""
    if not leash.hold(starter):
        os._exit(1)
    setproctitle(f"{sys.executable} -m web.local.fork_server")
    loaded = False
    while True:
        message, files, _, _ = socket.recv_fds(channel, 1, 2)
        if not message:
            os._exit(0)
        request, log = files
        with open(request) as file:
            program = Program(**json.load(file))
        if not loaded:
            load_site(program.environment)
            loaded = True
        if is_forked():
            run(program, channel, starter, log)
        os.close(log)


def load_site(environment: dict[str, str]) -> None:
    """Load the site with the settings of `environment`."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    load(SITE)


def is_forked() -> bool:
    """Fork twice, and end the process between, so that the starter adopts the other: there this returns True."""
    adopted, adoption = os.pipe()
    between = os.fork()
    if not between:
        try:
            if os.fork():
                os._exit(0)
        except OSError:
            os._exit(1)
        os.close(adoption)
        return bool(os.read(adopted, 1)) or os._exit(1)
    os.close(adopted)
    os.waitpid(between, 0)
    # Raises where nothing was forked: this server ends, and its starter tries another.
    os.write(adoption, b"1")
    os.close(adoption)
    return False


def run(program: Program, channel: socket.socket, starter: int, log: int) -> NoReturn:
    """Become `program`; its output goes to the file `log`."""
    if not leash.hold(starter):
        # It was not adopted.
        channel.send(b"0")
        os._exit(1)
    os.setsid()
    setproctitle(" ".join(program.command))
    channel.send(str(os.getpid()).encode())
    for stream, file in ((sys.stdin, os.open(os.devnull, os.O_RDONLY)), (sys.stdout, log), (sys.stderr, log)):
        os.dup2(file, stream.fileno())
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    # As PYTHONUNBUFFERED does where an interpreter starts.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.chdir(program.folder)
    _python, _option, module, *arguments = program.command
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    load(LIBRARIES)
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
