"""Shared links of pictures: made, found, reported, revoked, expired. All are synchronous and use the database."""

import re
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from imagine.errors import PictureNotFoundError, RefusedInputError
from imagine.models import Picture, Share

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,40}")
REPORT_CHARACTERS = 500
REPORTS_CHARACTERS = 5_000


def make(person: UUID, picture: UUID, shows_prompt: bool = True) -> Share:
    """The link to the person's picture: the valid one, or a new one.

    Raises PictureNotFoundError, and RefusedInputError while the picture is not done, or where it is an upload.
    """
    with transaction.atomic():
        found = Picture.objects.select_for_update().filter(person=person, id=picture).first()
        if found is None:
            raise PictureNotFoundError(f"{person} has no picture {picture}")
        if found.status != Picture.Status.DONE or found.made == Picture.Made.UPLOADED:
            raise RefusedInputError("only what was drawn here, and is done, is shared")
        ends = timezone.now() + timedelta(days=settings.SHARE_DAYS)
        share = of(found) or Share.objects.create(picture=found, ends_at=ends)
        Share.objects.filter(token=share.token).update(shows_prompt=shows_prompt)
        share.shows_prompt = shows_prompt
        return share


def take_back(person: UUID, picture: UUID) -> None:
    """Revoke all links to the person's picture. Raises PictureNotFoundError."""
    if not Picture.objects.filter(person=person, id=picture).exists():
        raise PictureNotFoundError(f"{person} has no picture {picture}")
    Share.objects.filter(picture=picture, picture__person=person).delete()


def of(picture: Picture) -> Share | None:
    """The valid link to a picture, if there is one."""
    return _valid().filter(picture=picture).first()


def find(token: str) -> Share | None:
    """The valid link of that token, with its picture; None where there is none, by the same one query.

    The links of a suspended person are not valid.
    """
    known = token if TOKEN.fullmatch(token) else ""
    shown = _valid().filter(picture__status=Picture.Status.DONE, picture__person__is_active=True)
    return shown.select_related("picture").filter(token=known).first()


def report(share: Share, word: str) -> None:
    """Record a report on a shared picture, and its reason. Later reports are appended."""
    with transaction.atomic():
        row = Share.objects.select_for_update().filter(token=share.token).first()
        if row is None:
            return
        words = filter(None, [row.report, word.replace("\x00", "").strip()[:REPORT_CHARACTERS]])
        row.report = "\n".join(words)[:REPORTS_CHARACTERS]
        row.reported_at = row.reported_at or timezone.now()
        row.save(update_fields=["report", "reported_at"])


def expire() -> int:
    """Delete expired links; gives how many."""
    return Share.objects.filter(ends_at__lte=timezone.now()).delete()[0]


def _valid() -> QuerySet[Share]:
    return Share.objects.filter(ends_at__gt=timezone.now()).order_by("-ends_at")
