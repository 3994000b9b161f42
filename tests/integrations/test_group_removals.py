"""Who is not to read in a WhatsApp group: removed by the host, or come while the room is locked."""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from assistant import people
from assistant.models import Member, Person, Room
from assistant.rooms import membership
from integrations.groups import making, removals
from integrations.models import Contact, GroupOrder, InboxEntry
from tests.integrations.conftest import Messengers
from tests.integrations.grouped import GroupChat, deliver, deliver_of, first, member_names, news, open_by, said, say
from tests.integrations.phones import Phone, words
from tests.servers import eventually

State = GroupOrder.State
SECRET = "The surprise is on Friday"
HELD = "did not remove somebody"


@pytest.fixture(autouse=True)
def calm(messengers: Messengers) -> Any:
    """The emulator fails in nothing that a test did not ask for."""
    yield
    messengers.emulator.switch(failures=0, failure="131000", late_failures=0)


def inside(group: GroupChat) -> list[str]:
    """Who is in the group, by their ids in the emulator."""
    known = group.emulator.act("groups")
    return next(one["members"] for one in known if one["id"] == group.row.group_id)  # type: ignore[no-any-return]


def reads(group: GroupChat, phone: Phone) -> list[str]:
    """What one of them was shown."""
    bubbles = group.emulator.act("bubbles", group=group.row.group_id, person=phone.person["id"])
    return words([bubble for bubble in bubbles if bubble["by"] == "bot"])


def remove(host: Person, room: Room, phone: Phone) -> GroupOrder:
    """The host removes somebody; returns what the app is to do."""
    person = phone.contact.person
    membership.remove(host, room.pk, Member.objects.get(conversation=room.pk, person=person).pk)
    return room.group.orders.get(kind="remove")


def is_in(order: GroupOrder, state: str, problem: str = "") -> None:
    rows = GroupOrder.objects.filter(pk=order.pk, state=state, problem=problem)
    eventually(rows.exists)


def told(room: Room) -> list[str]:
    """What the room heard of its group."""
    return [event.data["group"] for event in room.events.order_by("number") if "group" in event.data]


def now(order: GroupOrder) -> None:
    """Do not wait for the time of the next attempt."""
    GroupOrder.objects.filter(pk=order.pk, state=State.WAITING).update(not_before=timezone.now())


