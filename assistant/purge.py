"""Removes the terms of deleted texts from the files of SQLite's full-text index.

Before SQLite 3.42, which has `secure-delete`, they stay in the segments of the index until those are merged.
"""

import logging
import threading

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

logger = logging.getLogger(__name__)

# A merge of so many pages holds the database's write lock for some milliseconds.
PAGES = 64
# A small index is merged at once, in the time of a request; a larger one in a thread, as it may take seconds.
STEPS_AT_ONCE = 4
MOST_STEPS = 1_000_000
MERGE = "INSERT INTO assistant_searchindex (assistant_searchindex, rank) VALUES ('merge', %s)"

asked = threading.Event()
merging = threading.Lock()


def purge() -> None:
    """Merge all segments of the index, where it has no `secure-delete`. Raises DatabaseError."""
    if asked.is_set() or has_secure_delete() or merge(STEPS_AT_ONCE):
        return
    asked.set()
    threading.Thread(target=_merge_all, name="purge", daemon=True).start()


def has_secure_delete() -> bool:
    """Whether what is deleted leaves the files by itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT v FROM assistant_searchindex_config WHERE k = 'secure-delete'")
        row = cursor.fetchone()
    return bool(row and row[0])


def merge(steps: int) -> bool:
    """Merge `PAGES` pages in each of at most so many transactions. Returns whether all are merged."""
    with connection.cursor() as cursor:
        # A negative number puts all segments on one level first, as `optimize` does.
        for step in range(steps):
            before = _changes(cursor)
            cursor.execute(
                "INSERT INTO assistant_searchindex (assistant_searchindex, rank) VALUES ('merge', %s)",
                [PAGES if step else -PAGES],
            )
            # The statement itself counts as one.
            if _changes(cursor) - before < 2:
                return True
    return False


def _changes(cursor: CursorWrapper) -> int:
    cursor.execute("SELECT total_changes()")
    return int(cursor.fetchone()[0])


def _merge_all() -> None:
    try:
        with merging:
            asked.clear()
            merge(MOST_STEPS)
    except DatabaseError as error:
        logger.warning("deleted terms stay in the index until the next deletion: %s", error)
    finally:
        connection.close()
