"""What an app shows before a word is said: the greeting, ideas to tap, the menu, and the list of commands."""

from typing import Any, NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Entry(NamedTuple):
    """What is read, and what we get where it is tapped: a command, with or without its slash."""

    title: str | Promise
    payload: str


# What the button to begin sends us.
START = "start"

# Apps show up to four, WhatsApp up to 80 characters of each; there they are sent as they are read.
IDEAS = (
    Entry(_("What can you do?"), "/help"),
    Entry(_("Imagine a lighthouse at dusk, in watercolor"), "/imagine a lighthouse at dusk, in watercolor"),
)

MENU = (
    Entry(_("New conversation"), "/new"),
    Entry(_("What I can do"), "/help"),
    Entry(_("Erase what is kept of me"), "/forget"),
)

# The words after a slash. Messenger shows 64 characters of the sentence.
COMMANDS = (
    Entry(_("What I can do"), "help"),
    Entry(_("Begin a new conversation"), "new"),
    Entry(_("Draw a picture of the words that follow"), "imagine"),
    Entry(_("End an answer, or all messages"), "stop"),
    Entry(_("Erase what is kept about you"), "forget"),
    Entry(_("Join this chat and an account of the site"), "link"),
    Entry(_("Ask for a human"), "human"),
    Entry(_("My own words in another language"), "language"),
    Entry(_("Which model answers"), "model"),
)


def greeting() -> str:
    """Who answers, for somebody who has not written yet. Messenger shows 160 characters."""
    return gettext("I am %(name)s, an AI. Ask me anything, or have me draw.") % {"name": settings.SITE_NAME[:60]}


def ice_breakers() -> list[dict[str, Any]]:
    """The ideas to begin with, as Messenger and Instagram take them."""
    actions = [{"question": str(idea.title)[:80], "payload": idea.payload} for idea in IDEAS]
    return [{"locale": "default", "call_to_actions": actions}]


def persistent_menu() -> list[dict[str, Any]]:
    """The menu, as both take it."""
    actions = [{"type": "postback", "title": str(entry.title)[:30], "payload": entry.payload} for entry in MENU]
    return [{"locale": "default", "composer_input_disabled": False, "call_to_actions": actions}]
