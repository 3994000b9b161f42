"""A socket's session is asked of the database now and then, and at once where something has happened to it."""

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import login, logout
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.test import RequestFactory
from redis.asyncio import Redis

from assistant import suspension, traces
from assistant.database import in_thread
from assistant.models import Person
from tests.ports import free_port
from tests.servers import Valkey
from web.accounts.identity import BACKEND
from web.sockets import session as sockets
from web.sockets.session import SESSION_SECONDS, SessionCheck


def make_account() -> Person:
    return Person.objects.create_user(f"bea-{uuid4().hex}", password="a long password")


class Visit:
    """A browser in which somebody with an account is signed in."""

    def __init__(self) -> None:
        self.person = make_account()
        self.request: HttpRequest = RequestFactory().post("/")
        self.request.session = import_module("web.accounts.sessions").SessionStore()
        self.request.user = AnonymousUser()
        login(self.request, self.person, backend=BACKEND)
        self.request.session.save()
        self.session = import_module("web.accounts.sessions").SessionStore(self.request.session.session_key)

    def sign_out(self) -> None:
        logout(self.request)

    def sign_in_to_another_account(self) -> None:
        login(self.request, make_account(), backend=BACKEND)

    def change_password(self) -> None:
        self.person.set_password("another long password")
        self.person.save()

    def suspend(self) -> None:
        suspension.suspend(self.person.pk)

    def erase(self) -> None:
        traces.erase(self.person)


ENDS = [Visit.sign_out, Visit.sign_in_to_another_account, Visit.change_password, Visit.suspend, Visit.erase]


class Counter:
    """Counts what is asked of the database, which answers as ever."""

    def __init__(self, work: Callable[..., bool]) -> None:
        self._work = work
        self.times = 0

    def __call__(self, *arguments: Any) -> bool:
        self.times += 1
        return self._work(*arguments)


@pytest.fixture
async def redis(valkey: Valkey, settings: Any) -> AsyncIterator[Redis]:
    settings.REDIS_URL = valkey.url
    async with Redis.from_url(valkey.url) as client:
        yield client


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter(sockets.is_active_session)
    monkeypatch.setattr(sockets, "is_active_session", counter)
    return counter


@pytest.fixture
async def visit(redis: Redis) -> Visit:
    return await in_thread(Visit)()


@pytest.fixture
def check(visit: Visit, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> SessionCheck:
    """Its clock stands still, until a test sets it."""
    monkeypatch.setattr(sockets, "monotonic", lambda: 1000.0)
    return SessionCheck(visit.session, visit.person, redis)


async def test_many_actions_ask_the_database_once(check: SessionCheck, asked: Counter) -> None:
    assert all([await check.ask_if_marked() for _ in range(20)])
    assert asked.times == 1
    assert check.is_fresh


async def test_an_answer_gets_old(check: SessionCheck, asked: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await check.ask_if_marked()
    monkeypatch.setattr(sockets, "monotonic", lambda: 1000.0 + SESSION_SECONDS)
    assert not check.is_fresh
    assert await check.ask_if_marked()
    assert asked.times == 2


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_no_action_passes_once_the_session_has_ended(
    check: SessionCheck, visit: Visit, end: Callable[[Visit], None]
) -> None:
    assert await check.ask_if_marked()
    await in_thread(end)(visit)
    assert not await check.ask_if_marked()
    assert not await check.ask_if_marked()


async def test_an_end_that_is_rolled_back_is_none(check: SessionCheck, visit: Visit, asked: Counter) -> None:
    def change_of_mind() -> None:
        with transaction.atomic():
            visit.sign_out()
            transaction.set_rollback(True)

    assert await check.ask_if_marked()
    await in_thread(change_of_mind)()
    assert await check.ask_if_marked()
    assert asked.times == 1


async def test_a_change_of_something_else_asks_nothing(check: SessionCheck, visit: Visit, asked: Counter) -> None:
    def rename() -> None:
        visit.person.instructions = "Be brief."
        visit.person.save(update_fields=["instructions"])

    assert await check.ask_if_marked()
    await in_thread(rename)()
    assert await check.ask_if_marked()
    assert asked.times == 1


async def test_an_answer_from_before_the_end_is_not_trusted_after(
    check: SessionCheck, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session ends while the database is being asked, which says yes a last time."""
    known = sockets.is_active_session

    def ends_meanwhile(*arguments: Any) -> bool:
        found = known(*arguments)
        visit.sign_out()
        return found

    monkeypatch.setattr(sockets, "is_active_session", ends_meanwhile)
    assert await check.ask_if_marked()
    monkeypatch.setattr(sockets, "is_active_session", known)
    assert not await check.ask_if_marked()


async def test_without_redis_each_action_asks(visit: Visit, asked: Counter) -> None:
    async with Redis.from_url(f"redis://127.0.0.1:{free_port()}") as nowhere:
        check = SessionCheck(visit.session, visit.person, nowhere)
        assert await check.ask_if_marked()
        await in_thread(visit.sign_out)()
        assert not await check.ask_if_marked()
    assert asked.times == 2


async def test_without_redis_signing_out_works(visit: Visit, settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}"
    await in_thread(visit.sign_out)()