def test_nothing_reaches_the_group_before_the_one_who_was_removed_is_out(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.emulator.switch(failures=1, failure="131016")
    order = remove(ana, room, cy)
    say(ana, room, SECRET)
    is_in(order, State.WAITING, "temporary")
    group.write(bo, "/who")
    eventually(lambda: group.contact.inbox.filter(outcome="who").exists())
    waiting = group.contact.outbox.filter(state="queued")
    eventually(lambda: waiting.count() == 2)
    # It is tried more than once.
    eventually(lambda: Contact.objects.filter(pk=group.contact.pk, taken_until=None).exists())
    assert waiting.count() == 2
    now(order)
    group.hears(SECRET)
    group.hears("Here are: Ana (host)")
    assert inside(group) == [bo.person["id"]]
    assert not any(SECRET in line for line in reads(group, cy))
    assert any(SECRET in line for line in reads(group, bo))
    assert group.count("was removed") == 0, "WhatsApp shows that by itself"
    is_in(order, State.DONE)
    assert told(room) == []


def test_a_removal_that_fails_for_good_is_told_and_the_host_has_it_tried_again(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.emulator.switch(failures=1, failure="100")
    order = remove(ana, room, cy)
    is_in(order, State.FAILED, "refused")
    say(ana, room, SECRET)
    group.hears(f"{HELD} who was to be removed from this group. I say nothing here until Ana")
    event = room.events.get(kind="unreached")
    assert (event.data, event.name, event.person) == ({"group": "not_removed"}, first(cy), cy.contact.person)
    view = making.view(room)
    assert view
    assert (view.is_held, view.can_try) == (True, True)
    assert group.count(SECRET) == 0
    removals.try_again(ana, room.pk)
    group.hears(SECRET)
    assert not any(SECRET in line for line in reads(group, cy))
    assert told(room) == ["not_removed", "goes_on"]
    assert group.count(HELD) == 1


def test_a_host_may_let_somebody_read_along_whom_whatsapp_did_not_remove(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.emulator.switch(failures=1, failure="100")
    order = remove(ana, room, cy)
    is_in(order, State.FAILED, "refused")
    say(ana, room, SECRET)
    removals.let_stay(ana, room.pk)
    group.hears(SECRET)
    assert told(room) == ["not_removed", "goes_on"]
    group.write(cy, "@Chaski do you hear me?")
    group.rests()
    # Not heard, and not asked for once more.
    assert said(room) == [SECRET]
    assert room.group.orders.filter(kind="remove").count() == 1
    assert cy.person["id"] in inside(group)


def test_a_removal_that_fails_by_webhook_is_tried_again_by_itself(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.emulator.switch(late_failures=1)
    order = remove(ana, room, cy)
    is_in(order, State.WAITING, "131000")
    say(ana, room, SECRET)
    assert cy.person["id"] in inside(group)
    now(order)
    group.hears(SECRET)
    assert inside(group) == [bo.person["id"]]
    assert told(room) == []
    GroupOrder.objects.filter(pk=order.pk).update(state=State.WAITING, attempts=5, not_before=timezone.now())
    failed = {"initiated_by": "business", "failed_participants": [{"input": cy.person["user_id"]}]}
    GroupOrder.objects.filter(pk=order.pk).update(not_before=timezone.now() + timedelta(hours=1))
    deliver(
        messengers,
        (
            "group_participants_update",
            news("group_participants_remove", group, **failed, errors=[{"code": 131009, "title": "x"}]),
        ),
    )
    is_in(order, State.FAILED, "131009")
    assert told(room) == ["not_removed"]
    group.hears(HELD)


def test_a_removal_whose_webhook_is_lost_is_found_done(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.emulator.switch(unreachable=True)
    order = remove(ana, room, cy)
    say(ana, room, SECRET)
    eventually(lambda: inside(group) == [bo.person["id"]])
    eventually(lambda: GroupOrder.objects.get(pk=order.pk).request_id)
    assert group.count(SECRET) == 0
    now(order)
    group.hears(SECRET)
    is_in(order, State.DONE)


def test_who_is_removed_from_a_suspended_group_is_out_before_it_gets_what_it_missed(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone
) -> None:
    open_by(group, bo, cy)
    group.act(bo, "suspend_group", suspended=True)
    eventually(lambda: group.row.state == "suspended")
    order = remove(ana, room, cy)
    say(ana, room, SECRET)
    is_in(order, State.WAITING, "contact_gone")
    group.act(bo, "suspend_group", suspended=False)
    group.hears(SECRET)
    assert inside(group) == [bo.person["id"]]
    assert not any(SECRET in line for line in reads(group, cy))
    assert told(room) == ["suspended", "cleared", "back"]


def test_who_was_removed_and_had_left_before_does_not_come_back_by_the_link(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.courier.stop(60)
    try:
        group.act(cy, "leave_group")
        order = remove(ana, room, cy)
    finally:
        messengers.courier.start()
    is_in(order, State.DONE)
    cy.emulator.act("join_group", person=cy.person["id"], link=group.row.link)
    eventually(lambda: inside(group) == [bo.person["id"]])
    assert member_names(room) == ["Ana", first(bo)]
    say(ana, room, SECRET)
    group.hears(SECRET)
    assert not any(SECRET in line for line in reads(group, cy))


def test_who_is_erased_while_they_are_removed_leaves_nothing_in_the_order(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.emulator.switch(failures=1, failure="131016")
    order = remove(ana, room, cy)
    is_in(order, State.WAITING, "temporary")
    say(ana, room, SECRET)
    people.erase(cy.contact.person)
    now(order)
    group.hears(SECRET)
    assert inside(group) == [bo.person["id"]]
    order.refresh_from_db()
    assert (order.state, order.argument, order.detail) == (State.DONE, "", "")


def test_who_is_erased_after_a_removal_failed_leaves_nothing_in_the_order(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo, cy)
    messengers.emulator.switch(failures=1, failure="100")
    order = remove(ana, room, cy)
    is_in(order, State.FAILED, "refused")
    people.erase(cy.contact.person)
    order.refresh_from_db()
    assert (order.argument, order.detail) == ("", "")
    view = making.view(room)
    assert view
    assert (view.is_held, view.can_try) == (True, False)
    # Whom nobody knows can leave, or the host decides.
    removals.try_again(ana, room.pk)
    order.refresh_from_db()
    assert order.state == State.FAILED
    removals.let_stay(ana, room.pk)
    say(ana, room, SECRET)
    group.hears(SECRET)


def test_who_comes_by_the_old_link_while_the_room_is_locked_is_no_member_and_is_removed(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo)
    messengers.courier.stop(60)
    try:
        membership.set_locked(ana, room.pk, locked=True)
        cy.emulator.act("join_group", person=cy.person["id"], link=group.row.link)
        group.write(cy, "@Chaski let me in")
        say(ana, room, SECRET)
    finally:
        messengers.courier.start()
    group.hears(SECRET)
    assert inside(group) == [bo.person["id"]]
    assert not any(SECRET in line for line in reads(group, cy))
    assert member_names(room) == ["Ana", first(bo)]
    assert said(room) == [SECRET]
    assert told(room).count("kept_out") == 1
    assert not InboxEntry.objects.filter(contact=group.contact).exists()
    # Who is a member speaks on.
    group.write(bo, "/who")
    group.hears(f"Here are: Ana (host), {first(bo)}.")


def test_who_came_before_the_room_was_locked_is_in_it_though_whatsapp_says_so_later(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers
) -> None:
    open_by(group, bo)
    membership.set_locked(ana, room.pk, locked=True)
    # Their words overtake the news of their coming.
    deliver_of(messengers, group, cy, "", {"type": "text", "text": {"body": "@Chaski hello"}})
    assert member_names(room) == ["Ana", first(bo)]
    assert not room.group.orders.filter(kind="remove").exists()
    person = {"user_id": cy.person["user_id"], "wa_id": cy.person["phone"]}
    came = news("group_participants_add", group, reason="invite_link", added_participants=[person])
    came["groups"][0]["timestamp"] = str(int(time.time()) - 60)
    deliver(messengers, ("group_participants_update", came))
    assert len(member_names(room)) == 3
    assert not room.group.orders.filter(kind="remove").exists()
    stranger = {"user_id": f"DE.{uuid4().hex[:12]}"}
    late = news("group_participants_add", group, reason="invite_link", added_participants=[stranger])
    deliver(messengers, ("group_participants_update", late))
    assert len(member_names(room)) == 3
    assert room.group.orders.filter(kind="remove").count() == 1


def test_who_leaves_is_not_told_in_the_group_as_whatsapp_shows_it(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone
) -> None:
    open_by(group, bo, cy)
    group.act(cy, "leave_group")
    eventually(lambda: member_names(room) == ["Ana", first(bo)])
    say(ana, room, SECRET)
    group.hears(SECRET)
    assert group.count("has left") == 0
