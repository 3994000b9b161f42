"""What the processes that draw say about themselves, for those that ask them to."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal, Self, cast

from django.conf import settings
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from imagine import keys
from imagine.errors import AwayError, ImagineError, NoCheckpointError

Role = Literal["live", "final", "animate"]
ROLES: tuple[Role, ...] = ("live", "final", "animate")

BEAT_SECONDS = 5
# Longer than three beats, and than a beat that a busy machine holds up.
NOTICE_SECONDS = 20


@dataclass(frozen=True)
class Notice:
    """One role, as the process that plays it describes it. `problem` is for the operator."""

    role: Role
    state: Literal["loading", "ready", "broken"]
    checkpoint: str = ""
    device: str = ""
    problem: str = ""
    redraw: bool = False
    # A moving average of what one live frame takes, and how many were begun and shown.
    frame_seconds: float = 0.0
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
class Studio:
    """All roles, as far as somebody plays them now."""

    live: Notice | None = None
    final: Notice | None = None
    animate: Notice | None = None

    @property
    def notices(self) -> list[Notice]:
        return [notice for notice in (self.live, self.final, self.animate) if notice]

    @property
    def is_ready(self) -> bool:
        """Whether a picture asked for now would be drawn."""
        return self.final is not None and self.final.state == "ready"

    @property
    def is_live(self) -> bool:
        return self.live is not None and self.live.state == "ready"

    @property
    def is_loading(self) -> bool:
        return any(notice.state == "loading" for notice in self.notices)

    @property
    def is_broken(self) -> bool:
        return any(notice.state == "broken" for notice in self.notices)

    @property
    def can_redraw(self) -> bool:
        """Whether pictures can be restyled, edited and varied from what they show."""
        return self.final is not None and self.final.redraw

    @property
    def can_animate(self) -> bool:
        return self.animate is not None and self.animate.state == "ready"


def tell(redis: Redis, notice: Notice) -> None:
    """Say it until NOTICE_SECONDS from now."""
    redis.set(keys.painter(notice.role), notice.to_bytes(), ex=NOTICE_SECONDS)


async def look(redis: AsyncRedis) -> Studio:
    """Who draws now. Raises redis.RedisError."""
    found = await redis.mget([keys.painter(role) for role in ROLES])
    return Studio(*(Notice.from_bytes(cast(bytes, data)) if data else None for data in found))


def is_set_up() -> bool:
    """Whether a checkpoint is set."""
    return bool(settings.IMAGINE_MODEL or settings.IMAGINE_FINAL_MODEL)


def nobody() -> ImagineError:
    """Why nobody draws."""
    return AwayError("no painter is heard of") if is_set_up() else NoCheckpointError("IMAGINE_MODEL is empty")
