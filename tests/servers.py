"""The product's own servers as tests use them: started, killed, stopped."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

import httpx
import redis
from django.conf import settings
from django.db import connection

from tests.ports import free_port
from web.local.llama import NO_TLS
from web.local.process import Child
from web.local.site import courier, painter, web, worker
from web.local.valkey import binary


def eventually(true: Callable[[], object], seconds: float = 20) -> None:
    """Wait until it becomes true; an AssertionError after that many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)


async def soon(true: Callable[[], object], seconds: float = 20) -> None:
    """`eventually` in an async test: `true` is asked in a thread, the loop goes on."""
    await asyncio.to_thread(eventually, true, seconds)


def database_url(name: str | None = None) -> str:
    """The test database, or another of that name beside it, as another process reaches it."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{name or database['NAME']}"
    user, password = quote(database["USER"]), quote(database["PASSWORD"])
    # A socket is named by its folder.
    host = quote(database["HOST"], safe="")
    address = host if database["HOST"].startswith("/") else f"{host}:{database['PORT'] or 5432}"
    return f"postgresql://{user}:{password}@{address}/{name or database['NAME']}"


@contextmanager
def another_database(folder: Path) -> Iterator[str]:
    """An empty database: servers that share one must share a Redis too, or each reaps the runs of the other."""
    postgres = connection.vendor == "postgresql"
    name = f"{settings.DATABASES['default']['NAME']}_other" if postgres else str(folder / "other.sqlite3")
    url = database_url(name)
    with connection.cursor() as cursor:
        if postgres:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name}")
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True)
        yield url
        if postgres:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Torch takes half a minute to load where the machine has other things to do.
START_SECONDS = 90


# Those that tests of this process have made, and still know.
all_servers: "WeakSet[Server]" = WeakSet()


class Server:
    """One process. `start()` waits until it answers; `kill()` is `kill -9`."""

    def __init__(self, make: Callable[[], Child]) -> None:
        self.make = make
        self._child: Child | None = None
        all_servers.add(self)

    @property
    def runs(self) -> bool:
        return self._child is not None and not self._child.stopped()

    @property
    def log(self) -> str:
        assert self._child
        return self._child.log.read_text()

    @property
    def pid(self) -> int:
        """Of the server itself."""
        assert self._child
        assert self._child.process
        return self._child.process.pid

    def start(self) -> None:
        child = self._child = self.make()
        child.start()
        eventually(lambda: child.check() or child.is_ready(), START_SECONDS)

    def kill(self) -> None:
        """End it and all its own at once, without a chance to say good-bye."""
        if self._child:
            self._child.kill()

    def terminate(self) -> None:
        """Ask it to stop, and do not wait."""
        assert self._child
        self._child.terminate()

    def pause(self) -> None:
        """Stop the process in its tracks: connections stay open and nobody answers."""
        os.killpg(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def stop(self, seconds: float = 30) -> None:
        """Ask it to stop, and wait until it has."""
        if self._child and not self._child.stopped():
            self._child.terminate()
            eventually(self._child.stopped, seconds)


class Valkey(Server):
    """A Valkey that forgets everything when it ends, always at the same address."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = folder
        super().__init__(self._valkey)

    def _valkey(self) -> Child:
        self.folder.mkdir(parents=True, exist_ok=True)
        return Child(
            name="Valkey",
            command=[
                str(binary()),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                str(self.folder),
            ],
            environment=dict(os.environ),
            folder=self.folder,
            log=self.folder / "valkey.log",
            is_ready=self.answers,
        )

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def has(self, key: str) -> bool:
        with redis.Redis.from_url(self.url) as client:
            return bool(client.exists(key))

    def length(self, queue: str) -> int:
        """How many messages wait in a queue of Celery's."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.llen(queue))  # type: ignore[arg-type]

    def text(self, key: str) -> bytes | None:
        with redis.Redis.from_url(self.url) as client:
            return client.get(key)  # type: ignore[return-value]

    def size(self, line: str) -> int:
        """How many are in a line."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.zcard(line))

    def forget(self, *keys: str) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.delete(*keys)

    def forget_all(self, *patterns: str) -> None:
        """Delete the keys that match."""
        with redis.Redis.from_url(self.url) as client:
            for pattern in patterns:
                if found := list(client.scan_iter(pattern)):
                    client.delete(*found)

    def empty(self) -> None:
        """Forget everything, but go on."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def last_commands(self, client_name: str) -> list[str]:
        """What the clients of that name asked last."""
        with redis.Redis.from_url(self.url) as client:
            return [known["cmd"] for known in client.client_list() if known["name"] == client_name]

    def listeners(self, channel: str) -> int:
        """How many connections hear what is published there."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.pubsub_numsub(channel)[0][1])


