"""Messenger from its operator's side: token, Page, subscription, and what people see before they write."""

from functools import partial

from django.conf import settings

from integrations import menu
from integrations.graph import Graph
from integrations.setup import (
    PAGE_FIELDS,
    Finding,
    Look,
    Setup,
    Step,
    listed,
    profile,
    subscribed,
    subscribing,
    unset,
    words,
)

WHAT = {
    "MESSENGER_TOKEN": "a Page token with pages_messaging and pages_manage_metadata",
    "MESSENGER_PAGE_ID": "the id of the Facebook Page that answers",
    "META_APP_SECRET": "the secret of the Meta app, without which no delivery is believed",
}
PROFILE = {
    "get_started": "the button to begin",
    "greeting": "the greeting",
    "ice_breakers": "ideas to begin with",
    "persistent_menu": "the menu",
    "commands": "the commands",
}


class MessengerSetup(Setup):
    name = "messenger"
    title = "Messenger"
    object = "page"
    own = ("MESSENGER_TOKEN", "MESSENGER_PAGE_ID")
    fields = PAGE_FIELDS

    @property
    def permissions(self) -> tuple[str, ...]:  # type: ignore[override]
        comments = ("pages_read_engagement", "pages_manage_engagement", "pages_read_user_content")
        return ("pages_messaging", "pages_manage_metadata", *(comments if settings.ANSWER_COMMENTS else ()))

    @property
    def token(self) -> str:
        return settings.MESSENGER_TOKEN

    @property
    def account(self) -> str:
        return settings.MESSENGER_PAGE_ID

    def missing(self) -> dict[str, str]:
        return unset(WHAT)

    def looks(self) -> dict[str, Look]:
        subscription = partial(subscribed, account=settings.MESSENGER_PAGE_ID, fields=self.fields)
        seen = partial(profile, account=settings.MESSENGER_PAGE_ID, parts=PROFILE)
        return {"Page": page, "Subscribed": subscription, "Profile": seen}

    def steps(self) -> list[Step]:
        page = settings.MESSENGER_PAGE_ID
        commands = [{"name": entry.payload, "description": str(entry.title)[:64]} for entry in menu.COMMANDS]
        # The menu is refused without the button to begin: one call sets them all.
        body = {
            "get_started": {"payload": menu.START},
            "greeting": [{"locale": "default", "text": menu.greeting()}],
            "ice_breakers": menu.ice_breakers(),
            "persistent_menu": menu.persistent_menu(),
            "commands": [{"locale": "default", "commands": commands}],
        }
        return [
            Step("Subscribe our app to the Page", f"{page}/subscribed_apps", parameters=subscribing(self.fields)),
            Step(f"Set {listed(PROFILE.values())}", f"{page}/messenger_profile", body),
        ]


async def page(graph: Graph) -> Finding:
    """Whose token it is. Raises ChannelError."""
    found = await graph.get("me", fields="id,name")
    name, id = words(found.get("name")), str(found.get("id") or "")
    if id == settings.MESSENGER_PAGE_ID:
        return Finding("Page", name or id)
    mend = "Make a token of the Page in MESSENGER_PAGE_ID: Meta app, Messenger, Settings, Generate token."
    return Finding("Page", f"the token is for {name or 'another account'} ({id}), not for the Page", mend)
