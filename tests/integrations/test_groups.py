"""A WhatsApp group as a door into a room: real couriers, the emulator's groups, one database."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.apps import apps
from django.utils import timezone

from assistant import people
from assistant.models import Conversation, Feedback, Member, Message, Person, Room, RoomEvent, Run
from assistant.rooms import membership, polls
from integrations.groups import hearing, making, members
from integrations.inbound import InboundMessage, Sender
from integrations.models import ChannelState, Contact, Delivery, Group, InboxEntry, OutboxEntry
from tests.fake_llama import FakeLlama, Gate, says
from tests.integrations.conftest import Messengers
from tests.integrations.couriers import Killed, time_passes
from tests.integrations.grouped import GroupChat, account, deliver_of, first, member_names, open_by, said, say
from tests.integrations.phones import Phone, words
from tests.servers import Courier, eventually


def test_a_group_is_made_and_its_link_leads_two_phones_into_the_room(
    group: GroupChat, room: Room, bo: Phone, cy: Phone
) -> None:
    assert group.row.link.startswith("https://chat.whatsapp.com/")
    assert group.subject == room.conversation.title
    room.refresh_from_db()
    assert room.token is None, "there is another way in"
    group.join(bo)
    group.join(cy)
    for phone in (bo, cy):
        group.write(phone, "Hello")
    group.hears("an AI assistant")
    group.rests()
    # WhatsApp tells their names with their first words.
    assert member_names(room) == ["Ana", first(bo), first(cy)]
    joined = room.events.filter(kind="joined").values_list("name", flat=True)
    assert list(joined) == ["Ana", first(bo), first(cy)]
    view = making.view(room)
    assert view
    assert view.link == group.row.link
    assert view.picture.startswith("data:image/svg+xml")


def test_chatter_is_neither_answered_nor_kept(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    open_by(group, bo, cy)
    before, calls = len(group.answers), len(fake_llama.requests)
    secrets = [f"my pin is {uuid4().hex}", f"@everyone {uuid4().hex}", f"@all {uuid4().hex}", f"chaskito {uuid4().hex}"]
    secrets += [f"```\n@Chaski {uuid4().hex}\n```", f"> @Chaski {uuid4().hex}\nyes", f"I asked Chaski {uuid4().hex}"]
    for text in secrets:
        group.write(bo, text)
    group.rests()
    eventually(lambda: not Delivery.objects.filter(state="waiting").exists())
    assert len(group.answers) == before
    assert len(fake_llama.requests) == calls
    assert said(room) == []
    assert not InboxEntry.objects.filter(contact=group.contact).exists()
    for text in secrets:
        [key] = re.findall(r"[0-9a-f]{32}", text)
        assert not Message.objects.filter(text__contains=key).exists()
        assert not [one for one in Delivery.objects.exclude(body=b"") if key.encode() in bytes(one.body)]
        assert not [one for one in InboxEntry.objects.all() if key in str(one.content)]


def test_a_call_is_answered_once_for_all_in_quote_of_it(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("when is it emptiest", says("In **January**, mostly."))
    open_by(group, bo, cy)
    asked = group.write(bo, "@Chaski when is it emptiest?")
    answer = group.hears("In *January*, mostly.")
    assert answer["reply_to"] == asked["id"]
    assert answer["buttons"] == []
    assert answer["sections"] == []
    group.rests()
    assert group.count("January") == 1
    assert said(room) == ["@Chaski when is it emptiest?"]
    assert room.events.get(kind="said").name == first(bo)
    # Nothing of it is in their own chats, nor does the inbox keep the words.
    assert bo.answers == []
    assert cy.answers == []
    assert bo.contact.conversation_id is None
    assert [entry.content for entry in InboxEntry.objects.filter(contact=group.contact)] == [{}]


def test_a_reply_to_the_assistant_calls_it_and_a_forwarded_call_does_not(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("when is it", says("In January."))
    fake_llama.on("and in summer", says("Never then."))
    open_by(group, bo, cy)
    group.write(bo, "Chaski, when is it?")
    answer = group.hears("In January.")
    group.write(cy, "and in summer?", reply_to=answer["id"])
    group.hears("Never then.")
    assert said(room) == ["Chaski, when is it?", "and in summer?"]


def test_what_the_host_says_on_the_web_is_told_once_with_the_name(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone
) -> None:
    open_by(group, bo, cy)
    say(ana, room, "I have the tickets\nBo: I pay")
    bubble = group.hears("I have the tickets")
    assert bubble["text"] == "*Ana:* I have the tickets\n    Bo: I pay"
    group.write(bo, "Thank you, Ana", reply_to=bubble["id"])
    eventually(lambda: said(room)[-1:] == ["Thank you, Ana"])
    group.rests()
    # It is for Ana: nobody is asked, and nothing of it is said there again.
    assert not Run.objects.filter(conversation=room.pk).exists()
    assert group.count("I have the tickets") == 1
    assert group.count("Thank you") == 0


def test_a_new_group_hears_later_what_was_said_before_anybody_wrote(
    group: GroupChat, room: Room, ana: Person, bo: Phone
) -> None:
    say(ana, room, "Plan with me here")
    assert room.events.filter(kind="unreached").count() == 1
    group.join(bo)
    assert group.answers == []
    group.write(bo, "Hi")
    group.hears("Plan with me here")
    assert "an AI assistant" in group.lines[0]
    assert "I drop it at once" in group.lines[0]
    assert "Ana reads on the website" in group.lines[0]
    assert group.lines[1] == "*Ana:* Plan with me here"
    assert room.events.filter(kind="back").count() == 1


def test_the_group_votes_by_numbers(group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone) -> None:
    open_by(group, bo, cy)
    group.write(bo, "/poll Which weekend? | The first | The second")
    asked = group.hears("asks all to vote: Which weekend?")
    assert "1. The first\n2. The second" in asked["text"]
    group.write(bo, "1")
    group.hears("The first: 1")
    group.write(cy, "2.", reply_to=asked["id"])
    group.hears("The second: 1")
    poll = room.polls.get()
    assert [count.votes for count in polls.counts(poll)] == [1, 1]
    polls.close(ana, poll.pk)
    group.hears("The vote is over")
    before = len(group.answers)
    group.write(cy, "1")
    group.rests()
    assert len(group.answers) == before
    assert said(room) == []


def test_orders_work_in_the_group(group: GroupChat, room: Room, bo: Phone, fake_llama: FakeLlama) -> None:
    open_by(group, bo)
    group.write(bo, "/who")
    group.hears(f"Here are: Ana (host), {first(bo)}.")
    group.write(bo, "/invite")
    group.hears(f"by its link: {group.row.link}")
    group.write(bo, "/leave")
    group.hears("in WhatsApp itself")
    group.write(bo, "/help")
    group.hears("/poll Which weekend?")
    group.write(bo, "/forget")
    group.hears("for a chat with me alone")
    group.write(bo, "/hush")
    group.hears("silent for an hour")
    calls = len(fake_llama.requests)
    group.write(bo, "Chaski, are you there?")
    group.rests()
    assert len(fake_llama.requests) == calls
    group.write(bo, "/wake")
    group.hears("I answer again.")
    assert Member.objects.filter(conversation=room.pk, person=bo.contact.person).exists()


def test_an_invitation_in_a_group_is_not_heard(group: GroupChat, room: Room, bo: Phone, ana: Person) -> None:
    open_by(group, bo)
    other = membership.make(ana, "Ana", "Another")
    before = len(group.answers)
    for text in (f"/join {other.token}", f"Join room {other.token}"):
        group.write(bo, text)
    group.rests()
    assert len(group.answers) == before
    assert said(room) == []
    assert member_names(other) == ["Ana"]


def test_the_host_names_removes_and_ends_and_whatsapp_follows(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    open_by(group, bo, cy)
    membership.rename(ana, room.pk, "Beach trip")
    eventually(lambda: group.subject == "Beach trip" and group.row.subject == "Beach trip")
    assert room.events.filter(kind="named").count() == 1
    group_id, link = group.row.group_id, group.row.link
    membership.remove(ana, room.pk, Member.objects.get(conversation=room.pk, person=cy.contact.person).pk)

    def inside() -> list[str]:
        return next(one["members"] for one in group.emulator.act("groups") if one["id"] == group_id)  # type: ignore[no-any-return]

    eventually(lambda: inside() == [bo.person["id"]])
    group.rests()
    assert member_names(room) == ["Ana", first(bo)]
    assert [event.kind for event in room.events.order_by("number")][-1] == "removed"
    membership.set_locked(ana, room.pk, locked=True)
    eventually(lambda: group.row.link != link)
    membership.end(ana, room.pk)
    eventually(lambda: not any(one["id"] == group_id for one in group.emulator.act("groups")))
    eventually(lambda: not Group.objects.filter(group_id=group_id).exists())
    assert not Contact.objects.filter(user_id=group_id).exists()


def test_who_was_removed_is_not_heard_before_whatsapp_has_removed_them(
    group: GroupChat, room: Room, ana: Person, bo: Phone, cy: Phone, messengers: Messengers, fake_llama: FakeLlama
) -> None:
    open_by(group, bo, cy)
    messengers.courier.stop(60)
    try:
        group.write(cy, "Chaski, am I still here?")
        membership.remove(ana, room.pk, Member.objects.get(conversation=room.pk, person=cy.contact.person).pk)
    finally:
        messengers.courier.start()
    group.rests()
    assert said(room) == []
    assert member_names(room) == ["Ana", first(bo)]


def test_who_is_suspended_is_not_heard_in_a_group(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    open_by(group, bo, cy)
    Person.objects.filter(pk=bo.contact.person_id).update(is_active=False)
    asked = len(fake_llama.requests)
    written = group.write(bo, "@Chaski are you there?")
    done = group.contact.inbox.filter(external_id=written["id"]).exclude(state="waiting")
    eventually(done.exists)
    assert done.get().outcome == "no_member"
    assert len(fake_llama.requests) == asked
    assert said(room) == []


def test_who_leaves_in_whatsapp_leaves_the_room_and_comes_back_by_the_link(
    group: GroupChat, room: Room, bo: Phone, cy: Phone
) -> None:
    open_by(group, bo, cy)
    group.act(cy, "leave_group")
    eventually(lambda: member_names(room) == ["Ana", first(bo)])
    assert room.events.filter(kind="left", name=first(cy)).count() == 1
    # Within one second it would be the same delivery again, byte by byte.
    left = time.time()
    eventually(lambda: int(time.time()) > int(left))
    group.join(cy)
    assert member_names(room) == ["Ana", first(bo), first(cy)]


def test_a_group_that_is_gone_leaves_the_room_readable(
    group: GroupChat, room: Room, ana: Person, bo: Phone, messengers: Messengers
) -> None:
    open_by(group, bo)
    group.write(bo, "/poll Which? | One | Two")
    group.hears("asks all")
    # As another tool of the number's owner does it.
    api = messengers.emulator.url + f"/v25.0/{group.row.group_id}"
    token = messengers.environment["WHATSAPP_TOKEN"]
    assert httpx.delete(api, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    eventually(lambda: group.row.state == Group.State.GONE)
    event = room.events.filter(kind="unreached").get()
    assert event.data == {"group": "gone"}
    say(ana, room, "Anybody?")
    assert said(room) == ["Anybody?"]
    view = making.view(room)
    assert view
    assert (view.state, view.link) == ("gone", "")


def test_a_suspended_group_gets_what_it_missed_once_it_is_cleared(
    group: GroupChat, room: Room, ana: Person, bo: Phone
) -> None:
    open_by(group, bo)
    group.emulator.act("suspend_group", group=group.row.group_id, person=bo.person["id"], suspended=True)
    eventually(lambda: group.row.state == Group.State.SUSPENDED)
    say(ana, room, "Anybody?")
    group.emulator.act("suspend_group", group=group.row.group_id, person=bo.person["id"], suspended=False)
    group.hears("*Ana:* Anybody?")
    assert group.row.state == Group.State.OPEN
    assert [event.data.get("group") for event in room.events.filter(kind__in=("unreached", "back"))] == [
        "suspended",
        "cleared",
        "back",
    ]


def test_after_a_day_of_silence_the_group_misses_what_is_said_until_somebody_writes(
    group: GroupChat, room: Room, ana: Person, bo: Phone
) -> None:
    open_by(group, bo)
    Contact.objects.filter(pk=group.contact.pk).update(wrote_at=timezone.now() - timedelta(hours=25))
    say(ana, room, "First word")
    say(ana, room, "Second word")
    assert room.events.filter(kind="unreached").count() == 1
    group.write(bo, "Good morning")
    group.hears("Second word")
    assert group.lines[-2:] == ["*Ana:* First word", "*Ana:* Second word"]


def test_what_whatsapp_refuses_by_webhook_is_told_later(
    group: GroupChat, room: Room, ana: Person, bo: Phone, messengers: Messengers
) -> None:
    open_by(group, bo)
    messengers.emulator.switch(late_failures=1, failure="131047")
    say(ana, room, "Lost at first")
    eventually(lambda: room.events.filter(kind="unreached").count() == 1)
    messengers.emulator.switch(late_failures=0)
    assert group.count("Lost at first") == 0
    group.write(bo, "Good morning")
    group.hears("Lost at first")
    group.rests()
    assert group.count("Lost at first") == 1


def test_a_mention_of_our_number_is_read_as_our_name(settings: Any) -> None:
    settings.WHATSAPP_NUMBER = "15550001111"
    event = InboundMessage("1", Sender("DE.1"), timezone.now(), "wamid.1", text="@15550001111 when? @155500011112")
    assert hearing.words_of(event) == "@Chaski when? @155500011112"


def test_chatter_in_the_group_keeps_the_room(group: GroupChat, room: Room, bo: Phone) -> None:
    open_by(group, bo)
    soon = timezone.now() + timedelta(hours=5)
    Room.objects.filter(pk=room.pk).update(ends_at=soon, end_told_at=timezone.now())
    group.write(bo, "Only chatter")
    eventually(lambda: Room.objects.get(pk=room.pk).ends_at > timezone.now() + timedelta(days=2))
    assert Room.objects.get(pk=room.pk).end_told_at is None


def test_a_group_that_was_silent_for_long_goes_on(
    group: GroupChat, room: Room, ana: Person, bo: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("still there", says("Still here."))
    group.join(bo)
    group.contact.person.delete()
    assert group.row.contact is None
    say(ana, room, "Anybody?")
    group.write(bo, "Chaski, are you still there?")
    group.hears("Still here.")
    assert "*Ana:* Anybody?" in group.lines


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Bo", "Bo"),
        ("АNA", "АNA 3"),
        ("ana", "ana 3"),
        ("Chаski", "Guest"),
        ("Chaski support", "Guest"),
        ("\u2800", "Guest"),
    ],
)
def test_names_that_pose_as_others_are_told_apart(name: str, called: str) -> None:
    assert members.distinct(name, ["Ana", "Ana 2"]) == called


def test_ones_own_chat_and_the_group_are_never_mixed(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("my secret is", says("I keep it."))
    fake_llama.on("what did", says("I do not know."))
    open_by(group, bo, cy)
    bo.write("my secret is blue")
    bo.hear(2)
    own = bo.contact.conversation_id
    group.write(bo, "Chaski, what did I tell you?")
    group.hears("I do not know.")
    assert bo.contact.conversation_id == own != room.pk
    prompt = str(fake_llama.requests[-1])
    assert "blue" not in prompt
    assert Contact.objects.get(pk=cy.contact.pk).wrote_at is None, "a group opens nobody's own window"


def test_words_that_are_taken_back_are_gone(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama, messengers: Messengers
) -> None:
    fake_llama.on("a secret", says("Noted."))
    open_by(group, bo, cy)
    asked = group.write(bo, "Chaski, a secret")
    group.hears("Noted.")
    deliver_of(messengers, group, cy, asked["id"], {"type": "revoke", "revoke": {"original_message_id": asked["id"]}})
    eventually(lambda: not Delivery.objects.filter(state="waiting").exists())
    assert said(room) == ["Chaski, a secret"], "somebody else took it back"
    deliver_of(messengers, group, bo, asked["id"], {"type": "revoke", "revoke": {"original_message_id": asked["id"]}})
    eventually(lambda: said(room) == [])


def test_an_edit_changes_what_is_kept_and_calls_nobody(
    group: GroupChat, room: Room, bo: Phone, fake_llama: FakeLlama, messengers: Messengers
) -> None:
    fake_llama.on("an old word", says("Noted."))
    open_by(group, bo)
    asked, chatter = group.write(bo, "Chaski, an old word"), group.write(bo, "Only chatter")
    group.hears("Noted.")
    calls = len(fake_llama.requests)
    edit = {"original_message_id": asked["id"], "message": {"type": "text", "text": {"body": "Chaski, a new word"}}}
    deliver_of(messengers, group, bo, asked["id"], {"type": "edit", "edit": edit})
    eventually(lambda: said(room) == ["Chaski, a new word"])
    edit = {"original_message_id": chatter["id"], "message": {"type": "text", "text": {"body": "@Chaski, a call"}}}
    deliver_of(messengers, group, bo, chatter["id"], {"type": "edit", "edit": edit})
    eventually(lambda: not Delivery.objects.filter(state="waiting").exists())
    group.rests()
    assert said(room) == ["Chaski, a new word"]
    assert len(fake_llama.requests) == calls


def test_reactions_in_the_group_count_as_those_of_the_website_do(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("when is it", says("In January."))
    open_by(group, bo, cy)
    group.write(bo, "Chaski, when is it?")
    answer = group.hears("In January.")
    group.rests()
    group.act(cy, "react", bubble=answer["id"], emoji="👎")
    group.act(bo, "react", bubble=answer["id"], emoji="👍")
    eventually(lambda: Feedback.objects.filter(person=bo.contact.person).exists())
    rated = {one.person_id: one.good for one in Feedback.objects.filter(message__conversation=room.pk)}
    assert rated == {bo.contact.person_id: True, cy.contact.person_id: False}
    assert room.events.filter(kind="reacted").count() == 2
    chatter = group.write(cy, "Only chatter")
    group.act(bo, "react", bubble=chatter["id"], emoji="👍")
    group.rests()
    assert room.events.filter(kind="reacted").count() == 2


def test_a_number_that_is_not_official_has_no_groups(ana: Person, messengers: Messengers) -> None:
    messengers.emulator.switch(official=False)
    room = making.make(ana, "Ana", f"Ski trip {uuid4().hex[:6]}")
    try:
        eventually(lambda: Group.objects.get(room=room).state == Group.State.GONE)
        assert room.events.filter(kind="unreached").get().data == {"group": "not_made"}
        assert making.offer(ana) == making.Offer.UNOFFICIAL
        assert making.offer(None) == making.Offer.UNOFFICIAL
    finally:
        messengers.emulator.switch(official=True)
        ChannelState.objects.filter(channel="whatsapp").update(official=True)
    assert making.offer(None) == making.Offer.LOGIN
    assert making.offer(ana) == making.Offer.OPEN


def test_a_group_that_whatsapp_cannot_make_says_so(ana: Person, messengers: Messengers) -> None:
    messengers.emulator.switch(late_failures=1)
    room = making.make(ana, "Ana", f"Ski trip {uuid4().hex[:6]}")
    eventually(lambda: Group.objects.get(room=room).state == Group.State.GONE)
    assert room.events.filter(kind="unreached").get().data == {"group": "not_made"}


def test_one_member_uses_up_their_own_calls_only(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("question of Cy", says("For Cy."))
    open_by(group, bo, cy)
    for number in range(30):
        group.write(bo, f"@Chaski {number}?")
    group.write(cy, "@Chaski question of Cy")
    group.hears("For Cy.", 90)
    group.rests()
    by_bo = Message.objects.filter(conversation=room.pk, author=bo.contact.person)
    assert by_bo.count() <= 6
    assert len([line for line in group.lines if "too fast" in line.lower() or "limit" in line.lower()]) <= 1


def test_what_somebody_said_in_a_group_and_is_not_answered_goes_with_them(
    group: GroupChat, room: Room, bo: Phone, cy: Phone
) -> None:
    open_by(group, bo, cy)
    waiting = {"contact": group.contact, "channel": "whatsapp", "kind": "message", "said_at": timezone.now()}
    waiting["not_before"] = timezone.now() + timedelta(hours=1)
    for phone in (bo, cy):
        sender = Sender(phone.person["user_id"], phone.person["phone"])
        event = InboundMessage("1", sender, timezone.now(), f"wamid.{uuid4()}", text="Chaski, a secret")
        InboxEntry.objects.create(external_id=event.id, content=event.to_json(), **waiting)
    people.erase(cy.contact.person)
    left = group.contact.inbox.filter(state="waiting")
    assert [entry.content["sender"]["user_id"] for entry in left] == [bo.person["user_id"]]
    left.delete()


def traces(*words: str) -> list[str]:
    """Where one of these stands in what the apps' tables keep."""
    found = []
    for model in (*apps.get_app_config("integrations").get_models(), RoomEvent, Conversation, Message):
        for row in model.objects.values():
            values = [bytes(value) if isinstance(value, memoryview) else value for value in row.values()]
            found += [f"{model.__name__}: {word} in {row}" for word in words if word in str(values)]
    return found


