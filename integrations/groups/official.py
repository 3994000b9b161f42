"""Whether WhatsApp offers our number groups: asked by a courier now and then, so that no page waits for it."""

import logging
from datetime import timedelta

from django.utils import timezone

from assistant.database import in_thread
from integrations.base import Channel
from integrations.errors import ChannelError
from integrations.models import ChannelState
from integrations.whatsapp.setup import is_official

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
# Where it could not be asked.
AGAIN = timedelta(minutes=5)


async def refresh(channel: Channel) -> None:
    """Ask, if that was long ago. Raises DatabaseError."""
    if not await in_thread(_is_due)(channel):
        return
    try:
        found = await is_official(channel.graph)
    except ChannelError as error:
        logger.info("whether our number has groups could not be asked: %s", error)
        await in_thread(_note)(channel, None)
        return
    await in_thread(_note)(channel, found)


def known(channel: str, account: str) -> bool | None:
    """Whether our number has groups; None where that is not known yet."""
    row = ChannelState.objects.filter(channel=channel, account=account).first()
    return row.official if row else None


def _is_due(channel: Channel) -> bool:
    row, _made = ChannelState.objects.get_or_create(channel=channel.name, account=channel.account)
    return row.official_at is None or row.official_at < timezone.now() - EVERY


def _note(channel: Channel, found: bool | None) -> None:
    row = ChannelState.objects.filter(channel=channel.name, account=channel.account)
    if found is None:
        row.update(official_at=timezone.now() - EVERY + AGAIN)
    else:
        row.update(official=found, official_at=timezone.now())
