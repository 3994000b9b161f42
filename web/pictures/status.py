"""The painter's status for pages and sockets, and whether an account is needed."""

import logging

from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from assistant.errors import AccountNeededError
from assistant.models import Person
from assistant.people import needs_account
from imagine.status import PainterStatus, read_status
from web.process import current_process

logger = logging.getLogger(__name__)


def check_account(person: Person) -> None:
    """Raises AccountNeededError where only accounts may draw, and this is a guest."""
    if needs_account(person):
        raise AccountNeededError("a guest")


async def painter_status() -> PainterStatus:
    """The painter's current status; an empty one while Redis is away."""
    try:
        return await read_status(current_process().runtime.redis)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("the painter's status is not known: %s", error)
        return PainterStatus()


def sentence(painter: PainterStatus) -> str:
    """The sentence about the painter for people; empty when all is well."""
    if painter.is_loading:
        return _("The model that draws is waking up.")
    error = painter.error()
    return str(error.sentence) if error else ""


def status_fields(painter: PainterStatus) -> dict[str, object]:
    """The status as the socket sends it."""
    return {
        "live": painter.is_live,
        "ready": painter.is_ready,
        "redraw": painter.can_redraw,
        "without": painter.can_leave_out,
        "animate": painter.can_animate,
        "loading": painter.is_loading,
        "seconds": round(painter.live.preview_seconds, 1) if painter.live else 0.0,
        "sentence": sentence(painter),
    }
