"""The deliveries of an Instagram account: direct messages, and comments that may name us.

https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram
"""

from collections.abc import Sequence
from typing import Any

from integrations.base import mapping
from integrations.inbound import Ignored, InboundComment, InboundEvent, Parsed, Sender, identifier, label, moment, words
from integrations.messaging import envelope, events
from integrations.messaging.envelope import Item, name
from integrations.messaging.events import App

SITE = "https://www.instagram.com/"
LIVE = {"live", "ig_live"}


def parse(entries: Sequence[Any], account: str, app_id: str) -> Parsed:
    """All events of the Instagram account `account`. `app_id` is ours at Meta."""
    app = App(account, app_id, SITE, numbers_from_0=True, names_apps=False)
    return envelope.parse(
        entries, account, lambda item: events.read(item, app), lambda item: (read_change(item, account),)
    )


def read_change(item: Item, account: str) -> InboundEvent:
    """A comment, or a mention of us. Raises what a broken item raises, see envelope.

    A mention names only ids: the words and their author have to be asked for.
    """
    value = item.value
    if item.field not in ("comments", "mentions"):
        return Ignored(item.field)
    media = mapping(value.get("media"))
    if name(str(media.get("media_product_type", "")).casefold()) in LIVE:
        return Ignored("live_comments")
    post = identifier(media.get("id")) or identifier(value.get("media_id"))
    comment = identifier(value.get("id")) or identifier(value.get("comment_id"))
    if not post or not (comment or item.field == "mentions"):
        return Ignored(f"{item.field} without id")
    author = mapping(value.get("from"))
    sender = Sender(user_id=identifier(author.get("id")), username=label(author.get("username")))
    if sender.user_id == account:
        return Ignored("own comment")
    if not sender.user_id and item.field == "comments":
        return Ignored("comment without a sender")
    return InboundComment(
        account=account,
        sender=sender,
        at=moment(value.get("created_time") or item.sent_at),
        id=comment or post,
        post=post,
        text=words(value.get("text")),
        parent=identifier(value.get("parent_id")),
        named=item.field == "mentions",
    )
