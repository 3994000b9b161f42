"""The page of what the assistant remembers."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from django.urls import reverse
from pytest_django.fixtures import Settings

from assistant import memories, people
from assistant.models import Memory, Person
from tests.clients import browser, make_account

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")


def texts(person: Person) -> list[str]:
    return [one.text for one in memories.of(person)]


def test_one_is_added_changed_and_erased() -> None:
    ada = make_account()
    client = browser(ada)
    assert "Nothing yet." in client.get("/you/memory").text
    assert client.post("/you/memory", {"text": " I am vegetarian\n"}).status_code == 302
    page = client.get("/you/memory").text
    assert "Remembered. It counts from the next answer on." in page
    assert '<p class="memory-text" dir="auto">I am vegetarian</p>' in page
    memory = memories.of(ada).get()
    assert client.post(reverse("edit_memory", args=[memory.id]), {"text": "I am vegan"}).status_code == 302
    assert texts(ada) == ["I am vegan"]
    assert client.post(reverse("erase_memory", args=[memory.id])).status_code == 302
    assert texts(ada) == []


def test_all_are_erased_once_that_was_confirmed() -> None:
    ada = make_account()
    client = browser(ada)
    memories.add(ada, "I am vegetarian")
    memories.add(ada, "I live in Lima")
    page = client.post("/you/memory/erase").text
    assert "2 things that you asked to be remembered are forgotten" in page
    assert len(texts(ada)) == 2
    assert client.post("/you/memory/erase", {"sure": "yes"}).url == "/you/memory"  # type: ignore[attr-defined]
    assert texts(ada) == []


def test_what_is_refused_stays_in_its_box_with_a_sentence(settings: Settings) -> None:
    ada = make_account()
    client = browser(ada)
    long = "x" * (settings.MEMORY_CHARACTERS + 1)
    page = client.post("/you/memory", {"text": long})
    assert page.status_code == 400
    assert "This is too long to be remembered." in page.text
    assert f">{long}</textarea>" in page.text
    memory = memories.add(ada, "I am vegetarian")
    page = client.post(reverse("edit_memory", args=[memory.id]), {"text": " "})
    assert page.status_code == 400
    assert '<details class="memory-edit" open>' in page.text
    assert "Please say what it is" in page.text
    settings.MEMORIES_PER_PERSON = 1
    assert "As much is remembered as can be kept." in client.post("/you/memory", {"text": "I live in Lima"}).text
    assert texts(ada) == ["I am vegetarian"]


def test_it_is_switched_off_and_on() -> None:
    ada = make_account()
    client = browser(ada)
    client.post("/you/memory/switch", {"on": "0"})
    ada.refresh_from_db()
    assert not memories.is_on(ada)
    assert "It is off." in client.get("/you/memory").text
    assert "It is switched off" in client.get("/you/").text
    client.post("/you/memory/switch", {"on": "1"})
    ada.refresh_from_db()
    assert memories.is_on(ada)


def test_markup_in_a_memory_is_text() -> None:
    ada = make_account()
    client = browser(ada)
    client.post("/you/memory", {"text": '"><script>alert(1)</script>'})
    page = client.get("/you/memory").text
    assert "<script>alert" not in page
    assert page.count("&quot;&gt;&lt;script&gt;") >= 2


def test_a_guest_reads_that_an_account_is_needed_and_can_still_erase(settings: Settings) -> None:
    guest = people.make_guest()
    client = browser(guest)
    assert "With an account, you can have things remembered" in client.get("/you/").text
    assert "With an account, you can have things remembered" in client.get("/you/memory").text
    assert client.post("/you/memory", {"text": "I am vegetarian"}).status_code == 403
    assert client.post("/you/memory/switch", {"on": "1"}).status_code == 403
    settings.MEMORY_FOR_GUESTS = True
    assert client.post("/you/memory", {"text": "I am vegetarian"}).status_code == 302
    settings.MEMORY_FOR_GUESTS = False
    assert "See what is remembered" in client.get("/you/").text
    client.post(reverse("erase_memory", args=[memories.of(guest).get().id]))
    assert texts(guest) == []


def test_a_visitor_who_is_nobody_yet_has_none() -> None:
    before = Memory.objects.count()
    for path in ("/you/memory", "/you/memory/switch", "/you/memory/erase"):
        assert browser().post(path, {"text": "I am vegetarian", "sure": "yes"}).url == "/you/"  # type: ignore[attr-defined]
    assert browser().get("/you/memory").url == "/you/"  # type: ignore[attr-defined]
    assert Memory.objects.count() == before


async def test_they_are_in_the_export(process: Any) -> None:
    ada = await sync_to_async(make_account)()
    await sync_to_async(memories.add)(ada, "I am vegetarian")
    client = AsyncClient()
    await client.aforce_login(ada)
    response: Any = await client.post("/you/export")
    pieces = [piece async for piece in cast(AsyncIterator[bytes], response.streaming_content)]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert [one["text"] for one in json.loads(archive.read("memories.json"))] == ["I am vegetarian"]
    assert json.loads(archive.read("profile.json"))["remembers"] is True


def test_the_pages_that_show_and_erase_all_count_them() -> None:
    ada = make_account()
    memories.add(ada, "I am vegetarian")
    assert "1 thing that you asked to be remembered" in browser(ada).get("/you/").text
    assert "1 thing that you asked to be remembered" in browser(ada).post("/you/erase").text
