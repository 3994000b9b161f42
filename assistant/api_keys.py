"""API keys: by one a program speaks for a person with an account. All is synchronous, on the database.

A key is `chaski_<public id>_<secret>`. The row is found by its public id; of the secret only a keyed hash is stored, so
neither a copy of the database nor a look into the log opens anything.
"""

import hmac
import re
import secrets
import string
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from assistant.errors import InvalidKeyError, KeyNameError, NotFoundError, SuspendedError, TooManyKeysError
from assistant.models import ApiKey, Person
from assistant.names import clean_name

PREFIX = "chaski_"
ALPHABET = string.ascii_letters + string.digits
PUBLIC_CHARACTERS, SECRET_CHARACTERS = 12, 40
FORM = re.compile(rf"{PREFIX}([A-Za-z0-9]{{{PUBLIC_CHARACTERS}}})_([A-Za-z0-9]{{{SECRET_CHARACTERS}}})")
NAME_CHARACTERS = 60
# How long a key may last, by the codes of the form.
LIFETIMES: Mapping[str, timedelta | None] = {
    "30": timedelta(days=30),
    "90": timedelta(days=90),
    "365": timedelta(days=365),
    "never": None,
}
NOTED_EVERY = timedelta(minutes=1)
# Compared with where there is no such key, so that it takes as long.
NOBODYS = "0" * 64


def of(person: Person) -> QuerySet[ApiKey]:
    """The person's keys, newest first."""
    return person.api_keys.order_by("-created_at", "id")


def make(person: Person, name: str, lifetime: timedelta | None, key_id: UUID) -> str:
    """Make a key with an id of the caller's choice, so that a repeat makes none; returns it, as it is never seen again.

    Raises KeyNameError, TooManyKeysError, NotFoundError for a repeat, and for somebody who was erased or is a guest.
    """
    name = clean_name(name, NAME_CHARACTERS)
    if not name:
        raise KeyNameError
    public_id, secret = _drawn(PUBLIC_CHARACTERS), _drawn(SECRET_CHARACTERS)
    with transaction.atomic():
        if not Person.objects.select_for_update(no_key=True).filter(id=person.id, is_guest=False).exists():
            raise NotFoundError
        if of(person).count() >= settings.API_KEYS_PER_PERSON:
            raise TooManyKeysError
        if ApiKey.objects.filter(id=key_id).exists():
            raise NotFoundError
        ApiKey.objects.create(
            id=key_id,
            person=person,
            name=name,
            public_id=public_id,
            digest=_digest(secret, settings.SECRET_KEY),
            expires_at=timezone.now() + lifetime if lifetime else None,
        )
    return f"{PREFIX}{public_id}_{secret}"


def revoke(person: Person, key_id: UUID) -> None:
    """End one of the person's keys. Raises NotFoundError."""
    deleted, _ = of(person).filter(id=key_id).delete()
    if not deleted:
        raise NotFoundError


def known(text: str) -> ApiKey:
    """The key that `text` is, with its person, and note that it was used. Raises InvalidKeyError, SuspendedError."""
    form = FORM.fullmatch(text)
    if form is None:
        raise InvalidKeyError("this has not the form of a key")
    public_id, secret = form.groups()
    key = _valid().select_related("person").filter(public_id=public_id).first()
    digest = key.digest if key else NOBODYS
    found = [hmac.compare_digest(_digest(secret, own), digest) for own in _own_keys()]
    if key is None or not any(found):
        raise InvalidKeyError(f"no key {public_id} is valid, or its secret is another")
    if not key.person.is_active:
        raise SuspendedError(f"key {public_id} is of a suspended account")
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - NOTED_EVERY:
        ApiKey.objects.filter(id=key.id).update(last_used_at=now)
    return key


def still_holds(key_id: UUID) -> bool:
    """Whether a key that was known a while ago is one still."""
    return _valid().filter(id=key_id, person__is_active=True).exists()


def beginning(key: ApiKey) -> str:
    """What is shown of a key, so that its owner can tell which one it is."""
    return f"{PREFIX}{key.public_id}_"


def _valid() -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), person__is_guest=False)


def _own_keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _digest(secret: str, own: str) -> str:
    """What is stored of a secret. It has 238 bits of chance, so no slow hash is needed."""
    return salted_hmac("assistant.api_keys", secret, own, algorithm="sha256").hexdigest()


def _drawn(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
