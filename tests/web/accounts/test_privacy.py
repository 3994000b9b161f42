"""What is kept about a person: seeing it, taking it along, erasing it."""

import asyncio
import io
import json
import os
import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
import redis
from asgiref.sync import sync_to_async
from django.apps import apps
from django.test import AsyncClient, Client

from assistant import attachments, conversations, people
from assistant.models import Feedback, Message, Person, Run
from assistant.runs import keys
from imagine.files import storage
from imagine.files.decoder import Decoded
from imagine.keys import history
from imagine.models import Picture
from tests.clients import browser, make_account
from tests.easel import drawn
from tests.people import Visitor
from tests.servers import Valkey, eventually
from web.accounts.privacy import export
from web.models import Session
from web.process import web_process

pytestmark = pytest.mark.usefixtures("valkey_here", "quick_passwords")


def talk(person: Person, text: str) -> Run:
    conversation = conversations.begin(person, text[:120])
    conversation.messages.create(position=1, role=Message.Role.USER, author=person, text=text, client_id=uuid4())
    answer = conversation.messages.create(position=2, role=Message.Role.ASSISTANT, text=f"You said {text}")
    Feedback.objects.create(message=answer, person=person, good=False, word=text[:1000])
    return Run.objects.create(conversation=conversation, answer=answer, person=person, status=Run.Status.DONE)


async def ask_for_export(person: Person) -> Any:
    client = AsyncClient()
    await client.aforce_login(person)
    return await client.post("/you/export")


async def download(person: Person) -> zipfile.ZipFile:
    response = await ask_for_export(person)
    assert response.status_code == 200
    pieces = [piece async for piece in cast(AsyncIterator[bytes], response.streaming_content)]
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def file_of(picture: Picture, name: str = "picture.png") -> Path:
    with storage.reader(picture.pk, name) as file:
        return Path(file.name)


def found_anywhere(mark: str) -> list[str]:
    """The tables in which `mark` stands."""
    found = []
    for model in apps.get_models():
        texts = [field for field in model._meta.fields if field.get_internal_type() in ("CharField", "TextField")]
        rows = model._default_manager.values_list(*(field.attname for field in texts))
        if texts and any(mark in str(row) for row in rows.iterator()):
            found.append(model.__name__)
    return found


def test_a_visitor_who_said_nothing_is_told_that_nothing_is_kept():
    client = browser()
    page = client.get("/you/")
    assert "Nothing is kept about you" in page.text
    assert "sessionid" not in client.cookies


def test_a_guest_sees_what_is_kept_and_until_when():
    guest = people.make_guest()
    talk(guest, "hello")
    page = browser(guest).get("/you/").text
    assert "1 conversation" in page
    assert "2 messages" in page
    assert "0 pictures" in page
    assert "unless you come back" in page
    assert "Create an account" in page


def test_an_account_sees_no_end_date_and_finds_its_settings():
    page = browser(make_account()).get("/you/").text
    assert "unless you come back" not in page
    assert "/account/password/change/" in page
    assert "/account/email/" in page


async def test_an_export_holds_everything_of_the_person_and_nothing_of_others(process):
    person, other = await sync_to_async(make_account)(), await sync_to_async(make_account)()
    await sync_to_async(talk)(person, "mine alone")
    await sync_to_async(talk)(other, "not yours")
    archive = await download(person)
    names = [
        "api_keys.json",
        "apps.json",
        "conversations.json",
        "links.json",
        "memories.json",
        "pictures.json",
        "profile.json",
        "rooms.json",
    ]
    assert sorted(archive.namelist()) == names
    assert json.loads(archive.read("profile.json"))["name"] == person.username
    conversations = json.loads(archive.read("conversations.json"))
    assert [conversation["title"] for conversation in conversations] == ["mine alone"]
    assert b"not yours" not in archive.read("conversations.json")


