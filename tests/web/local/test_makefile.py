"""`make run MODEL=... PICTURES=...`: the settings LLAMA_LOCAL_MODEL and IMAGINE_MODEL in one word each."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.started import CHECKOUT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with all installed, whose Python says what it was started with."""
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "[${LLAMA_LOCAL_MODEL-unset}${IMAGINE_MODEL+ $IMAGINE_MODEL}] $*"\n')
    python.chmod(0o755)
    return tmp_path


def make(checkout: Path, *words: str, **environment: str) -> str:
    """What `make run` with these words starts; nothing is installed, as the stamp counts as old."""
    # Nothing of the make that runs this test.
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    stamp = ".venv/.installed-local-search-images-dev"
    return subprocess.run(
        ["make", "--no-print-directory", "-o", stamp, "run", *words],
        cwd=checkout,
        env=known | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_a_model_is_named_in_one_word(checkout: Path) -> None:
    assert make(checkout) == "[unset] manage.py start"
    assert make(checkout, "MODEL=llama-3.2-3b", "ARGS=--port 9000") == "[llama-3.2-3b] manage.py start --port 9000"
    assert make(checkout, MODEL="llama-3.2-3b") == "[llama-3.2-3b] manage.py start"
    assert make(checkout, "MODEL=/my models/it's $$5.gguf") == "[/my models/it's $5.gguf] manage.py start"
    assert make(checkout, "MODEL=list", LLAMA_LOCAL_MODEL="other.gguf") == "[list] manage.py start"
    assert make(checkout, LLAMA_LOCAL_MODEL="other.gguf") == "[other.gguf] manage.py start"


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_a_checkpoint_for_pictures_is_named_in_one_word(checkout: Path) -> None:
    assert make(checkout, "PICTURES=sd-turbo", "MODEL=list") == "[list sd-turbo] manage.py start"
    assert make(checkout, PICTURES="someone/tiny@main") == "[unset someone/tiny@main] manage.py start"
    assert make(checkout, "PICTURES=list", IMAGINE_MODEL="") == "[unset list] manage.py start"
    # Nothing switches pictures off.
    assert make(checkout, IMAGINE_MODEL="") == "[unset ] manage.py start"
