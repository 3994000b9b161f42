"""What WhatsApp tells of a group that nobody expects: strange names, things at once, things too late."""

import re
import time
from typing import Any
from uuid import uuid4

import pytest

from assistant.models import Person, Room
from assistant.rooms import membership
from integrations.groups import making
from integrations.models import Contact, Group, GroupOrder, OutboxEntry
from tests.integrations.conftest import Messengers
from tests.integrations.grouped import GroupChat, deliver, member_names, news, open_by, say
from tests.integrations.phones import Phone
from tests.servers import eventually

PARTICIPANTS, LIFECYCLE, SETTINGS, STATUS = (
    f"group_{what}_update" for what in ("participants", "lifecycle", "settings", "status")
)


@pytest.fixture(autouse=True)
def nothing_thrown(messengers: Messengers) -> Any:
    """No exception stands in the log of the courier."""
    before = len(messengers.courier.log)
    yield
    assert "Traceback" not in messengers.courier.log[before:]


def subject(group: GroupChat, text: str) -> tuple[str, dict[str, Any]]:
    told = {"text": text, "update_successful": True}
    return SETTINGS, news("group_settings_update", group, group_subject=told)


def named(phone: Phone) -> dict[str, str]:
    number = {"wa_id": phone.person["phone"]} if phone.person["phone"] else {}
    return {"user_id": phone.person["user_id"], **number}


def came(group: GroupChat, *phones: Phone) -> tuple[str, dict[str, Any]]:
    people = list(map(named, phones))
    return PARTICIPANTS, news("group_participants_add", group, reason="invite_link", added_participants=people)


def went(group: GroupChat, *phones: Phone) -> tuple[str, dict[str, Any]]:
    people = list(map(named, phones))
    return PARTICIPANTS, news(
        "group_participants_remove", group, initiated_by="participant", removed_participants=people
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", ""),
        ("   ", ""),
        ("\u202e\u2066", ""),
        ("\u2800\u200b", ""),
        ("x" * 500, "x" * 120),
        ("Ski \u202eprit\u202c trip\n<b>", "Ski prit trip <b>"),
        ("\U0001f3bf" * 200, "\U0001f3bf" * 120),
    ],
)
def test_a_strange_subject_is_followed_as_far_as_it_is_a_name(
    group: GroupChat, room: Room, messengers: Messengers, text: str, title: str
) -> None:
    before = room.conversation.title
    deliver(messengers, subject(group, text))
    room.conversation.refresh_from_db()
    assert room.conversation.title == (title or before)
    assert room.events.filter(kind="named").count() == (1 if title else 0)
    assert not group.row.orders.filter(kind="rename").exists()


def test_who_comes_goes_and_comes_in_one_delivery_is_there_at_last(
    group: GroupChat, room: Room, bo: Phone, messengers: Messengers
) -> None:
    deliver(messengers, came(group, bo), went(group, bo), came(group, bo))
    assert len(member_names(room)) == 2
    assert group.row.people.filter(user_id=bo.person["user_id"]).count() == 1
    kinds = list(room.events.order_by("number").values_list("kind", flat=True))
    assert kinds[-3:] == ["joined", "left", "joined"]
    deliver(messengers, came(group, bo, bo), went(group, bo, bo))
    assert member_names(room) == ["Ana"]
    assert not group.row.people.exists()


def test_a_group_that_is_suspended_cleared_and_deleted_in_one_delivery_is_gone(
    group: GroupChat, room: Room, ana: Person, bo: Phone, messengers: Messengers
) -> None:
    open_by(group, bo)
    row = group.row
    deliver(
        messengers,
        (STATUS, news("group_suspend", group)),
        (STATUS, news("group_suspend_cleared", group)),
        (LIFECYCLE, news("group_delete", group)),
        (STATUS, news("group_suspend_cleared", group)),
        (LIFECYCLE, news("group_create", group, subject="Again", invite_link="https://chat.whatsapp.com/again")),
        subject(group, "A name too late"),
        came(group, bo),
    )
    row.refresh_from_db()
    assert (row.state, row.link) == (Group.State.GONE, "")
    told = [event.data["group"] for event in room.events.order_by("number") if "group" in event.data]
    assert told == ["suspended", "cleared", "gone"]
    room.conversation.refresh_from_db()
    assert room.conversation.title != "A name too late"
    assert Contact.objects.get(pk=row.contact_id).gone_at is not None
    say(ana, room, "Anybody?")
    assert not Contact.objects.get(pk=row.contact_id).outbox.filter(state="queued").exists()


