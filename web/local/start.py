"""`manage.py start`, step by step: embedded servers, database, static files, the site's processes."""

import errno
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connections
from redis import Redis

from imagine.status import forget_statuses
from integrations.registry import channels
from web.local import machine, site
from web.local.apart import apart
from web.local.banner import (
    Report,
    banner,
    messenger_rows,
    model_rows,
    prompt_guard_rows,
    role_rows,
    search_rows,
    shield_rows,
    switched_off,
)
from web.local.emulator import Emulator, stand_in
from web.local.errors import LocalError, OneProcessError, UnreachableError
from web.local.llama import LocalModel, choose, llama
from web.local.lock import start_lock
from web.local.pictures import Pictures, choose_pictures
from web.local.ports import check_address
from web.local.process import Child
from web.local.progress import Terminal
from web.local.supervisor import Supervisor
from web.local.valkey import check_redis, valkey

LOADING = "They load now; one that then does not draw is told below."


@dataclass
class Start:
    """One start of the product, with `webs` web processes. `environment` is that of the children; embedded servers add
    their addresses to it.
    """

    host: str
    port: int
    webs: int
    data: Path
    terminal: Terminal
    supervisor: Supervisor
    environment: dict[str, str]
    emulator: Emulator | None = None
    started_at: float = field(default_factory=time.monotonic)

    def start_all(self, model: LocalModel | None, pictures: Pictures) -> None:
        """Start each part and wait until it is ready. Raises LocalError, StopRequested and OSError."""
        self.environment |= pictures.changes
        self.start_redis()
        if self.emulator:
            self.start_emulator(self.emulator)
        loading = self.start_model(model) if model else None
        apart(migrate)
        self.done("The database is ready")
        apart(collect_static)
        self.done("The pages are ready")
        worker = site.worker(self.data, self.environment)
        self.supervisor.start(worker)
        if pictures.painter:
            # Its readiness is not awaited: chat works while it loads its checkpoint.
            self.supervisor.start(site.painter(self.data, self.environment))
        self.supervisor.start(site.clock(self.data, self.environment))
        if channels() or self.emulator:
            self.supervisor.start(site.courier(self.data, self.environment))
        if loading:
            self.wait_for(loading)
        webs = site.webs(self.webs, self.host, self.port, self.data, self.environment)
        for web in webs:
            self.supervisor.start(web)
        self.wait_for(worker)
        for web in webs:
            self.wait_for(web)
        if self.emulator:
            self.emulator.set_up(self.environment)

    def start_redis(self) -> None:
        """Start the embedded Valkey, or check the Redis at REDIS_URL. Raises LocalError, StopRequested and OSError."""
        if "REDIS_URL" not in settings.LOCAL_SERVERS:
            check_redis(settings.REDIS_URL)
            return
        child, self.environment["REDIS_URL"] = valkey(self.data, self.environment)
        self.supervisor.start(child)
        self.wait_for(child)
        # It keeps its data, and the painter of an earlier start may have drawn with another checkpoint.
        with Redis.from_url(self.environment["REDIS_URL"]) as redis:
            forget_statuses(redis)

    def start_emulator(self, emulator: Emulator) -> None:
        """Start the stand-in for the messengers, and have the site speak to it. Raises LocalError and OSError."""
        child = emulator.child(self.data, self.environment)
        self.environment |= emulator.settings
        self.supervisor.start(child)
        self.wait_for(child)

    def start_model(self, model: LocalModel) -> Child:
        """Start the server of `model`, without waiting, and add its address to the environment of the children."""
        server = llama(model, self.data, self.environment, settings.LLAMA_CONTEXT)
        self.environment |= server.settings(model)
        self.supervisor.start(server.child)
        return server.child

    def wait_for(self, child: Child) -> None:
        """Wait until `child` is ready. Raises ChildError and StopRequested."""
        self.supervisor.wait_for(child)
        self.done(f"{child.name} is ready")

    def done(self, text: str) -> None:
        """Print that a step is done, and when."""
        self.terminal.line(f"  {time.monotonic() - self.started_at:5.1f} s  {text}")


