"""A WhatsApp group as tests see it: what its members write, and what the assistant says there."""

from dataclasses import dataclass
from typing import Any

from assistant.models import Person, Room
from integrations.models import Contact, Group
from tests.integrations.phones import Bubble, Phone, words
from tests.servers import Emulator, eventually


@dataclass(frozen=True)
class GroupChat:
    """A room's group, from the side of the phones."""

    emulator: Emulator
    room: Room

    @property
    def row(self) -> Group:
        return Group.objects.select_related("contact", "room").get(room=self.room)

    @property
    def contact(self) -> Contact:
        contact = self.row.contact
        assert contact
        return contact

    @property
    def bubbles(self) -> list[Bubble]:
        return self.emulator.act("bubbles", group=self.row.group_id)  # type: ignore[no-any-return]

    @property
    def answers(self) -> list[Bubble]:
        return [bubble for bubble in self.bubbles if bubble["by"] == "bot" and bubble["status"] != "failed"]

    @property
    def lines(self) -> list[str]:
        return words(self.answers)

    @property
    def subject(self) -> str:
        return next(one["subject"] for one in self.emulator.act("groups") if one["id"] == self.row.group_id)  # type: ignore[no-any-return]

    def join(self, phone: Phone) -> None:
        phone.emulator.act("join_group", person=phone.person["id"], link=self.row.link)
        user_id = phone.person["user_id"]
        eventually(lambda: self.row.people.filter(user_id=user_id).exists())

    def act(self, phone: Phone, action: str, **body: object) -> Any:
        return self.emulator.act(action, group=self.row.group_id, person=phone.person["id"], **body)

    def write(self, phone: Phone, text: str, **more: object) -> Bubble:
        return self.act(phone, "write", text=text, **more)  # type: ignore[no-any-return]

    def hears(self, text: str, seconds: float = 30) -> Bubble:
        """The bubble of ours that says that, once it is there."""
        eventually(lambda: any(text in line for line in self.lines), seconds)
        return next(bubble for bubble in self.answers if text in (bubble["text"] or bubble["caption"]))

    def rests(self) -> None:
        """Everything that was written was read, answered and sent."""
        contact = self.contact
        eventually(lambda: all(bubble["status"] != "sent" for bubble in self.bubbles if bubble["by"] != "bot"))
        eventually(lambda: not contact.inbox.filter(state="waiting").exists())
        eventually(lambda: not contact.outbox.filter(state__in=("queued", "sending")).exists())

    def count(self, text: str) -> int:
        return len([line for line in self.lines if text in line])


def member_names(room: Room) -> list[str]:
    return list(room.conversation.memberships.order_by("pk").values_list("name", flat=True))


def account(name: str) -> Person:
    """Somebody with an account."""
    return Person.objects.create_user(username=name, is_guest=False)
