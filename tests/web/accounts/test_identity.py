"""Who is asking, from where, and whether they still may."""

from datetime import timedelta
from importlib import import_module
from uuid import uuid4

from django.contrib.auth import SESSION_KEY, login, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from assistant import people
from assistant.models import Person
from web.accounts.identity import BACKEND, ensure_person, is_active_session, remember
from web.models import Session


def visit(person: Person | None = None) -> HttpRequest:
    """A request from a browser, with `person` signed in."""
    request = RequestFactory().post("/")
    request.session = import_module("web.accounts.sessions").SessionStore()
    request.user = AnonymousUser()
    if person:
        login(request, person, backend=BACKEND)
        request.session.save()
    return request


def make_account() -> Person:
    return Person.objects.create_user(f"bea-{uuid4().hex}", password="a long password")


def test_a_visitor_becomes_a_guest_with_a_new_session_key():
    request = visit()
    request.session["mark"] = 1
    request.session.save()
    before = request.session.session_key
    guest = ensure_person(request)
    request.session.save()
    assert guest.is_guest
    assert request.user == guest
    assert request.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    assert Session.objects.get(session_key=request.session.session_key).person == guest


def test_a_guest_stays_the_same_guest():
    request = visit()
    guest = ensure_person(request)
    assert ensure_person(request) == guest


def test_pages_open_in_other_tabs_can_still_send_after_the_first_message():
    request = visit()
    request.META["CSRF_COOKIE"] = "a" * 32
    ensure_person(request)
    assert request.META["CSRF_COOKIE"] == "a" * 32


def test_a_visit_after_an_hour_makes_the_session_last_longer():
    guest = people.make_guest()
    request = visit(guest)
    request.session.modified = False
    remember(request)
    assert not request.session.modified
    guest.last_seen_at = timezone.now() - timedelta(hours=2)
    remember(request)
    assert request.session.modified


def test_a_session_speaks_for_its_person_only():
    guest, other = people.make_guest(), people.make_guest()
    session = visit(guest).session
    assert is_active_session(session, guest)
    assert not is_active_session(session, other)


def test_asking_whether_a_session_is_active_is_one_query(django_assert_num_queries):
    guest = people.make_guest()
    session = visit(guest).session
    with django_assert_num_queries(1):
        assert is_active_session(session, guest)


def test_a_session_ends_with_signing_out():
    guest = people.make_guest()
    request = visit(guest)
    old = import_module("web.accounts.sessions").SessionStore(request.session.session_key)
    logout(request)
    assert not is_active_session(old, guest)


def test_a_session_ends_with_a_new_password():
    account = make_account()
    session = visit(account).session
    account.set_password("another long password")
    account.save()
    assert not is_active_session(session, account)


def test_a_session_ends_with_suspension():
    account = make_account()
    session = visit(account).session
    Person.objects.filter(pk=account.pk).update(is_active=False)
    assert not is_active_session(session, account)


def test_a_session_ends_with_erasure():
    account = make_account()
    session = visit(account).session
    people.erase(account)
    assert not is_active_session(session, account)
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_a_session_ends_with_time():
    account = make_account()
    session = visit(account).session
    Session.objects.filter(session_key=session.session_key).update(expire_date=timezone.now())
    assert not is_active_session(session, account)


def test_a_session_without_a_key_speaks_for_nobody():
    assert not is_active_session(visit().session, people.make_guest())


async def test_a_session_saved_by_async_code_is_tied_to_its_person():
    guest = await Person.objects.acreate(username=f"guest-{uuid4().hex}", is_guest=True)
    session = import_module("web.accounts.sessions").SessionStore()
    session[SESSION_KEY] = str(guest.pk)
    await session.asave()
    assert (await Session.objects.aget(session_key=session.session_key)).person_id == guest.pk
