"""A room of people in several apps and on the site: real couriers, the emulator, one database."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Exists
from django.utils import timezone

from assistant import people
from assistant.models import Member, Message, Person, Room, Run
from assistant.rooms import membership, polls, talk
from assistant.rooms.talk import Words
from integrations.models import Contact, InboxEntry, OutboxEntry
from integrations.registry import channels
from tests.fake_llama import FakeLlama, Gate, says
from tests.integrations.conftest import Messengers
from tests.integrations.couriers import die_at, time_passes
from tests.integrations.phones import Phone, choices, stay_silent, words
from tests.servers import Courier, eventually


@pytest.fixture
def apps_here(settings: Any, messengers: Messengers) -> Iterator[None]:
    """This process is one of the site's: what happens here reaches the apps too."""
    for name, value in messengers.environment.items():
        if name.startswith(("META_", "WHATSAPP_", "MESSENGER_", "INSTAGRAM_", "REDIS_")):
            setattr(settings, name, value)
    channels.cache_clear()
    yield
    channels.cache_clear()


@pytest.fixture
def ana(apps_here: None) -> Person:
    """Somebody on the site."""
    return people.make_guest()


@pytest.fixture
def room(ana: Person) -> Room:
    return membership.make(ana, "Ana", "Ski trip")


def say(person: Person, room: Room, text: str) -> None:
    talk.say(person, room.pk, Words(text, uuid4()))


def enter(phone: Phone, room: Room, name: str) -> None:
    """Open the invitation in an app, and join by writing a name."""
    before = len(phone.answers)
    if phone.app == "whatsapp":
        phone.write(f"Join room {room.token}")
    else:
        phone.act("open_chat", ref=f"room_{room.token}")
    # Somebody new is greeted first.
    heard = phone.hear(before + (1 if phone_is_known(phone) else 2))
    assert "You are invited to the room “Ski trip”" in words(heard)[-1]
    assert f"as {name}" in words(phone.ask(name))[0]


def phone_is_known(phone: Phone) -> bool:
    return bool(phone.answers[:-1]) and "an AI assistant" not in words(phone.answers)[0]


def heard(phone: Phone, text: str) -> bool:
    return any(text in line for line in words(phone.answers))


def hears(phone: Phone, text: str, seconds: float = 30) -> None:
    eventually(lambda: heard(phone, text), seconds)


@pytest.fixture
def bo(messengers: Messengers) -> Phone:
    return messengers.phone("messenger")


@pytest.fixture
def cy(messengers: Messengers) -> Phone:
    return messengers.phone("whatsapp")


def test_what_one_says_reaches_the_others_with_the_name_before_it(
    ana: Person, room: Room, bo: Phone, cy: Phone
) -> None:
    enter(bo, room, "Bo")
    enter(cy, room, "Cy")
    hears(bo, "Cy is here now.")
    say(ana, room, "Hello both\nBo: I pay for all")
    hears(bo, "Ana: Hello both\n    Bo: I pay for all")
    hears(cy, "*Ana:* Hello both\n    Bo: I pay for all")
    bo.write("Hello *Ana*")
    hears(cy, "*Bo:* Hello")
    assert not heard(bo, "Bo: Hello")
    texts = [event.message.text for event in room.events.filter(kind="said") if event.message]
    assert texts[-1] == "Hello *Ana*"


