"""Celery tasks: what the apps brought is forgotten in time; tokens are renewed; trouble with an account is logged."""

import asyncio
import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from integrations import checkup, expiry
from integrations.models import ChannelState
from integrations.registry import SETUPS

logger = logging.getLogger(__name__)

# Meta repeats a delivery for up to seven days, and what failed can be read again by an operator. What was read has no
# body any more.
DELIVERY_DAYS = 30


@shared_task
def purge() -> None:
    """Forget deliveries, and the texts of what was answered and sent. Raises DatabaseError."""
    now = timezone.now()
    deliveries = expiry.delete_deliveries(now - timedelta(days=DELIVERY_DAYS))
    texts = expiry.forget_texts(now - timedelta(days=settings.GUEST_DAYS))
    if deliveries or texts:
        logger.info("%s deliveries were deleted, and %s messages emptied", deliveries, texts)


@shared_task
def watch() -> None:
    """Log what an operator has to mend: accounts that are halted, tokens that end. Raises DatabaseError."""
    for setup in SETUPS:
        if not setup.is_on:
            continue
        rows = ChannelState.objects.filter(channel=setup.name, account=setup.account).halted()
        for state in rows:
            logger.error("%s is halted since %s, nothing is sent: %s", setup.title, state.halted_at, state.halted)
        token = asyncio.run(checkup.token_now(setup))
        if token.mend:
            logger.error("%s, token: %s. %s", setup.title, token.text, token.mend)


@shared_task
def renew_tokens() -> None:
    """Renew the tokens that end, where an app lets us; the next start uses them."""
    for setup in SETUPS:
        if setup.is_on and setup.renews:
            finding = asyncio.run(checkup.renewed(setup))
            level = logging.ERROR if finding.mend else logging.INFO
            logger.log(level, "%s, renew the token: %s. %s", setup.title, finding.text, finding.mend)
