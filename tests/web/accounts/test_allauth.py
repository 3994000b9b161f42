"""Signing up, in and out; guests keep their words, strangers learn nothing."""

import io
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import AnonymousUser
from django.core import mail, signing
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from redis import Redis

from assistant import conversations, people
from assistant.models import Conversation, Person
from tests.assistant.test_tasks import Touch
from tests.clients import PASSWORD, browser, make_account, new_email
from tests.servers import Valkey
from web.accounts.identity import ensure_person
from web.accounts.sessions import SessionStore
from web.models import Session

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")


def guest_with_a_chat() -> tuple[Client, Person, Conversation]:
    guest = people.make_guest()
    return browser(guest), guest, conversations.begin(guest, "")


def sign_up(client: Client, **fields: str) -> HttpResponse:
    name = f"dora-{uuid4().hex[:12]}"
    return client.post("/account/signup/", {"username": name, "password1": PASSWORD} | fields)


def sign_in(client: Client, login: str, password: str = PASSWORD, **fields: str) -> HttpResponse:
    return client.post("/account/login/", {"login": login, "password": password} | fields)


def person_of(client: Client) -> Person | None:
    return Person.objects.filter(pk=client.session.get("_auth_user_id")).first()


def link_in(message: mail.EmailMessage) -> str:
    return re.search(r"https?://\S+", message.body)[0]


def same_but_for(response: HttpResponse, *words: str) -> str:
    """The page without what always differs: tokens, and the words the visitor sent."""
    text = re.sub(r'(name="csrfmiddlewaretoken" value|name="csrf-token" content)="\w+"', "", response.text)
    for word in words:
        text = text.replace(word, "WORD")
    return text


# Guests become accounts


def test_signing_up_turns_the_guest_into_an_account():
    client, guest, conversation = guest_with_a_chat()
    before = client.session.session_key
    assert sign_up(client, username=f"eve-{guest.pk.hex[:8]}").status_code == 302
    assert person_of(client) == guest
    guest.refresh_from_db()
    assert not guest.is_guest
    assert guest.check_password(PASSWORD)
    assert conversation in guest.conversations.all()
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_signing_up_without_having_chatted_makes_an_account():
    client = browser()
    sign_up(client)
    assert not person_of(client).is_guest


def test_signing_in_brings_the_guests_chats_along():
    client, guest, conversation = guest_with_a_chat()
    account, before = make_account(), client.session.session_key
    assert sign_in(client, account.username).status_code == 302
    assert person_of(client) == account
    conversation.refresh_from_db()
    assert conversation.members.get() == account
    assert not Person.objects.filter(pk=guest.pk).exists()
    assert client.session.session_key != before


def test_a_planted_cookie_is_dead_once_the_victim_signs_in():
    client, _guest, _conversation = guest_with_a_chat()
    planted = client.cookies["sessionid"].value
    sign_in(client, make_account().username)
    thief = browser()
    thief.cookies["sessionid"] = planted
    assert "Nothing is kept about you" in thief.get("/you/").text


def test_a_planted_cookie_is_dead_once_the_victim_signs_up():
    client, _guest, _conversation = guest_with_a_chat()
    planted = client.cookies["sessionid"].value
    sign_up(client)
    thief = browser()
    thief.cookies["sessionid"] = planted
    assert "Nothing is kept about you" in thief.get("/you/").text


@pytest.mark.parametrize("field", ["guest", "person", "user", "id", "session_key"])
def test_naming_another_guest_moves_nothing(field):
    _victim, guest, conversation = guest_with_a_chat()
    account = make_account()
    sign_in(browser(), account.username, **{field: str(guest.pk)})
    conversation.refresh_from_db()
    assert conversation.members.get() == guest
    assert account.conversations.count() == 0


def test_two_tabs_signing_in_as_two_accounts_give_the_chats_to_one():
    client, _guest, conversation = guest_with_a_chat()
    accounts, together = [make_account(), make_account()], threading.Barrier(2)

    def tab(account: Person) -> int:
        twin = browser()
        twin.cookies["sessionid"] = client.cookies["sessionid"].value
        together.wait(timeout=10)
        status = sign_in(twin, account.username).status_code
        connection.close()
        return status

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(tab, accounts))
    conversation.refresh_from_db()
    assert conversation.members.get() in accounts
    assert sorted(account.conversations.count() for account in accounts) == [0, 1]


