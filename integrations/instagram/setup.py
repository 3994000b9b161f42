"""Instagram from its operator's side: token, account, subscription, and what people see before they write.

There are two ways in, see README.md: by a Facebook Page, or, where INSTAGRAM_APP_SECRET is set, by Instagram's own
login, with a server and a token of its own.
"""

from datetime import datetime
from functools import partial

from django.conf import settings

from integrations import menu
from integrations.graph import Graph
from integrations.instagram import renewal
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
from integrations.tokens import Health, judge

WHAT = {
    "INSTAGRAM_TOKEN": "the token of the account, or of the Page that it is linked to",
    "INSTAGRAM_ID": "the id of the professional account on Instagram",
}
SECRET = {
    "META_APP_SECRET": "the secret of the Meta app, without which no delivery is believed (for Instagram's own login "
    "set INSTAGRAM_APP_SECRET instead)"
}
PROFILE = {"ice_breakers": "ideas to begin with", "persistent_menu": "the menu"}
PLATFORM = {"platform": "instagram"}


class InstagramSetup(Setup):
    name = "instagram"
    title = "Instagram"
    object = "instagram"
    own = ("INSTAGRAM_TOKEN", "INSTAGRAM_ID", "INSTAGRAM_APP_SECRET")
    fields = (
        "messages", "messaging_postbacks", "messaging_seen", "messaging_handover", "messaging_referral",
        "message_reactions", "standby", "comments", "mentions",
    )  # fmt: skip

    extra_fields = ("message_edit",)

    @property
    def own_login(self) -> bool:
        """Whether the account signed in at Instagram itself, not by a Page."""
        return bool(settings.INSTAGRAM_APP_SECRET)

    @property
    def permissions(self) -> tuple[str, ...]:  # type: ignore[override]
        family = "instagram_business_" if self.own_login else "instagram_"
        comments = (f"{family}manage_comments",) if settings.ANSWER_COMMENTS else ()
        page = () if self.own_login else ("pages_manage_metadata",)
        return (f"{family}basic", f"{family}manage_messages", *page, *comments)

    @property
    def token(self) -> str:
        return settings.INSTAGRAM_TOKEN

    @property
    def account(self) -> str:
        return settings.INSTAGRAM_ID

    def missing(self) -> dict[str, str]:
        return unset(WHAT) | ({} if self.own_login else unset(SECRET))

    def graph(self) -> Graph:
        if not self.own_login:
            return super().graph()
        return Graph(f"{settings.INSTAGRAM_GRAPH_URL}/{settings.GRAPH_VERSION}", self.token, judge)

    async def health(self, graph: Graph) -> Health:
        """Instagram's own login has no call that looks at a token: it opens the account, and once renewed it ends."""
        if not self.own_login:
            return await super().health(graph)
        await graph.get("me", fields="user_id")
        return renewal.health()

    @property
    def renews(self) -> bool:
        return self.own_login

    async def renew(self) -> datetime:
        return (await renewal.renew()).ends_at

    def looks(self) -> dict[str, Look]:
        # By a Page it is the Page that is subscribed, to anything, and the app to the fields, see `checkup.py`.
        fields = self.fields if self.own_login else ()
        return {
            "Account": partial(account, own_login=self.own_login),
            "Subscribed": partial(subscribed, account="me", fields=fields),
            "Chats": chats,
            "Profile": partial(profile, account="me", parts=PROFILE, platform="instagram"),
        }

    def steps(self) -> list[Step]:
        path = "me/subscribed_apps"
        if self.own_login:
            text = "Subscribe our app to the account"
            plain = Step(text, path, parameters=subscribing(self.fields))
            subscribe = Step(text, path, parameters=subscribing(self.fields + self.extra_fields), otherwise=plain)
        else:
            fields = PAGE_FIELDS if settings.MESSENGER_PAGE_ID else ("messages",)
            text = "Subscribe our app to the Page that the account is linked to"
            subscribe = Step(text, path, parameters=subscribing(fields))
        body = {**PLATFORM, "ice_breakers": menu.ice_breakers(), "persistent_menu": menu.persistent_menu()}
        return [
            subscribe,
            Step(f"Set {listed(PROFILE.values())}", "me/messenger_profile", body, PLATFORM),
        ]


async def account(graph: Graph, own_login: bool) -> Finding:
    """Whose token it is. Raises ChannelError."""
    if own_login:
        # Both ids are told; only `user_id` is that of the account in deliveries.
        found = await graph.get("me", fields="user_id,username,account_type")
        id = str(found.get("user_id") or found.get("id") or "")
    else:
        found = await graph.get(settings.INSTAGRAM_ID, fields="id,username")
        id = str(found.get("id") or "")
    name = words(found.get("username"))
    if id == settings.INSTAGRAM_ID:
        return Finding("Account", f"@{name}" if name else id)
    mend = "Set INSTAGRAM_ID to the id of the account that the token is for, or make a token of the other account."
    return Finding("Account", f"the token is for {f'@{name}' if name else 'another account'} ({id})", mend)


async def chats(graph: Graph) -> Finding:
    """That the chats are open to us: a creator's account delivers nothing before it is asked. Raises ChannelError."""
    await graph.get("me/conversations", limit="1", **PLATFORM)
    return Finding("Chats", "open to us")
