"""The terms of a site: when they are asked, and what is kept of a yes."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import agreement, people
from assistant.database import in_thread
from assistant.errors import AgreementNeededError
from assistant.models import Person


@pytest.fixture
def asked(settings: Settings) -> Settings:
    """A site that asks for an age and for the terms."""
    settings.TERMS_URL, settings.TERMS_AGE, settings.TERMS_VERSION = "/terms", 16, "2026-11"
    return settings


async def refused(person: Person) -> bool:
    try:
        await agreement.check(person)
    except AgreementNeededError:
        return True
    return False


@pytest.fixture
def no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is not asked."""
    monkeypatch.setattr(agreement, "_has_agreed_since", lambda _person: pytest.fail("a query"))


async def test_nothing_is_asked_by_default_and_no_query_is_made(no_query: None) -> None:
    assert not await refused(Person())
    assert agreement.has_agreed(None)


async def test_who_has_agreed_costs_no_query(asked: Settings, no_query: None) -> None:
    assert not await refused(Person(agreed_at=timezone.now(), agreed_to=agreement.version()))


async def test_who_has_not_agreed_is_refused_until_they_do(asked: Settings) -> None:
    person = await in_thread(people.make_guest)()
    assert await refused(person)
    await in_thread(agreement.agree)(person)
    assert not await refused(person)


async def test_a_yes_counts_for_a_socket_that_was_open_before(asked: Settings) -> None:
    person = await in_thread(people.make_guest)()
    held = await in_thread(Person.objects.get)(pk=person.pk)
    await in_thread(agreement.agree)(person)
    assert held.agreed_at is None
    assert not await refused(held)


@pytest.mark.parametrize(("name", "value"), [("TERMS_VERSION", "2027-01"), ("TERMS_AGE", 18), ("TERMS_VERSION", "")])
async def test_other_terms_or_another_age_are_asked_again(asked: Settings, name: str, value: object) -> None:
    person = await in_thread(people.make_guest)()
    await in_thread(agreement.agree)(person)
    setattr(asked, name, value)
    assert await refused(person)


async def test_terms_without_a_version_are_asked_all_the_same(settings: Settings) -> None:
    settings.TERMS_URL = "https://example.com/terms"
    person = await in_thread(people.make_guest)()
    assert await refused(person)
    await in_thread(agreement.agree)(person)
    assert not await refused(person)


def test_a_repeated_yes_keeps_the_first_date(asked: Settings) -> None:
    person = people.make_guest()
    agreement.agree(person)
    first = person.agreed_at
    agreement.agree(person)
    assert person.agreed_at == first
    assert (first, person.agreed_to) == Person.objects.values_list("agreed_at", "agreed_to").get(pk=person.pk)


def test_signing_up_keeps_the_yes(asked: Settings) -> None:
    person = people.make_guest()
    agreement.agree(person)
    people.claim(person)
    assert agreement.has_agreed(Person.objects.get(pk=person.pk))


@pytest.mark.parametrize("account_agreed", [False, True])
def test_a_guest_who_signs_in_brings_the_yes_along(asked: Settings, account_agreed: bool) -> None:
    guest, account = people.make_guest(), people.make_guest()
    people.claim(account)
    agreement.agree(guest)
    if account_agreed:
        Person.objects.filter(pk=account.pk).update(agreed_at=guest.agreed_at - timedelta(days=9), agreed_to="old")
    people.merge(guest, account)
    assert agreement.has_agreed(Person.objects.get(pk=account.pk))


def test_an_older_yes_of_a_guest_replaces_none(asked: Settings) -> None:
    guest, account = people.make_guest(), people.make_guest()
    people.claim(account)
    agreement.agree(account)
    Person.objects.filter(pk=guest.pk).update(agreed_at=account.agreed_at - timedelta(days=9), agreed_to="old")
    people.merge(guest, account)
    assert agreement.has_agreed(Person.objects.get(pk=account.pk))


def test_the_export_says_when_and_to_what(asked: Settings) -> None:
    person = people.make_guest()
    assert people.profile(person)["agreed"] is None
    agreement.agree(person)
    fields = people.profile(person)
    assert fields["agreed"] == person.agreed_at.isoformat()
    assert fields["agreed_to"] == "2026-11 16+"