def test_two_tabs_signing_up_at_once_give_the_chats_to_one():
    client, _guest, conversation = guest_with_a_chat()
    names, together = [f"fay-{uuid4().hex[:12]}" for _ in range(2)], threading.Barrier(2)

    def tab(name: str) -> None:
        twin = browser()
        twin.cookies["sessionid"] = client.cookies["sessionid"].value
        together.wait(timeout=10)
        sign_up(twin, username=name)
        connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(tab, names))
    accounts = Person.objects.filter(username__in=names, is_guest=False)
    conversation.refresh_from_db()
    assert conversation.members.get() in accounts
    assert sorted(account.conversations.count() for account in accounts) == [0, 1]
    assert all(account.check_password(PASSWORD) for account in accounts)


# What a guest may see


@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_a_guest_can_open_the_doors(page):
    client, _guest, _conversation = guest_with_a_chat()
    assert client.get(f"/account/{page}/").status_code == 200


@pytest.mark.parametrize("page", ["email", "password/change", "password/set"])
def test_pages_of_an_account_send_a_guest_to_sign_up(page):
    client, _guest, _conversation = guest_with_a_chat()
    assert client.get(f"/account/{page}/").url == f"/account/signup/?next=/account/{page}/"
    assert browser().get(f"/account/{page}/").url == f"/account/login/?next=/account/{page}/"


def test_an_account_is_sent_on_from_the_doors():
    client = browser(make_account())
    assert client.get("/account/login/").url == "/"
    assert client.get("/account/signup/").url == "/"


def test_a_guest_cannot_lose_their_chats_by_signing_out():
    client, guest, _conversation = guest_with_a_chat()
    client.post("/account/logout/")
    assert person_of(client) == guest


# Signing in and out


def test_signing_in_works_with_the_name_and_with_the_email():
    account = make_account(new_email())
    for login in (account.username, account.email, account.email.upper()):
        client = browser()
        sign_in(client, login)
        assert person_of(client) == account


def test_signing_out_is_a_post():
    account = make_account()
    client = browser(account)
    assert client.get("/account/logout/").status_code == 200
    assert person_of(client) == account
    client.post("/account/logout/")
    assert person_of(client) is None


@pytest.mark.parametrize("page", ["login", "signup", "logout", "password/reset"])
def test_another_site_cannot_sign_anybody_in_or_out(page):
    account = make_account(new_email())
    client = browser(account if page == "logout" else None, enforce_csrf_checks=True)
    fields = {"login": account.username, "password": PASSWORD, "username": "x", "password1": PASSWORD}
    response = client.post(
        f"/account/{page}/", fields | {"email": account.email}, headers={"origin": "https://evil.example"}
    )
    assert response.status_code == 403
    assert person_of(client) == (account if page == "logout" else None)


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
     "http:evil.example", "/\t/evil.example", "///evil.example", "http://testserver/you/", " //evil.example"],
)  # fmt: skip
def test_one_is_only_sent_on_to_our_own_paths(target):
    account = make_account()
    assert sign_in(browser(), account.username, next=target).url == "/"
    assert sign_up(browser(), next=target).url == "/"
    assert browser(account).get("/account/login/", {"next": target}).url == "/"
    assert browser(account).post("/account/logout/", {"next": target}).url == "/"


def test_one_is_sent_on_to_the_page_one_came_from():
    assert sign_in(browser(), make_account().username, next="/you/?a=b").url == "/you/?a=b"


def test_identity_headers_of_strangers_mean_nothing():
    account = make_account(new_email())
    headers = {"remote-user": account.username, "x-user": account.username, "x-forwarded-email": account.email}
    assert "Nothing is kept about you" in browser().get("/you/", headers=headers).text


def test_a_suspended_person_is_out_at_once_and_cannot_come_back():
    account = make_account()
    client = browser(account)
    Person.objects.filter(pk=account.pk).update(is_active=False)
    assert "Nothing is kept about you" in client.get("/you/").text
    assert sign_in(browser(), account.username).url == "/account/inactive/"


def test_guessing_passwords_is_slowed_down_behind_any_forged_address():
    account, client = make_account(), browser()
    for number in range(5):
        sign_in(client, account.username, "wrong", headers={"x-forwarded-for": f"192.0.2.{number}"})
    assert "Too many tries" in sign_in(client, account.username).text
    assert "Too many tries" in sign_in(browser(), account.username).text