async def test_an_export_holds_the_text_of_attached_files(process):
    person, other = await sync_to_async(make_account)(), await sync_to_async(make_account)()
    run = await sync_to_async(talk)(person, "mine alone")
    mine = await sync_to_async(attachments.keep)(person, "../notes.txt", "Größe")
    waiting = await sync_to_async(attachments.keep)(person, "", "pasted")
    await sync_to_async(attachments.keep)(other, "notes.txt", "not mine")
    question = await Message.objects.aget(conversation=run.conversation_id, position=1)
    await sync_to_async(attachments.claim)([mine], run.conversation, question)
    archive = await download(person)
    files = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("attachments/")}
    assert files == {f"attachments/{mine.pk}.txt": "Größe", f"attachments/{waiting.pk}.txt": "pasted"}
    assert str(mine.pk) in archive.read("conversations.json").decode()
    page = await sync_to_async(lambda: browser(person).get("/you/").text)()
    assert "2 attached files" in page


async def test_an_export_holds_pictures_that_were_asked_about(process):
    person = await sync_to_async(make_account)()
    photo = await sync_to_async(attachments.keep_picture)(person, "cat.jpg", Decoded(4, 3, b"\xff\xd8\xff jpeg"))
    archive = await download(person)
    assert archive.read(f"attachments/{photo.pk}.jpg") == b"\xff\xd8\xff jpeg"


async def test_an_export_holds_each_picture_once_in_its_best_form(process):
    person = await sync_to_async(make_account)()
    picture = await sync_to_async(drawn)(person.pk, "a fox")
    lost = await sync_to_async(drawn)(person.pk, "an owl")
    await sync_to_async(storage.delete)(lost.pk)
    await sync_to_async(drawn)((await sync_to_async(make_account)()).pk, "not mine")
    loop = await sync_to_async(drawn)(person.pk, "a wave")
    await sync_to_async(storage.save)(loop.pk, {"loop.mp4": b"a film"})
    await Picture.objects.filter(pk=loop.pk).aupdate(made=Picture.Made.ANIMATED)
    archive = await download(person)
    names = {name for name in archive.namelist() if name.startswith("pictures/")}
    assert names == {f"pictures/{picture.pk}/picture.png", f"pictures/{loop.pk}/loop.mp4"}
    assert archive.read(f"pictures/{loop.pk}/loop.mp4") == b"a film"
    assert archive.read(f"pictures/{picture.pk}/picture.png") == storage.load(picture.pk, "picture.png")
    assert [item["prompt"] for item in json.loads(archive.read("pictures.json"))] == ["a fox", "an owl", "a wave"]


async def test_an_export_is_private_and_its_name_tells_nothing(process):
    person = await sync_to_async(make_account)()
    client = AsyncClient()
    await client.aforce_login(person)
    response = await client.post("/you/export")
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Disposition"] == 'attachment; filename="export.zip"'
    assert response["Content-Type"] == "application/zip"
    async for _piece in cast(AsyncIterator[bytes], response.streaming_content):
        pass


async def test_a_large_export_does_not_fill_the_memory(rf, process):
    person = await sync_to_async(people.make_guest)()
    conversation = await sync_to_async(conversations.begin)(person, "")
    for batch in range(10):
        await Message.objects.abulk_create(
            Message(conversation=conversation, position=batch * 200 + number, role="user", text=uuid4().hex * 500)
            for number in range(200)
        )
    request = rf.post("/you/export")
    request.user = person
    tracemalloc.start()
    response = await export(request)
    size = 0
    async for piece in response.streaming_content:
        size += len(piece)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 80_000
    assert peak < 8 * 1024 * 1024  # the texts together take 32 MB


async def test_an_export_begins_before_its_last_picture_is_read(process):
    person = await sync_to_async(make_account)()
    await sync_to_async(drawn)(person.pk, "a fox")
    slow = file_of(await sync_to_async(drawn)(person.pk, "an owl"))
    slow.unlink()
    # Who opens it waits until somebody writes.
    os.mkfifo(slow)
    response = await ask_for_export(person)
    pieces = response.streaming_content
    async with asyncio.timeout(20):
        first = await anext(pieces)
    assert first.startswith(b"PK")
    writing = asyncio.create_task(asyncio.to_thread(slow.write_bytes, b"an owl's picture"))
    whole = first + b"".join([piece async for piece in pieces])
    await writing
    assert b"an owl's picture" in whole