def test_statuses_of_people_whom_nobody_knows_do_no_harm(
    group: GroupChat, room: Room, ana: Person, bo: Phone, messengers: Messengers
) -> None:
    open_by(group, bo)
    say(ana, room, "Hello")
    bubble = group.hears("*Ana:* Hello")
    group.rests()
    stranger = {"recipient_participant_id": "4915799999999", "recipient_participant_user_id": "DE.unknown1"}
    common = {"id": bubble["id"], "timestamp": str(int(time.time())), "recipient_id": group.row.group_id}
    common |= {"recipient_type": "group"}
    known = len(Contact.objects.all())
    deliver(
        messengers,
        ("messages", {"statuses": [{**common, "status": "delivered", **stranger}]}),
        ("messages", {"statuses": [{**common, "status": "read"}]}),
        ("messages", {"statuses": [{**common, "id": "wamid.unknown", "status": "failed", **stranger}]}),
        ("messages", {"statuses": [{**common, "status": "failed", **stranger, "errors": [{"code": 131026}]}]}),
        ("messages", {"statuses": [{**common, "status": "failed", **stranger, "errors": [{"code": 131047}]}]}),
    )
    assert Contact.objects.count() == known
    # It was read by somebody: that it did not reach a stranger does not undo that.
    assert OutboxEntry.objects.get(external_id=bubble["id"]).state == "read"
    assert not room.events.filter(kind="unreached").exists()
    say(ana, room, "Still here")
    group.hears("Still here")


def test_a_group_that_is_made_while_its_room_is_erased_is_deleted(ana: Person, messengers: Messengers) -> None:
    title = f"Ski trip {uuid4().hex[:6]}"
    room = making.make(ana, "Ana", title)
    row = Group.objects.get(room=room)
    eventually(lambda: row.orders.filter(attempts__gt=0).exists())
    membership.end(ana, room.pk)
    eventually(lambda: not Group.objects.filter(pk=row.pk).exists())
    assert not any(one["subject"] == title for one in messengers.emulator.act("groups"))
    assert not GroupOrder.objects.filter(group_id=row.pk).exists()


def test_what_is_told_of_a_group_whose_room_has_ended_does_no_harm(
    group: GroupChat, room: Room, ana: Person, bo: Phone, messengers: Messengers
) -> None:
    open_by(group, bo)
    row = group.row
    group_id = row.group_id
    messengers.emulator.switch(unreachable=True)
    try:
        late = [subject(group, "Late"), came(group, bo), went(group, bo), (STATUS, news("group_suspend", group))]
        message = {"from": "491700000001", "id": f"wamid.{uuid4().hex}", "timestamp": str(int(time.time()))}
        message |= {"group_id": group_id, "type": "text", "text": {"body": "@Chaski hello"}}
        membership.end(ana, room.pk)
    finally:
        messengers.emulator.switch(unreachable=False)
    deliver(messengers, *late, ("messages", {"messages": [message]}))
    eventually(lambda: not Group.objects.filter(pk=row.pk).exists())
    deliver(
        messengers,
        *late,
        ("messages", {"messages": [message]}),
        (LIFECYCLE, {"groups": [{**late[0][1]["groups"][0], "type": "group_delete"}]}),
    )
    assert not Contact.objects.filter(user_id=group_id).exists()


def test_a_title_that_whatsapp_takes_otherwise_is_no_endless_renaming(
    group: GroupChat, room: Room, ana: Person, messengers: Messengers
) -> None:
    title = "\U0001f3bf" * 120
    membership.rename(ana, room.pk, title)
    eventually(lambda: group.row.orders.filter(kind="rename", state="done").exists())
    deliver(messengers, subject(group, re.sub("^.", "Z", title)))
    room.conversation.refresh_from_db()
    assert room.conversation.title[0] == "Z"
    assert group.row.orders.filter(kind="rename").count() == 1