def test_a_name_cannot_look_like_an_address_and_cannot_be_taken_twice():
    account = make_account()
    assert "Use letters" in sign_up(browser(), username="somebody@example.com").text
    for name in ("\u3164\u3164", "ada\u3164"):
        assert "Use letters" in sign_up(browser(), username=name).text
    assert "Somebody has this name" in sign_up(browser(), username=account.username.upper()).text


def test_a_weak_password_is_refused_beside_its_field():
    response = sign_up(browser(), password1="password")
    assert response.status_code == 200
    assert "too common" in response.text
    assert 'aria-invalid="true"' in response.text


def test_without_redis_nobody_signs_in_and_a_plain_page_says_so(settings):
    away = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"}
    account, settings.CACHES = make_account(), {"default": away}
    response = sign_in(browser(), account.username)
    assert response.status_code == 503
    assert "try again in a moment" in response.text


def test_what_redis_holds_is_not_run(valkey_here: Valkey, tmp_path: Path) -> None:
    account, trace = make_account(), tmp_path / "trace"
    with Redis.from_url(valkey_here.url) as redis:
        before = set(redis.scan_iter("cache:*"))
        client = browser()
        sign_in(client, account.username, "wrong")
        counted = set(redis.scan_iter("cache:*")) - before
        assert counted
        for key in counted:
            redis.set(key, pickle.dumps(Touch(trace)), ex=60)
        with pytest.raises(ValueError, match="decode"):
            sign_in(client, account.username)
        redis.delete(*counted)
    assert not trace.exists()


# Nobody learns who has an account


