"""What happened on Messenger or Instagram, and under posts → webhooks of the two."""

from integrations.emulator import events
from integrations.emulator.parcels import Json, Parcel
from integrations.emulator.state import World
from integrations.emulator.things import App, Bubble, Comment, Post, Thread

# The id of the app that sends over the API. Real ones are numbers too.
APP_ID = 990000000000001
NAMES = {
    "❤": "love",
    "❤️": "love",
    "😆": "smile",
    "😮": "wow",
    "😢": "sad",
    "😠": "angry",
    "👍": "like",
    "👎": "dislike",
}
# The name of the sticker that the button beside the empty field sends: Messenger's thumb, Instagram's heart.
LIKE = "like.webp"
THUMB = 369239263222822
# Of no real one.
OTHER_STICKER = 990000000000369
ATTACHMENTS = {"image": "image", "video": "video", "audio": "audio", "document": "file", "sticker": "sticker"}
# What Instagram calls the fields that Messenger has under other names; echoes come as messages there.
INSTAGRAM_FIELDS = {
    "message_echoes": "messages",
    "message_reads": "messaging_seen",
    "message_edits": "message_edit",
    "messaging_referrals": "messaging_referral",
}
# Instagram tells neither of deliveries nor has thumbs.
MESSENGER_ONLY = {"message_deliveries", "response_feedback"}


def parcels_of(world: World, event: events.Event) -> list[Parcel]:
    """The webhooks that tell of an event; none where the API is silent."""
    match event:
        case events.Wrote(thread, bubble):
            field, content = _written(world, thread.app, bubble)
            return _told(world, thread, field, content, bubble.id, arrives=bubble.id)
        case events.Opened(thread, ref):
            referral = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
            return _told(world, thread, "messaging_referrals", {"referral": referral})
        case events.Reacted(thread, bubble, emoji):
            reaction: Json = {"mid": bubble.id, "action": "react" if emoji else "unreact"}
            if emoji:
                reaction |= {"reaction": NAMES.get(emoji, "other"), "emoji": emoji}
            return _told(world, thread, "message_reactions", {"reaction": reaction}, bubble.id)
        case events.Edited(thread, bubble):
            edit = {"mid": bubble.id, "text": bubble.text or bubble.caption, "num_edit": bubble.edits}
            return _told(world, thread, "message_edits", {"message_edit": edit}, bubble.id)
        case events.Unsent(thread, bubble):
            deleted = {"mid": bubble.id, "is_deleted": True}
            return _told(world, thread, "messages", {"message": deleted}, bubble.id)
        case events.Rated(thread, bubble, good):
            feedback = {"mid": bubble.id, "feedback": "Good response" if good else "Bad response"}
            return _told(world, thread, "response_feedback", {"response_feedback": feedback}, bubble.id)
        case events.Seen(thread, bubble):
            read = {"mid": bubble.id} if thread.app == "instagram" else {"watermark": _milliseconds(world.now())}
            return _told(world, thread, "message_reads", {"read": read}, bubble.id)
        case events.Sent(thread, bubble):
            return _told(world, thread, "message_echoes", {"message": _echo(world, bubble)}, bubble.id, from_us=True)
        case events.Status(thread, bubble, "delivered"):
            delivery = {"mids": [bubble.id], "watermark": _milliseconds(world.now())}
            return _told(world, thread, "message_deliveries", {"delivery": delivery}, bubble.id)
        case events.Commented(post, comment, verb):
            return _commented(world, post, comment, verb)
        case events.Raw(app, item, field):
            return [Parcel(app, field or "messages", "changes" if field else "messaging", item)]
        case _:
            return []


def envelope(world: World, app: App, parcels: list[Parcel]) -> Json:
    """One body for what goes together: an entry with the messages, and one with what is about posts."""
    account = world.accounts[app]
    entries: list[Json] = []
    messaging = [parcel.item for parcel in parcels if parcel.place == "messaging"]
    changes = [{"field": parcel.field, "value": parcel.item} for parcel in parcels if parcel.place == "changes"]
    if messaging:
        entries.append({"id": account.id, "time": _milliseconds(world.now()), "messaging": messaging})
    if changes:
        entries.append({"id": account.id, "time": int(world.now()), "changes": changes})
    return {"object": "page" if app == "messenger" else "instagram", "entry": entries}


def _milliseconds(at: float) -> int:
    return int(at * 1000)


def _told(
    world: World, thread: Thread, field: str, content: Json, about: str = "", arrives: str = "", from_us: bool = False
) -> list[Parcel]:
    app = thread.app
    if app == "instagram" and field in MESSENGER_ONLY:
        return []
    if app == "instagram":
        field = INSTAGRAM_FIELDS.get(field, field)
    person = thread.person.psid if app == "messenger" else thread.person.igsid
    ours = world.accounts[app].id
    sender, recipient = (ours, person) if from_us else (person, ours)
    item = {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": _milliseconds(world.now()),
        **content,
    }
    return [Parcel(app, field, "messaging", item, [about] if about else [], arrives)]


