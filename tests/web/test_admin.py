"""Operators see who and how much; words only when they ask, and that is written down."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import attachments, conversations, people
from assistant.models import Conversation, Feedback, Message, Person, Run, Usage
from imagine import keys
from imagine.models import Picture
from tests.clients import PASSWORD, browser, make_account
from tests.fake_llama import FakeLlama, Gate, says
from tests.people import Visitor
from tests.security.attacks import draw
from tests.security.quiet import film
from tests.servers import Valkey, eventually

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def operator(*rights: str) -> Person:
    """Somebody of the staff, with these rights or, without any named, all of them."""
    person = make_account()
    person.is_staff, person.is_superuser = True, not rights
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return person


def talk(text: str = "hello", person: Person | None = None) -> Run:
    person = person or people.make_guest()
    conversation = conversations.begin(person, text)
    conversation.messages.create(position=1, role=Message.Role.USER, author=person, text=text)
    answer = conversation.messages.create(position=2, role=Message.Role.ASSISTANT, text=text)
    Feedback.objects.create(message=answer, person=person, good=False, word=HOSTILE)
    return Run.objects.create(
        conversation=conversation, answer=answer, status=Run.Status.FAILED, problem="busy", finished_at=timezone.now()
    )


def pages_about(run: Run) -> list[str]:
    conversation = run.conversation
    return [
        "/admin/",
        "/admin/assistant/person/",
        f"/admin/assistant/person/{conversation.members.get().id}/change/",
        "/admin/assistant/conversation/",
        f"/admin/assistant/conversation/{conversation.pk}/change/",
        f"/admin/assistant/conversation/{conversation.pk}/history/",
        "/admin/assistant/run/",
        "/admin/assistant/usage/",
        f"/admin/assistant/run/{run.pk}/change/",
        "/admin/assistant/guardcount/",
        "/admin/assistant/feedback/",
        f"/admin/assistant/feedback/{run.answer.feedback.pk}/change/",
    ]


def show_text(client: Client, conversation: Conversation) -> str:
    return client.post(f"/admin/assistant/conversation/{conversation.pk}/text/").text


def test_no_page_shows_what_was_said():
    mark = f"secret{uuid4().hex}"
    run, client = talk(mark), browser(operator())
    for path in pages_about(run):
        response = client.get(path)
        assert response.status_code == 200, path
        assert mark not in response.text, path


def test_no_page_has_anything_inline():
    run, client = talk(), browser(operator())
    for path in pages_about(run):
        text = client.get(path).text
        assert "<style" not in text, path
        assert " style=" not in text, path
        assert "<script>" not in text, path
        assert " onclick=" not in text, path


def test_people_cannot_be_found_by_what_they_said():
    mark = f"secret{uuid4().hex}"
    run, client = talk(mark), browser(operator())
    for model, thing in [("person", run.conversation.members.get()), ("conversation", run.conversation), ("run", run)]:
        assert f"/{thing.pk}/change/" not in client.get(f"/admin/assistant/{model}/", {"q": mark}).text


@pytest.mark.parametrize(
    "path",
    [
        "person/?instructions__startswith=A",
        "person/?memories__text__contains=A",
        "run/?steps__icontains=A",
        "run/?tool_call__icontains=A",
        "run/?reasoning__contains=A",
    ],
)
def test_nobody_guesses_at_what_is_known_of_people_through_the_address(path):
    talk()
    assert browser(operator()).get(f"/admin/assistant/{path}").status_code in (302, 400)


@pytest.mark.parametrize("lookup", ["title__startswith", "messages__text__contains", "title"])
def test_nobody_guesses_at_the_words_through_the_address(lookup):
    talk("secret")
    assert browser(operator()).get("/admin/assistant/conversation/", {lookup: "secret"}).status_code == 400


def test_a_person_and_a_conversation_are_found_by_id():
    run, client = talk(), browser(operator())
    conversation = run.conversation
    page = client.get("/admin/assistant/conversation/", {"q": str(conversation.pk)}).text
    assert f"/{conversation.pk}/change/" in page
    page = client.get("/admin/assistant/person/", {"q": str(conversation.members.get().id)}).text
    assert f"/{conversation.members.get().id}/change/" in page


def test_the_text_is_shown_on_demand_and_that_is_logged():
    run, reader = talk("what was said"), operator()
    assert "what was said" in show_text(browser(reader), run.conversation)
    entry = LogEntry.objects.get(user=reader, object_id=str(run.conversation.pk))
    assert entry.change_message == "Read the text"
    assert "what was said" not in entry.object_repr


def test_the_text_is_shown_only_to_those_who_may_read_it():
    run = talk("what was said")
    client = browser(operator("view_conversation"))
    page = client.get(f"/admin/assistant/conversation/{run.conversation.pk}/change/")
    assert page.status_code == 200
    assert "Show the text" not in page.text
    assert client.post(f"/admin/assistant/conversation/{run.conversation.pk}/text/").status_code == 403
    reader = browser(operator("view_conversation", "view_message"))
    assert "Show the text" in reader.get(f"/admin/assistant/conversation/{run.conversation.pk}/change/").text
    assert "what was said" in show_text(reader, run.conversation)


def test_the_text_is_not_shown_by_a_link_or_by_another_site():
    run, reader = talk("what was said"), operator()
    path = f"/admin/assistant/conversation/{run.conversation.pk}/text/"
    assert browser(reader).get(path).status_code == 405
    strict = browser(reader, enforce_csrf_checks=True)
    assert strict.post(path, headers={"origin": "https://evil.example"}).status_code == 403
    assert not LogEntry.objects.filter(user=reader).exists()


def test_hostile_text_is_shown_as_text():
    run, client = talk(HOSTILE), browser(operator())
    pages = [show_text(client, run.conversation), client.get("/admin/assistant/feedback/").text]
    for page in pages:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_files_are_shown_with_the_text_by_how_they_begin():
    run = talk("what was said")
    question = run.conversation.messages.get(position=1)
    file = attachments.keep(question.author, HOSTILE, "Begins. " + "x" * 5000 + " Ends.")
    attachments.claim([file], run.conversation, question)
    page = show_text(browser(operator()), run.conversation)
    assert "Begins. xxx" in page
    assert "Ends." not in page
    assert "<script>alert" not in page


def test_feedback_is_filtered_by_thumb():
    run, client = talk(), browser(operator())
    feedback = run.answer.feedback
    assert f"/{feedback.pk}/change/" in client.get("/admin/assistant/feedback/", {"good__exact": 0}).text
    assert f"/{feedback.pk}/change/" not in client.get("/admin/assistant/feedback/", {"good__exact": 1}).text


@pytest.mark.parametrize("model", ["conversation", "run", "feedback"])
def test_what_the_program_made_cannot_be_changed(model):
    run, client = talk(), browser(operator())
    thing = {"conversation": run.conversation, "run": run, "feedback": run.answer.feedback}[model]
    assert client.post(f"/admin/assistant/{model}/{thing.pk}/change/", {"title": "x"}).status_code == 403
    assert client.post(f"/admin/assistant/{model}/{thing.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"/admin/assistant/{model}/add/").status_code == 403


def act(client: Client, action: str, person: Person) -> None:
    fields = {"action": action, "_selected_action": str(person.pk)}
    assert client.post("/admin/assistant/person/", fields).status_code == 302


def test_a_suspended_person_is_out_until_let_in_again():
    person, client = make_account(), browser(operator())
    theirs = browser(person)
    act(client, "suspend", person)
    assert "Nothing is kept about you" in theirs.get("/you/").text
    act(client, "let_in", person)
    assert "Nothing is kept about you" not in theirs.get("/you/").text


@pytest.mark.parametrize("way", ["page", "action"])
def test_nothing_goes_on_for_somebody_who_is_suspended(
    alice: Visitor, fake_llama: FakeLlama, valkey: Valkey, way: str
) -> None:
    gate = Gate()
    fake_llama.on("Go on and on", says("word " * 500, gate=gate))
    runs, person = alice.begin("Go on and on").runs, alice.person
    film(alice, valkey, "a llama")
    waits, is_drawn = (draw(alice, status=status) for status in (Picture.Status.WAITING, Picture.Status.DRAWING))
    gate.let(2)
    client = browser(operator())
    if way == "page":
        assert client.post(f"/admin/assistant/person/{person.pk}/change/").status_code == 302
    else:
        act(client, "suspend", person)
    try:
        eventually(lambda: runs.get().status == Run.Status.STOPPED)
    finally:
        gate.open()
    waits.refresh_from_db()
    assert waits.status == Picture.Status.STOPPED
    assert valkey.has(keys.stop(is_drawn.pk))
    assert not valkey.has(keys.slot(person.pk))


def test_an_operator_cannot_reach_a_superuser_or_become_one():
    chief, helper = operator(), operator("change_person", "view_person")
    client = browser(helper)
    act(client, "suspend", chief)
    chief.refresh_from_db()
    assert chief.is_active
    path = f"/admin/assistant/person/{helper.pk}/change/"
    client.post(path, {"is_active": "on", "is_staff": "on", "is_superuser": "on"})
    helper.refresh_from_db()
    assert not helper.is_superuser
    assert client.post(f"/admin/assistant/person/{chief.pk}/change/", {"is_active": ""}).status_code == 403


@pytest.mark.parametrize("way", ["page", "action"])
def test_deleting_a_person_erases_them_with_their_words(way):
    run, client = talk("gone soon"), browser(operator())
    person = run.conversation.members.get()
    if way == "page":
        path = f"/admin/assistant/person/{person.pk}/delete/"
        assert "gone soon" not in client.get(path).text
        client.post(path, {"post": "yes"})
    else:
        fields = {"action": "delete_selected", "_selected_action": str(person.pk), "post": "yes"}
        client.post("/admin/assistant/person/", fields)
    assert not Person.objects.filter(pk=person.pk).exists()
    assert not Message.objects.filter(conversation=run.conversation_id).exists()


def test_operators_sign_in_where_everybody_does():
    chief = operator()
    visitor, guest = browser(), browser(people.make_guest())
    assert visitor.get("/admin/", follow=True).redirect_chain[-1][0] == "/account/login/?next=%2Fadmin%2F"
    assert guest.get("/admin/", follow=True).redirect_chain[-1][0] == "/account/login/?next=%2Fadmin%2F"
    fields = {"login": chief.username, "password": PASSWORD, "next": "/admin/"}
    assert guest.post("/account/login/", fields).url == "/admin/"
    assert guest.get("/admin/").status_code == 200


def test_the_admin_has_no_door_of_its_own_and_says_who_came_in(caplog):
    chief, visitor = operator(), browser()
    fields = {"username": chief.username, "password": PASSWORD, "login": chief.username, "next": "/admin/"}
    assert visitor.post("/admin/login/", fields).url == "/account/login/?next=%2Fadmin%2F"
    assert visitor.get("/admin/").status_code == 302
    for _ in range(6):
        refused = visitor.post("/account/login/", fields | {"password": "wrong"})
    assert "Too many tries" in refused.text
    assert f"operator {chief.pk} signed in" not in caplog.text
    assert caplog.text.count(f"signing in as operator {chief.pk} failed") == 5
    somebody = make_account()
    browser().post("/account/login/", {"login": somebody.username, "password": "wrong"})
    assert f"operator {somebody.pk} failed" not in caplog.text
    other = operator()
    browser().post("/account/login/", {"login": other.username, "password": PASSWORD})
    assert f"operator {other.pk} signed in" in caplog.text
    assert other.username not in caplog.text


def test_people_who_are_not_operators_are_turned_away():
    assert browser(make_account()).get("/admin/", follow=True).status_code == 403


def test_operators_see_what_models_used_and_cost(settings: Settings) -> None:
    settings.LLAMA_COST, settings.BUDGETS = (0.5, 2.0), {"site": 10_000}
    # Today other tests' servers write down what they used.
    day = timezone.localdate() - timedelta(days=5)
    Usage.objects.create(day=day, role="usual", model="llama", payer="guests", read=1_000, written=500)
    page = browser(operator()).get("/admin/assistant/usage/").content.decode()
    assert "1.5000" in page
    assert "1500" in page.replace(",", "").replace("\xa0", "")
    assert "10000" in page.replace(",", "").replace("\xa0", "")
