"""What happens in WhatsApp groups: our number makes them over the API, and people come in by a link only.

Their state is `World.groups`. A method of a person raises ActionError; what our number may do is checked by
`group_routes.py`. What is taken now is told by a webhook a moment later, as the real one does.
"""

import asyncio
import base64
import secrets
import string
from collections.abc import Callable

from integrations.emulator.group_events import (
    GroupDeleted,
    GroupEvent,
    GroupJoined,
    GroupLeft,
    GroupMade,
    GroupReacted,
    GroupRemoved,
    GroupSettings,
    GroupStatus,
    GroupSuspended,
    GroupWrote,
    JoinAsked,
)
from integrations.emulator.state import BUBBLES, TEXT_CHARACTERS, World
from integrations.emulator.things import ActionError, Bubble, Change, Fault, Group, JoinRequest, Kind, Person, Progress

MEMBERS = 8
GROUPS = 10_000
REQUESTS = 100
LATER_SECONDS = 0.1
LINK = "https://chat.whatsapp.com/"
CODE_LETTERS = 22
# How ids of groups begin: "capi_group:" in base64.
ID_START = "Y2FwaV9ncm91cDo"
MEDIA: tuple[Kind, ...] = ("image", "video", "audio", "document", "sticker")


class Groups:
    """The groups of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    # Who asks

    def find(self, group_id: str) -> Group:
        """Raises ActionError."""
        group = self._world.groups.get(group_id)
        if group is None:
            raise ActionError("There is no such group.")
        return group

    def all(self) -> list[Group]:
        return list(self._world.groups.values())

    def seen_by(self, group: Group, person: Person | None) -> list[Bubble]:
        """What has reached this person's phone, and what they wrote; all of it without a person."""
        return [
            bubble
            for bubble in group.bubbles
            if person is None or person.id == bubble.author or person.id in bubble.receipts
        ]

    def find_bubble(self, bubble_id: str) -> tuple[Group, Bubble] | None:
        """A bubble of any group, with its group."""
        group = self._world.group_places.get(bubble_id)
        bubble = group.bubble(bubble_id) if group else None
        return (group, bubble) if group and bubble else None

    def member(self, group: Group, recipient: str) -> Person | None:
        """The member with this phone number or user id."""
        thread = self._world.find("whatsapp", recipient)
        return thread.person if thread and thread.person.id in group.members else None

    def people(self, ids: list[str]) -> list[Person]:
        return [self._world.people[person_id] for person_id in ids]

    # What our number does

    def make(self, subject: str, description: str, approval: bool, fault: Fault | None = None) -> str:
        """Begin to make a group; a webhook brings its link, or the `fault`. Returns the id of the request."""
        number = "".join(filter(str.isdigit, self._world.accounts["whatsapp"].number))
        name = f"capi_group:{number}:{self._world.new_id('')}".encode()
        group_id = base64.urlsafe_b64encode(name).decode().rstrip("=")
        group = Group(group_id, subject, description, self._world.now(), approval, _code())
        request_id = self._world.new_number()
        asyncio.get_running_loop().call_later(LATER_SECONDS, self._made, group, request_id, fault)
        return request_id

    def _made(self, group: Group, request_id: str, fault: Fault | None) -> None:
        if fault is None:
            self._world.groups[group.id] = group
            self._changed(group)
        self._world.emit(GroupMade(group, request_id, fault))

    def delete(self, group: Group) -> str:
        """It is gone for everybody, with what was said there."""
        del self._world.groups[group.id]
        for bubble in group.bubbles:
            self._world.group_places.pop(bubble.id, None)
        self._world.changed(Change("group_gone", group=group))
        return self._told(lambda request_id: GroupDeleted(group, request_id))

    def reset_link(self, group: Group) -> None:
        """A new link; the old one leads nowhere."""
        group.code = _code()
        self._changed(group)

    def change(
        self,
        group: Group,
        subject: str | None,
        description: str | None,
        picture: bytes | None,
        fault: Fault | None = None,
    ) -> str:
        """Change what is not None; with a `fault` the picture stays as it is."""
        if subject is not None and subject != group.subject:
            group.subject = subject
            self._notice(group, f"{self._bot} changed the subject to “{subject}”")
        if description is not None and description != group.description:
            group.description = description
            self._notice(group, f"{self._bot} changed the group description")
        sha256 = None
        if picture is not None:
            media = self._world.add_media(picture, "image/jpeg", "group.jpg", owner="bot")
            sha256 = media.sha256
            if fault is None:
                group.picture_id = media.id
                self._notice(group, f"{self._bot} changed the group's picture")
        self._changed(group)
        return self._told(lambda request_id: GroupSettings(group, request_id, subject, description, sha256, fault))

    def remove(self, group: Group, names: list[str], fault: Fault | None = None) -> str:
        """Remove those who are in it; none of them comes back by a link. `names` are numbers or user ids.

        With a `fault` all stay, and a webhook tells of it.
        """
        if fault is not None:
            return self._told(lambda request_id: GroupRemoved(group, request_id, [], names, fault))
        removed, failed = [], []
        for name in names:
            person = self.member(group, name)
            if person is None:
                failed.append(name)
                continue
            removed.append(name)
            self._notice(group, f"{self._bot} removed {person.name}", person)
            self._out(group, person)
            group.removed.append(person.id)
        self._changed(group)
        return self._told(lambda request_id: GroupRemoved(group, request_id, removed, failed))

    def approve(self, group: Group, requests: list[JoinRequest]) -> None:
        """Let them in. There must be room for all."""
        for request in requests:
            group.requests.remove(request)
            self._in(group, self._world.people[request.person_id])
        people = self.people([request.person_id for request in requests])
        self._changed(group)
        if people:
            self._told(lambda _: GroupJoined(group, people, approved=True))

    def refuse(self, group: Group, requests: list[JoinRequest]) -> None:
        """They may ask again. No webhook tells of it."""
        for request in requests:
            group.requests.remove(request)
        self._changed(group)

    # What people do

    def behind(self, link: str) -> Group:
        """The group that an invite link leads to. Raises ActionError."""
        code = link.strip().rstrip("/").removeprefix("http://").removeprefix("https://")
        code = code.removeprefix("chat.whatsapp.com/").partition("?")[0]
        for group in self._world.groups.values():
            if secrets.compare_digest(group.code.encode(), code.encode()):
                return group
        raise ActionError("This invite link leads to no group.")

    def join(self, person: Person, link: str) -> Group:
        """Come in by a link, or ask to where joins are approved. Raises ActionError."""
        group = self.behind(link)
        if person.id in group.members:
            return group
        if person.id in group.removed:
            raise ActionError("You cannot join this group because you were removed from it.")
        if group.suspended:
            raise ActionError("WhatsApp has suspended this group.")
        if group.approval:
            self._ask(group, person)
            return group
        if len(group.members) >= MEMBERS:
            raise ActionError("This group is full.")
        self._in(group, person)
        self._changed(group)
        self._world.emit(GroupJoined(group, [person]))
        return group

    def _ask(self, group: Group, person: Person) -> None:
        if any(request.person_id == person.id for request in group.requests):
            raise ActionError("You have asked already.")
        if len(group.requests) >= REQUESTS:
            raise ActionError("Too many people ask to join this group.")
        request = JoinRequest(self._world.new_id("join"), person.id, self._world.now())
        group.requests.append(request)
        self._changed(group)
        self._world.emit(JoinAsked(group, person, request.id))

    def take_back(self, group: Group, person: Person) -> None:
        """No longer ask to join. Raises ActionError."""
        for request in group.requests:
            if request.person_id == person.id:
                group.requests.remove(request)
                self._changed(group)
                self._world.emit(JoinAsked(group, person, request.id, revoked=True))
                return
        raise ActionError("There is no request to take back.")

    def leave(self, group: Group, person: Person) -> None:
        """Go out; the link leads in again. Raises ActionError."""
        self._inside(group, person)
        self._notice(group, f"{person.name} left", person)
        self._out(group, person)
        group.left.append(person.id)
        self._changed(group)
        self._world.emit(GroupLeft(group, person))

    def write(self, group: Group, person: Person, text: str, reply_to: str = "") -> Bubble:
        """Say words to all. Raises ActionError."""
        if not text.strip():
            raise ActionError("There is nothing to send.")
        return self._said(group, person, "text", reply_to, text=text[:TEXT_CHARACTERS])

    def send_media(
        self,
        group: Group,
        person: Person,
        kind: Kind,
        data: bytes,
        mime: str,
        name: str = "",
        caption: str = "",
        voice: bool = False,
        reply_to: str = "",
    ) -> Bubble:
        """Send a file to all. Raises ActionError."""
        if kind not in MEDIA:
            raise ActionError(f"{kind} is no kind of media.")
        self._speaks(group, person, reply_to)
        media = self._world.add_media(data, mime, name, voice=voice)
        animated = kind == "sticker" and b"ANIM" in data[:64]
        caption = caption[:TEXT_CHARACTERS]
        return self._said(
            group, person, kind, reply_to, media_id=media.id, caption=caption, voice=voice, animated=animated
        )

    def send_unsupported(self, group: Group, person: Person, what: str = "poll") -> Bubble:
        """Send what the API does not carry in groups: a poll, a place, a contact."""
        return self._said(group, person, "unsupported", text=what[:100])

    def react(self, group: Group, person: Person, bubble_id: str, emoji: str) -> Bubble:
        """React to a message; no `emoji` takes it back. Raises ActionError."""
        self._speaks(group, person, bubble_id)
        bubble = self._has(group, person, bubble_id)
        if emoji:
            bubble.reactions[person.id] = emoji[:32]
        elif bubble.reactions.pop(person.id, None) is None:
            raise ActionError("There is no reaction to take back.")
        self._bubble_changed(group, bubble)
        self._world.emit(GroupReacted(group, person, bubble, emoji[:32] or None))
        return bubble

    def set_open(self, group: Group, person: Person, is_open: bool) -> None:
        """Whether this person's phone shows the group: what arrives is read then."""
        if person.id in group.open:
            group.open.remove(person.id)
        if is_open:
            group.open.append(person.id)
            self.read(group, [person.id])

    def read(self, group: Group, readers: list[str]) -> None:
        """These people have seen all that reached them."""
        for bubble in list(group.bubbles):
            fresh = [reader for reader in readers if bubble.receipts.get(reader) == "delivered"]
            if fresh:
                self.advance(group, bubble, "read", fresh)

    def suspend(self, group: Group, suspended: bool) -> None:
        """WhatsApp itself closes a group, or opens it again."""
        group.suspended = suspended
        words = "WhatsApp has suspended this group" if suspended else "WhatsApp has cleared this group"
        self._notice(group, words)
        self._changed(group)
        self._world.emit(GroupSuspended(group, suspended))

    # Messages on their way

    def add_from_bot(self, group: Group, bubble: Bubble) -> None:
        """Show a message of the assistant to who is in the group now."""
        bubble.receipts = dict.fromkeys(group.members, "sending")
        self._append(group, bubble)

    def fail(self, group: Group, bubble: Bubble, fault: Fault) -> None:
        """A message of the assistant that was taken does not arrive."""
        bubble.status, bubble.fault = "failed", fault
        bubble.receipts = {}
        self._bubble_changed(group, bubble)
        self._world.emit(GroupStatus(group, bubble, "failed"))

    def sent(self, group: Group, bubble: Bubble) -> None:
        """A message of the assistant is on its way to all."""
        bubble.status = "sent"
        bubble.receipts = dict.fromkeys(bubble.receipts, "sent")
        self._bubble_changed(group, bubble)
        self._world.emit(GroupStatus(group, bubble, "sent"))

    def advance(self, group: Group, bubble: Bubble, status: Progress, readers: list[str]) -> None:
        """A message has reached these people, or was read by them: one status for all of them together."""
        bubble.receipts |= dict.fromkeys(readers, status)
        bubble.marks.setdefault(status, self._world.now())
        if bubble.by == "bot":
            all_have_read = all(reached == "read" for reached in bubble.receipts.values())
            bubble.status = "read" if all_have_read else "delivered"
        self._bubble_changed(group, bubble)
        if bubble.by == "bot" and status in ("delivered", "read"):
            self._world.emit(GroupStatus(group, bubble, status, self.people(readers)))

    def arrived(self, bubble_id: str) -> None:
        """The webhook with a person's message got its 200."""
        if (found := self.find_bubble(bubble_id)) and found[1].status == "sent":
            group, bubble = found
            bubble.status = "delivered"
            self._bubble_changed(group, bubble)

    # Helps

    @property
    def _bot(self) -> str:
        return self._world.accounts["whatsapp"].name

    def _changed(self, group: Group) -> None:
        # One that was deleted meanwhile does not come back to the page.
        if group.id in self._world.groups:
            self._world.changed(Change("group", group=group))

    def _bubble_changed(self, group: Group, bubble: Bubble) -> None:
        if group.id in self._world.groups:
            self._world.changed(Change("bubble", group=group, bubble=bubble))

    def _told(self, make: Callable[[str], GroupEvent]) -> str:
        """Tell of it after the call is answered. Returns the id of the request."""
        request_id = self._world.new_number()
        asyncio.get_running_loop().call_later(LATER_SECONDS, self._world.emit, make(request_id))
        return request_id

    def _in(self, group: Group, person: Person) -> None:
        group.members.append(person.id)
        if person.id in group.left:
            group.left.remove(person.id)
        self._notice(group, f"{person.name} joined by the invite link")

    def _out(self, group: Group, person: Person) -> None:
        group.members.remove(person.id)

    def _inside(self, group: Group, person: Person) -> None:
        if person.id not in group.members:
            raise ActionError("You are not in this group.")

    def _speaks(self, group: Group, person: Person, reply_to: str) -> None:
        self._inside(group, person)
        if group.suspended:
            raise ActionError("WhatsApp has suspended this group.")
        if reply_to:
            self._has(group, person, reply_to)

    def _has(self, group: Group, person: Person, bubble_id: str) -> Bubble:
        """A message that this person has got, or has written."""
        bubble = group.bubble(bubble_id)
        if bubble is None or bubble.by == "app" or person.id not in (bubble.author, *bubble.receipts):
            raise ActionError("There is no such message.")
        return bubble

    def _said(self, group: Group, person: Person, kind: Kind, reply_to: str = "", **values: object) -> Bubble:
        self._speaks(group, person, reply_to)
        bubble = Bubble(
            self._world.message_id("whatsapp"),
            "person",
            kind,
            self._world.now(),
            reply_to=reply_to,
            author=person.id,
            status="sent",
            **values,  # type: ignore[arg-type]
        )
        bubble.receipts = {
            member: "read" if member in group.open else "delivered" for member in group.members if member != person.id
        }
        group.last_from_person = self._world.now()
        self._append(group, bubble)
        self._world.emit(GroupWrote(group, person, bubble))
        return bubble

    def _notice(self, group: Group, text: str, about: Person | None = None) -> None:
        """What the app says in the group; the last thing that who goes out is shown."""
        bubble = Bubble(self._world.new_id("notice"), "app", "notice", self._world.now(), text=text, status="read")
        bubble.receipts = dict.fromkeys([*group.members, *([about.id] if about else [])], "read")
        self._append(group, bubble)

    def _append(self, group: Group, bubble: Bubble) -> None:
        group.bubbles.append(bubble)
        self._world.group_places[bubble.id] = group
        while len(group.bubbles) > BUBBLES:
            del self._world.group_places[group.bubbles.pop(0).id]
        self._bubble_changed(group, bubble)


def _code() -> str:
    """The end of an invite link; nobody guesses it, and nobody takes it for a real one."""
    letters = string.ascii_letters + string.digits
    start = "Emulated"
    return start + "".join(secrets.choice(letters) for _ in range(CODE_LETTERS - len(start)))
