"""An operator suspends a person: they are signed out everywhere, and nothing goes on for them. All is synchronous."""

from functools import partial
from uuid import UUID

from django.db import transaction

from assistant import revocation
from assistant.models import Person, Run
from assistant.runs.forget import stop
from imagine import jobs


def suspend(person: UUID) -> None:
    """Suspend a person; once that is committed, what is answered and drawn for them stops."""
    Person.objects.filter(pk=person).update(is_active=False)
    transaction.on_commit(partial(_stop, person))


def _stop(person: UUID) -> None:
    revocation.mark(person)
    stop(Run.objects.filter(person=person, status=Run.Status.RUNNING).values_list("pk", flat=True))
    jobs.stop_all(person)
