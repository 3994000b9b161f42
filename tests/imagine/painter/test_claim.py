"""One picture while somebody draws it: what others can read of it, and when."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from redis import Redis
from redis.client import PubSub

from assistant import people
from assistant.models import Person
from imagine import keys
from imagine.errors import RefusedPixelsError, StoppedError
from imagine.events import PictureEvent, PictureProgress, from_bytes
from imagine.files import storage
from imagine.models import Picture
from imagine.painter.claim import Claim
from tests.servers import Valkey, eventually


class Watched(FileSystemStorage):
    """Somebody else reads how the picture stands whenever a file of it is deleted."""

    picture: ClassVar[UUID]
    read: ClassVar[list[str]] = []

    def delete(self, name: str) -> None:
        reader = Thread(target=self.look)
        reader.start()
        reader.join()
        super().delete(name)

    def look(self) -> None:
        """In a thread, so over a connection of its own."""
        self.read.append(Picture.objects.get(id=self.picture).status)
        connection.close()


@pytest.fixture
def work(database: None, valkey: Valkey, settings: Any, tmp_path: Path) -> Claim:
    """A picture that is being drawn, from an upload."""
    watched = {"BACKEND": "tests.imagine.painter.test_claim.Watched", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"pictures": watched}
    person = Person.objects.create_user(f"ada-{uuid4().hex}", password="a long password")
    picture = Picture.objects.create(person=person, made=Picture.Made.UPLOADED)
    Watched.picture = picture.id
    storage.save(picture.id, {"start.jpg": b"what it begins from"})
    Watched.read.clear()
    work = Claim.claim(picture.id, Redis.from_url(valkey.url), 60)
    assert work
    return work


def ending(work: Claim) -> tuple[str, list[str]]:
    """How it ended, and the files that are left."""
    return Picture.objects.get(id=work.picture.id).status, storage.names(work.picture.id)


def test_what_is_refused_is_gone_before_anybody_reads_that_it_was(work: Claim) -> None:
    work.fail(RefusedPixelsError("not shown here"))
    assert ending(work) == ("failed", [])
    assert set(Watched.read) == {"drawing"}


def test_what_a_picture_began_from_is_gone_before_anybody_reads_that_it_is_done(work: Claim) -> None:
    work.finish({"picture.jpg": b"a picture"}, (1, 1))
    assert ending(work) == ("done", ["picture.jpg"])
    assert set(Watched.read) == {"drawing"}


def test_what_a_stopped_picture_began_from_stays_so_that_it_can_be_drawn_again(work: Claim) -> None:
    work.fail(StoppedError("enough"))
    assert ending(work) == ("stopped", ["start.jpg"])


@pytest.fixture
def account(work: Claim, valkey: Valkey) -> Iterator[PubSub]:
    """What is published to the account that the person, a guest, was merged into while their picture was drawn."""
    guest = Person.objects.get(id=work.picture.person_id)
    Person.objects.filter(id=guest.id).update(is_guest=True)
    account = Person.objects.create_user(f"ada-{uuid4().hex}", password="a long password")
    with Redis.from_url(valkey.url).pubsub(ignore_subscribe_messages=True) as published:
        published.subscribe(keys.person(account.id))
        people.merge(guest, account)
        yield published


def next_event(published: PubSub) -> PictureEvent | None:
    message = published.get_message(timeout=0.1)
    return from_bytes(message["data"]) if message else None


def test_whose_guest_signed_in_meanwhile_sees_how_far_the_picture_is(work: Claim, account: PubSub) -> None:
    events: list[PictureEvent | None] = []
    eventually(lambda: work.publish_progress(1, 2) or events.append(next_event(account)) or any(events))
    assert PictureProgress(str(work.picture.id), "drawing", 1, 2) in events


def test_whose_guest_signed_in_meanwhile_sees_how_the_picture_ended(work: Claim, account: PubSub) -> None:
    work.finish({"picture.jpg": b"a picture"}, (1, 1))
    events: list[PictureEvent | None] = []
    eventually(lambda: events.append(next_event(account)) or any(events))
    assert PictureProgress(str(work.picture.id), "done", 1, 1) in events


def test_who_was_given_up_meanwhile_neither_ends_the_picture_nor_deletes_its_files(work: Claim) -> None:
    Picture.objects.filter(id=work.picture.id).update(attempts=2)
    work.fail(RefusedPixelsError("not shown here"))
    assert ending(work) == ("drawing", ["start.jpg"])