def test_the_assistant_answers_all_when_one_calls_it(
    ana: Person, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("when is it emptiest", says("In **January**, mostly."))
    enter(bo, room, "Bo")
    enter(cy, room, "Cy")
    bo.write("Chaski, when is it emptiest?")
    hears(cy, "*Bo:* Chaski, when is it emptiest?")
    hears(cy, "In *January*, mostly.")
    hears(bo, "In January, mostly.")
    cy.write("Who brings the skis?")
    hears(bo, "Cy: Who brings the skis?")
    assert stay_silent([bo, cy])


def test_two_vote_by_buttons(ana: Person, room: Room, bo: Phone, cy: Phone) -> None:
    enter(bo, room, "Bo")
    enter(cy, room, "Cy")
    bo.write("/poll Which weekend? | First | Second")
    for phone in (bo, cy):
        hears(phone, "asks all to vote: Which weekend?")
        assert [choice["title"] for choice in choices(phone.answers[-1])][:2] == ["First", "Second"]
    assert "First: 1 ✓" in words(bo.after(lambda: bo.tap("First")))[0]
    assert "Second: 1 ✓" in words(cy.after(lambda: cy.tap("Second")))[0]
    poll = room.polls.get()
    assert [count.votes for count in polls.counts(poll)] == [1, 1]
    polls.close(ana, poll.pk)
    hears(bo, "The vote is over: Which weekend?")


def test_who_is_removed_gets_no_more(ana: Person, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.on("Am I still", says("This is for you alone."))
    enter(bo, room, "Bo")
    enter(cy, room, "Cy")
    member = Member.objects.get(conversation=room.pk, name="Bo")
    membership.remove(ana, room.pk, member.pk)
    hears(bo, "You were taken out of the room “Ski trip”.")
    say(ana, room, "A secret")
    hears(cy, "A secret")
    assert stay_silent([bo])
    assert not heard(bo, "secret")
    assert words(bo.ask("Am I still there?")) == ["This is for you alone."]
    assert not heard(cy, "Am I still")


def test_who_leaves_talks_to_the_assistant_alone_again(
    ana: Person, room: Room, bo: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("Only us", says("Only us."))
    enter(bo, room, "Bo")
    assert "You have left the room" in words(bo.ask("/leave"))[0]
    say(ana, room, "Gone?")
    assert words(bo.ask("Only us?")) == ["Only us."]
    assert stay_silent([bo])
    assert "Only us?" not in [message.text for message in Message.objects.filter(conversation=room.pk)]


def test_who_cannot_be_reached_gets_what_they_missed_when_they_write(
    ana: Person, room: Room, bo: Phone, cy: Phone
) -> None:
    enter(bo, room, "Bo")
    enter(cy, room, "Cy")
    hears(bo, "Cy is here now.")
    Contact.objects.filter(pk=bo.contact.pk).update(wrote_at=timezone.now() - timedelta(hours=25))
    say(ana, room, "First word")
    say(ana, room, "Second word")
    hears(cy, "Bo cannot be reached in Messenger now")
    assert [text for text in words(cy.answers) if "cannot be reached" in text] == [
        "Bo cannot be reached in Messenger now, and reads this once they write again."
    ]
    assert stay_silent([bo])
    bo.write("Here I am")
    hears(bo, "Second word")
    assert words(bo.answers)[-2:] == ["Ana: First word", "Ana: Second word"]
    hears(cy, "Bo can be reached again")
    hears(cy, "*Bo:* Here I am")


def test_a_name_that_poses_is_asked_for_again(room: Room, bo: Phone) -> None:
    bo.act("open_chat", ref=f"room_{room.token}")
    bo.hear(2)
    assert "choose another name" in words(bo.ask("Chаski"))[0]
    assert "choose another name" in words(bo.ask("ANA"))[0]
    assert "as Bo" in words(bo.ask("Bo"))[0]


def test_a_wrong_invitation_leads_nowhere(room: Room, bo: Phone) -> None:
    bo.act("open_chat", ref="room_" + "x" * 32)
    assert "This invitation has ended" in words(bo.hear(2))[1]
    assert room.conversation.memberships.count() == 1


def test_words_that_are_taken_back_are_gone_here_too(ana: Person, room: Room, bo: Phone) -> None:
    enter(bo, room, "Bo")
    said = talk.say(ana, room.pk, Words("Oops, a secret", uuid4()))
    hears(bo, "Oops")
    eventually(lambda: not bo.contact.outbox.filter(state="sending").exists())
    assert said.event.message
    talk.unsay(ana, said.event.message.pk)
    kept = OutboxEntry.objects.filter(contact=bo.contact)
    assert not [entry for entry in kept if "secret" in entry.content["text"]]


def test_a_room_is_opened_in_an_app_and_joined_by_its_link(bo: Phone, cy: Phone) -> None:
    _greeting, opened = words(cy.ask("/room Ski trip", 2))
    assert "Your room “Ski trip” is open" in opened
    room = Room.objects.get(conversation__memberships__person=cy.contact.person)
    assert f"/r/{room.token}" in opened
    assert room.host == cy.contact.person
    enter(bo, room, "Bo")
    hears(cy, "Bo is here now.")
    bo.write("Where to?")
    hears(cy, "*Bo:* Where to?")
    assert f"/r/{room.token}" in words(bo.ask("/invite"))[0]
    assert "You are in a room" in words(cy.ask("/room Another"))[0]


def test_who_has_no_name_in_an_app_is_asked_for_one_first(bo: Phone) -> None:
    bo.ask("/help", 2)
    assert words(bo.ask("/room Ski trip")) == ["Under which name shall the others know you?"]
    bo.tap("Not now")
    hears(bo, "no room then")
    bo.ask("/room Ski trip")
    assert "choose another name" in words(bo.ask("Assistant"))[0]
    assert "you are Bo there" in words(bo.ask("Bo"))[0]
    assert Room.objects.filter(conversation__memberships__person=bo.contact.person).count() == 1


@pytest.mark.usefixtures("resting")
def test_a_courier_that_is_killed_loses_and_doubles_nothing(
    ana: Person,
    room: Room,
    bo: Phone,
    cy: Phone,
    couriers: Callable[[], Courier],
    tmp_path: Any,
    fake_llama: FakeLlama,
) -> None:
    gate = Gate()
    gate.open()
    fake_llama.on("when is it", says("In January.", gate=gate))
    calm = couriers()
    calm.start()
    enter(bo, room, "Bo")
    enter(cy, room, "Cy")
    # Bo is told that Cy came: what is left of that would be what the first courier dies of.
    hears(bo, "Cy is here now.")
    still_open = OutboxEntry.objects.filter(contact__in=(bo.contact, cy.contact), state__in=("queued", "sending"))
    eventually(lambda: not still_open.exists())
    calm.stop()
    before = len(bo.answers), len(cy.answers)
    # The second one dies of its own answer: one that the first began would be the site's to end.
    steps = {
        "before integrations.outbox:sent 1": "Good morning",
        "before assistant.runs.saving:save_end 1": "Chaski, when is it?",
    }
    for step, text in steps.items():
        die_at(step, couriers, tmp_path, partial(bo.write, text))
    time_passes()
    couriers().start()
    hears(cy, "In January.", 120)
    hears(bo, "In January.", 60)
    waiting = InboxEntry.objects.filter(contact__in=(bo.contact, cy.contact), state="waiting")
    eventually(lambda: not waiting.exists(), 60)
    running = Exists(Run.objects.filter(conversation=room.pk, status=Run.Status.RUNNING))
    eventually(Room.objects.filter(~running, pk=room.pk, call=None).exists, 60)
    eventually(lambda: not still_open.exists(), 60)
    assert stay_silent([bo, cy])
    for phone, number in ((bo, before[0]), (cy, before[1])):
        # Each row of the outbox is one bubble: none came twice, and none is missing but what may have been sent.
        rows = OutboxEntry.objects.filter(contact=phone.contact, cause__startswith="room:")
        told = Counter(rows.values_list("content__text", flat=True))
        seen = Counter(words(phone.answers))
        assert not [text for text in told if seen[text] > told[text]]
        missing = told - seen
        assert missing <= Counter(rows.filter(state="unknown").values_list("content__text", flat=True))
        shown = [*words(phone.answers)[number:], *missing.elements()]
        for text in steps.values():
            assert len([line for line in shown if text in line]) == (0 if phone is bo else 1)
    texts = [event.message.text for event in room.events.filter(kind="said") if event.message]
    assert texts == list(steps.values())
