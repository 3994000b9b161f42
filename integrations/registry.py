"""The apps that Chaski can speak through. Adding one: its folder, and a line here."""

from functools import cache

from integrations.base import Channel
from integrations.instagram.channel import Instagram
from integrations.messenger.channel import Messenger
from integrations.whatsapp.channel import WhatsApp

CHANNELS: tuple[type[Channel], ...] = (
    WhatsApp,
    Messenger,
    Instagram,
)


@cache
def channels() -> dict[str, Channel]:
    """Those that are set up, by name, as the settings have them."""
    return {channel.name: channel for kind in CHANNELS if (channel := kind()).account}


def by_object(name: str) -> Channel | None:
    """The one whose deliveries have that `object`, if it is set up."""
    return next((channel for channel in channels().values() if channel.object == name), None)
