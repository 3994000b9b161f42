"""How many pictures a person may have, and have in the making. Ask inside a transaction, so that counts hold."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model

from imagine.errors import BusyDrawingError, PictureNotFoundError, TooManyPicturesError
from imagine.models import Picture


def check_kept(person: UUID, wanted: int) -> None:
    """Whether so many more pictures can be kept, and made now. Raises TooManyPicturesError, as `check_making` does."""
    check_making(person, wanted)
    if Picture.objects.filter(person=person).count() + wanted > settings.PICTURES_PER_PERSON:
        raise TooManyPicturesError("as many as can be kept")


def check_making(person: UUID, wanted: int) -> None:
    """Whether so many more pictures can be made now; no other request of this person comes in until it is decided.

    Raises BusyDrawingError, and PictureNotFoundError for somebody who was erased meanwhile.
    """
    if not get_user_model().objects.select_for_update().filter(pk=person):
        raise PictureNotFoundError(f"{person} is gone")
    making = Picture.objects.filter(person=person, status__in=Picture.MAKING).count()
    if making + wanted > settings.LIMIT_PERSON_PICTURES:
        raise BusyDrawingError(f"{making} are in the making")
