"""Deliveries that are read in this process, as of an account of ours of which nobody has heard."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations import intake
from integrations.models import Delivery, InboxEntry
from integrations.registry import channels


@contextmanager
def our_account(settings: Settings) -> Iterator[str]:
    """Its id, the same in each app."""
    number = str(uuid4().int)[:18]
    settings.META_APP_SECRET = "secret"
    settings.WHATSAPP_TOKEN = settings.MESSENGER_TOKEN = settings.INSTAGRAM_TOKEN = "token"
    settings.WHATSAPP_PURPOSE = "helper"
    settings.WHATSAPP_PHONE_ID = settings.MESSENGER_PAGE_ID = settings.INSTAGRAM_ID = number
    channels.cache_clear()
    yield number
    channels.cache_clear()


def stored(body: object) -> Delivery:
    """A delivery that no courier takes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    later = timezone.now() + timedelta(days=1)
    return Delivery.objects.create(digest=uuid4().hex, body=data, signer="meta", taken_until=later, attempts=1)


def read(body: object) -> Delivery:
    """What becomes of a delivery once it is read."""
    return reread(stored(body))


def reread(delivery: Delivery) -> Delivery:
    for reading in intake.read_all([delivery.pk]):
        while reading.step():
            pass
    delivery.refresh_from_db()
    return delivery


def whatsapp(account: str, *messages: Any, **value: Any) -> dict[str, Any]:
    value = {"metadata": {"phone_number_id": account}, "messages": list(messages), **value}
    return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}


def text(sender: str, words: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"from": sender, "id": f"wamid.{uuid4().hex}", "timestamp": str(int(time.time())), "type": "text",
            "text": {"body": words}, **more}  # fmt: skip


def rows(account: str) -> list[str]:
    """The words of what waits to be answered for an account of ours, in order."""
    entries = InboxEntry.objects.filter(contact__account=account, state="waiting").order_by("id")
    return [entry.content.get("text", "") for entry in entries]