def test_a_wrong_login_looks_the_same_for_known_and_unknown_people():
    account = make_account(new_email())
    stranger = new_email()
    known, unknown = sign_in(browser(), account.email, "wrong"), sign_in(browser(), stranger, "wrong")
    assert known.status_code == unknown.status_code
    assert same_but_for(known, account.email) == same_but_for(unknown, stranger)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was hashed: nearly all the work of signing in."""
    made: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        made.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return made


def known_logins() -> dict[str, str]:
    """Logins of people who cannot sign in with a wrong password, nor some of them with a right one."""
    account, suspended, only_social = (make_account(new_email()) for _ in range(3))
    suspended.is_active = False
    suspended.save()
    only_social.set_unusable_password()
    only_social.save()
    shared, confirmed = new_email(), make_account(new_email())
    for _ in range(3):
        sign_up(browser(), email=shared)
    EmailAddress.objects.filter(user=confirmed).update(verified=True)
    return {
        "a name": account.username,
        "an e-mail": account.email,
        "in capitals": account.email.upper(),
        "a confirmed e-mail": confirmed.email,
        "an e-mail of three": shared,
        "a suspended name": suspended.username,
        "a suspended e-mail": suspended.email,
        "a name without a password": only_social.username,
        "an e-mail without a password": only_social.email,
        "a guest": people.make_guest().username,
    }


def test_a_wrong_login_takes_the_same_work_whoever_is_named(hashes: list[str]) -> None:
    logins = known_logins() | {
        "nobody": "nobody-here",
        "an unknown e-mail": new_email(),
        "nonsense": "@",
        "long": "x" * 254,
    }
    work = {}
    for name, login in logins.items():
        hashes.clear()
        assert sign_in(browser(), login, "wrong").status_code == 200
        work[name] = len(hashes)
    assert work == dict.fromkeys(logins, 1)


def test_signing_up_takes_the_same_work_with_a_taken_address(hashes: list[str]) -> None:
    work = []
    for email in (make_account(new_email()).email, new_email()):
        hashes.clear()
        sign_up(browser(), email=email)
        work.append(len(hashes))
    assert len(set(work)) == 1


def test_of_many_with_one_address_the_first_signs_in_with_it_and_the_others_by_name() -> None:
    first = make_account(new_email())
    sign_up(newcomer := browser(), email=first.email, password1="another llama 43")
    second = person_of(newcomer)
    assert second
    sign_in(client := browser(), first.email)
    assert person_of(client) == first
    sign_in(client := browser(), second.username, "another llama 43")
    assert person_of(client) == second


def test_a_reset_looks_the_same_for_known_and_unknown_addresses():
    account, stranger = make_account(new_email()), new_email()
    pages = []
    for email in (account.email, stranger):
        client = browser()
        response = client.post("/account/password/reset/", {"email": email})
        pages.append((response.status_code, response.url, same_but_for(client.get(response.url), email)))
        assert mail.outbox[-1].to == [email]
    assert pages[0] == pages[1]


def test_signing_up_looks_the_same_with_a_taken_address():
    account, free = make_account(new_email()), new_email()
    pages = []
    for email in (account.email, free):
        client = browser()
        name = f"gil-{uuid4().hex[:12]}"
        response = sign_up(client, username=name, email=email)
        page = client.get("/account/email/")
        pages.append((response.status_code, response.url, same_but_for(page, email, name)))
        assert mail.outbox[-1].to == [email]
    assert pages[0] == pages[1]


def test_a_taken_address_gives_no_way_into_the_account_that_has_it():
    account = make_account(new_email())
    newcomer = browser()
    sign_up(newcomer, email=account.email, password1="another llama 43")
    assert person_of(newcomer) != account
    client = browser()
    sign_in(client, account.email)
    assert person_of(client) == account
    sign_in(intruder := browser(), account.email, "another llama 43")
    assert person_of(intruder) is None


def at_the_addresses(account: Person, host: str = "testserver") -> Client:
    """A browser of theirs in which they have just typed their password once more."""
    client = browser(account)
    client.post("/account/reauthenticate/", {"password": PASSWORD}, headers={"host": host})
    return client


def test_adding_a_taken_address_looks_the_same_as_a_free_one() -> None:
    taken, pages = make_account(new_email()).email, []
    for email in (taken, new_email()):
        account = make_account()
        client = at_the_addresses(account)
        response = client.post("/account/email/", {"email": email, "action_add": ""}, follow=True)
        pages.append((response.redirect_chain, same_but_for(response, email, account.username)))
        assert mail.outbox[-1].to == [email]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_a_program_that_asks_for_json_learns_no_more_than_a_browser(page: str) -> None:
    account, stranger = make_account(new_email()), new_email()
    asking, told = {"accept": "application/json", "x-requested-with": "XMLHttpRequest"}, []
    for email in (account.email, stranger):
        name = f"hal-{uuid4().hex[:12]}"
        fields = {"login": email, "password": "wrong", "email": email, "username": name, "password1": PASSWORD}
        response = browser().post(f"/account/{page}/", fields, headers=asking)
        told.append((response.status_code, response.headers["content-type"], same_but_for(response, email, name)))
    assert told[0] == told[1]
    assert told[0][1].startswith("text/html")


def test_too_many_tries_look_the_same_for_known_and_unknown_people() -> None:
    told = []
    for email in (make_account(new_email()).email, new_email()):
        tries = [sign_in(browser(), email, "wrong") for _ in range(6)]
        resets = [browser().post("/account/password/reset/", {"email": email}) for _ in range(6)]
        told.append([(page.status_code, same_but_for(page, email)) for page in (tries[-1], resets[-1])])
    assert told[0] == told[1]
    assert "Too many tries" in told[0][0][1]
    assert told[0][1][0] == 429


# Links in e-mails


def test_links_are_made_from_the_configured_site(settings):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://chat.example", ["chat.example", "evil.example"]
    account, headers = make_account(new_email()), {"host": "evil.example"}
    browser().post("/account/password/reset/", {"email": account.email}, headers=headers)
    browser().post("/account/password/reset/", {"email": new_email()}, headers=headers)
    browser().post(
        "/account/signup/",
        {"username": uuid4().hex[:12], "password1": PASSWORD, "email": new_email()},
        headers=headers,
    )
    client = at_the_addresses(account, "evil.example")
    client.post("/account/email/", {"email": new_email(), "action_add": ""}, headers=headers)
    assert len(mail.outbox) == 4
    for message in mail.outbox:
        assert link_in(message).startswith("https://chat.example/account/")
        assert "evil.example" not in message.body + message.subject


def reset_link(email: str) -> str:
    browser().post("/account/password/reset/", {"email": email})
    return "/" + link_in(mail.outbox[-1]).split("/", 3)[3]


def use_reset_link(path: str, password: str) -> HttpResponse:
    client = browser()
    response = client.get(path)
    if response.status_code != 302:
        return response
    return client.post(response.url, {"password1": password, "password2": password})


def test_a_reset_link_sets_the_password_once_and_ends_every_session():
    account = make_account(new_email())
    elsewhere, path = browser(account), reset_link(account.email)
    assert use_reset_link(path, "a fresh llama 44").status_code == 302
    account.refresh_from_db()
    assert account.check_password("a fresh llama 44")
    assert "Nothing is kept about you" in elsewhere.get("/you/").text
    assert "no longer works" in use_reset_link(path, "a second llama 45").text
    account.refresh_from_db()
    assert account.check_password("a fresh llama 44")


def test_a_reset_link_for_somebody_else_is_refused():
    account, other = make_account(new_email()), make_account()
    path = reset_link(account.email).replace(account.pk.hex, other.pk.hex)
    assert "no longer works" in use_reset_link(path, "a fresh llama 44").text
    other.refresh_from_db()
    assert other.check_password(PASSWORD)


def test_an_old_reset_link_is_refused(settings):
    account = make_account(new_email())
    path = reset_link(account.email)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "no longer works" in use_reset_link(path, "a fresh llama 44").text


def test_a_reset_link_dies_with_the_one_that_was_used_and_with_its_address() -> None:
    account = make_account(new_email())
    first, second = reset_link(account.email), reset_link(account.email)
    assert use_reset_link(second, "a fresh llama 44").status_code == 302
    assert "no longer works" in use_reset_link(first, "a second llama 45").text
    third = reset_link(account.email)
    Person.objects.filter(pk=account.pk).update(email=new_email())
    assert "no longer works" in use_reset_link(third, "a second llama 45").text
    account.refresh_from_db()
    assert account.check_password("a fresh llama 44")


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one():
    account = make_account()
    here, elsewhere = browser(), browser(account)
    sign_in(here, account.username)
    fields = {"oldpassword": PASSWORD, "password1": "a fresh llama 44", "password2": "a fresh llama 44"}
    before = here.session.session_key
    assert here.post("/account/password/change/", fields).status_code == 302
    assert person_of(here) == account
    assert here.session.session_key != before
    assert "Nothing is kept about you" in elsewhere.get("/you/").text


def test_an_address_is_confirmed_by_its_link():
    client, email = browser(), new_email()
    sign_up(client, email=email)
    path = "/" + link_in(mail.outbox[-1]).split("/", 3)[3]
    assert "Yes, it is mine" in client.get(path).text
    assert not EmailAddress.objects.get(email=email).verified
    client.post(path)
    assert EmailAddress.objects.get(email=email).verified


def confirmation() -> tuple[Person, str, str]:
    """Somebody who signed up with an e-mail; the e-mail, and the path of its link."""
    client, email = browser(), new_email()
    sign_up(client, email=email)
    account = person_of(client)
    assert account
    return account, email, "/" + link_in(mail.outbox[-1]).split("/", 3)[3]


def confirms(path: str, client: Client | None = None) -> bool:
    client = client or browser()
    offered = "Yes, it is mine" in client.get(path).text
    client.post(path)
    return offered


def test_a_confirmation_link_works_once() -> None:
    account, email, path = confirmation()
    assert confirms(path)
    EmailAddress.objects.get(email=email).remove()
    # Somebody else has it now, and has confirmed nothing.
    other = make_account(email)
    EmailAddress.objects.filter(user=other).update(verified=False)
    assert not confirms(path)
    assert not EmailAddress.objects.filter(email=email, verified=True).exists()
    assert not EmailAddress.objects.filter(user=account).exists()


def test_an_old_confirmation_link_is_refused(settings) -> None:
    _account, email, path = confirmation()
    settings.ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = -1
    assert not confirms(path)
    assert not EmailAddress.objects.get(email=email).verified


def test_a_confirmation_link_is_about_its_own_account_whoever_opens_it() -> None:
    account, email, path = confirmation()
    key = path.rstrip("/").rpartition("/")[2]
    own = EmailAddress.objects.get(email=email)
    other = EmailAddress.objects.get(user=make_account(new_email()))
    EmailAddress.objects.filter(pk=other.pk).update(verified=False)
    _number, _colon, signature = key.partition(":")
    forged = f"{signing.dumps(other.pk, salt='').partition(':')[0]}:{signature}"
    assert not confirms(path.replace(key, forged))
    bystander = browser(other.user)
    assert confirms(path, bystander)
    assert person_of(bystander) != account
    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.user, own.verified, other.verified) == (account, True, False)


def test_a_mail_server_that_is_away_stops_nobody(settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 9,
    )  # fmt: skip
    client = browser()
    assert sign_up(client, email=new_email()).status_code == 302
    assert not person_of(client).is_guest
    assert "could not be sent" in client.get("/you/").text


# The pages themselves


class Outline(HTMLParser):
    """What the pages promise: one heading, labels, and nothing inline."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings, self.labelled, self.fields, self.inline = 0, set(), {}, []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.headings += tag == "h1"
        if tag == "label":
            self.labelled.add(values.get("for"))
        if tag == "input" and "id" in values and values.get("type") not in ("hidden", "radio"):
            self.fields[values.get("id")] = values
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        self.inline += [name for name in values if name == "style" or name.startswith("on")]


