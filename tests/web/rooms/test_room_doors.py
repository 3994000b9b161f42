"""The ways into a room from apps, and which member is in it by which."""

from typing import Any
from urllib.parse import quote

import pytest
from django.test import AsyncClient

from assistant import people
from assistant.database import in_thread
from assistant.models import Conversation, Person, Room
from assistant.rooms import membership
from tests.clients import browser
from tests.integrations.linking import make_contact
from tests.web.rooms.rooms import text_of

pytestmark = pytest.mark.usefixtures("valkey_here")


@pytest.fixture
def apps(settings: Any) -> None:
    settings.META_APP_SECRET = "secret"
    settings.WHATSAPP_TOKEN, settings.WHATSAPP_PHONE_ID, settings.WHATSAPP_PURPOSE = "token", "1001", "assistant"
    settings.WHATSAPP_COUNTRIES, settings.WHATSAPP_NUMBER = ["DE"], "4915112345678"
    settings.MESSENGER_TOKEN, settings.MESSENGER_PAGE_ID = "token", "2002"
    settings.INSTAGRAM_TOKEN, settings.INSTAGRAM_ID = "token", "3003"


def sheet(person: Person, room: Any) -> str:
    return browser(person).get(f"/rooms/{room.pk}/people").text


@pytest.mark.usefixtures("apps")
def test_the_sheet_shows_a_way_into_the_room_from_each_app() -> None:
    ana = people.make_guest()
    room = membership.make(ana, "Ana", "Ski trip")
    page = sheet(ana, room)
    typed = quote(f"Join room {room.token}")
    assert f'href="https://wa.me/4915112345678?text={typed}"' in page
    assert f'href="https://m.me/2002?ref=room_{room.token}"' in page
    # Our name in Instagram is not known here: what one writes there is.
    assert f"Write this to the assistant in Instagram: Join room {room.token}" in text_of(page)
    membership.set_locked(ana, room.pk, locked=True)
    locked = sheet(ana, room)
    assert "m.me" not in locked
    membership.set_locked(ana, room.pk, locked=False)
    membership.renew_invitation(ana, room.pk, closed=True)
    assert "m.me" not in sheet(ana, room)


@pytest.mark.usefixtures("apps")
def test_with_the_emulator_nothing_leads_to_the_real_apps(settings: Any) -> None:
    settings.GRAPH_URL = "http://127.0.0.1:9000"
    ana = people.make_guest()
    room = membership.make(ana, "Ana", "Ski trip")
    page = sheet(ana, room)
    assert "wa.me" not in page
    assert f"in WhatsApp, Messenger or Instagram: Join room {room.token}" in text_of(page)


def test_without_apps_none_is_offered() -> None:
    ana = people.make_guest()
    assert "from an app" not in sheet(ana, membership.make(ana, "Ana", "Ski trip"))


def test_the_sheet_says_by_which_app_a_member_is_here_and_whether_it_reaches_them() -> None:
    ana = people.make_guest()
    room = membership.make(ana, "Ana", "Ski trip")
    contact = make_contact()
    membership.join(contact.person, room.token or "", "Bo")
    assert "Bo WhatsApp" not in " ".join(text_of(sheet(ana, room)).split())
    contact.conversation = Conversation.objects.get(pk=room.pk)
    contact.save()
    assert "WhatsApp" in text_of(sheet(ana, room))
    assert "not reached now" not in sheet(ana, room)
    contact.missed_after = 1
    contact.save()
    assert "WhatsApp (not reached now)" in text_of(sheet(ana, room))


@pytest.mark.usefixtures("apps", "process")
async def test_an_invitation_leads_into_each_app_and_to_the_site() -> None:
    room = await in_thread(open_room)()
    page = (await AsyncClient().get(f"/r/{room.token}")).content.decode()
    assert f'href="https://m.me/2002?ref=room_{room.token}"' in page
    assert "Join in WhatsApp" in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert 'name="name"' in page


def open_room() -> Room:
    return membership.make(people.make_guest(), "Ana", "Ski trip")
