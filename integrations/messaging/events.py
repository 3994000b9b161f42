"""The items of `messaging` and `standby` in Messenger and Instagram, as typed events.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
https://developers.facebook.com/docs/instagram-platform/webhooks/examples
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.base import mapping, sequence
from integrations.inbound import (
    PAYLOAD_CHARACTERS,
    AccountNotice,
    Echo,
    HandOver,
    Ignored,
    InboundEdit,
    InboundEvent,
    InboundMessage,
    InboundOpening,
    InboundReaction,
    InboundUnsend,
    Sender,
    StatusChange,
    identifier,
    label,
    moment,
    moment_or_now,
    words,
)
from integrations.messaging import attachments
from integrations.messaging.attachments import Attached
from integrations.messaging.envelope import Item, name

MOST_IDS = 1_000
DETAIL_CHARACTERS = 300
EMOJI_CHARACTERS = 16

# The apps by which people answer in the inboxes of Pages and of Instagram. The first is as documented, the others are
# recalled.
INBOXES = {"26390203743090", "263902037430900", "1217981644879628"}
# What the button to begin sends, as set up by us or by hand.
STARTS = {"start", "get_started", "get started", "getstarted"}
EMOJIS = {
    "love": "❤️",
    "like": "👍",
    "dislike": "👎",
    "smile": "😆",
    "haha": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😠",
}
FEEDBACK = {"good response": "👍", "bad response": "👎"}
# What may come while another app has the conversation, and is for us all the same.
ON_STANDBY = InboundUnsend, StatusChange, Echo, HandOver, AccountNotice


@dataclass(frozen=True)
class App:
    """Our account in one of the two apps, and in what they differ.

    `app_id` is ours at Meta, empty where it is not set. `site` is where addresses without a host belong.
    `numbers_from_0`: an edit with the number 0 is a new message. `names_apps`: echoes say by which app they were sent.
    """

    account: str
    app_id: str
    site: str
    numbers_from_0: bool = False
    names_apps: bool = True


@dataclass(frozen=True)
class Said:
    """One item: `value` is what stands under its kind, `person` the other side."""

    app: App
    kind: str
    value: Mapping[str, Any]
    person: Sender
    at: datetime

    @property
    def common(self) -> dict[str, Any]:
        """The fields that all events have."""
        return {"account": self.app.account, "sender": self.person, "at": self.at}


def read(item: Item, app: App) -> Sequence[InboundEvent]:
    """The events of an item. Raises LookupError, TypeError, ValueError or ArithmeticError where it is broken."""
    kind = next((kind for kind in READERS if kind in item.value), "")
    if not kind:
        return (Ignored(next((name(key) for key in item.value if key not in FRAME), "unknown")),)
    value = mapping(item.value[kind])
    sender, recipient = _id(item.value.get("sender")), _id(item.value.get("recipient"))
    echo = kind == "message" and bool(value.get("is_echo"))
    account, person = (sender, recipient) if echo else (recipient, sender)
    if person == app.account or (sender == app.account and not echo):
        return (Ignored(f"own {kind}"),)
    if account != app.account and (account or kind not in WITHOUT_SIDES):
        return (Ignored("foreign account"),)
    if not person and kind not in POLICY:
        # A visitor of the plugin for websites has none.
        return (Ignored(f"{kind} without a sender"),)
    said = Said(app, kind, value, Sender(user_id=person), moment_or_now(item.value.get("timestamp"), item.sent_at))
    events = READERS[kind](said)
    if item.field == "standby":
        return [event if isinstance(event, ON_STANDBY) else Ignored(f"standby {kind}") for event in events]
    return events


def _id(value: object) -> str:
    return identifier(mapping(value).get("id"))


def _message(said: Said) -> Sequence[InboundEvent]:
    value = said.value
    mid = identifier(value.get("mid"))
    if not mid:
        return (Ignored("message without id"),)
    if value.get("is_echo"):
        return (_echo(said, mid),)
    if value.get("is_deleted"):
        return (InboundUnsend(**said.common, id=mid),)
    attached = attachments.read(value.get("attachments"), said.app.site)
    message = _words_and_files(said, mid, attached)
    if message.text or message.payload or message.media or message.links or message.place or message.unknown:
        return (message,)
    if attached.mentioned:
        return (Ignored("story_mention"),)
    if message.ref:
        return (InboundOpening(**said.common),)
    return (Ignored("message without content"),)


def _words_and_files(said: Said, mid: str, attached: Attached) -> InboundMessage:
    value = said.value
    reply_to = mapping(value.get("reply_to"))
    text = words(value.get("text")) or attached.text or _command(value)
    seen = text or attached.media or attached.links or attached.place or attached.mentioned
    unknown = attached.unknown or ("unsupported" if value.get("is_unsupported") else "")
    return InboundMessage(
        **said.common,
        id=mid,
        text=text,
        payload=words(mapping(value.get("quick_reply")).get("payload"), PAYLOAD_CHARACTERS),
        media=attached.media,
        place=attached.place,
        links=attached.links,
        quoted=identifier(reply_to.get("mid")),
        story=attachments.address(mapping(reply_to.get("story")).get("url")),
        ref=label(mapping(value.get("referral")).get("ref")),
        unknown="" if seen else unknown,
    )


def _command(value: Mapping[str, Any]) -> str:
    command = next((label(mapping(one).get("name")) for one in sequence(value.get("commands"))), "")
    return f"/{command.lstrip('/')}" if command else ""


def _echo(said: Said, mid: str) -> InboundEvent:
    if said.value.get("is_deleted"):
        return Ignored("own message taken back")
    sent_by = identifier(said.value.get("app_id"))
    key = identifier(said.value.get("metadata"))
    unnamed = not (sent_by or key or said.app.names_apps)
    text = "" if key or said.app.names_apps else words(said.value.get("text"))
    return Echo(**said.common, id=mid, key=key, human=sent_by in INBOXES or unnamed, text=text)


def _postback(said: Said) -> Sequence[InboundEvent]:
    payload = words(said.value.get("payload"), PAYLOAD_CHARACTERS)
    title = label(said.value.get("title"))
    ref = label(mapping(said.value.get("referral")).get("ref"))
    if payload.casefold() in STARTS:
        return (InboundOpening(**said.common, ref=ref),)
    if not (payload or title):
        return (InboundOpening(**said.common, ref=ref),) if ref else (Ignored("postback without content"),)
    mid = identifier(said.value.get("mid")) or _made_id(said, payload or title)
    return (InboundMessage(**said.common, id=mid, text=title, payload=payload, ref=ref),)


def _made_id(said: Said, content: str) -> str:
    """An id for a tap that came without one: the same whenever it comes again."""
    parts = said.person.user_id, said.at.isoformat(), content
    return f"postback.{hashlib.sha256(chr(0).join(parts).encode('utf-8', 'replace')).hexdigest()[:40]}"


def _edit(said: Said) -> Sequence[InboundEvent]:
    mid, text = identifier(said.value.get("mid")), words(said.value.get("text"))
    if not (mid and text):
        return (Ignored("message_edit without content"),)
    if said.app.numbers_from_0 and identifier(said.value.get("num_edit")) == "0":
        # Some accounts get no other word of a new message. Where it came as well, it is the same by its id.
        return (InboundMessage(**said.common, id=mid, text=text),)
    return (InboundEdit(**said.common, id=mid, text=text),)


def _reaction(said: Said) -> Sequence[InboundEvent]:
    mid, action = identifier(said.value.get("mid")), said.value.get("action")
    emoji = label(said.value.get("emoji"), EMOJI_CHARACTERS) or EMOJIS.get(name(said.value.get("reaction")), "")
    if not mid or (action != "unreact" and not emoji):
        return (Ignored("reaction without content"),)
    return (InboundReaction(**said.common, id=mid, emoji="" if action == "unreact" else emoji),)


def _feedback(said: Said) -> Sequence[InboundEvent]:
    mid, emoji = identifier(said.value.get("mid")), FEEDBACK.get(label(said.value.get("feedback")).casefold())
    if not (mid and emoji):
        return (Ignored("response_feedback without content"),)
    return (InboundReaction(**said.common, id=mid, emoji=emoji),)


def _read_mark(said: Said) -> Sequence[InboundEvent]:
    if mid := identifier(said.value.get("mid")):
        return (StatusChange(**said.common, status="read", id=mid),)
    return (StatusChange(**said.common, status="read", until=moment(said.value.get("watermark"))),)


def _delivery(said: Said) -> Sequence[InboundEvent]:
    mids = [mid for one in sequence(said.value.get("mids"))[:MOST_IDS] if (mid := identifier(one))]
    events = [StatusChange(**said.common, status="delivered", id=mid) for mid in mids]
    if said.value.get("watermark"):
        events.append(StatusChange(**said.common, status="delivered", until=moment(said.value["watermark"])))
    return events or (Ignored("delivery without content"),)


def _referral(said: Said) -> Sequence[InboundEvent]:
    ref = label(mapping(said.value.get("referral")).get("ref")) or label(said.value.get("ref"))
    return (InboundOpening(**said.common, ref=ref),)


def _optin(said: Said) -> Sequence[InboundEvent]:
    # Those with a type are about advertisements, which we send none of.
    if "type" in said.value:
        return (Ignored("optin"),)
    return _referral(said)


def _passed(said: Said) -> Sequence[InboundEvent]:
    """Who has the conversation now. Without an id, or where ours is not set, it is the app that hears of it: we."""
    owner = identifier(said.value.get("new_owner_app_id"))
    ours = owner in ("", said.app.app_id) if said.app.app_id else owner not in INBOXES
    return (HandOver(**said.common, ours=ours),)


def _taken(said: Said) -> Sequence[InboundEvent]:
    owner = identifier(said.value.get("new_owner_app_id"))
    return (HandOver(**said.common, ours=bool(owner) and owner == said.app.app_id),)


def _requested(said: Said) -> Sequence[InboundEvent]:
    """Somebody wants to answer in our place: we are silent for a while."""
    owner = identifier(said.value.get("requested_owner_app_id"))
    return (Ignored("own request"),) if owner and owner == said.app.app_id else (HandOver(**said.common, ours=False),)


def _policy(said: Said) -> Sequence[InboundEvent]:
    detail = f"{label(said.value.get('action'))}: {label(said.value.get('reason'), DETAIL_CHARACTERS)}"
    return (AccountNotice(**said.common, kind="policy_enforcement", detail=detail[:DETAIL_CHARACTERS].strip(": ")),)


# The frame of an item; what is left names its kind.
FRAME = {"sender", "recipient", "timestamp", "time", "hop_context", "message_context", "prior_message"}
POLICY = {"policy_enforcement", "policy-enforcement"}
# What is about the account or the conversation may name only one side, or none.
WITHOUT_SIDES = POLICY | {"pass_thread_control", "take_thread_control", "request_thread_control"}

# The first that an item has says what it is.
READERS: dict[str, Callable[[Said], Sequence[InboundEvent]]] = {
    "message": _message,
    "postback": _postback,
    "message_edit": _edit,
    "reaction": _reaction,
    "response_feedback": _feedback,
    "read": _read_mark,
    "delivery": _delivery,
    "pass_thread_control": _passed,
    "take_thread_control": _taken,
    "request_thread_control": _requested,
    "policy_enforcement": _policy,
    "policy-enforcement": _policy,
    "optin": _optin,
    "referral": _referral,
}
