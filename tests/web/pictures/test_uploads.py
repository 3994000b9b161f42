"""Pictures that people send are decoded beside the database."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import AsyncClient
from pytest_django.fixtures import Settings

from assistant import people
from assistant.database import THREADS, in_thread
from assistant.errors import LimitedError
from assistant.models import Person
from imagine.errors import TooManyPicturesError
from imagine.files import decoder as files
from imagine.files.decoder import Decoded, decode
from imagine.models import Picture
from tests.imagine.drawings import encoded, gradient

SCRIPT = {"X-Fragment": "1"}

pytestmark = pytest.mark.usefixtures("process")


@pytest.fixture
async def person(settings: Settings) -> AsyncIterator[Person]:
    """Somebody where pictures are drawn, once there is a painter."""
    settings.IMAGINE_MODEL = "a checkpoint"
    guest = await in_thread(people.make_guest)()
    yield guest
    await in_thread(guest.delete)()


class Decoder:
    """The decoder of uploads, held until the test lets it go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def decode(self, data: bytes) -> Decoded:
        self.begun.set()
        assert self.go_on.wait(60)
        return decode(data)


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Decoder:
    held = Decoder()
    monkeypatch.setattr(files, "decode", held.decode)
    return held


async def send(person: Person, **headers: str) -> HttpResponse:
    """Upload a picture, as a script does with the header X-Fragment."""
    client = AsyncClient()
    await client.aforce_login(person)
    file = SimpleUploadedFile("dog.png", encoded(gradient(), "png"), "image/png")
    response: Any = await client.post("/imagine/upload", {"file": file}, headers=headers)
    return response  # type: ignore[no-any-return]


async def test_others_are_answered_while_a_large_picture_is_decoded(person: Person, decoder: Decoder) -> None:
    sending = [asyncio.create_task(send(person, **SCRIPT)) for _ in range(THREADS)]
    try:
        assert await asyncio.to_thread(decoder.begun.wait, 20)
        async with asyncio.timeout(20):
            assert await in_thread(Picture.objects.filter(person=person).count)() == 0
        assert not any(task.done() for task in sending)
    finally:
        decoder.go_on.set()
        responses = await asyncio.gather(*sending)
    assert [response.status_code for response in responses] == [201] * THREADS
    assert await in_thread(Picture.objects.filter(person=person).count)() == THREADS


async def test_more_pictures_than_can_be_kept_are_not_even_decoded(
    person: Person, decoder: Decoder, settings: Settings
) -> None:
    settings.PICTURES_PER_PERSON = 0
    response = await send(person, **SCRIPT)
    assert response.json()["code"] == TooManyPicturesError.code  # type: ignore[attr-defined]
    assert not decoder.begun.is_set()


async def test_one_upload_too_many_is_refused_with_a_page_where_no_script_runs(
    person: Person, settings: Settings
) -> None:
    settings.LIMIT_PERSON_UPLOADS = "1/day"
    assert (await send(person)).status_code == 302
    refused = await send(person)
    assert (refused.status_code, refused["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert str(LimitedError.sentence) in refused.text
    assert (await send(person, **SCRIPT)).json()["code"] == LimitedError.code  # type: ignore[attr-defined]
