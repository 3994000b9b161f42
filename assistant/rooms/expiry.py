"""Rooms in which nothing is said any more end: their members are told a day before, then they are erased."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from assistant.errors import NotFoundError
from assistant.models import Room
from assistant.rooms.events import Kind, lock_room, note
from assistant.rooms.membership import erase

NOTICE = timedelta(days=1)
AT_ONCE = 100


def tell() -> list[UUID]:
    """Tell the members of rooms that end within a day; returns these rooms."""
    due = Room.objects.filter(ends_at__lt=timezone.now() + NOTICE, end_told_at=None).values_list("pk", flat=True)
    told = []
    for pk in list(due[:AT_ONCE]):
        with transaction.atomic():
            try:
                room = lock_room(pk)
            except NotFoundError:
                continue
            if room.end_told_at is None and room.ends_at < timezone.now() + NOTICE:
                # However late it is told, a day is left.
                ends_at = max(room.ends_at, timezone.now() + NOTICE)
                Room.objects.filter(pk=pk).update(end_told_at=timezone.now(), ends_at=ends_at)
                note(room, Kind.ENDING, ends_at=ends_at.isoformat())
                told.append(pk)
    return told


class Ended(NamedTuple):
    """Rooms that were erased, and the runs in them, whose logs the caller deletes."""

    rooms: list[UUID]
    runs: list[UUID]


def erase_ended() -> Ended | None:
    """Erase rooms whose time has passed, some at once; None where there are none left."""
    now = timezone.now()
    due = Room.objects.filter(ends_at__lt=now).exclude(end_told_at=None).values_list("pk", flat=True)
    rooms, runs = [], []
    for pk in list(due[:AT_ONCE]):
        with transaction.atomic():
            try:
                room = lock_room(pk)
            except NotFoundError:
                continue
            if room.ends_at < now and room.end_told_at:
                runs += erase(pk)
                rooms.append(pk)
    return Ended(rooms, runs) if rooms else None