def _written(world: World, app: App, bubble: Bubble) -> tuple[str, Json]:
    """The field and the content of what a person sent."""
    tap = bubble.tapped
    if tap and tap.how == "postback":
        postback: Json = {"mid": bubble.id, "title": tap.title, "payload": tap.payload}
        if tap.ref:
            postback["referral"] = {"ref": tap.ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        return "messaging_postbacks", {"postback": postback}
    message: Json = {"mid": bubble.id}
    if bubble.kind == "unsupported":
        return "messages", {"message": message | {"is_unsupported": True}}
    if bubble.text or bubble.caption:
        message["text"] = bubble.text or bubble.caption
    if tap:
        message["quick_reply"] = {"payload": tap.payload}
    if bubble.reply_to:
        message["reply_to"] = {"mid": bubble.reply_to}
    if bubble.story:
        message["reply_to"] = {"story": {"id": bubble.story, "url": f"{world.url}/emulator/stories/{bubble.story}"}}
    if attachment := _attachment(world, app, bubble):
        message["attachments"] = [attachment]
    return "messages", {"message": message}


def _attachment(world: World, app: App, bubble: Bubble) -> Json | None:
    if bubble.kind in ATTACHMENTS:
        kind = ATTACHMENTS[bubble.kind]
        payload: Json = {"url": world.media_url(bubble.media_id)}
        media = world.media.get(bubble.media_id)
        liked = media is not None and media.name == LIKE
        if kind == "sticker" and app == "instagram":
            return {"type": "like_heart"} if liked else {"type": "image", "payload": payload}
        if kind == "sticker":
            payload["sticker_id"] = THUMB if liked else OTHER_STICKER
        return {"type": kind, "payload": payload}
    if bubble.kind == "location" and bubble.place:
        coordinates = {"lat": bubble.place.latitude, "long": bubble.place.longitude}
        return {"type": "location", "title": bubble.place.name, "payload": {"coordinates": coordinates}}
    if bubble.kind == "link" and app == "instagram":
        return {"type": "share", "payload": {"url": bubble.link}}
    if bubble.kind == "link":
        return {"type": "fallback", "payload": {"url": bubble.link, "title": bubble.text}}
    return None


def _echo(world: World, bubble: Bubble) -> Json:
    message: Json = {"mid": bubble.id, "is_echo": True, "app_id": APP_ID}
    if bubble.metadata:
        message["metadata"] = bubble.metadata
    if bubble.text:
        message["text"] = bubble.text
    if bubble.kind in ATTACHMENTS:
        payload = {"url": world.media_url(bubble.media_id)}
        message["attachments"] = [{"type": ATTACHMENTS[bubble.kind], "payload": payload}]
    elif bubble.kind in ("buttons", "cards"):
        message["attachments"] = [{"type": "template", "payload": {}}]
    return message


def _commented(world: World, post: Post, comment: Comment, verb: events.Verb) -> list[Parcel]:
    return _feed(world, post, comment, verb) if post.app == "messenger" else _comments(world, post, comment, verb)


def _feed(world: World, post: Post, comment: Comment, verb: events.Verb) -> list[Parcel]:
    page = world.accounts["messenger"]
    person = world.people.get(comment.person_id)
    value: Json = {
        "from": {"id": person.psid if person else page.id, "name": comment.name or page.name},
        "item": "comment",
        "verb": verb,
        "post_id": post.id,
        "comment_id": comment.id,
        "parent_id": comment.parent or post.id,
        "created_time": int(comment.at),
        "post": {"id": post.id, "status_type": "added_photos" if post.media_id else "mobile_status_update"},
    }
    if verb in ("add", "edited"):
        value["message"] = comment.text
    parcels = []
    if not post.by:
        parcels.append(Parcel("messenger", "feed", "changes", value, [comment.id]))
    if person and verb == "add" and _names(comment.text, page.name, page.username):
        told = {name: value[name] for name in ("item", "verb", "post_id", "comment_id", "created_time", "message")}
        told |= {"sender_id": person.psid, "sender_name": person.name}
        parcels.append(Parcel("messenger", "mention", "changes", told, [comment.id]))
    return parcels


def _comments(world: World, post: Post, comment: Comment, verb: events.Verb) -> list[Parcel]:
    """Instagram tells only of new comments: under our own media as `comments`, elsewhere where we are named."""
    account = world.accounts["instagram"]
    person = world.people.get(comment.person_id)
    if verb != "add":
        return []
    if post.by:
        if not person or not _names(comment.text, account.name, account.username):
            return []
        value: Json = {"media_id": post.id, "comment_id": comment.id}
        return [Parcel("instagram", "mentions", "changes", value, [comment.id])]
    username = person.handle if person else account.username
    value = {
        "from": {"id": person.igsid if person else account.id, "username": username},
        "media": {"id": post.id, "media_product_type": "FEED"},
        "id": comment.id,
        "text": comment.text,
    }
    if comment.parent:
        value["parent_id"] = comment.parent
    return [Parcel("instagram", "comments", "changes", value, [comment.id])]


def _names(text: str, *names: str) -> bool:
    """Whether a text names the account."""
    return any(f"@{name.lower()}" in text.lower() for name in names if name)