async def test_other_programs_open_an_export(process, tmp_path: Path):
    person = await sync_to_async(make_account)()
    await sync_to_async(talk)(person, "hello " * 50_000)
    for prompt in ("a fox", "an owl"):
        await sync_to_async(drawn)(person.pk, prompt)
    archive = await download(person)
    assert archive.testzip() is None
    assert len(archive.namelist()) == 10
    path = tmp_path / "export.zip"
    path.write_bytes(cast(io.BytesIO, archive.fp).getvalue())
    if unzip := shutil.which("unzip"):
        tested = await asyncio.to_thread(subprocess.run, [unzip, "-t", path], capture_output=True, check=False)
        assert (tested.returncode, tested.stderr) == (0, b""), tested.stdout


async def test_what_is_deleted_during_an_export_is_left_out(process):
    person = await sync_to_async(make_account)()
    for text in ("first", "second"):
        await sync_to_async(talk)(person, text)
    picture = await sync_to_async(drawn)(person.pk, "a fox")
    response = await ask_for_export(person)
    pieces = response.streaming_content
    first = await anext(pieces)
    await person.conversations.filter(title="second").adelete()
    await sync_to_async(picture.delete)()
    archive = zipfile.ZipFile(io.BytesIO(first + b"".join([piece async for piece in pieces])))
    names = [
        "api_keys.json",
        "apps.json",
        "conversations.json",
        "links.json",
        "memories.json",
        "pictures.json",
        "profile.json",
        "rooms.json",
    ]
    assert sorted(archive.namelist()) == names
    assert [item["title"] for item in json.loads(archive.read("conversations.json"))] == ["first"]
    assert json.loads(archive.read("pictures.json")) == []


def open_files(pid: int) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            yield str(link.readlink())


def test_a_download_that_is_broken_off_leaves_no_file_open(alice: Visitor):
    assert alice.post("/imagine/begin").status_code == 204
    path = file_of(drawn(alice.person.pk))
    # More than the buffers of a connection hold.
    os.truncate(path, 200_000_000)
    headers = {"X-CSRFToken": alice.http.cookies["csrftoken"], "Origin": alice.site.url}
    with alice.http.stream("POST", "/you/export", headers=headers) as response:
        pieces = response.iter_raw()
        assert next(pieces).startswith(b"PK")
        eventually(lambda: str(path) in open_files(alice.site.pid))
        # Unread as most of it is, it takes nothing that other pages need.
        assert alice.get("/imagine/gallery/").status_code == 200
        assert str(path) in open_files(alice.site.pid)
    eventually(lambda: str(path) not in open_files(alice.site.pid))


async def test_so_many_exports_and_no_more(process, settings):
    settings.LIMIT_PERSON_EXPORTS = "2/day"
    person, other = await sync_to_async(make_account)(), await sync_to_async(make_account)()
    for _ in range(2):
        await download(person)
    refused = await ask_for_export(person)
    assert refused.status_code == 429
    assert "That was a lot in a short time." in refused.text
    await download(other)


