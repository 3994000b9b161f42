"""What the models read and wrote, by the day: who it was for, which model, how many tokens. No text, no person."""

from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from assistant.database import add_up
from assistant.errors import BudgetSpentError
from assistant.models import Person, Usage

Payer = Usage.Payer

# The role of the model that answers what no other one does.
USUAL = "usual"
# For whom the model is asked in a task. What the site does by itself, titles say, is the site's.
payer: ContextVar[str] = ContextVar("payer", default=Payer.SITE)


def payer_of(person: Person) -> str:
    """Whose budget counts what a person asks for on the site."""
    return str(Payer.GUESTS if person.is_guest else Payer.ACCOUNTS)


def today() -> date:
    """The day for which budgets hold, in the site's time zone."""
    return timezone.localdate()


class Line(NamedTuple):
    """What is counted together."""

    day: date
    role: str
    model: str
    payer: str


class Tally:
    """Tokens that were used and are not written down yet. Bounded: there are few models."""

    def __init__(self) -> None:
        self._lines = Counter[tuple[Line, str]]()

    def note(self, role: str, model: str, prompt_tokens: int, answer_tokens: int) -> None:
        """One request to a model has ended, for whom the task says."""
        line = Line(today(), role, model[:200], payer.get())
        self._lines.update({(line, "requests"): 1, (line, "read"): prompt_tokens, (line, "written"): answer_tokens})

    def tokens(self, of: str | None = None) -> int:
        """Those of one payer, or all."""
        return sum(
            count for (line, what), count in self._lines.items() if what != "requests" and of in (None, line.payer)
        )

    def save(self) -> None:
        """Write them down. Synchronous. Raises DatabaseError; then they stay here."""
        taken = self._lines.copy()
        with transaction.atomic():
            for line in {line for line, _what in taken}:
                counts = {what: taken[line, what] for what in ("requests", "read", "written")}
                add_up(Usage, line._asdict(), counts)
        self._lines -= taken


def used_today() -> dict[str, int]:
    """Tokens by payer. Synchronous. Raises DatabaseError."""
    rows = Usage.objects.filter(day=today()).values_list("payer")
    return {who: read + written for who, read, written in rows.annotate(Sum("read"), Sum("written"))}


class Total(NamedTuple):
    """What was used together: tokens, and their cost as the settings have it."""

    tokens: int
    cost: float


def cost_of(role: str, read: int, written: int) -> float:
    """What tokens of the model with a role cost, in the currency of the settings."""
    own = settings.LLAMA_ROLES.get(role)
    to_read, to_write = own["cost"] if own else settings.LLAMA_COST
    return float(read * to_read + written * to_write) / 1000


def by_day(days: int) -> dict[date, Total]:
    """The sums of the last days, the newest first. Synchronous. Raises DatabaseError."""
    totals: dict[date, Total] = {}
    since = today() - timedelta(days=days - 1)
    for line in Usage.objects.filter(day__gte=since).order_by("-day"):
        before = totals.get(line.day, Total(0, 0.0))
        cost = cost_of(line.role, line.read, line.written)
        totals[line.day] = Total(before.tokens + line.read + line.written, before.cost + cost)
    return totals


def standing() -> list[tuple[str, int, int]]:
    """For each payer with a budget: what was used today, and the budget. Synchronous. Raises DatabaseError."""
    used = used_today()
    used[Payer.SITE] = sum(used.values())
    return [(who, used.get(who, 0), budget) for who in Payer.values if (budget := budget_of(who))]


def budget_of(who: str) -> int:
    """The tokens that a payer has for a day; 0 where there is no bound."""
    return int(settings.BUDGETS.get(who, 0))


def refuse_when_spent(used: Mapping[str, int], unsaved: Tally, who: str) -> None:
    """Raise BudgetSpentError where `who`, or the whole site, has used up the budget of the day."""
    own, site = budget_of(who), budget_of(Payer.SITE)
    if own and used.get(who, 0) + unsaved.tokens(who) >= own:
        raise BudgetSpentError(f"the day's budget of {own} tokens for {who} is used up")
    if site and sum(used.values()) + unsaved.tokens() >= site:
        raise BudgetSpentError(f"the day's budget of {site} tokens for the site is used up")
