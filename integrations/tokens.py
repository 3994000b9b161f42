"""Whether a token still opens an account, for what, and until when. Nothing here repeats a token."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from integrations.base import mapping, sequence
from integrations.errors import (
    ChannelError,
    PermissionMissingError,
    RateError,
    RefusedError,
    TemporaryError,
    TokenError,
)
from integrations.graph import Graph, Problem
from integrations.redaction import redacted

# So long before its end an operator is asked for a new one.
WARN_DAYS = 14


@dataclass(frozen=True)
class Health:
    """What Meta says of a token: `trouble` are its words where it is good for nothing. `ends_at` None: it does not end.

    `permissions` None: they were not told. `renewed`: a newer one is kept, which the next start uses.
    """

    trouble: str = ""
    ends_at: datetime | None = None
    permissions: tuple[str, ...] | None = None
    renewed: bool = False

    @property
    def ends_soon(self) -> bool:
        """Whether it is time to make a new one."""
        return self.ends_at is not None and self.ends_at - timezone.now() < timedelta(days=WARN_DAYS)

    def lacking(self, permissions: Iterable[str]) -> list[str]:
        """Those of `permissions` that it surely does not have."""
        return [] if self.permissions is None else [name for name in permissions if name not in self.permissions]


async def inspect(graph: Graph, token: str) -> Health:
    """What Meta says of `token`; `graph` asks with the app's own, or with the same one. Raises ChannelError."""
    data = mapping((await graph.get("debug_token", input_token=token)).get("data"))
    if not data.get("is_valid"):
        words = str(mapping(data.get("error")).get("message") or "it is no longer valid")
        return Health(trouble=redacted(words, token)[:300])
    scopes = data.get("scopes")
    names = tuple(str(scope) for scope in sequence(scopes)) if isinstance(scopes, list) else None
    return Health(ends_at=moment(data.get("expires_at")), permissions=names)


def moment(value: object) -> datetime | None:
    """A moment in Unix seconds; None for 0, which stands for never, and for what is none."""
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) and value > 0 else None
    except (OverflowError, OSError, ValueError):
        return None


def judge(problem: Problem) -> ChannelError:
    """The error of a call that looks at an account or sets it up; what is sent has tables of its own, one each app."""
    code, text = problem.code, str(problem)
    if code in (102, 190) or problem.status == 401:
        return TokenError(text)
    if code in (3, 10) or 200 <= code < 300:
        return PermissionMissingError(text)
    if code in (4, 17, 32, 613, 80007):
        return RateError(text, RateError.Scope.ACCOUNT)
    return TemporaryError(text) if code in (1, 2) or problem.status >= 500 else RefusedError(text)
