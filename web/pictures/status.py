"""The painter's status for pages and sockets, and whether an account is needed."""

import logging

from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from assistant.errors import AccountNeededError
from assistant.models import Person
from assistant.people import needs_account
from imagine.status import PainterStatus, current_status, read_status
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
    error, live = painter.error(), painter.live
    if painter.cannot_draw and painter.is_live:
        return _("Only previews can be drawn here at the moment. The people who run this site have been told why.")
    if error is None and live and live.state == "broken":
        return _("There are no previews here at the moment, but pictures can be drawn.")
    return str(error.sentence) if error else ""


def painter_status_now() -> PainterStatus:
    """The same as `painter_status`, for synchronous code."""
    try:
        return current_status()
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("the painter's status is not known: %s", error)
        return PainterStatus()


def status_fields(painter: PainterStatus) -> dict[str, object]:
    """The status as the socket sends it."""
    return {
        "live": painter.is_live,
        "ready": painter.is_ready,
        "redraw": painter.can_redraw,
        "without": painter.can_leave_out,
        "animate": painter.can_animate,
        "broken": painter.cannot_draw,
        "loading": painter.is_loading,
        "seconds": round(painter.live.preview_seconds, 1) if painter.live else 0.0,
        "sentence": sentence(painter),
    }
