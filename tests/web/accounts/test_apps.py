"""The page of a person's apps, without a browser."""

import re
from typing import Any

import pytest
from django.test import AsyncClient
from django.urls import reverse
from pytest_django.fixtures import Settings

from assistant import people
from assistant.database import in_thread
from integrations import links
from tests.clients import PASSWORD, browser, make_account
from tests.integrations.linking import code_for, join, make_contact, token_in

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")


@pytest.fixture
def doors(settings: Settings) -> None:
    """All three apps are on; of Instagram's account the name is not known."""
    settings.META_APP_SECRET = "secret"
    settings.WHATSAPP_TOKEN, settings.WHATSAPP_PHONE_ID, settings.WHATSAPP_PURPOSE = "token", "1001", "assistant"
    settings.WHATSAPP_COUNTRIES, settings.WHATSAPP_NUMBER = ["DE"], "4915112345678"
    settings.MESSENGER_TOKEN, settings.MESSENGER_PAGE_ID = "token", "2002"
    settings.INSTAGRAM_TOKEN, settings.INSTAGRAM_ID = "token", "3003"


@pytest.mark.usefixtures("doors")
def test_the_page_shows_the_code_and_the_ways_into_each_app() -> None:
    ada = make_account()
    assert "Get a code" in browser(ada).get("/you/apps").text
    _link, code = code_for(ada)
    page = browser(ada).get("/you/apps").text
    assert f"/link {code}" in page
    assert f'href="https://wa.me/4915112345678?text=/link%20{code}"' in page
    assert f'href="https://m.me/2002?text=/link%20{code}"' in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert '<span class="app-name">Instagram</span>' in page
    assert "token" not in re.sub(r"csrf\w*token|csrf-token", "", page)


@pytest.mark.usefixtures("doors")
def test_with_the_emulator_nothing_leads_to_the_real_apps(settings: Settings) -> None:
    settings.GRAPH_URL = "http://127.0.0.1:9000"
    ada = make_account()
    code_for(ada)
    page = browser(ada).get("/you/apps").text
    assert "wa.me" not in page
    assert "m.me" not in page
    assert '<span class="app-name">Messenger</span>' in page


@pytest.mark.usefixtures("doors")
@pytest.mark.parametrize(
    ("missing", "on"),
    [("META_APP_SECRET", set()), ("WHATSAPP_COUNTRIES", {"Messenger", "Instagram"})],
)
def test_an_app_that_answers_nobody_has_no_door(settings: Settings, missing: str, on: set[str]) -> None:
    setattr(settings, missing, type(getattr(settings, missing))())
    ada = make_account()
    code_for(ada)
    page = browser(ada).get("/you/apps").text
    found = page.partition('<ul class="doors">')[2].partition("</ul>")[0]
    assert {title for title in ("WhatsApp", "Messenger", "Instagram") if title in found} == on


def test_where_no_app_is_on_the_page_says_so_and_is_not_offered() -> None:
    ada = make_account()
    assert "in no app here yet" in browser(ada).get("/you/apps").text
    assert "Connect an app" not in browser(ada).get("/you/").text


@pytest.mark.usefixtures("doors")
def test_a_visitor_who_is_nobody_yet_sees_the_page() -> None:
    assert "Connect an app" in browser().get("/you/").text
    assert "Get a code" in browser().get("/you/apps").text


@pytest.mark.usefixtures("doors")
async def test_a_visitor_becomes_a_guest_with_the_code(process: Any) -> None:
    client = AsyncClient()
    assert (await client.post("/you/apps/code")).status_code == 302
    assert "/link " in (await client.get("/you/apps")).text


def test_the_part_for_the_script_is_the_part_alone() -> None:
    ada = make_account()
    code_for(ada)
    part = browser(ada).get("/you/apps", headers={"X-Fragment": "1"}).text
    assert part.startswith('<div class="card" id="link" data-link="code">')
    assert "<html" not in part
    for state, status in (("code", 204), ("none", 200), ("", 200)):
        assert browser(ada).get(f"/you/apps?state={state}", headers={"X-Fragment": "1"}).status_code == status