def test_who_is_erased_leaves_no_name_number_or_id(
    apps_here: None, bo: Phone, cy: Phone, messengers: Messengers, fake_llama: FakeLlama
) -> None:
    fake_llama.on("when is it", says("In January."))
    ana, name = account(f"ana-{uuid4().hex[:8]}"), f"Ana{uuid4().hex[:8]}"
    room = making.make(ana, name, "")
    group = GroupChat(messengers.emulator, room)
    eventually(lambda: group.row.state == Group.State.OPEN)
    open_by(group, bo, cy)
    group.write(bo, "/who")
    group.hears(f"Here are: {name} (host)")
    for number in range(9):
        group.write(cy, f"@Chaski when is it? {number}")
    membership.rename(ana, room.pk, f"Room of {name}!")
    eventually(lambda: group.subject == f"Room of {name}!")
    membership.rename(ana, room.pk, f"Room of {name}")
    eventually(lambda: group.subject == f"Room of {name}")
    eventually(lambda: group.contact.outbox.filter(cause__startswith="limited:").exists())
    group.rests()
    running = Run.objects.filter(conversation=room.pk, status=Run.Status.RUNNING)
    eventually(lambda: not running.exists() and Room.objects.get(pk=room.pk).call is None)
    group.rests()
    people.erase(ana)
    eventually(lambda: group.subject == "A room")
    eventually(lambda: not group.row.orders.filter(state="waiting").exists() and group.row.subject == "A room")
    assert traces(name) == []
    membership.remove(bo.contact.person, room.pk, Member.objects.get(conversation=room.pk, name=first(cy)).pk)
    eventually(lambda: group.row.orders.filter(kind="remove", state="done").exists())
    mine = [one for one in (cy.person["user_id"], cy.person["phone"]) if one]
    assert traces(*mine)
    people.erase(cy.contact.person)
    assert traces(*mine) == []