async def test_without_redis_nothing_is_exported(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    person = await sync_to_async(make_account)()
    async with web_process():
        response = await ask_for_export(person)
    assert response.status_code == 503
    assert "Something broke on our side." in response.text


def test_nobody_gets_an_empty_export():
    assert browser().post("/you/export").url == "/you/"


@pytest.mark.parametrize("path", ["/you/export", "/you/erase"])
def test_taking_and_erasing_need_a_post_from_our_own_pages(path):
    guest = people.make_guest()
    assert browser(guest).get(path).status_code == 405
    strict = browser(guest, enforce_csrf_checks=True)
    evil = {"origin": "https://evil.example"}
    assert strict.post(path, {"sure": "yes"}, headers=evil).status_code == 403
    assert Person.objects.filter(pk=guest.pk).exists()


def test_erasing_asks_once_more():
    guest = people.make_guest()
    page = browser(guest).post("/you/erase")
    assert "Erase everything?" in page.text
    assert Person.objects.filter(pk=guest.pk).exists()


@pytest.mark.parametrize("make", [people.make_guest, make_account])
def test_erasing_leaves_no_trace(make, valkey_here: Valkey):
    person, mark = make(), f"marker{uuid4().hex}"
    run, picture = talk(person, mark), drawn(person.pk, mark)
    store = redis.Redis.from_url(valkey_here.url)
    store.xadd(history(person.pk), {"jpeg": mark})
    store.xadd(keys.log(run.pk), {"e": mark})
    here, elsewhere = browser(person), browser(person)
    here.cookies["csrftoken"] = "a" * 32
    response = here.post("/you/erase", {"sure": "yes"})
    assert response.url == "/you/erased"
    assert found_anywhere(mark) == []
    assert not store.exists(keys.log(run.pk))
    assert store.exists(keys.stop(run.pk))
    assert not store.exists(history(person.pk))
    assert storage.names(picture.pk) == []
    store.close()
    assert not Session.objects.filter(person=person.pk).exists()
    assert {name: cookie["max-age"] for name, cookie in response.cookies.items()} == {
        "sessionid": 0, "csrftoken": 0, "messages": 0,
    }  # fmt: skip
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert "All of it is gone" in here.get("/you/erased").text
    assert "Nothing is kept about you" in elsewhere.get("/you/").text


def test_erasing_works_while_redis_is_away(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    guest = people.make_guest()
    talk(guest, "hello")
    assert browser(guest).post("/you/erase", {"sure": "yes"}).url == "/you/erased"
    assert not Person.objects.filter(pk=guest.pk).exists()


def test_erasing_twice_does_no_harm():
    assert Client().post("/you/erase", {"sure": "yes"}).url == "/you/erased"


# Instructions for the assistant


def test_instructions_are_kept_shown_and_emptied():
    account = make_account()
    client = browser(account)
    assert client.post("/you/instructions", {"instructions": " Be brief.\r\nI bake. "}).status_code == 302
    account.refresh_from_db()
    assert account.instructions == "Be brief.\nI bake."
    page = client.get("/you/")
    assert "Be brief.\nI bake.</textarea>" in page.text
    assert "Saved. It counts from the next answer on." in page.text
    client.post("/you/instructions", {"instructions": ""})
    account.refresh_from_db()
    assert account.instructions == ""


def test_instructions_that_are_too_long_are_refused_and_stay_in_the_box():
    account = make_account()
    page = browser(account).post("/you/instructions", {"instructions": "x" * 1501})
    assert page.status_code == 400
    assert "This is too long to be kept in mind." in page.text
    assert "x" * 1501 in page.text
    account.refresh_from_db()
    assert account.instructions == ""
    assert browser(account).post("/you/instructions", {"instructions": "x" * 1500}).status_code == 302


def test_markup_in_instructions_is_text():
    client = browser(make_account())
    client.post("/you/instructions", {"instructions": "</textarea><script>alert(1)</script>\x00"})
    assert "&lt;/textarea&gt;&lt;script&gt;" in client.get("/you/").text


def test_guests_are_offered_none_unless_the_site_says_so(settings):
    guest = people.make_guest()
    client = browser(guest)
    assert "<textarea" not in client.get("/you/").text
    assert client.post("/you/instructions", {"instructions": "Be brief."}).status_code == 403
    settings.INSTRUCTIONS_FOR_GUESTS = True
    assert "<textarea" in client.get("/you/").text
    assert client.post("/you/instructions", {"instructions": "Be brief."}).status_code == 302
    guest.refresh_from_db()
    assert guest.instructions == "Be brief."


def test_a_visitor_who_is_nobody_yet_keeps_none():
    before = Person.objects.count()
    assert browser().post("/you/instructions", {"instructions": "Be brief."}).status_code == 302
    assert Person.objects.count() == before


async def test_instructions_are_in_the_export(process):
    account = await sync_to_async(make_account)()
    await sync_to_async(people.instruct)(account, "I am a baker.")
    with await download(account) as archive:
        assert json.loads(archive.read("profile.json"))["instructions"] == "I am a baker."


def test_erasing_says_that_pictures_go_too():
    account = make_account()
    drawn(account.pk)
    page = browser(account).post("/you/erase")
    assert "1 picture, with its files and the links to it" in page.text


def test_erasing_says_that_files_and_links_to_conversations_go_too():
    account = make_account()
    conversations.begin(account, "Tea")
    attachments.keep(account, "notes.txt", "Notes")
    page = browser(account).post("/you/erase")
    assert "1 conversation, with all that was said in it and the links to it" in page.text
    assert "1 attached file" in page.text
