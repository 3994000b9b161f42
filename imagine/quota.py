"""The quota of pictures of a person, and of those in the making. Check inside a transaction: it locks the person."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model

from imagine.errors import BusyDrawingError, PictureNotFoundError, TooManyPicturesError
from imagine.models import Picture


def check_kept(person: UUID, wanted: int) -> None:
    """Check that so many more pictures can be kept, and made now.

    Raises TooManyPicturesError, and what `check_making` raises.
    """
    check_making(person, wanted)
    if Picture.objects.filter(person=person).count() + wanted > settings.PICTURES_PER_PERSON:
        raise TooManyPicturesError("as many as can be kept")


def check_making(person: UUID, wanted: int) -> None:
    """Check that so many more pictures can be made now. Other requests of the person wait until the transaction ends.

    Raises BusyDrawingError, and PictureNotFoundError for a person who was erased meanwhile.
    """
    if not get_user_model().objects.select_for_update(no_key=True).filter(pk=person):
        raise PictureNotFoundError(f"{person} is gone")
    making = Picture.objects.filter(person=person, status__in=Picture.MAKING).count()
    if making + wanted > settings.LIMIT_PERSON_PICTURES:
        raise BusyDrawingError(f"{making} are in the making")