@pytest.mark.usefixtures("resting")
def test_chatter_is_read_with_the_next_call_where_the_operator_wants_that(
    ana: Person, room: Room, bo: Phone, cy: Phone, messengers: Messengers, tmp_path: Any, fake_llama: FakeLlama
) -> None:
    fake_llama.on("where do we eat", says("At the hut."))
    group = GroupChat(messengers.emulator, room)
    courier = Courier(tmp_path / "remembering", {**messengers.environment, "GROUP_CONTEXT_MINUTES": "5"})
    courier.start()
    try:
        eventually(lambda: group.row.state == Group.State.OPEN)
        open_by(group, bo)
        assert "I keep it in memory for 5 minutes" in group.lines[0]
        secret, taken_back = uuid4().hex, uuid4().hex
        group.write(bo, f"The hut has soup {secret}")
        gone = group.write(bo, f"Oh {taken_back}")
        revoke = {"type": "revoke", "revoke": {"original_message_id": gone["id"]}}
        group.rests()
        deliver_of(messengers, group, bo, gone["id"], revoke)
        eventually(lambda: not Delivery.objects.filter(state="waiting").exists())
        group.write(bo, "@Chaski where do we eat?")
        group.hears("At the hut.")
        prompt = str(fake_llama.requests[-1])
        assert f"{first(bo)}: The hut has soup {secret}" in prompt
        assert taken_back not in prompt
        # Who came later has not heard it, so it is not told to them either.
        group.join(cy)
        group.write(cy, "@Chaski where do we eat now?")
        eventually(lambda: group.count("At the hut.") == 2)
        assert secret not in str(fake_llama.requests[-1])
        assert not Message.objects.filter(text__contains=secret).exists()
        assert not [one for one in InboxEntry.objects.all() if secret in str(one.content)]
        assert not [one for one in Delivery.objects.all() if secret.encode() in bytes(one.body)]
    finally:
        courier.kill()


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(
    "step",
    [
        "before integrations.groups.orders:_taken 1",
        "after integrations.groups.orders:_call 1",
        "before integrations.groups.lifecycle:made 1",
    ],
)
def test_a_courier_that_is_killed_makes_a_group_once(
    ana: Person, couriers: Callable[[], Courier], tmp_path: Any, messengers: Messengers, step: str
) -> None:
    dying = Killed(couriers(), step, tmp_path)
    dying.start()
    room = making.make(ana, "Ana", f"Ski trip {uuid4().hex[:6]}")
    dying.dies()
    Group.objects.get(room=room).orders.update(taken_until=None, not_before=timezone.now())
    time_passes()
    couriers().start()
    eventually(lambda: Group.objects.get(room=room).state == Group.State.OPEN, 60)
    title = room.conversation.title
    assert len([one for one in messengers.emulator.act("groups") if one["subject"] == title]) == 1


