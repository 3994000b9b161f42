"""Which apps are on: those whose settings are all there."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.registry import by_object, channels

ALL: dict[str, Any] = {
    "META_APP_SECRET": "secret",
    "WHATSAPP_TOKEN": "token",
    "WHATSAPP_PHONE_ID": "1000",
    "WHATSAPP_PURPOSE": "helper",
    "WHATSAPP_COUNTRIES": [],
    "MESSENGER_TOKEN": "token",
    "MESSENGER_PAGE_ID": "2000",
    "INSTAGRAM_TOKEN": "token",
    "INSTAGRAM_ID": "3000",
    "INSTAGRAM_APP_SECRET": "",
}
NAMES = {"whatsapp", "messenger", "instagram"}


@pytest.fixture(autouse=True)
def all_set(settings: Settings) -> Iterator[Settings]:
    for name, value in ALL.items():
        setattr(settings, name, value)
    channels.cache_clear()
    yield settings
    channels.cache_clear()


def test_each_app_answers_for_its_account_where_all_is_set() -> None:
    assert {name: channel.account for name, channel in channels().items()} == {
        "whatsapp": "1000",
        "messenger": "2000",
        "instagram": "3000",
    }
    assert by_object("page") is channels()["messenger"]


@pytest.mark.parametrize(
    ("changed", "off"),
    [
        ({"WHATSAPP_TOKEN": ""}, {"whatsapp"}),
        ({"WHATSAPP_PHONE_ID": ""}, {"whatsapp"}),
        ({"WHATSAPP_PURPOSE": ""}, {"whatsapp"}),
        ({"WHATSAPP_PURPOSE": "", "WHATSAPP_COUNTRIES": ["DE"]}, {"whatsapp"}),
        ({"WHATSAPP_PURPOSE": "assistant"}, {"whatsapp"}),
        ({"WHATSAPP_PURPOSE": "assistant", "WHATSAPP_COUNTRIES": ["DE"]}, set()),
        ({"MESSENGER_TOKEN": ""}, {"messenger"}),
        ({"MESSENGER_PAGE_ID": ""}, {"messenger"}),
        ({"INSTAGRAM_TOKEN": ""}, {"instagram"}),
        ({"INSTAGRAM_ID": ""}, {"instagram"}),
        ({"META_APP_SECRET": ""}, NAMES),
        ({"META_APP_SECRET": "", "INSTAGRAM_APP_SECRET": "own"}, {"whatsapp", "messenger"}),
    ],
)
def test_an_app_is_off_without_one_of_its_settings(all_set: Settings, changed: dict[str, Any], off: set[str]) -> None:
    for name, value in changed.items():
        setattr(all_set, name, value)
    assert set(channels()) == NAMES - off
    assert (by_object("page") is None) == ("messenger" in off)
