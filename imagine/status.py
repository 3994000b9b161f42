"""What the painter's processes report about themselves, and whether a picture can be drawn now."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal, Self, cast

from django.conf import settings
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from imagine import keys
from imagine.connection import redis
from imagine.errors import AwayError, CheckpointError, ImagineError, NoCheckpointError
from imagine.styles import STYLES, Style

Role = Literal["live", "final", "animate"]
ROLES: tuple[Role, ...] = ("live", "final", "animate")

HEARTBEAT_SECONDS = 5
# Longer than three heartbeats, and than one that a busy machine holds up.
STATUS_SECONDS = 20


@dataclass(frozen=True)
class RoleStatus:
    """One role, as its painter reports it. `problem` is for the operator."""

    role: Role
    state: Literal["loading", "ready", "broken"]
    checkpoint: str = ""
    device: str = ""
    problem: str = ""
    redraw: bool = False
    # Whether the checkpoint reads English only.
    english: bool = False
    # Whether it heeds a negative prompt.
    negative: bool = False
    # The names of the styles that it knows, None for any.
    styles: tuple[str, ...] | None = None
    # A moving average of what one live preview takes, and how many were begun and shown.
    preview_seconds: float = 0.0
    begun: int = 0
    shown: int = 0

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote; fields of a newer version are dropped."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(data).items() if name in known})


@dataclass(frozen=True)
class PainterStatus:
    """All roles; None for one that no painter reports now."""

    live: RoleStatus | None = None
    final: RoleStatus | None = None
    animate: RoleStatus | None = None

    @property
    def roles(self) -> list[RoleStatus]:
        return [role for role in (self.live, self.final, self.animate) if role]

    @property
    def is_ready(self) -> bool:
        """Whether a picture requested now would be drawn at once."""
        return self.final is not None and self.final.state == "ready"

    @property
    def is_live(self) -> bool:
        return self.live is not None and self.live.state == "ready"

    @property
    def is_loading(self) -> bool:
        return any(role.state == "loading" for role in self.roles)

    @property
    def can_redraw(self) -> bool:
        """Whether pictures can be restyled, edited and varied from what they show."""
        return self.final is not None and self.final.redraw

    @property
    def can_leave_out(self) -> bool:
        """Whether pictures heed what is not to be seen in them."""
        return self.final is not None and self.final.negative

    @property
    def styles(self) -> dict[str, Style]:
        """The styles that change what is drawn, by their names."""
        known = self.final.styles if self.final else None
        return STYLES if known is None else {name: style for name, style in STYLES.items() if name in known}

    @property
    def can_animate(self) -> bool:
        return self.animate is not None and self.animate.state == "ready"

    @property
    def cannot_draw(self) -> bool:
        """Whether no picture can be drawn, and waiting would not help."""
        error = self.error()
        return error is not None and not isinstance(error, AwayError)

    @property
    def cannot_redraw(self) -> bool:
        """Whether it is known that pictures cannot begin from one."""
        return self.is_ready and not self.can_redraw

    def error(self) -> ImagineError | None:
        """Why no picture can be drawn now, if so. A painter that still loads its checkpoint can be waited for.

        Pages, sockets and conversations all go by this.
        """
        if self.final is None:
            return no_painter_error()
        return CheckpointError(self.final.problem) if self.final.state == "broken" else None

    def check(self) -> None:
        """Raises NoCheckpointError or CheckpointError where waiting would not help.

        A painter that is away raises nothing: what is requested now is drawn when it is back.
        """
        error = self.error()
        if error is not None and not isinstance(error, AwayError):
            raise error

    def check_live(self) -> None:
        """Raises NoCheckpointError or CheckpointError where no preview can be drawn, and waiting would not help.

        That large pictures cannot be drawn does not matter to previews.
        """
        if self.live is None:
            self.check()
        elif self.live.state == "broken":
            raise CheckpointError(self.live.problem)


def publish_status(redis: Redis, status: RoleStatus) -> None:
    """Publish a status for STATUS_SECONDS. Raises RedisError."""
    redis.set(keys.painter(status.role), status.to_bytes(), ex=STATUS_SECONDS)


async def read_status(redis: AsyncRedis) -> PainterStatus:
    """The newest status of all roles. Raises RedisError, OSError, TimeoutError."""
    found = await redis.mget([keys.painter(role) for role in ROLES])
    return PainterStatus(*(RoleStatus.from_bytes(cast(bytes, data)) if data else None for data in found))


def forget_statuses(redis: Redis) -> None:
    """Forget what painters have reported: those that are still there report again soon. Raises RedisError."""
    redis.delete(*(keys.painter(role) for role in ROLES))


def current_status() -> PainterStatus:
    """What `read_status` returns, for synchronous code. Raises RedisError."""
    found = cast(list[bytes | None], redis().mget([keys.painter(role) for role in ROLES]))
    return PainterStatus(*(RoleStatus.from_bytes(data) if data else None for data in found))


def is_configured() -> bool:
    """Whether a checkpoint is set."""
    return bool(settings.IMAGINE_MODEL or settings.IMAGINE_FINAL_MODEL)


def no_painter_error() -> ImagineError:
    """Why there is no painter."""
    if is_configured():
        return AwayError("no painter has reported for a while")
    return NoCheckpointError("IMAGINE_MODEL is empty")