PAGES = ["login", "signup", "logout", "password/reset", "password/reset/done", "password/reset/key/done",
         "password/change", "email", "reauthenticate", "inactive", "confirm-email", "confirm-email/nothing",
         "password/reset/key/0-nothing"]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_account_page_is_plain_and_labelled(page):
    account = make_account(new_email())
    inside = page in ("logout", "password/change", "email", "reauthenticate")
    response = browser(account if inside else None).get(f"/account/{page}/")
    outline = Outline(response.text)
    assert response.status_code == 200
    assert outline.headings == 1
    assert outline.inline == []
    assert set(outline.fields) <= outline.labelled
    assert all("autocomplete" in values for values in outline.fields.values())
    assert response["Cache-Control"].count("no-store")


# Without mail


@pytest.fixture(params=["console", "dummy", "filebased"])
def no_mail(settings, request):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{request.param}.EmailBackend"
    settings.EMAIL_FILE_PATH = "/nonexistent"


PROMISES = re.compile(
    r"send you a link|on its way|Look into your mail|Send the link|/account/password/reset/|Get a new link"
)


def test_without_mail_no_page_promises_any_and_says_whom_to_ask(no_mail):
    account = make_account(new_email())
    signed_in, stranger = browser(account), browser()
    pages = {
        path: client.get(f"/account/{path}/")
        for client, paths in {
            stranger: ("login", "password/reset", "password/reset/done", "confirm-email", "password/reset/key/1-2-3"),
            signed_in: ("email", "password/change", "reauthenticate"),
        }.items()
        for path in paths
    }
    assert {path: page.status_code for path, page in pages.items() if page.status_code != 200} == {}
    assert [path for path, page in pages.items() if PROMISES.search(page.text)] == []
    for path in ("login", "password/reset", "password/reset/key/1-2-3", "email", "password/change"):
        assert "ask whoever runs this site" in pages[path].text, path
    assert not PROMISES.search(stranger.get("/account/signup/").text)
    assert not PROMISES.search(stranger.get("/account/confirm-email/1:2:3/").text)


