"""What is off unless a setting switches it on: passkeys, and signing in through other sites."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients import browser
from tests.servers import Valkey

ROOT = Path(__file__).resolve().parents[3]


def django(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with these settings, in a folder of its own."""
    known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=ROOT, env=known | {"DATA_DIR": str(folder), **settings}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_what_is_switched_on_works_and_merges_nobody_unasked(tmp_path: Path, valkey: Valkey):
    script = f"exec(open({str(ROOT / 'tests/web/accounts/optional_sign_in.py')!r}).read())"
    settings = {"REDIS_URL": valkey.url, "PASSKEYS": "true", "SOCIAL_GITHUB": "an-id:a-secret"}
    ended = django(tmp_path, "shell", "--no-imports", "-c", script, **settings)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count(" holds") == 6


@pytest.mark.parametrize("value", ["an-id", "an-id:", ":a-secret"])
def test_half_a_social_setting_stops_the_start_by_name(tmp_path: Path, value: str):
    ended = django(tmp_path, "check", SOCIAL_GOOGLE=value)
    assert ended.returncode != 0
    assert 'Environment variable "SOCIAL_GOOGLE" invalid' in ended.stderr


@pytest.mark.parametrize("path", ["2fa/", "2fa/webauthn/login/", "social/", "google/login/"])
def test_what_is_off_does_not_exist(path: str):
    assert browser().get(f"/account/{path}").status_code == 404
