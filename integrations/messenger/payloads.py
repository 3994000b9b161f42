"""The deliveries of a Facebook Page: what is said in Messenger, and comments under its posts.

https://developers.facebook.com/docs/graph-api/webhooks/reference/page
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from integrations.base import mapping, sequence
from integrations.inbound import Ignored, InboundComment, InboundEvent, Parsed, Sender, identifier, label, moment, words
from integrations.messaging import envelope, events
from integrations.messaging.envelope import Item, name
from integrations.messaging.events import App

SITE = "https://www.facebook.com/"
MOST_TAGS = 50

Verb = Literal["add", "edit", "remove", "hide"]
VERBS: dict[str, Verb] = {
    "add": "add",
    "edit": "edit",
    "edited": "edit",
    "remove": "remove",
    "delete": "remove",
    "hide": "hide",
}
# Posts that can name us. A share repeats what another says.
POSTS = {"post", "status", "photo", "video"}


def parse(entries: Sequence[Any], account: str, app_id: str) -> Parsed:
    """All events of the Page `account`. `app_id` is ours at Meta."""
    app = App(account, app_id, SITE)
    return envelope.parse(
        entries, account, lambda item: events.read(item, app), lambda item: (read_change(item, account),)
    )


def read_change(item: Item, account: str) -> InboundEvent:
    """A comment, or a post that names us. Raises what a broken item raises, see envelope."""
    value = item.value
    if item.field not in ("feed", "mention"):
        return Ignored(item.field)
    kind = name(value.get("item"))
    comment = identifier(value.get("comment_id")) if kind == "comment" else ""
    post = identifier(value.get("post_id"))
    if kind != "comment" and not (item.field == "mention" and kind in POSTS):
        return Ignored(f"{item.field} {kind}")
    verb = VERBS.get(name(value.get("verb")))
    if not verb or not (comment or kind != "comment") or not post:
        return Ignored(f"{item.field} {kind} of another kind")
    if verb == "add" and value.get("is_hidden") is True:
        verb = "hide"
    author = mapping(value.get("from"))
    sender = Sender(
        user_id=identifier(author.get("id")) or identifier(value.get("sender_id")),
        name=label(author.get("name")) or label(value.get("sender_name")),
    )
    if verb in ("remove", "hide"):
        # It may be the one who hid it, not its author.
        sender = Sender()
    elif sender.user_id == account:
        return Ignored("own comment")
    elif not sender.user_id and item.field == "feed":
        # It may be our own: without the permission to see authors all come like this.
        return Ignored("comment without a sender")
    parent = identifier(value.get("parent_id"))
    return InboundComment(
        account=account,
        sender=sender,
        at=moment(value.get("created_time") or item.sent_at),
        id=comment or post,
        post=post,
        text=words(value.get("message")),
        parent="" if parent == post else parent,
        verb=verb,
        named=item.field == "mention" or _is_tagged(value, account),
    )


def _is_tagged(value: Mapping[str, Any], account: str) -> bool:
    tags = sequence(value.get("message_tags"))[:MOST_TAGS]
    return any(identifier(mapping(tag).get("id")) == account for tag in tags)
