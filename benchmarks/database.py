"""An empty database of the benchmark's own: SQLite, or beside the one that DATABASE_URL names. It goes at the end.

Import it before any model: it makes the settings.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.db import connection

temporary = tempfile.TemporaryDirectory(prefix="chaski-bench-")

for name in ("REDIS_URL", "LLAMA_URL", "SITE_URL", "SECRET_KEY", "DEBUG", "IMAGINE_MODEL"):
    os.environ.pop(name, None)
os.environ.update(DATA_DIR=temporary.name, DJANGO_SETTINGS_MODULE="web.settings", LOG_LEVEL="WARNING")
django.setup()


@contextmanager
def empty_database() -> Iterator[str]:
    """Make it, with all tables; yields the name and version of the server."""
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield server()
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def server() -> str:
    """What the figures are of, such as "sqlite 3.40.1"."""
    version = "sqlite_version()" if connection.vendor == "sqlite" else "current_setting('server_version')"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {version}")
        return f"{connection.vendor} {cursor.fetchone()[0].split()[0]}"
