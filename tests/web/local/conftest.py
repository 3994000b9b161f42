"""Real servers for the tests of `manage.py start`: little programs as children, and a hub for models."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.local.hub import Hub, serving
from web.local.process import Child
from web.local.progress import Terminal


@pytest.fixture
def terminal() -> Terminal:
    """What the operator would read stands in `terminal.out.getvalue()`."""
    return Terminal(io.StringIO())


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Child]:
    """Makes a child out of a few lines of Python; it answers once it has made the file `ready`."""

    def make(code: str, name: str = "The program", **options: object) -> Child:
        return Child(
            name=name,
            command=[sys.executable, "-c", f"import os, pathlib, signal, sys, time\n{code}"],
            environment=dict(os.environ),
            folder=tmp_path,
            log=tmp_path / "log" / f"{name}.log",
            is_ready=(tmp_path / "ready").exists,
            **options,  # type: ignore[arg-type]
        )

    return make


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as state:
        yield state
