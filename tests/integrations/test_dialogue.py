"""What people do in an app, and what they get: the whole way, in each app."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.utils import timezone

from assistant import conversations
from assistant.models import Conversation, Feedback, Message, Person, Run
from integrations.models import Contact
from tests.fake_llama import MODEL, FakeLlama, Gate, fails, says
from tests.fake_web import FakePage, FakeWeb
from tests.integrations.conftest import SUGGESTING, Messengers
from tests.integrations.phones import Bubble, Phone, choices, words
from tests.servers import Painter, eventually

HELLO = "an AI assistant"


def turns(fake_llama: FakeLlama) -> list[list[dict[str, str]]]:
    """What the model was given for answers, and not for what one could say next."""
    asked = [request["messages"] for request in fake_llama.requests]
    return [messages for messages in asked if SUGGESTING not in messages[-1]["content"]]


@pytest.fixture
def greeted(ada: Phone, fake_llama: FakeLlama) -> Phone:
    """Somebody who has been told who answers."""
    fake_llama.script(says("Hi."))
    ada.ask("Good morning", 2)
    return ada


def test_the_first_answer_says_who_answers_and_what_is_kept(ada: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("**Hello** there."))
    first, answer = ada.ask("Hello", 2)
    assert HELLO in first["text"]
    assert "30 days" in first["text"]
    assert "/forget" in first["text"]
    assert answer["text"] == ("*Hello* there." if ada.app == "whatsapp" else "Hello there.")


def test_the_second_answer_is_the_answer_alone(greeted: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Four."))
    assert words(greeted.ask("What is two and two, in words?")) == ["Four."]
    asked = turns(fake_llama)[-1]
    assert [message["content"] for message in asked if message["role"] == "assistant"] == ["Hi."]


def test_what_they_wrote_is_marked_as_read_and_writing_is_shown(greeted: Phone, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says("Slowly done", gate=gate))
    asked = greeted.write("Think")
    try:
        eventually(lambda: greeted.act("thread")["typing_until"])
        eventually(lambda: {one["id"]: one["status"] for one in greeted.bubbles}[asked["id"]] == "read")
    finally:
        gate.open()
    greeted.hear(3)


def test_an_answer_in_several_blocks_is_one_bubble(greeted: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("# Title\n\nOne.\n\n- a\n- b\n"))
    [bubble] = greeted.ask("List it")
    assert "One." in bubble["text"]
    assert "#" not in bubble["text"]


def test_help_lists_the_commands(greeted: Phone) -> None:
    [bubble] = greeted.ask("/help")
    assert "/forget" in bubble["text"]
    [again] = greeted.ask("help")
    assert again["text"] == bubble["text"]


def test_new_begins_another_conversation(greeted: Phone, fake_llama: FakeLlama) -> None:
    before = greeted.contact.conversation_id
    greeted.ask("/new")
    fake_llama.script(says("Fresh."))
    greeted.ask("Hello again")
    assert greeted.contact.conversation_id not in (None, before)
    assert greeted.contact.person.conversations.count() == 2


def models(fake_llama: FakeLlama) -> list[str]:
    """Which model was asked for each answer."""
    return [request["model"] for request in fake_llama.requests if request["messages"] in turns(fake_llama)]


def test_a_hard_question_goes_to_the_best_model_once(greeted: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.on("Why is that", says("Because."))
    assert words(greeted.ask("/think Why is that so?")) == ["Because."]
    greeted.ask("And this?")
    assert models(fake_llama)[-2:] == ["large", MODEL]
    assert "/think" not in turns(fake_llama)[-2][-1]["content"]


def test_a_conversation_of_hard_questions_lasts_until_the_next(greeted: Phone, fake_llama: FakeLlama) -> None:
    assert "think harder" in words(greeted.ask("/think"))[0]
    greeted.ask("Why?")
    assert "usual model" in words(greeted.ask("/think"))[0]
    greeted.ask("Why not?")
    greeted.ask("/think")
    greeted.ask("/new")
    greeted.ask("Why, again?")
    assert models(fake_llama)[-3:] == ["large", MODEL, MODEL]


def test_stop_while_an_answer_is_written_ends_it(greeted: Phone, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says("A very long story", gate=gate))
    greeted.write("Tell me a very long story")
    gate.let(2)
    runs = greeted.contact.person.runs
    eventually(lambda: runs.filter(answer__text__startswith="A very").exists())
    greeted.write("stop")
    eventually(lambda: runs.filter(status="stopped").exists())
    gate.open()
    text = " ".join(words(greeted.hear(4)[2:]))
    assert "You stopped this answer." in text
    assert "story" not in text
    assert greeted.contact.stopped_at is None


def test_stop_means_silence_until_start(greeted: Phone, fake_llama: FakeLlama) -> None:
    assert "silent" in words(greeted.ask("STOP"))[0]
    greeted.write("Are you there?")
    assert greeted.stays_silent()
    assert words(greeted.ask("Start")) == ["I am here again."]
    fake_llama.script(says("Yes."))
    assert words(greeted.ask("Are you there now?")) == ["Yes."]


def came_of(phone: Phone, written: Bubble) -> str:
    """What came of a message, once it is over."""
    done = phone.contact.inbox.filter(external_id=written["id"]).exclude(state="waiting")
    eventually(done.exists)
    eventually(lambda: not phone.contact.outbox.filter(state__in=("queued", "sending")).exists())
    return done.get().outcome


@pytest.mark.parametrize("when", ["before they write", "while it is answered"])
def test_who_is_suspended_is_not_answered(phone: Callable[[str], Phone], fake_llama: FakeLlama, when: str) -> None:
    bo, gate = phone("whatsapp"), Gate()
    fake_llama.script(says("Hi."))
    bo.ask("Good morning", 2)
    person = Person.objects.filter(pk=bo.contact.person_id)
    if when == "before they write":
        person.update(is_active=False)
        asked = len(turns(fake_llama))
        assert came_of(bo, bo.write("Are you there?")) == "suspended"
        assert len(turns(fake_llama)) == asked
    else:
        fake_llama.script(says("Yes, I am.", gate=gate))
        written = bo.write("Are you there?")
        eventually(lambda: bo.contact.person.runs.filter(status="running").exists())
        person.update(is_active=False)
        gate.open()
        came_of(bo, written)
    assert len(bo.answers) == 2
    person.update(is_active=True)
    fake_llama.script(says("Welcome back."))
    assert words(bo.ask("And now?")) == ["Welcome back."]


def test_forget_erases_everything_once_it_is_confirmed(greeted: Phone, fake_llama: FakeLlama) -> None:
    person = greeted.contact.person_id
    greeted.ask("/forget")
    assert words(greeted.after(lambda: greeted.tap("Keep it"))) == ["All stays as it is."]
    greeted.ask("delete my data")
    assert words(greeted.after(lambda: greeted.tap("Erase it"))) == ["Everything is erased."]
    assert not Person.objects.filter(pk=person).exists()
    assert not Contact.objects.filter(person=person).exists()
    assert not Conversation.objects.filter(members=person).exists()
    fake_llama.script(says("Hello."))
    assert HELLO in greeted.ask("Hello", 2)[0]["text"]


def test_what_is_connected_with_the_website_is_erased_there(greeted: Phone) -> None:
    """Also where the question was asked before they were connected."""
    greeted.ask("/forget")
    Contact.objects.filter(pk=greeted.contact.pk).update(linked_at=timezone.now())
    assert words(greeted.after(lambda: greeted.tap("Erase it")))[0].endswith("/you/")
    assert Person.objects.filter(pk=greeted.contact.person_id).exists()
    [bubble] = greeted.ask("/forget")
    assert bubble["text"].endswith("/you/")
    assert choices(bubble) == []


def test_everything_can_be_erased_while_the_assistant_is_silent(greeted: Phone) -> None:
    person = greeted.contact.person_id
    greeted.ask("stop")
    greeted.ask("/forget")
    assert words(greeted.after(lambda: greeted.tap("Erase it"))) == ["Everything is erased."]
    assert not Person.objects.filter(pk=person).exists()


def test_an_answer_that_is_written_on_the_website_is_waited_for(greeted: Phone, fake_llama: FakeLlama) -> None:
    """And what waits for it is counted once."""
    run = conversations.say(greeted.contact.person, greeted.contact.conversation_id, "On the web", uuid4()).run
    fake_llama.script(says("Now you."))
    greeted.write("In the app")
    eventually(lambda: greeted.contact.inbox.filter(state="waiting", turn__isnull=False).exists())
    assert not greeted.contact.person.messages.filter(text="In the app").exists()
    Run.objects.filter(id=run.id).update(status="done")
    assert words(greeted.hear(3))[2:] == ["Now you."]


def test_the_model_is_named(greeted: Phone) -> None:
    assert "fake-llama" in words(greeted.ask("/model"))[0]


def test_a_human_can_be_asked_for(greeted: Phone) -> None:
    greeted.ask("/human")
    greeted.write("Is somebody there?")
    assert greeted.stays_silent()
    assert greeted.contact.human_until is not None


def test_sources_are_a_short_list_under_the_answer(greeted: Phone, fake_llama: FakeLlama, fake_web: FakeWeb) -> None:
    page = FakePage("/salt", "Salt lakes", ("Uyuni is the largest salt lake of all, high in the Andes.",))
    fake_web.finds(page)
    fake_llama.script(says('{"name": "web_search", "parameters": {"query": "salt lake"}}'), says("Uyuni [1]."))
    [bubble] = greeted.ask("Search the web: which is the largest salt lake?")
    assert bubble["text"].startswith("Uyuni [1]")
    assert f"1. Salt lakes – {fake_web.url}/salt" in bubble["text"]


def test_what_one_could_say_next_can_be_tapped(greeted: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("It is high and dry."))
    fake_llama.on(SUGGESTING, says("How high is it?\nWho lives there?"))
    [bubble] = greeted.ask("Tell me about the Altiplano")
    assert [choice["title"] for choice in choices(bubble)] == ["How high is it?", "Who lives there?"]
    fake_llama.script(says("3,700 metres."))
    assert words(greeted.after(lambda: greeted.tap("How high is it?"))) == ["3,700 metres."]
    assert "How high is it?" in turns(fake_llama)[-1][-1]["content"]


def test_a_reply_takes_the_words_along_that_it_replies_to(greeted: Phone, fake_llama: FakeLlama) -> None:
    if greeted.app == "instagram":
        pytest.skip("Instagram's people reply to stories")
    fake_llama.script(says("The first is salt."))
    [bubble] = greeted.ask("Name a mineral")
    fake_llama.script(says("White."))
    greeted.ask("Which colour?", reply_to=bubble["id"])
    said = greeted.contact.person.messages.order_by("position").last()
    assert said is not None
    assert said.text == "> The first is salt.\n\nWhich colour?"


def test_two_messages_at_once_are_answered_in_their_order(greeted: Phone, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says("One.", gate=gate))
    greeted.write("First")
    eventually(lambda: Message.objects.filter(author=greeted.contact.person, text="First").exists())
    greeted.write("Second")
    greeted.write("Third")
    eventually(lambda: greeted.contact.inbox.filter(state="waiting").count() == 3)
    fake_llama.script(says("Two and three."))
    gate.open()
    assert words(greeted.hear(4))[2:] == ["One.", "Two and three."]
    said = greeted.contact.person.messages.order_by("position").values_list("text", flat=True)
    assert list(said)[1:] == ["First", "Second\nThird"]


def test_an_edit_is_answered_anew(greeted: Phone, fake_llama: FakeLlama) -> None:
    if greeted.app == "instagram":
        pytest.skip("not in this app")
    fake_llama.script(says("Llamas spit."))
    bubble = greeted.write("Tell me about lamas")
    greeted.hear(3)
    fake_llama.script(says("Alpacas hum."))
    [answer] = greeted.after(lambda: greeted.act("edit", bubble=bubble["id"], text="Tell me about alpacas"))
    assert answer["text"] == "Alpacas hum."
    conversation = greeted.contact.conversation
    assert conversation
    shown = conversation.messages.filter(shown=True).order_by("position").values_list("text", flat=True)
    assert list(shown)[2:] == ["Tell me about alpacas", "Alpacas hum."]


def test_what_is_taken_back_is_gone_here_too(greeted: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("I will keep it."))
    bubble = greeted.write("My secret is 4711")
    greeted.hear(3)
    greeted.act("unsend", bubble=bubble["id"])
    theirs = Message.objects.filter(conversation__memberships__person=greeted.contact.person)
    eventually(lambda: not theirs.filter(text__contains="4711").exists())
    assert not greeted.contact.inbox.filter(content__icontains="4711").exists()


def test_a_thumb_is_feedback_and_no_message(greeted: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Salt."))
    [bubble] = greeted.ask("Name a mineral")
    greeted.act("react", bubble=bubble["id"], emoji="👍")
    given = Feedback.objects.filter(person=greeted.contact.person)
    eventually(given.exists)
    assert given.get().good
    greeted.act("unreact", bubble=bubble["id"])
    eventually(lambda: not given.exists())
    assert greeted.stays_silent()


def test_a_place_and_a_card_are_read_in_words(phone: Callable[[str], Phone], fake_llama: FakeLlama) -> None:
    ada = phone("whatsapp")
    fake_llama.script(says("Nice."), says("Known."))
    ada.after(lambda: ada.act("send_place", latitude=-20.13, longitude=-67.48, name="Uyuni", address="Bolivia"), 2)
    ada.after(lambda: ada.act("send_contact", name="Bo", phone="+491700000001"))
    said = list(ada.contact.person.messages.order_by("position").values_list("text", flat=True))
    assert said == ["Place: Uyuni, Bolivia (-20.13000, -67.48000)", "Contact: Bo, +491700000001"]


@pytest.mark.parametrize(
    ("kind", "data", "mime", "sentence"),
    [
        ("audio", b"OggS" + b"\0" * 60, "audio/ogg", "voice notes"),
        ("video", b"\0\0\0\x18ftypmp42" + b"\0" * 60, "video/mp4", "videos"),
    ],
)
def test_what_cannot_be_understood_is_said_in_a_sentence(
    greeted: Phone, kind: str, data: bytes, mime: str, sentence: str
) -> None:
    assert sentence in words(greeted.after(lambda: greeted.send(kind, data, mime)))[0].casefold()


def test_a_text_file_is_read_with_the_words(greeted: Phone, fake_llama: FakeLlama) -> None:
    if greeted.app == "instagram":
        pytest.skip("Instagram's people send no text files")
    fake_llama.script(says("It is about llamas."))
    greeted.after(lambda: greeted.send("document", b"Llamas carry things.", "text/plain", name="notes.txt"))
    assert "Llamas carry things." in str(turns(fake_llama)[-1])


def test_a_poll_or_another_thing_that_apps_do_not_pass_on_gets_a_sentence(phone: Callable[[str], Phone]) -> None:
    ada = phone("whatsapp")
    answers = ada.after(lambda: ada.act("send_unsupported", what="poll"), 2)
    assert "cannot read" in answers[-1]["text"]


def test_deliveries_that_come_twice_and_in_disorder_are_answered_once(
    messengers: Messengers, greeted: Phone, fake_llama: FakeLlama
) -> None:
    messengers.emulator.switch(duplicates=3, reorder=True)
    fake_llama.script(says("Once."))
    greeted.ask("Say it once")
    assert greeted.stays_silent()
    assert Message.objects.filter(author=greeted.contact.person, text="Say it once").count() == 1


def test_the_model_that_is_away_is_told_in_a_sentence(greeted: Phone, fake_llama: FakeLlama) -> None:
    fake_llama.script(fails(401))
    [bubble] = greeted.ask("Hello?")
    assert bubble["text"].endswith(".")
    assert "401" not in bubble["text"]


def test_what_was_asked_to_be_drawn_in_words_is_drawn_at_a_tap(
    greeted: Phone, painter: Painter, fake_llama: FakeLlama
) -> None:
    """A model without tools answers in words; the page offers the same."""
    fake_llama.script(says("I would paint it blue."))
    [bubble] = greeted.ask("Draw me a llama in the snow")
    assert choices(bubble)[0]["title"] == "Draw it"
    captions = words(greeted.after(lambda: greeted.tap("Draw it"), 1 if greeted.app == "whatsapp" else 2))
    assert captions[-1] == "Here is your picture."


def test_the_newest_picture_becomes_a_sticker_where_the_app_has_them(
    greeted: Phone, painter: Painter, fake_llama: FakeLlama
) -> None:
    assert "no picture yet" in words(greeted.ask("/sticker"))[0]
    greeted.ask("imagine a llama", 1 if greeted.app == "whatsapp" else 2)
    [answer] = greeted.ask("as a sticker")
    assert (answer["kind"] == "sticker") == (greeted.app == "whatsapp")


def test_a_message_is_corrected_twice_and_then_taken_back(greeted: Phone, fake_llama: FakeLlama) -> None:
    if greeted.app == "instagram":
        pytest.skip("not in this app")
    fake_llama.script(says("Llamas spit."), says("Alpacas hum."), says("Vicunas run."))
    bubble = greeted.write("Tell me about lamas")
    greeted.hear(3)
    greeted.after(lambda: greeted.act("edit", bubble=bubble["id"], text="Tell me about alpacas"))
    [answer] = greeted.after(lambda: greeted.act("edit", bubble=bubble["id"], text="Tell me about vicunas"))
    assert answer["text"] == "Vicunas run."
    greeted.act("unsend", bubble=bubble["id"])
    person = greeted.contact.person_id
    eventually(lambda: not Message.objects.filter(author=person, text__contains="Tell me about").exists())
    assert not greeted.contact.inbox.filter(content__icontains="Tell me about").exists()
