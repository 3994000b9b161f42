"""A database of an older version becomes today's, with what stands in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

ASKED = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def old(database: None, tmp_path: Path) -> Iterator[str]:
    """The alias of an empty database."""
    default = connections.settings["default"]
    file = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "old.sqlite3"), "OPTIONS": {}}
    connections.settings["old"] = {**default, **file}
    yield "old"
    connections["old"].close()
    del connections["old"], connections.settings["old"]


def migrate(alias: str, name: str) -> Any:
    """Bring the tables of pictures to that migration; gives the models as they are then."""
    executor = MigrationExecutor(connections[alias])
    return executor.migrate([("imagine", name)]).apps


def test_a_picture_of_before_waits_since_it_was_asked_for(old: str) -> None:
    apps = migrate(old, "0002_see_picture")
    person = apps.get_model("assistant", "Person").objects.using(old).create(username="ada")
    picture = apps.get_model("imagine", "Picture").objects.using(old).create(person=person, created_at=ASKED)
    apps = migrate(old, "0003_queued_at")
    assert apps.get_model("imagine", "Picture").objects.using(old).get(id=picture.id).queued_at == ASKED
