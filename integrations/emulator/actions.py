"""What the page asks for: each message of its socket as an action in the world."""

import math
import secrets
from collections.abc import Callable
from typing import Any, NoReturn

from integrations.emulator.groups import Groups
from integrations.emulator.state import World
from integrations.emulator.things import ActionError, Bubble, Group, Person, Post, Thread

# How the phone numbers of added people begin. They are made up; nothing is ever sent to them.
NUMBERS = {"DE": "49155500", "IT": "39355500", "ES": "34655500", "BR": "55119555", "US": "1555010", "IN": "91955500"}


class Message:
    """One message of the page; a field that is missing or of another kind is an ActionError."""

    def __init__(self, values: object) -> None:
        self._values: dict[str, Any] = values if isinstance(values, dict) else {}

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) else self._refuse()

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        return value if isinstance(value, bool) else self._refuse()

    def number(self, name: str) -> float:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse()
        try:
            number = float(value)
        except OverflowError:
            self._refuse()
        return number if math.isfinite(number) else self._refuse()

    def values(self, name: str) -> dict[str, Any]:
        value = self._values.get(name)
        return value if isinstance(value, dict) else self._refuse()

    def has(self, name: str) -> bool:
        return name in self._values

    def _refuse(self) -> NoReturn:
        raise ActionError("This page is of another version than the emulator. Reload it.")


def act(world: World, message: Message) -> None:
    """Do what a message asks for. Raises ActionError with a sentence for the person."""
    action = message.text("type")
    if action in GROUPS and message.has("group"):
        groups = Groups(world)
        GROUPS[action](groups, groups.find(message.text("group")), find_person(world, message.text("person")), message)
    elif action in CHATS:
        CHATS[action](world, _thread(world, message), message)
    elif action in OTHERS:
        OTHERS[action](world, message)
    else:
        raise ActionError(f"Phones cannot do this: {action[:40]}.")


def _thread(world: World, message: Message) -> Thread:
    return find_thread(world, message.text("thread"))


def find_thread(world: World, thread_id: str) -> Thread:
    """The thread of that id. Raises ActionError."""
    thread = world.threads.get(thread_id)
    if thread is None:
        raise ActionError("There is no such chat.")
    return thread


def _post(world: World, message: Message) -> Post:
    post = world.posts.get(message.text("post"))
    if post is None:
        raise ActionError("There is no such post.")
    return post


def _person(world: World, message: Message) -> Person:
    return find_person(world, message.text("person"))


def find_person(world: World, person_id: str) -> Person:
    """The person of that id. Raises ActionError."""
    person = world.people.get(person_id)
    if person is None:
        raise ActionError("There is no such person.")
    return person


def new_number(country: str) -> str:
    """A phone number that nobody has, digits only."""
    return f"{NUMBERS.get(country, NUMBERS['DE'])}{secrets.randbelow(10**5):05d}"


def _add_person(world: World, message: Message) -> None:
    name, country, hidden = message.text("name").strip(), message.text("country"), message.flag("hidden")
    if country not in NUMBERS:
        raise ActionError("There is no such country here.")
    username = "".join(letter for letter in name.lower() if letter.isalnum()) or "somebody"
    phone = "" if hidden else new_number(country)
    world.add_person(name, phone, username, country)


def _change_number(world: World, thread: Thread, message: Message) -> None:
    country = thread.person.user_id.partition(".")[0]
    world.change_number(thread.person, new_number(country))


def _write(world: World, thread: Thread, message: Message) -> Bubble:
    return world.write(thread, message.text("text"), message.text("reply_to") or None)


def _place(world: World, thread: Thread, message: Message) -> Bubble:
    latitude, longitude = message.number("latitude"), message.number("longitude")
    return world.send_place(thread, latitude, longitude, message.text("name"), message.text("address"))


def _contact(world: World, thread: Thread, message: Message) -> Bubble:
    return world.send_contact(thread, message.text("name"), message.text("phone"), message.text("email"))


def _open_chat(world: World, thread: Thread, message: Message) -> Bubble | None:
    return world.open_chat(thread, message.text("ref"), message.text("payload"))


# By the type of the message, for those that name a chat.
CHATS: dict[str, Callable[[World, Thread, Message], object]] = {
    "write": _write,
    "place": _place,
    "contact": _contact,
    "open_chat": _open_chat,
    "change_number": _change_number,
    "tap": lambda world, thread, message: world.tap(thread, message.text("bubble"), message.text("payload")),
    "react": lambda world, thread, message: world.react(thread, message.text("bubble"), message.text("emoji")),
    "edit": lambda world, thread, message: world.edit(thread, message.text("bubble"), message.text("text")),
    "unsend": lambda world, thread, message: world.unsend(thread, message.text("bubble")),
    "play": lambda world, thread, message: world.play(thread, message.text("bubble")),
    "rate": lambda world, thread, message: world.rate(thread, message.text("bubble"), message.flag("good")),
    "link": lambda world, thread, message: world.send_link(thread, message.text("link"), message.text("title")),
    "story": lambda world, thread, message: world.reply_to_story(thread, message.text("text")),
    "unsupported": lambda world, thread, message: world.send_unsupported(thread, message.text("what")),
    "set_blocked": lambda world, thread, message: world.set_blocked(thread, message.flag("blocked")),
    "change_user_id": lambda world, thread, message: world.change_user_id(thread.person),
}
# In a group, which the message names with the person.
GROUPS: dict[str, Callable[[Groups, Group, Person, Message], object]] = {
    "write": lambda groups, group, person, message: groups.write(
        group, person, message.text("text"), message.text("reply_to")
    ),
    "react": lambda groups, group, person, message: groups.react(
        group, person, message.text("bubble"), message.text("emoji")
    ),
    # What is no text and no file is not carried by the API.
    "place": lambda groups, group, person, message: groups.send_unsupported(group, person, "place"),
    "contact": lambda groups, group, person, message: groups.send_unsupported(group, person, "contact"),
    "unsupported": lambda groups, group, person, message: groups.send_unsupported(group, person, message.text("what")),
    "leave_group": lambda groups, group, person, message: groups.leave(group, person),
    "take_back_join": lambda groups, group, person, message: groups.take_back(group, person),
    "suspend_group": lambda groups, group, person, message: groups.suspend(group, message.flag("suspended")),
}
OTHERS: dict[str, Callable[[World, Message], object]] = {
    "add_person": _add_person,
    "switch": lambda world, message: world.switch(**message.values("values")),
    "join_group": lambda world, message: Groups(world).join(_person(world, message), message.text("link")),
    "comment": lambda world, message: world.comment(
        _post(world, message), _person(world, message), message.text("text"), message.text("parent")
    ),
    "hide_comment": lambda world, message: world.hide_comment(
        _post(world, message), message.text("comment"), message.flag("hidden")
    ),
    "delete_comment": lambda world, message: world.delete_comment(_post(world, message), message.text("comment")),
}
