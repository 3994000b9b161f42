"""The age and the terms that a site has people agree to: once, before anything is answered or drawn for them.

Off by default. A yes is kept with its date and what it was given to: never a birthday, and no refusal.
"""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from assistant.database import in_thread
from assistant.errors import AgreementNeededError
from assistant.models import Person


def is_asked() -> bool:
    """Whether this site asks for it at all."""
    return bool(settings.TERMS_URL or settings.TERMS_AGE)


def version() -> str:
    """To what one agrees now: the version of the terms, and the least age. A change of either asks again."""
    age = f"{settings.TERMS_AGE}+" if settings.TERMS_AGE else ""
    return " ".join(filter(None, (settings.TERMS_VERSION, age)))


def has_agreed(person: Person | None) -> bool:
    """Whether somebody, as they were read, is asked nothing. A visitor without a row has agreed to nothing."""
    if not is_asked():
        return True
    return person is not None and person.agreed_at is not None and person.agreed_to == version()


async def check(person: Person | None) -> None:
    """Nothing is answered, drawn or heard for who has not agreed. Raises AgreementNeededError, DatabaseError."""
    # A socket holds the person as they were when it opened: they may have agreed since.
    if has_agreed(person) or (person and await in_thread(_has_agreed_since)(person)):
        return
    raise AgreementNeededError(f"{person.pk if person else 'a visitor'} has not agreed to {version() or 'the terms'}")


def agree(person: Person) -> None:
    """Keep the person's yes. A repeat changes nothing."""
    given = Q(agreed_at__isnull=False, agreed_to=version())
    values = {"agreed_at": timezone.now(), "agreed_to": version()}
    Person.objects.filter(pk=person.pk).exclude(given).update(**values)
    _has_agreed_since(person)


def move(guest: Person, into: Person) -> None:
    """Let the newer yes of two who turn out to be one count. Belongs into the transaction that merges them."""
    if guest.agreed_at is None:
        return
    older = Q(agreed_at=None) | Q(agreed_at__lt=guest.agreed_at)
    Person.objects.filter(older, pk=into.pk).update(agreed_at=guest.agreed_at, agreed_to=guest.agreed_to)


def _has_agreed_since(person: Person) -> bool:
    """Whether they have agreed by now; the row at hand follows."""
    row = Person.objects.filter(pk=person.pk).values_list("agreed_at", "agreed_to").first()
    person.agreed_at, person.agreed_to = row or (None, "")
    return has_agreed(person)
