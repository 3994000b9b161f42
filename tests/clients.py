"""Browsers and accounts for tests that need no server: Django's own client."""

import random
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.test import Client

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
    person = Person.objects.create_user(f"cleo-{uuid4().hex[:12]}", email=email, password=PASSWORD)
    if email:
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def new_email() -> str:
    return f"{uuid4().hex}@example.com"
