"""A WhatsApp group as tests see it: what its members write, and what the assistant says there."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from assistant.models import Person, Room
from assistant.rooms import talk
from assistant.rooms.talk import Words
from integrations.models import Contact, Delivery, Group
from tests.integrations.phones import Bubble, Phone, words
from tests.servers import Emulator, eventually
from web.local.llama import NO_TLS

if TYPE_CHECKING:
    from tests.integrations.conftest import Messengers


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


def first(phone: Phone) -> str:
    """What a phone's person is called in a room."""
    return str(phone.person["name"])


def say(person: Person, room: Room, text: str) -> None:
    talk.say(person, room.pk, Words(text, uuid4()))


def said(room: Room) -> list[str]:
    """What stands in the room of what people said."""
    return [event.message.text for event in room.events.filter(kind="said") if event.message]


def open_by(group: GroupChat, *phones: Phone) -> None:
    """These join and write, which opens the window and tells their names."""
    for phone in phones:
        group.join(phone)
        group.write(phone, "Hello all")
    group.hears("an AI assistant")
    group.rests()


def deliver_of(messengers: "Messengers", group: GroupChat, phone: Phone, about: str, more: dict[str, Any]) -> None:
    """A message of a member that the emulator's phones cannot write."""
    message = {
        "from": phone.person["phone"],
        "from_user_id": phone.person["user_id"],
        "id": f"wamid.{uuid4().hex}",
        "timestamp": str(int(time.time())),
        "group_id": group.row.group_id,
        **more,
    }
    deliver(messengers, ("messages", {"messages": [message]}))


def news(kind: str, group: GroupChat, **more: object) -> dict[str, Any]:
    """What WhatsApp tells of a group, for `deliver`."""
    item = {"timestamp": str(int(time.time())), "group_id": group.row.group_id, "type": kind, **more}
    return {"groups": [item]}


def deliver(messengers: "Messengers", *changes: tuple[str, dict[str, Any]]) -> None:
    """One delivery with these fields and their values, which is read before this returns."""
    metadata = {"display_phone_number": "15550001111", "phone_number_id": messengers.environment["WHATSAPP_PHONE_ID"]}
    common = {"messaging_product": "whatsapp", "metadata": metadata}
    listed = [{"field": field, "value": {**common, **value}} for field, value in changes]
    entry = [{"id": messengers.environment["WHATSAPP_ACCOUNT_ID"], "changes": listed}]
    body = json.dumps({"object": "whatsapp_business_account", "entry": entry, "once": uuid4().hex}).encode()
    digest = hmac.new(messengers.environment["META_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
    url = messengers.emulator.configuration["webhook"]
    assert httpx.post(url, content=body, headers=headers, verify=NO_TLS).status_code == 200
    rows = Delivery.objects.filter(digest=hashlib.sha256(body).hexdigest())
    eventually(lambda: not rows.filter(state="waiting").exists())
    assert rows.get().state == Delivery.State.DONE
