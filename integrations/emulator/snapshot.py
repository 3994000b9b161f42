"""The world as JSON for the page with the phones: the whole of it, and each change."""

from dataclasses import asdict
from typing import Any

from integrations.emulator.group_actions import shown_group
from integrations.emulator.state import World
from integrations.emulator.things import Account, Bubble, Change, Exchange, Group, Post, Thread

Json = dict[str, Any]
# What is shown of one body; a person reads no more of it.
BODY_CHARACTERS = 40_000
EXCHANGES = 50


def snapshot(world: World) -> Json:
    """All that the page shows."""
    return {
        "type": "snapshot",
        "people": [asdict(person) for person in world.people.values()],
        "accounts": [_account(account) for account in world.accounts.values()],
        "threads": [
            _thread(thread) | {"bubbles": [_bubble(world, bubble) for bubble in thread.bubbles]}
            for thread in world.threads.values()
            if thread.app in world.accounts
        ],
        "groups": [
            _group(world, group) | {"bubbles": [_bubble(world, bubble) for bubble in group.bubbles]}
            for group in world.groups.values()
        ],
        "posts": [_post(post) for post in world.posts.values()],
        "switches": asdict(world.switches),
    }


def changed(world: World, change: Change) -> list[Json]:
    """What the page is sent for a change, in order."""
    if change.person:
        threads = [thread for thread in world.threads.values() if thread.person is change.person]
        # The page hands a phone to a new person at once: the threads have to be there.
        told = [{"type": "thread", "thread": _thread(thread)} for thread in threads]
        return [*told, {"type": "person", "person": asdict(change.person)}]
    if change.bubble and change.thread:
        return [{"type": "bubble", "thread": change.thread.id, "bubble": _bubble(world, change.bubble)}]
    if change.bubble and change.group:
        return [{"type": "bubble", "group": change.group.id, "bubble": _bubble(world, change.bubble)}]
    if change.kind == "group_gone" and change.group:
        return [{"type": "group_gone", "group": change.group.id}]
    if change.group:
        return [{"type": "group", "group": _group(world, change.group)}]
    if change.thread:
        return [{"type": "thread", "thread": _thread(change.thread)}]
    if change.post:
        return [{"type": "post", "post": _post(change.post)}]
    if change.account:
        return [{"type": "account", "account": _account(change.account)}]
    if change.exchange:
        return [{"type": "traffic", "about": change.exchange.about}]
    return [{"type": "switches", "switches": asdict(world.switches)}]


def traffic(world: World, about: str) -> Json:
    """The newest exchanges about a bubble or a comment, oldest first."""
    exchanges = [_exchange(exchange) for exchange in world.traffic(about)[-EXCHANGES:]]
    return {"type": "looked", "about": about, "exchanges": exchanges}


def _account(account: Account) -> Json:
    """Without its token."""
    shown = asdict(account)
    return {name: shown[name] for name in ("app", "name", "username", "number", "profile")}


def _thread(thread: Thread) -> Json:
    return {
        "id": thread.id,
        "app": thread.app,
        "person": thread.person.id,
        "started": thread.started,
        "blocked": thread.blocked,
        # Over by itself after a while: the world says so then.
        "typing": thread.typing_until > 0,
    }


def _group(world: World, group: Group) -> Json:
    return shown_group(group) | {"picture": media_url(group.picture_id if group.picture_id in world.media else "")}


def _bubble(world: World, bubble: Bubble) -> Json:
    shown = asdict(bubble) | {"media": _media(world, bubble.media_id)}
    for card in shown["cards"]:
        card["media"] = _media(world, card["media_id"])
    return shown


def _media(world: World, media_id: str) -> Json | None:
    if not media_id:
        return None
    media = world.media.get(media_id)
    if media is None:
        return {"gone": True}
    return {"url": media_url(media_id), "mime": media.mime, "name": media.name, "size": len(media.data)}


def media_url(media_id: str) -> str:
    """Where the page reads a file; "" without one."""
    return f"/phones/media/{media_id}" if media_id else ""


def _post(post: Post) -> Json:
    return asdict(post) | {"picture": media_url(post.media_id)}


def _exchange(exchange: Exchange) -> Json:
    shown = asdict(exchange)
    for name in ("request", "response"):
        if len(shown[name]) > BODY_CHARACTERS:
            shown[name] = shown[name][:BODY_CHARACTERS] + " … cut here"
    return shown
