"""Who draws, as pages are told."""

import logging

from django.conf import settings
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from assistant.errors import AccountNeededError
from assistant.models import Person
from imagine import studio
from imagine.errors import AwayError, CheckpointError, ImagineError
from imagine.studio import Studio
from web.running import current

logger = logging.getLogger(__name__)


def needs_account(person: Person | None) -> bool:
    """Whether this person, or a visitor who is nobody yet, must sign in first."""
    return settings.IMAGINE_ACCOUNT and (person is None or person.is_guest)


def can_draw(person: Person) -> None:
    """Raises AccountNeededError where only accounts may, and this is a guest."""
    if needs_account(person):
        raise AccountNeededError("a guest")


async def look() -> Studio | None:
    """Who draws now; None while Redis is away."""
    try:
        return await studio.look(current().runtime.redis)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("nobody knows who draws: %s", error)
        return None


def trouble(found: Studio | None) -> ImagineError | None:
    """Why nothing can be drawn now, if so."""
    if found is not None and found.is_ready:
        return None
    if studio.is_set_up() and found is not None and found.is_broken:
        return CheckpointError("see the log of the process that draws")
    return studio.nobody()


def must_draw(found: Studio | None) -> None:
    """Raises ImagineError where nothing will be drawn however long one waits: being away for a moment is no such
    reason, as what is asked for now is drawn when the painter is back."""
    error = trouble(found)
    if error and not isinstance(error, AwayError):
        raise error


def sentence(found: Studio | None) -> str:
    """What a page says about the studio: nothing when all is well."""
    if found is not None and found.is_loading:
        return _("The model that draws is waking up.")
    error = trouble(found)
    return str(error.sentence) if error else ""


def studio_fields(found: Studio | None) -> dict[str, object]:
    """The studio as the socket tells it."""
    return {
        "live": found is not None and found.is_live,
        "ready": found is not None and found.is_ready,
        "redraw": found is not None and found.can_redraw,
        "animate": found is not None and found.can_animate,
        "loading": found is not None and found.is_loading,
        "seconds": round(found.live.frame_seconds, 1) if found and found.live else 0.0,
        "sentence": sentence(found),
    }