def test_without_mail_no_request_makes_one(no_mail, capsys):
    account = make_account(new_email())
    page = browser().post("/account/password/reset/", {"email": account.email})
    assert "ask whoever runs this site" in page.text
    client = browser()
    sign_up(client, email=new_email())
    assert not EmailAddress.objects.filter(user=person_of(client)).exists()
    assert not PROMISES.search(client.get("/you/").text)
    signed_in = browser(account)
    sign_in(signed_in, account.username)
    signed_in.post("/account/email/", {"email": new_email(), "action_add": ""})
    signed_in.post("/account/email/", {"email": account.email, "action_send": ""})
    assert not PROMISES.search(signed_in.get("/you/").text)
    assert "@" not in capsys.readouterr().out


def test_sessions_say_what_those_of_older_versions_say_of_how_one_signed_in():
    """Where they do not, whoever comes after an update, or to the other version beside it, is nobody."""
    named = "allauth.account.auth_backends.AuthenticationBackend"
    account = make_account()
    visitor, newcomer = browser(), browser()
    sign_in(visitor, account.username)
    sign_up(newcomer)
    for client in (visitor, newcomer):
        assert client.session["_auth_user_backend"] == named
    for backend in django_settings.AUTHENTICATION_BACKENDS:
        visitor.force_login(account, backend=backend)
        assert person_of(visitor) == account
        assert visitor.get("/you/").status_code == 200
    guest = RequestFactory().post("/")
    guest.session, guest.user = SessionStore(), AnonymousUser()
    ensure_person(guest)
    assert guest.session["_auth_user_backend"] == named


def test_with_mail_a_reset_is_offered():
    assert "/account/password/reset/" in browser().get("/account/login/").text
    assert "send you a link" in browser().get("/account/password/reset/").text
    assert 'name="email"' in browser().get("/account/signup/").text


def test_what_the_operator_does_sets_a_password_and_ends_every_session(no_mail, monkeypatch):
    account = make_account()
    elsewhere = browser(account)
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: "a fresh llama 44")
    call_command("changepassword", account.username, stdout=io.StringIO())
    assert sign_in(browser(), account.username, "a fresh llama 44").status_code == 302
    assert "Nothing is kept about you" in elsewhere.get("/you/").text
