"""`manage.py check` on apps that are set up in part."""

import pytest
from pytest_django.fixtures import Settings

from integrations.checks import set_up_in_part
from tests.integrations.graph_answers import ACCOUNTS, TOKENS


def said() -> dict[str, str]:
    """Each warning with its hint."""
    return {message.msg: message.hint or "" for message in set_up_in_part()}


def test_nothing_is_said_where_nothing_or_all_is_set(settings: Settings) -> None:
    assert said() == {}
    for name, value in {**TOKENS, **ACCOUNTS}.items():
        setattr(settings, name, value)
    assert said() == {}


@pytest.mark.parametrize(
    ("absent", "title"),
    [
        ("WHATSAPP_PHONE_ID", "WhatsApp"),
        ("WHATSAPP_PURPOSE", "WhatsApp"),
        ("WHATSAPP_TOKEN", "WhatsApp"),
        ("MESSENGER_TOKEN", "Messenger"),
        ("MESSENGER_PAGE_ID", "Messenger"),
        ("INSTAGRAM_ID", "Instagram"),
    ],
)
def test_an_app_that_is_set_up_in_part_is_warned_about(settings: Settings, absent: str, title: str) -> None:
    for name, value in {**TOKENS, **ACCOUNTS, absent: ""}.items():
        setattr(settings, name, value)
    ((message, hint),) = said().items()
    assert message == f"{title} is off: {absent} not set."
    assert f"Set {absent}: " in hint
    assert not any(token in message + hint for token in TOKENS.values())


def test_tokens_without_a_secret_are_warned_about_one_by_one(settings: Settings) -> None:
    for name, value in {**TOKENS, **ACCOUNTS, "META_APP_SECRET": ""}.items():
        setattr(settings, name, value)
    assert [message.partition(" is off")[0] for message in said()] == ["WhatsApp", "Messenger", "Instagram"]


def test_an_address_that_meta_cannot_subscribe_is_warned_about(settings: Settings) -> None:
    for name, value in {**TOKENS, **ACCOUNTS, "META_VERIFY_TOKEN": ""}.items():
        setattr(settings, name, value)
    ((_message, hint),) = said().items()
    assert "META_VERIFY_TOKEN" in hint
