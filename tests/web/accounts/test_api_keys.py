"""The page of a person's API keys."""

import json
import re
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from assistant import api_keys, people
from assistant.models import Person
from tests.clients import PASSWORD, browser, make_account
from tests.web.accounts.test_privacy import download

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")


def signed_in(person: Person) -> Client:
    """A browser in which the password was typed just now."""
    client = browser(person)
    response = client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert response.status_code == 302
    return client


def form(name: str = "My script", lifetime: str = "90") -> dict[str, str]:
    return {"name": name, "lifetime": lifetime, "id": str(uuid4())}


def shown_key(page: str) -> str:
    found = re.search(r'<input id="made" value="(\w+)"', page)
    assert found, page
    return found[1]


def test_a_key_is_made_shown_once_and_revoked() -> None:
    ada = make_account()
    client = signed_in(ada)
    assert "None yet." in client.get("/you/keys").text
    answer = client.post("/you/keys", form("My <b>script</b>"))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    text = shown_key(answer.text)
    key = api_keys.known(text)
    assert key.person == ada
    again = client.get("/you/keys").text
    assert text not in again
    assert text.rpartition("_")[2] not in again
    assert api_keys.beginning(key) in again
    assert "My &lt;b&gt;script&lt;/b&gt;" in again
    assert client.post(reverse("revoke_api_key", args=[key.id])).status_code == 302
    assert "Revoked." in client.get("/you/keys").text
    assert not api_keys.still_holds(key.id)


@pytest.mark.parametrize(("lifetime", "days"), [("30", 30), ("90", 90), ("365", 365), ("never", None)])
def test_it_lasts_as_long_as_was_chosen(lifetime: str, days: int | None) -> None:
    client = signed_in(make_account())
    key = api_keys.known(shown_key(client.post("/you/keys", form(lifetime=lifetime)).text))
    assert (key.expires_at - key.created_at).days in (days, (days or 0) - 1) if key.expires_at else days is None


def test_what_is_refused_is_said_beside_the_form(settings: Settings) -> None:
    ada = make_account()
    client = signed_in(ada)
    page = client.post("/you/keys", form(" "))
    assert page.status_code == 400
    assert "Please give the key a name" in page.text
    for wrong in ({"lifetime": "1000"}, {"id": "none"}, {"lifetime": ""}):
        page = client.post("/you/keys", form() | wrong)
        assert page.status_code == 400
        assert "how long the key shall last" in page.text
        assert 'value="My script"' in page.text
    settings.API_KEYS_PER_PERSON = 0
    assert "as many keys as can be kept" in client.post("/you/keys", form()).text
    assert api_keys.of(ada).count() == 0


def test_a_page_that_is_loaded_again_makes_no_second_key() -> None:
    ada = make_account()
    client = signed_in(ada)
    sent = form()
    client.post("/you/keys", sent)
    again = client.post("/you/keys", sent)
    assert again.status_code == 302
    assert api_keys.of(ada).count() == 1


def test_who_only_found_an_open_browser_is_asked_for_the_password_first() -> None:
    ada = make_account()
    client = browser(ada)
    assert client.get("/you/keys").status_code == 200
    asked = client.post("/you/keys", form())
    assert asked.status_code == 302
    assert asked.url.startswith("/account/reauthenticate/")  # type: ignore[attr-defined]
    assert api_keys.of(ada).count() == 0
    went_on = client.post(asked.url, {"password": PASSWORD})  # type: ignore[attr-defined]
    assert api_keys.known(shown_key(went_on.text)).person == ada


def test_guests_and_strangers_have_none() -> None:
    assert browser().get("/you/keys").url == "/you/"  # type: ignore[attr-defined]
    guest = people.make_guest()
    client = browser(guest)
    assert "With an account, you can make keys" in client.get("/you/keys").text
    assert client.post("/you/keys", form()).status_code == 403
    assert "API keys" not in client.get("/you/").text


def test_a_site_may_have_none(settings: Settings) -> None:
    settings.API_KEYS = False
    client = signed_in(make_account())
    assert client.get("/you/keys").status_code == 404
    assert client.post("/you/keys", form()).status_code == 404
    assert 'id="keys"' not in client.get("/you/").text


@pytest.mark.usefixtures("process")
async def test_the_export_lists_them_without_what_is_secret() -> None:
    ada, text, digest = await sync_to_async(somebody_with_a_key)()
    files = await download(ada)
    (told,) = json.loads(files.read("api_keys.json"))
    assert (told["name"], told["scope"], told["begins"]) == ("My script", "chat", text[:20])
    assert told["expires"]
    assert told["last_used"]
    for name in files.namelist():
        assert text.rpartition("_")[2].encode() not in files.read(name)
        assert digest.encode() not in files.read(name)


def somebody_with_a_key() -> tuple[Person, str, str]:
    """A person, their key, and what is stored of it."""
    ada = make_account()
    text = api_keys.make(ada, "My script", api_keys.LIFETIMES["30"], uuid4())
    return ada, text, api_keys.known(text).digest


def test_they_are_counted_and_go_with_the_person() -> None:
    ada = make_account()
    client = signed_in(ada)
    key = api_keys.known(api_keys.make(ada, "My script", None, uuid4()))
    assert "1 key lets a program ask" in client.get("/you/").text
    assert "1 API key: programs that have it are refused" in client.post("/you/erase").text
    client.post("/you/erase", {"sure": "yes"})
    assert not api_keys.still_holds(key.id)


def test_a_new_password_leaves_them() -> None:
    ada = make_account()
    text = api_keys.make(ada, "My script", None, uuid4())
    ada.set_password("another llama 42")
    ada.save()
    assert api_keys.known(text).person == ada
