"""`manage.py channels` against the emulator: nothing is set up, then it is, then there is nothing to mend."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from integrations.wake import COURIER
from tests.servers import Emulator, Site, Valkey

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(valkey: Valkey, folder: Path) -> Iterator[Run]:
    """Runs the command with the settings of a site that speaks to the emulator."""
    emulator = Emulator(folder / "emulator", "http://127.0.0.1:9/webhooks/meta")
    settings = emulator.environment() | {"WHATSAPP_PURPOSE": "helper", "REDIS_URL": valkey.url}
    site = Site(folder / "site", settings)
    emulator.start()
    site.start()
    with Redis.from_url(valkey.url) as redis:
        # As if a courier were at work.
        redis.set(COURIER, 1, ex=300)

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "SITE_URL": site.url, "DATA_DIR": str(folder), **settings}
        full = [sys.executable, "manage.py", "channels", *arguments]
        done = subprocess.run(full, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
        secrets = [value for name, value in settings.items() if "TOKEN" in name or "SECRET" in name]
        assert not any(secret in done.stdout + done.stderr for secret in secrets)
        return done

    yield command
    site.kill()
    emulator.kill()


def test_an_operator_sets_up_what_is_to_be_mended(run: Run) -> None:
    before = run()
    assert before.returncode == 1
    assert "Messenger, profile: People do not see what they can ask for. Run manage.py channels setup." in before.stdout
    done = run("setup")
    assert done.returncode == 0, done.stdout + done.stderr
    after = run()
    assert after.stdout.endswith("\nAll is well.\n"), after.stdout
    assert after.returncode == 0
    again = run("setup")
    assert (again.returncode, again.stderr) == (0, "")
