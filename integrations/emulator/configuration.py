"""What the emulator is told on its standard input: the same names and secrets as the product, and where it listens."""

import json
from dataclasses import dataclass
from typing import Any

from integrations.emulator.deliveries import Webhook
from integrations.emulator.fetching import is_loopback
from integrations.emulator.rates import THROUGHPUT
from integrations.emulator.things import Account, App

NAME = "Chaski"
USERNAME = "chaski"


class ConfigurationError(Exception):
    """What is missing or wrong, in one sentence for who starts it."""


@dataclass(frozen=True)
class Configuration:
    webhook: Webhook
    accounts: dict[App, Account]
    throughput: int = THROUGHPUT
    people: int = 0


def parse(text: str) -> Configuration:
    """Read one JSON object. Raises ConfigurationError."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ConfigurationError("The configuration on standard input is no JSON.") from error
    if not isinstance(values, dict):
        raise ConfigurationError("The configuration must be one JSON object.")
    webhook = Webhook(
        _text(values, "webhook"),
        _text(values, "app_secret"),
        _text(values, "instagram_app_secret"),
        _text(values, "verify_token"),
    )
    if not is_loopback(webhook.url):
        raise ConfigurationError("webhook must be an address of this machine.")
    name = str(values.get("name") or NAME)
    whatsapp, messenger, instagram = (_part(values, app) for app in ("whatsapp", "messenger", "instagram"))
    accounts: dict[App, Account] = {
        "whatsapp": Account(
            "whatsapp",
            _text(whatsapp, "phone_id", "whatsapp."),
            name,
            _text(whatsapp, "token", "whatsapp."),
            number=_text(whatsapp, "number", "whatsapp."),
            account_id=_text(whatsapp, "account_id", "whatsapp."),
        ),
        "messenger": Account(
            "messenger",
            _text(messenger, "page_id", "messenger."),
            name,
            _text(messenger, "token", "messenger."),
            USERNAME,
        ),
        "instagram": Account(
            "instagram", _text(instagram, "id", "instagram."), name, _text(instagram, "token", "instagram."), USERNAME
        ),
    }
    ids = [account.id for account in accounts.values()] + [accounts["whatsapp"].account_id]
    if len(set(ids)) < len(ids) or len({account.token for account in accounts.values()}) < len(accounts):
        raise ConfigurationError("Ids and tokens must differ from each other.")
    return Configuration(webhook, accounts, _count(values, "throughput", THROUGHPUT), _count(values, "people", 0))


def _part(values: dict[str, Any], name: str) -> dict[str, Any]:
    part = values.get(name)
    if not isinstance(part, dict):
        raise ConfigurationError(f"{name} is missing.")
    return part


def _text(values: dict[str, Any], name: str, path: str = "") -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{path}{name} is missing.")
    return value


def _count(values: dict[str, Any], name: str, default: int) -> int:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
        raise ConfigurationError(f"{name} must be a number up to 10000.")
    return value
