"""The apps that Chaski can speak through. Adding one: its folder, and a line in APPS."""

from functools import cache
from typing import NamedTuple

from integrations.base import Channel
from integrations.instagram.channel import Instagram
from integrations.instagram.setup import InstagramSetup
from integrations.messenger.channel import Messenger
from integrations.messenger.setup import MessengerSetup
from integrations.setup import Setup
from integrations.whatsapp.channel import WhatsApp
from integrations.whatsapp.setup import WhatsAppSetup


class App(NamedTuple):
    """One app: how it is spoken, and how it is set up."""

    channel: type[Channel]
    setup: Setup


APPS = (
    App(WhatsApp, WhatsAppSetup()),
    App(Messenger, MessengerSetup()),
    App(Instagram, InstagramSetup()),
)
SETUPS: tuple[Setup, ...] = tuple(app.setup for app in APPS)
# What people call them, by name.
TITLES = {setup.name: setup.title for setup in SETUPS}


@cache
def channels() -> dict[str, Channel]:
    """Those that are set up, by name, as the settings have them."""
    return {app.setup.name: app.channel() for app in APPS if app.setup.is_on}


def by_object(name: str) -> Channel | None:
    """The one whose deliveries have that `object`, if it is set up."""
    return next((channel for channel in channels().values() if channel.object == name), None)
