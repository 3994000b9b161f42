"""Tells open sockets that a session may have ended: it was deleted, or its person was changed."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from assistant import revocation
from assistant.models import Person
from web.models import Session

# What a session depends on, see `is_active_session`.
FIELDS = {"password", "is_active"}


@receiver(post_delete, sender=Session)
def session_deleted(instance: Session, **_: Any) -> None:
    """Signing out or in, and erasing the person, delete sessions."""
    if instance.person_id:
        transaction.on_commit(partial(revocation.mark, instance.person_id))


@receiver(post_save, sender=Person)
def person_saved(instance: Person, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """A new password ends the sessions of before."""
    if not created and (update_fields is None or FIELDS & update_fields):
        transaction.on_commit(partial(revocation.mark, instance.pk))
