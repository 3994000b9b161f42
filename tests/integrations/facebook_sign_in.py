"""Run by test_callbacks.py in a process of its own, where people can sign in with Facebook."""

import base64
import hashlib
import hmac
import json

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment

from assistant import conversations
from assistant.models import Conversation, Person
from integrations.models import Contact, DeletionRequest, InboxEntry

setup_test_environment()
call_command("migrate", verbosity=0)
call_command("collectstatic", verbosity=0, interactive=False)


def signed(user_id: str, issued_at: int = 1770000000, secret: str = settings.META_APP_SECRET) -> dict[str, str]:
    """A form as Meta sends it."""
    fields = {"user_id": user_id, "algorithm": "HMAC-SHA256", "issued_at": issued_at}
    payload = base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.digest(secret.encode(), payload, hashlib.sha256)).rstrip(b"=")
    return {"signed_request": f"{signature.decode()}.{payload.decode()}"}


def somebody(user_id: str, provider: str = "facebook") -> Person:
    """An account that was opened with Facebook, with a conversation and a chat in an app."""
    person = Person.objects.create_user(f"{provider}-{user_id}")
    SocialAccount.objects.create(user=person, provider=provider, uid=user_id, extra_data={"name": "Ada Quispe"})
    conversation = conversations.begin(person, "A secret")
    account, name = provider, f"{user_id}-{person.pk}"
    contact = Contact.objects.create(channel="messenger", account=account, user_id=name, person=person)
    entry = {"external_id": name, "kind": "message", "content": {}, "said_at": conversation.created_at}
    InboxEntry.objects.create(contact=contact, channel="messenger", **entry)
    return person


def a_deletion_erases_who_is_meant_and_nobody_else() -> None:
    person, other, octo = somebody("218471"), somebody("218472"), somebody("218471", "github")
    answer = Client().post("/webhooks/meta/deletion", signed("218471"))
    assert answer.status_code == 200, answer
    code = answer.json()["confirmation_code"]
    assert answer.json()["url"] == f"{settings.SITE_URL}/deletion/{code}"
    assert not Person.objects.filter(pk=person.pk).exists()
    assert not Contact.objects.filter(user_id=f"218471-{person.pk}").exists()
    assert not InboxEntry.objects.filter(external_id=f"218471-{person.pk}").exists()
    assert Person.objects.filter(pk__in=[other.pk, octo.pk]).count() == 2
    assert Conversation.objects.count() == 2
    page = Client().get(f"/deletion/{code}")
    assert "Your data is erased" in page.text
    assert "218471" not in page.text
    assert "Ada" not in page.text


def the_same_request_again_erases_nobody_who_came_back() -> None:
    again = somebody("300")
    first = Client().post("/webhooks/meta/deletion", signed("300")).json()
    again = somebody("300")
    assert Client().post("/webhooks/meta/deletion", signed("300")).json() == first
    assert Person.objects.filter(pk=again.pk).exists()
    assert "Your data is erased" in Client().get(first["url"].removeprefix(settings.SITE_URL)).text
    later = Client().post("/webhooks/meta/deletion", signed("300", 1780000000)).json()
    assert later["confirmation_code"] != first["confirmation_code"]
    assert not Person.objects.filter(pk=again.pk).exists()


def a_wrong_signature_erases_nobody() -> None:
    person, before = somebody("400"), DeletionRequest.objects.count()
    for path in ("deletion", "deauthorize"):
        assert Client().post(f"/webhooks/meta/{path}", signed("400", secret="another")).status_code == 403
    assert Person.objects.filter(pk=person.pk).exists()
    assert SocialAccount.objects.get(user=person).extra_data
    assert DeletionRequest.objects.count() == before


def who_removes_the_app_keeps_the_account() -> None:
    person = somebody("500")
    account = SocialAccount.objects.get(user=person)
    app = SocialApp.objects.create(provider="facebook", name="Facebook", client_id="an-id")
    SocialToken.objects.create(account=account, app=app, token="facebooks-own-token")
    for _again in range(2):
        assert Client().post("/webhooks/meta/deauthorize", signed("500")).status_code == 200
    account.refresh_from_db()
    assert account.extra_data == {}
    assert not SocialToken.objects.filter(account=account).exists()
    assert Person.objects.filter(pk=person.pk).exists()
    assert Client().post("/webhooks/meta/deauthorize", signed("501")).status_code == 200


for check in (
    a_deletion_erases_who_is_meant_and_nobody_else,
    the_same_request_again_erases_nobody_who_came_back,
    a_wrong_signature_erases_nobody,
    who_removes_the_app_keeps_the_account,
):
    check()
    print(check.__name__, "holds")
