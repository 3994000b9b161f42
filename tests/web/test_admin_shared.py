"""Operators see which conversations are shared, reported ones first, without a word of them, and can end each link."""

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.utils import timezone

from assistant import conversations, people, shares
from assistant.models import Conversation, ConversationShare, Message, Person, Run, SharedMessage
from tests.clients import browser, make_account

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LIST = "/admin/assistant/conversationshare/"


def operator(*rights: str) -> Person:
    """Somebody of the staff, with these rights or, without any named, all of them."""
    person = make_account()
    person.is_staff, person.is_superuser = True, not rights
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return person


def share(reported: str | None = None) -> ConversationShare:
    person = people.make_guest()
    conversation = conversations.begin(person, "A secret title")
    conversation.messages.create(position=1, role=Message.Role.USER, author=person, text="A secret wish")
    answer = conversation.messages.create(position=2, role=Message.Role.ASSISTANT, text="A secret answer")
    Run.objects.create(conversation=conversation, answer=answer, person=person, status=Run.Status.DONE)
    made = shares.make(person, conversation.id)
    if reported is not None:
        shares.report(made, reported)
    return made


def test_no_page_shows_what_was_said():
    made, client = share(reported=HOSTILE), browser(operator())
    for path in (LIST, f"{LIST}{quote(made.pk)}/change/", f"{LIST}{quote(made.pk)}/delete/"):
        page = client.get(path)
        assert page.status_code == 200
        assert "secret" not in page.text
        assert "<script>alert" not in page.text
    assert f"/s/c/{made.token}/" in client.get(f"{LIST}{quote(made.pk)}/change/").text


@pytest.mark.parametrize("lookup", ["title__startswith=A", "messages__text__contains=wish", "conversation__title=A"])
def test_nobody_guesses_at_the_words_through_the_address(lookup):
    share()
    assert browser(operator()).get(f"{LIST}?{lookup}").status_code in (302, 400)


def test_reported_links_come_first():
    quiet, reported, newest = share(), share(reported="Bad"), share()
    ConversationShare.objects.filter(pk=reported.pk).update(reported_at=timezone.now())
    page = browser(operator()).get(LIST).text
    places = [page.index(f"{LIST}{quote(made.pk)}/change/") for made in (reported, newest, quiet)]
    assert places == sorted(places)


@pytest.mark.parametrize("way", ["page", "action"])
def test_an_operator_takes_a_link_back(way):
    made = share(reported="Not theirs")
    client = browser(operator("view_conversationshare", "delete_conversationshare"))
    if way == "page":
        client.post(f"{LIST}{quote(made.pk)}/delete/", {"post": "yes"})
    else:
        client.post(LIST, {"action": "delete_selected", "_selected_action": made.pk, "post": "yes"})
    assert shares.find(made.token) is None
    assert not SharedMessage.objects.filter(share_id=made.token).exists()
    assert Conversation.objects.filter(pk=made.conversation_id).exists()


def test_those_who_may_only_look_end_nothing():
    made, client = share(), browser(operator("view_conversationshare"))
    assert client.post(f"{LIST}{quote(made.pk)}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{LIST}{quote(made.pk)}/change/", {"title": "x"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert shares.find(made.token)