def test_each_step_is_shown() -> None:
    ada, contact = make_account(), make_contact("Ana Quispe")
    client = browser(ada)
    link, code = code_for(ada)
    assert 'data-link="code"' in client.get("/you/apps").text
    links.handle(contact, code)
    asked = client.get("/you/apps").text
    assert "Is this you?" in asked
    assert "“Ana Quispe”" in asked
    assert f"number ending in {(contact.phone or '')[-4:]}" in asked
    client.post(reverse("agree_to_link", args=[link.pk]))
    assert "Now look into WhatsApp" in client.get("/you/apps").text
    links.confirm(contact, f"link:yes:{link.pk}")
    page = client.get("/you/apps").text
    assert "“Ana Quispe”" in page
    assert "Disconnect" in page
    assert "See your apps" in client.get("/you/").text
    assert "1 connected chat in an app" in client.get("/you/").text


def test_the_last_word_on_the_page_connects() -> None:
    ada, contact = make_account(), make_contact()
    link, code = code_for(ada)
    links.handle(contact, code)
    links.confirm(contact, f"link:yes:{link.pk}")
    page = browser(ada).post(reverse("agree_to_link", args=[link.pk]), follow=True).text
    assert "Connected. It is one conversation, here and in the app." in page


def test_what_has_ended_is_said_kindly() -> None:
    ada = make_account()
    link, _code = code_for(ada)
    client = browser(ada)
    client.post(reverse("decline_link", args=[link.pk]))
    for name in ("agree_to_link", "decline_link"):
        page = client.post(reverse(name, args=[link.pk]))
        assert page.status_code == 404
        assert "works for ten minutes and once" in page.text


def test_a_chat_with_an_account_is_refused_on_the_page() -> None:
    ada, bo, contact = make_account(), make_account(), make_contact()
    link, code = code_for(bo)
    links.handle(contact, code)
    contact.person = ada
    contact.save()
    page = browser(bo).post(reverse("agree_to_link", args=[link.pk]))
    assert page.status_code == 409
    assert "This chat is connected with an account already." in page.text


def test_the_chat_of_a_guest_goes_along_when_they_sign_in() -> None:
    ada, guest, contact = make_account(), people.make_guest(), make_contact(said="From the phone")
    join(contact, guest)
    client = browser(guest)
    assert client.post("/account/login/", {"login": ada.username, "password": PASSWORD}).status_code == 302
    contact.refresh_from_db()
    assert contact.person == ada
    assert contact.conversation in ada.conversations.all()
    assert "Disconnect" in client.get("/you/apps").text


def test_disconnecting_keeps_the_conversation() -> None:
    ada, contact = make_account(), make_contact(said="Kept")
    join(contact, ada)
    page = browser(ada).post(reverse("disconnect_app", args=[contact.pk]), follow=True).text
    assert "What was said stays in your conversations." in page
    assert "Disconnect<" not in page
    assert ada.conversations.count() == 1


async def test_the_address_says_whom_the_chat_becomes_one_with(process: Any) -> None:
    ada, guest, contact = await in_thread(lambda: (make_account(), people.make_guest(), make_contact()))()
    path = reverse("accept_link", args=[token_in(await in_thread(links.handle)(contact, ""))])
    client, other = AsyncClient(), AsyncClient()
    await client.aforce_login(ada)
    await other.aforce_login(guest)
    assert f"your account “{ada.username}”" in (await client.get(path)).text
    page = (await other.get(path)).text
    assert "in this browser, without an account" in page
    assert f"/account/login/?next={path}" in page
    assert (await client.post(path)).status_code == 302
    assert "Now look into WhatsApp" in (await client.get("/you/apps")).text
    assert (await other.get(path)).status_code == 404
