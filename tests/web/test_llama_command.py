"""`manage.py llama`: what the operator reads."""

import subprocess
import sys
from pathlib import Path

from tests.fake_llama import FakeLlama

ROOT = Path(__file__).parent.parent.parent
KEY = "sk-never-to-be-seen"


def run(url: str) -> subprocess.CompletedProcess[str]:
    environment = {"LLAMA_URL": url, "LLAMA_KEY": KEY, "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "manage.py", "llama"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_operator_reads_what_the_server_is_and_can_do() -> None:
    with FakeLlama() as server:
        done = run(server.url)
    assert done.returncode == 0
    assert "Model         fake-llama\n" in done.stdout
    assert "Context       8192 tokens\n" in done.stdout
    assert "Tools         text: the model called no tool in the trial" in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_the_operator_reads_what_to_do_about_a_server_that_is_away() -> None:
    done = run("http://user:hunter22@127.0.0.1:9/v1")
    assert done.returncode == 1
    assert "127.0.0.1:9 cannot be reached" in done.stdout
    assert "LLAMA_URL" in done.stdout.splitlines()[-1]
    assert not any(secret in done.stdout + done.stderr for secret in (KEY, "hunter22"))
