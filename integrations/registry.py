"""The apps that Chaski can speak through. Adding one: its folder, and a line in each list."""

from functools import cache

from integrations.base import Channel
from integrations.instagram.channel import Instagram
from integrations.instagram.setup import InstagramSetup
from integrations.messenger.channel import Messenger
from integrations.messenger.setup import MessengerSetup
from integrations.setup import Setup
from integrations.whatsapp.channel import WhatsApp
from integrations.whatsapp.setup import WhatsAppSetup

CHANNELS: tuple[type[Channel], ...] = (
    WhatsApp,
    Messenger,
    Instagram,
)

SETUPS: tuple[Setup, ...] = (WhatsAppSetup(), MessengerSetup(), InstagramSetup())


@cache
def channels() -> dict[str, Channel]:
    """Those that are set up, by name, as the settings have them."""
    return {channel.name: channel for kind in CHANNELS if (channel := kind()).account}


def by_object(name: str) -> Channel | None:
    """The one whose deliveries have that `object`, if it is set up."""
    return next((channel for channel in channels().values() if channel.object == name), None)
