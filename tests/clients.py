"""Browsers and accounts for tests that need no server: Django's own client."""

import random
from functools import cache
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils.module_loading import import_string

from assistant.models import Person

PASSWORD = "quiet llama 42"


def browser(person: Person | None = None, **options: bool) -> Client:
    """A browser at an address of its own, so that limits of other tests do not reach it."""
    address = ".".join(["10", *(str(random.randrange(256)) for _ in range(3))])
    client = Client(REMOTE_ADDR=address, **options)
    if person:
        client.force_login(person)
    return client


def make_account(email: str = "") -> Person:
    person = Person.objects.create_user(f"cleo-{uuid4().hex[:12]}", email=email)
    Person.objects.filter(pk=person.pk).update(password=hashed(PASSWORD, settings.PASSWORD_HASHERS[0]))
    person.refresh_from_db()
    if email:
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


@cache
def hashed(password: str, hasher: str) -> str:
    """`password` as the first of the hashers that are set keeps it. To hash it may take a quarter of a second.

    A site of another process takes this hash too, unless the test has set a hasher of its own.
    """
    return make_password(password, hasher=import_string(hasher).algorithm)


def new_email() -> str:
    return f"{uuid4().hex}@example.com"
