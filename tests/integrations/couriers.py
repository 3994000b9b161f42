"""Couriers that die at a step, and what tests ask about a person afterwards."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.db.models import Q
from django.utils import timezone

from assistant.models import Message
from integrations.models import Contact, Delivery
from integrations.outbox import LEASE
from tests.integrations.phones import Phone
from tests.servers import Courier, Server, eventually
from web.local.process import Child

ANSWER = "Salt is a mineral."
numbers = itertools.count(1)


class Killed(Server):
    """A server that dies at a step, see killed.py."""

    def __init__(self, server: Server, step: str, folder: Path) -> None:
        self._step = step
        self._log = folder / f"killed-{next(numbers)}.log"
        super().__init__(lambda: self._trapped(server.make()))

    def _trapped(self, child: Child) -> Child:
        python, *arguments = child.command
        command = [python, "-m", "tests.integrations.killed", self._step, *arguments]
        return replace(child, command=command, log=self._log)

    @property
    def lives(self) -> bool:
        return self._child is not None and not self._child.stopped()

    def dies(self, seconds: float = 60) -> None:
        """Wait until it has died."""
        assert self._child
        eventually(self._child.stopped, seconds)


def time_passes() -> None:
    """What a killed courier held may be taken by another, as after LEASE. That it ends is tested by itself."""
    lease_until(timezone.now())


def hold() -> None:
    """All that waits is kept from whoever comes next, for as long as a lease lasts."""
    lease_until(timezone.now() + LEASE)


def lease_until(moment: datetime) -> None:
    waiting = Q(inbox__state="waiting") | Q(outbox__state__in=("queued", "sending")) | Q(taken_until__isnull=False)
    Delivery.objects.filter(state="waiting").update(taken_until=moment)
    contacts = Contact.objects.filter(waiting).values_list("pk", flat=True)
    Contact.objects.filter(pk__in=list(contacts)).update(taken_until=moment)


def die_at(step: str, couriers: Callable[[], Courier], tmp_path: Path, act: Callable[[], object]) -> None:
    """Have a courier die at a step of what `act` begins, and of nothing else; leave everything as it is then."""
    dying = Killed(couriers(), step, tmp_path)
    try:
        hold()
        dying.start()
        hold()
        assert dying.lives, "it died of what waited before"
        act()
        dying.dies()
    finally:
        dying.kill()


def kill_at(step: str, couriers: Callable[[], Courier], tmp_path: Path, act: Callable[[], object]) -> None:
    """Have a courier die at a step of what `act` begins, and start another."""
    die_at(step, couriers, tmp_path, act)
    time_passes()
    couriers().start()


def said(phone: Phone) -> list[str]:
    """What the person said, as it stands in their conversations."""
    messages = Message.objects.filter(author=phone.contact.person).order_by("created_at")
    return list(messages.values_list("text", flat=True))


def states(phone: Phone) -> list[str]:
    """How far each bubble has come, in their order."""
    return list(phone.contact.outbox.order_by("created_at", "cause", "place").values_list("state", flat=True))
