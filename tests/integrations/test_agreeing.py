"""The terms of a site in the apps: asked before the first answer, by a courier of their own."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import people
from assistant.models import Message, Person, Room
from assistant.rooms import membership
from imagine.models import Picture
from integrations import inbox
from integrations.inbound import InboundMessage, Sender
from integrations.models import InboxEntry
from tests.easel import drawn
from tests.fake_llama import FakeLlama, says
from tests.imagine.drawings import encoded, gradient
from tests.integrations.conftest import Messengers
from tests.integrations.grouped import GroupChat, open_by, said
from tests.integrations.phones import Phone, choices, words
from tests.integrations.test_comments import NAME, wall_of
from tests.recordings import recording
from tests.servers import Courier, eventually

TERMS = {"TERMS_URL": "https://example.com/terms", "TERMS_AGE": "16", "TERMS_VERSION": "2026-11"}
QUESTION = "of 16 and over who agree to these terms: https://example.com/terms"


@pytest.fixture(scope="module", autouse=True)
def asking(resting: None, shared_messengers: Messengers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Courier]:
    """The one courier here: it asks."""
    # Nobody listens: what was heard before a yes would fail in other words.
    changes = {**TERMS, "SPEECH_URL": "http://127.0.0.1:9/v1"}
    courier = Courier(tmp_path_factory.mktemp("asking"), {**shared_messengers.environment, **changes})
    courier.start()
    yield courier
    courier.kill()


@pytest.fixture(autouse=True)
def asked(settings: Settings) -> None:
    """What is asked there is asked here too."""
    settings.TERMS_URL, settings.TERMS_AGE, settings.TERMS_VERSION = TERMS["TERMS_URL"], 16, "2026-11"


def ask(phone: Phone, text: str = "What is salt?") -> None:
    """Say the first words, and be asked."""
    heard = phone.ask(text, 2)
    assert "an AI assistant" in words(heard)[0]
    assert QUESTION in words(heard)[1]


def agreed(phone: Phone) -> bool:
    return Person.objects.get(pk=phone.contact.person_id).agreed_at is not None


def asked_last(phone: Phone) -> str:
    """What stands last in their conversation of what they said."""
    return Message.objects.filter(author=phone.contact.person).order_by("-created_at")[0].text


def test_what_was_asked_is_answered_after_a_tap(ada: Phone, fake_llama: FakeLlama) -> None:
    before = len(fake_llama.requests)
    ask(ada)
    assert [choice["title"] for choice in choices(ada.answers[-1])] == ["I agree", "Not now"]
    assert len(fake_llama.requests) == before
    assert not agreed(ada)
    fake_llama.script(says("A mineral."))
    assert words(ada.after(lambda: ada.tap("I agree"))) == ["A mineral."]
    assert agreed(ada)
    assert list(Message.objects.filter(author=ada.contact.person).values_list("text", flat=True)) == ["What is salt?"]
    fake_llama.script(says("Salty."))
    assert words(ada.ask("And the sea?")) == ["Salty."]


@pytest.mark.parametrize("word", ["Yes", "agree.", "I agree"])
def test_a_typed_yes_counts_as_well(messengers: Messengers, fake_llama: FakeLlama, word: str) -> None:
    bo = messengers.phone("messenger")
    ask(bo)
    fake_llama.script(says("A mineral."))
    assert words(bo.ask(word)) == ["A mineral."]
    assert asked_last(bo) == "What is salt?"


def test_a_yes_to_nothing_is_no_yes(messengers: Messengers, fake_llama: FakeLlama) -> None:
    bo = messengers.phone("whatsapp")
    ask(bo, "Yes")
    assert not agreed(bo)


def test_after_a_no_nothing_is_kept_or_answered(ada: Phone, fake_llama: FakeLlama) -> None:
    before = len(fake_llama.requests)
    ask(ada)
    assert "I keep nothing of it" in words(ada.after(lambda: ada.tap("Not now")))[0]
    assert [entry.content for entry in InboxEntry.objects.filter(contact=ada.contact)] == [{}, {}]
    assert not agreed(ada)
    assert QUESTION in words(ada.ask("Hello again"))[0]
    assert len(fake_llama.requests) == before
    fake_llama.script(says("Hi."))
    assert words(ada.after(lambda: ada.tap("I agree"))) == ["Hi."]
    assert asked_last(ada) == "Hello again"


def test_so_much_waits_for_a_yes_and_no_longer_than_an_hour(messengers: Messengers, fake_llama: FakeLlama) -> None:
    bo = messengers.phone("whatsapp")
    ask(bo, "Word 0")
    for number in range(1, 8):
        bo.ask(f"Word {number}")
    rows = bo.contact.inbox
    assert rows.filter(outcome="held").count() == 5
    assert rows.filter(outcome="unanswered", content={}).count() == 3
    old = rows.filter(outcome="held").order_by("said_at").first()
    assert old
    rows.filter(pk=old.pk).update(said_at=timezone.now() - timedelta(minutes=61))
    fake_llama.script(says("All of it."))
    assert words(bo.after(lambda: bo.tap("I agree"))) == ["All of it."]
    assert asked_last(bo) == "\n".join(f"Word {number}" for number in range(4, 8))


def test_a_message_that_is_edited_meanwhile_is_answered_as_it_reads_then(
    messengers: Messengers, fake_llama: FakeLlama
) -> None:
    bo = messengers.phone("messenger")
    bo.ask("What is salt?", 2)
    sent = [bubble for bubble in bo.bubbles if bubble["by"] != "bot"][-1]
    bo.act("edit", bubble=sent["id"], text="What is pepper?")
    eventually(lambda: bo.contact.inbox.filter(outcome="held", content__text="What is pepper?").exists())
    fake_llama.script(says("A spice."))
    assert words(bo.after(lambda: bo.tap("I agree"))) == ["A spice."]
    assert asked_last(bo) == "What is pepper?"


def test_commands_that_cost_nothing_are_heard(messengers: Messengers) -> None:
    bo = messengers.phone("whatsapp")
    ask(bo)
    assert "/forget" in words(bo.ask("/help"))[0]
    assert "silent" in words(bo.ask("STOP"))[0]
    assert words(bo.ask("start")) == ["I am here again."]
    bo.ask("/forget")
    assert words(bo.after(lambda: bo.tap("Erase it"))) == ["Everything is erased."]


FILES = {
    "a voice note": ("audio", recording("ogg"), "audio/ogg"),
    "a photo": ("image", encoded(gradient(), "jpeg"), "image/jpeg"),
    "a text": ("document", b"Some words", "text/plain"),
}


@pytest.mark.parametrize("what", FILES)
def test_files_wait_unheard_and_unseen(messengers: Messengers, what: str) -> None:
    bo = messengers.phone("whatsapp")
    heard = bo.after(lambda: bo.send(*FILES[what]), 2)
    assert QUESTION in words(heard)[1]
    person = bo.contact.person
    assert not Picture.objects.filter(person=person).exists()
    assert not person.attachments.exists()
    assert not person.messages.exists()


def tap(phone: Phone, payload: str) -> None:
    """A tap on a picture of a time before the terms."""
    contact = phone.contact
    sender = Sender(contact.user_id or "", contact.phone or "")
    inbox.add(contact, InboundMessage(contact.account, sender, timezone.now(), id=uuid4().hex, payload=payload))


def test_what_is_tapped_under_a_picture_waits_too(messengers: Messengers) -> None:
    bo = messengers.phone("whatsapp")
    ask(bo)
    picture = drawn(bo.contact.person_id)
    for way in ("more:{}", "style:{}:watercolor", "move:{}:gentle"):
        payload = f"picture:{way.format(picture.id)}"
        assert QUESTION in words(bo.after(partial(tap, bo, payload)))[0]
    assert Picture.objects.filter(person=bo.contact.person_id).count() == 1


def test_in_a_room_what_was_said_there_waits_and_nothing_else(messengers: Messengers) -> None:
    host, bo = people.make_guest(), messengers.phone("messenger")
    here = membership.make(host, "Ana", "Ski trip")
    ask(bo)
    bo.after(lambda: bo.act("open_chat", ref=f"room_{here.token}"))
    assert "as Bo" in words(bo.ask("Bo"))[0]
    assert QUESTION in words(bo.ask("Hello all"))[0]
    assert said(here) == []
    bo.tap("I agree")
    eventually(lambda: said(here) == ["Hello all"])
    assert not Message.objects.filter(author=bo.contact.person).exclude(text="Hello all").exists()


def test_in_a_group_each_member_agrees_for_themselves(
    group: GroupChat, room: Room, bo: Phone, cy: Phone, fake_llama: FakeLlama
) -> None:
    fake_llama.on("when is it emptiest", says("In January."))
    open_by(group, bo, cy)
    group.write(bo, "@Chaski when is it emptiest?")
    asked = group.hears(QUESTION)
    assert str(bo.person["name"]) in asked["text"]
    assert said(room) == []
    # Another's yes is none of theirs.
    group.write(cy, "agree", reply_to=asked["id"])
    group.hears("Thank you.")
    assert (agreed(bo), agreed(cy)) == (False, True)
    assert group.count("In January.") == 0
    group.write(bo, "agree", reply_to=asked["id"])
    group.hears("In January.")
    assert agreed(bo)
    assert said(room) == ["@Chaski when is it emptiest?"]


def test_under_a_post_who_has_not_agreed_is_asked_privately(messengers: Messengers, fake_llama: FakeLlama) -> None:
    before = len(fake_llama.requests)
    bo = messengers.phone("messenger")
    wall = wall_of(messengers.emulator, "messenger")
    comment = wall.say(bo, f"{NAME} how tall are llamas?")
    [asked] = bo.hear(1)
    assert asked["private_reply_to"] == comment
    assert QUESTION in asked["text"]
    assert wall.stays_silent()
    assert len(fake_llama.requests) == before
    bo.after(lambda: bo.tap("I agree"))
    assert agreed(bo)
