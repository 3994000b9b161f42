"""Which checkpoint draws when the operator says nothing, nothing on purpose, or another one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.started import CHECKOUT
from tests.web.local.checkpoints import make_checkpoint

Says = Callable[..., list[str]]
NAME = "imagine/sketchbook/checkpoint/Sketchbook"


@pytest.fixture
def says(tmp_path: Path) -> Says:
    """What the settings of an install in `tmp_path` say, read as any process of it would."""
    (tmp_path / "web").mkdir()
    shutil.copy(CHECKOUT / "web" / "settings.py", tmp_path / "web")
    # The settings know what a guard judges.
    (tmp_path / "assistant").symlink_to(CHECKOUT / "assistant")
    known = {name: value for name, value in os.environ.items() if not name.startswith("IMAGINE")}

    def read(**environment: str) -> list[str]:
        program = "from web import settings; print(settings.IMAGINE_MODEL); print(settings.IMAGINE_DEMO)"
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=known | {"DATA_DIR": str(tmp_path)} | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    return read


def test_who_says_nothing_gets_the_checkpoint_that_comes_along(says: Says, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / NAME)
    assert says() == [str(folder), "True"]


def test_where_none_comes_along_nothing_draws(says: Says, tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir(parents=True)
    assert says() == ["", "False"]


def test_who_sets_it_to_nothing_gets_nothing(says: Says, tmp_path: Path) -> None:
    make_checkpoint(tmp_path / NAME)
    assert says(IMAGINE_MODEL="") == ["", "False"]


def test_who_names_another_gets_that_one(says: Says, tmp_path: Path) -> None:
    make_checkpoint(tmp_path / NAME)
    assert says(IMAGINE_MODEL="some/one") == ["some/one", "False"]


def test_who_names_another_for_final_pictures_has_no_demonstration(says: Says, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / NAME)
    assert says(IMAGINE_FINAL_MODEL="some/one") == [str(folder), "False"]