def run(host: str, port: int, terminal: Terminal, *, webs: int | None = None, emulated: bool = False) -> None:
    """Run the product until Ctrl-C or SIGTERM; `emulated`: with a stand-in for the messengers. `webs` web processes
    run, or as many as do good.

    Raises LocalError when a part cannot start or dies, and StopRequested for a signal during the start.
    """
    data = settings.DATA_DIR.resolve()
    try:
        with start_lock(data):
            check_address(host, port)
            model = choose_model(terminal)
            webs = web_processes(webs, model)
            pictures = choose_pictures(settings.CHECKPOINT_FOLDER, terminal)
            with Supervisor(terminal) as supervisor:
                around = environment(host, port, data)
                emulator = stand_in(around["SITE_URL"], port) if emulated else None
                start = Start(host, port, webs, data, terminal, supervisor, around, emulator)
                start.start_all(model, pictures)
                terminal.line(banner(report(start, model, pictures), terminal.live))
                supervisor.watch()
                terminal.line("Stopping.")
    except OSError as error:
        raise LocalError(os_error_text(error, data)) from error


def migrate() -> None:
    """Migrate the database. Raises UnreachableError."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise UnreachableError(f"The database cannot be used: {str(error).strip()}") from error
    finally:
        connections.close_all()


def collect_static() -> None:
    """Collect the static files. Raises OSError."""
    call_command("collectstatic", interactive=False, verbosity=0)


def choose_model(terminal: Terminal) -> LocalModel | None:
    """The model of the embedded server; None where LLAMA_URL names a server. Raises ModelFileError,
    MissingPackageError and OSError."""
    if "LLAMA_URL" not in settings.LOCAL_SERVERS:
        return None
    return choose(settings.LLAMA_LOCAL_MODEL, settings.MODEL_FOLDER, terminal)


def web_processes(asked: int | None, model: LocalModel | None) -> int:
    """How many web processes there are to be. Raises OneProcessError."""
    if asked and asked > 1 and not machine.CAN_SHARE_PORTS:
        raise OneProcessError("Only Linux shares a port among web processes. Leave out --web.")
    # A model on this machine answers two at once, and takes the cores for it.
    return asked or (1 if model else machine.web_processes())


def environment(host: str, port: int, data: Path) -> dict[str, str]:
    """The environment of the children: that of this process, and the site's address."""
    ours = {"DJANGO_SETTINGS_MODULE": "web.settings", "DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
    local = f"http://{site.url_host(site.REACHABLE_AS.get(host, host))}:{port}"
    return {"SITE_URL": local} | dict(os.environ) | ours


def report(start: Start, model: LocalModel | None, pictures: Pictures) -> Report:
    """The values of the banner."""
    names = {"REDIS_URL": "Redis", "DATABASE_URL": "the database", "LLAMA_URL": "the model server"}
    ours = {"REDIS_URL": "Valkey", "DATABASE_URL": "SQLite", "LLAMA_URL": "the model server"}
    return Report(
        address=start.environment["SITE_URL"],
        listening=f"{site.url_host(start.host)}:{start.port}",
        model=[*model_rows(model), *role_rows(), *prompt_guard_rows(), *shield_rows()],
        pictures=[*pictures.rows, *([LOADING] if pictures.painter else [])],
        search=search_rows(),
        messengers=messenger_rows(start.emulator.url if start.emulator else ""),
        embedded=[ours[name] for name in settings.LOCAL_SERVERS],
        external=[f"{names[name]} ({name})" for name in names if name not in settings.LOCAL_SERVERS],
        off=switched_off(emulated=start.emulator is not None),
        data=start.data,
    )


def os_error_text(error: OSError, data: Path) -> str:
    """A sentence for the operator about an error of the system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {data} is full. Make room and start again."
    return f"{error.filename or data} cannot be used ({error.strerror or error})."
