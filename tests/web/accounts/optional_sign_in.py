"""Run by test_optional_sign_in.py in a process of its own, where passkeys and social sign-in are switched on."""

from importlib import import_module

from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.management import call_command
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import setup_test_environment

from assistant import conversations, people
from assistant.models import Person

setup_test_environment()
call_command("migrate", verbosity=0)
call_command("collectstatic", verbosity=0, interactive=False)


def come_back_from_github(uid: str, email: str, verified: bool, guest: Person | None = None) -> HttpRequest:
    """The request with which somebody returns from GitHub, who says that they have this address."""
    request = RequestFactory().get("/account/github/login/callback/")
    request.session = import_module("web.accounts.sessions").SessionStore()
    request.user, request._messages = AnonymousUser(), CookieStorage(request)
    if guest:
        request.guest = guest
    account = SocialAccount(provider="github", uid=uid, extra_data={})
    addresses = [EmailAddress(email=email, verified=verified, primary=True)]
    with context.request_context(request):
        provider = get_adapter().get_provider(request, "github")
        login = SocialLogin(
            user=Person(username=f"octo{uid}", email=email),
            account=account,
            email_addresses=addresses,
            provider=provider,
        )
        complete_social_login(request, login)
    return request


def the_pages_offer_what_is_on() -> None:
    page = Client().get("/account/login/")
    assert "Sign in with a passkey" in page.text
    assert "/account/github/login/" in page.text
    assert "google" not in page.text
    assert "https://github.com" in page["Content-Security-Policy"]
    assert "style=" not in page.text
    assert "<script>" not in page.text


def going_to_github_is_a_post() -> None:
    assert Client().get("/account/github/login/").status_code == 200
    assert Client().post("/account/github/login/").url.startswith("https://github.com/login/oauth/authorize?")


def an_address_that_somebody_has_is_not_merged() -> None:
    for number, verified in enumerate([True, False]):
        email = f"taken{number}@example.com"
        owner = Person.objects.create_user(f"owner{number}", email=email, password="a long llama 1")
        EmailAddress.objects.create(user=owner, email=email, verified=True, primary=True)
        for claimed in (True, False):
            request = come_back_from_github(f"{number}{verified:d}{claimed:d}", email, claimed)
            assert request.user.is_authenticated
            assert request.user != owner
            assert EmailAddress.objects.get(email=email, verified=True).user == owner


def a_guest_brings_their_chats() -> None:
    guest = people.make_guest()
    conversation = conversations.begin(guest, "")
    request = come_back_from_github("77", "guest@example.com", True, guest)
    conversation.refresh_from_db()
    assert conversation.members.get() == request.user
    again = come_back_from_github("77", "guest@example.com", True)
    assert again.user == request.user


def passkeys_ask_for_the_password_first() -> None:
    client = Client()
    client.force_login(Person.objects.create_user("keyed", password="a long llama 1"))
    assert "Passkeys" in client.get("/account/2fa/webauthn/").text
    assert client.get("/account/2fa/webauthn/add/").url.startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": "a long llama 1"})
    assert "Add a passkey" in client.get("/account/2fa/webauthn/add/").text


def a_guest_is_sent_to_sign_up_for_passkeys() -> None:
    client = Client()
    client.force_login(people.make_guest())
    assert client.get("/account/2fa/webauthn/").url.startswith("/account/signup/?")


for check in (
    the_pages_offer_what_is_on,
    going_to_github_is_a_post,
    an_address_that_somebody_has_is_not_merged,
    a_guest_brings_their_chats,
    passkeys_ask_for_the_password_first,
    a_guest_is_sent_to_sign_up_for_passkeys,
):
    check()
    print(check.__name__, "holds")