@pytest.mark.usefixtures("resting")
def test_a_courier_that_is_killed_loses_and_doubles_nothing_of_a_group(
    ana: Person,
    room: Room,
    bo: Phone,
    couriers: Callable[[], Courier],
    tmp_path: Any,
    messengers: Messengers,
    fake_llama: FakeLlama,
) -> None:
    gate = Gate()
    gate.open()
    fake_llama.on("when is it", says("In January.", gate=gate))
    group = GroupChat(messengers.emulator, room)
    calm = couriers()
    calm.start()
    eventually(lambda: group.row.state == Group.State.OPEN)
    open_by(group, bo)
    calm.stop()
    steps = {
        "before integrations.outbox:sent 1": "/who",
        "before integrations.inbox:finish 1": "/poll Which? | One | Two",
        "before assistant.runs.saving:save_end 1": "Chaski, when is it?",
    }
    for step, text in steps.items():
        dying = Killed(couriers(), step, tmp_path)
        dying.start()
        group.write(bo, text)
        dying.dies()
        time_passes()
    couriers().start()
    group.hears("In January.", 120)
    running = Run.objects.filter(conversation=room.pk, status=Run.Status.RUNNING)
    eventually(lambda: not running.exists() and Room.objects.get(pk=room.pk).call is None, 60)
    group.rests()
    assert [group.count(text) for text in ("In January.", "asks all to vote")] == [1, 1]
    assert group.count("Here are:") <= 1, "it may have been sent, or not, and is not sent again"
    assert room.polls.count() == 1
    assert said(room) == ["Chaski, when is it?"]
    assert not OutboxEntry.objects.filter(contact=group.contact, state="failed").exists()
    assert RoomEvent.objects.filter(room=room, kind="poll").count() == 1
    assert words(group.answers)