class Site(Server):
    """The web server, always at the same address."""

    def __init__(self, folder: Path, environment: dict[str, str], port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.environment = {
            **os.environ,
            "SITE_URL": self.url,
            "DATABASE_URL": database_url(),
            **environment,
        }
        super().__init__(lambda: web("127.0.0.1", self.port, folder, self.environment))


class Worker(Server):
    """A Celery worker."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        full = {**os.environ, "DATABASE_URL": database_url(), **environment}
        super().__init__(lambda: worker(folder, full))


class Painter(Server):
    """What draws pictures."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        full = {**os.environ, "DATABASE_URL": database_url(), **environment}
        super().__init__(lambda: painter(folder, full))


class Courier(Server):
    """What answers in the messengers."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        full = {**os.environ, "DATABASE_URL": database_url(), **environment}
        super().__init__(lambda: courier(folder, full))


class Emulator(Server):
    """The stand-in for the Graph API, always at the same address; webhooks go to `webhook`."""

    def __init__(self, folder: Path, webhook: str, port: int | None = None, **more: object) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.configuration: dict[str, Any] = {
            "webhook": webhook,
            "app_secret": "the app secret",
            "instagram_app_secret": "the secret of Instagram",
            "verify_token": "the verify token",
            "whatsapp": {
                "token": "token-of-whatsapp",
                "phone_id": "emulated1000",
                "account_id": "emulated1001",
                "number": "+15550001111",
            },
            "messenger": {"token": "token-of-messenger", "page_id": "emulated2000"},
            "instagram": {"token": "token-of-instagram", "id": "emulated3000"},
            **more,
        }
        super().__init__(self._emulator)

    def _emulator(self) -> Child:
        self.folder.mkdir(parents=True, exist_ok=True)
        return Child(
            name="The emulator",
            command=[sys.executable, "-m", "integrations.emulator", "--port", str(self.port)],
            environment=dict(os.environ),
            folder=Path(__file__).parent.parent,
            log=self.folder / "emulator.log",
            secret=json.dumps(self.configuration),
            is_ready=self.answers,
        )

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/me", timeout=1, verify=NO_TLS).headers.get("X-Chaski-Emulator") == "1"
        except httpx.HTTPError:
            return False

    def environment(self) -> dict[str, str]:
        """The settings of a product that speaks to it."""
        told = self.configuration
        return {
            "GRAPH_URL": self.url,
            "INSTAGRAM_GRAPH_URL": self.url,
            # The id of the emulator's one app.
            "META_APP_ID": "990000000000001",
            "META_APP_SECRET": told["app_secret"],
            "META_VERIFY_TOKEN": told["verify_token"],
            "WHATSAPP_TOKEN": told["whatsapp"]["token"],
            "WHATSAPP_PHONE_ID": told["whatsapp"]["phone_id"],
            "WHATSAPP_ACCOUNT_ID": told["whatsapp"]["account_id"],
            "MESSENGER_TOKEN": told["messenger"]["token"],
            "MESSENGER_PAGE_ID": told["messenger"]["page_id"],
            "INSTAGRAM_TOKEN": told["instagram"]["token"],
            "INSTAGRAM_ID": told["instagram"]["id"],
            "INSTAGRAM_APP_SECRET": told["instagram_app_secret"],
        }

    # A person with a phone. `app` is whatsapp, messenger or instagram; `person` the name or id of one.

    def act(self, action: str, **body: object) -> Any:
        """Any action of integrations/emulator/control.py. Raises AssertionError with its sentence."""
        response = httpx.post(f"{self.url}/emulator/{action}", json=body, timeout=30, verify=NO_TLS)
        assert response.status_code == 200, response.text
        return response.json()

    def write(self, app: str, text: str, **more: object) -> dict[str, Any]:
        return self.act("write", app=app, text=text, **more)  # type: ignore[no-any-return]

    def send_media(self, app: str, kind: str, data: bytes, mime: str, **more: object) -> dict[str, Any]:
        encoded = base64.b64encode(data).decode()
        return self.act("send_media", app=app, kind=kind, data=encoded, mime=mime, **more)  # type: ignore[no-any-return]

    def tap(self, app: str, bubble: str, payload: str, **more: object) -> dict[str, Any]:
        return self.act("tap", app=app, bubble=bubble, payload=payload, **more)  # type: ignore[no-any-return]

    def bubbles(self, app: str, **more: object) -> list[dict[str, Any]]:
        """The thread as the phone shows it, oldest first."""
        return self.act("bubbles", app=app, **more)  # type: ignore[no-any-return]

    def answers_on(self, app: str, **more: object) -> list[dict[str, Any]]:
        """What the assistant wrote there."""
        return [bubble for bubble in self.bubbles(app, **more) if bubble["by"] == "bot"]

    def switch(self, **switches: object) -> dict[str, Any]:
        return self.act("switch", **switches)  # type: ignore[no-any-return]

    def traffic(self, bubble: str) -> list[dict[str, Any]]:
        """The raw requests and answers that belong to a bubble."""
        return self.act("traffic", bubble=bubble)  # type: ignore[no-any-return]
