"""Who writes to us: ids that never change before numbers that do."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from assistant import people
from assistant.conversations import begin
from assistant.models import Person
from integrations import contacts
from integrations.inbound import ContactChange, Sender
from integrations.models import Contact, Group, GroupOrder
from tests.integrations.people import ACCOUNT, contact, message, says


@pytest.fixture(autouse=True)
def in_transaction() -> Iterator[None]:
    """As callers have it."""
    with transaction.atomic():
        yield


def number() -> str:
    return f"49{uuid4().int % 10**12}"


def find_or_make(**ids: str) -> Contact:
    return contacts.find_or_make("whatsapp", ACCOUNT, Sender(**ids))


def test_somebody_new_is_a_guest() -> None:
    made = contact()
    assert made.person.is_guest
    assert made.person.conversations.count() == 0


def test_who_writes_again_is_the_same_also_without_a_number() -> None:
    phone, user_id = number(), f"DE.{uuid4().hex}"
    first = find_or_make(user_id=user_id, phone=phone, name="Ada")
    assert find_or_make(user_id=user_id) == first
    assert find_or_make(phone=phone) == first
    first.refresh_from_db()
    assert (first.user_id, first.phone, first.name) == (user_id, phone, "Ada")


def test_a_number_learns_its_user_id() -> None:
    phone, user_id = number(), f"DE.{uuid4().hex}"
    first = find_or_make(phone=phone)
    assert find_or_make(phone=phone, user_id=user_id) == first
    assert find_or_make(user_id=user_id) == first


def test_another_name_is_shown_and_changes_nothing_else() -> None:
    user_id = f"DE.{uuid4().hex}"
    first = find_or_make(user_id=user_id, name="Ada", username="@ada")
    again = find_or_make(user_id=user_id, name="admin", username="@operator")
    assert again == first
    assert (again.name, again.person.is_staff, again.person.is_superuser) == ("admin", False, False)


def test_a_number_that_was_given_to_somebody_else_opens_nothing() -> None:
    phone = number()
    old = find_or_make(user_id=f"DE.{uuid4().hex}", phone=phone)
    new = find_or_make(user_id=f"DE.{uuid4().hex}", phone=phone)
    assert new != old
    assert new.person != old.person
    old.refresh_from_db()
    assert (old.phone, new.phone) == (None, phone)


def test_two_contacts_that_turn_out_to_be_one_become_one_with_all_they_said() -> None:
    phone, user_id = number(), f"DE.{uuid4().hex}"
    by_phone, by_id = find_or_make(phone=phone), find_or_make(user_id=user_id)
    said = [says(by_phone).pk, says(by_id).pk]
    begin(by_phone.person, "Before")
    one = find_or_make(user_id=user_id, phone=phone)
    assert one == by_id
    assert set(one.inbox.values_list("pk", flat=True)) == set(said)
    assert [each.title for each in one.person.conversations.all()] == ["Before"]
    assert not Person.objects.filter(pk=by_phone.person_id).exists()


def test_an_account_is_never_given_to_another_contact_by_a_number() -> None:
    phone, user_id = number(), f"DE.{uuid4().hex}"
    linked, other = find_or_make(phone=phone), find_or_make(user_id=user_id)
    people.claim(linked.person)
    one = find_or_make(user_id=user_id, phone=phone)
    assert one == other
    assert one.person != linked.person
    assert Person.objects.filter(pk=linked.person_id).exists()


def test_new_ids_are_followed() -> None:
    old, new = f"DE.{uuid4().hex}", f"DE.{uuid4().hex}"
    first = find_or_make(user_id=old, phone=number())
    phone = number()
    moved = contacts.change("whatsapp", ContactChange(ACCOUNT, Sender(old), timezone.now(), new, phone))
    assert moved == first
    assert find_or_make(user_id=new) == find_or_make(phone=phone) == first


def test_who_wrote_from_the_new_ids_first_is_joined_when_the_app_says_so() -> None:
    old, new = f"DE.{uuid4().hex}", f"DE.{uuid4().hex}"
    first, early = find_or_make(user_id=old), find_or_make(user_id=new)
    entry = says(early)
    contacts.change("whatsapp", ContactChange(ACCOUNT, Sender(old), timezone.now(), new))
    one = find_or_make(user_id=new)
    assert one == first
    assert one.inbox.get() == entry


def test_who_is_to_be_removed_from_a_group_is_so_under_the_new_ids_too() -> None:
    old, new = f"DE.{uuid4().hex}", f"DE.{uuid4().hex}"
    first, early = find_or_make(user_id=old), find_or_make(user_id=new)
    group = Group.objects.create(channel="whatsapp", account=ACCOUNT)
    order = group.orders.create(kind="remove", argument=GroupOrder.whom(early))
    contacts.change("whatsapp", ContactChange(ACCOUNT, Sender(old), timezone.now(), new))
    order.refresh_from_db()
    assert order.argument == GroupOrder.whom(first)
    group.delete()


def test_a_new_number_that_was_a_strangers_joins_nobody() -> None:
    """Numbers are given to somebody else; what the stranger said stays theirs."""
    for old in ({"user_id": f"DE.{uuid4().hex}"}, {"phone": number()}):
        phone = number()
        mover, stranger = find_or_make(**old), find_or_make(user_id=f"DE.{uuid4().hex}", phone=phone)
        entry = says(stranger)
        moved = contacts.change("whatsapp", ContactChange(ACCOUNT, Sender(**old), timezone.now(), phone=phone))
        stranger.refresh_from_db()
        assert moved == mover
        assert (moved.phone, stranger.phone) == (phone, None)
        assert moved.person != stranger.person
        assert stranger.inbox.get() == entry


def test_new_ids_that_an_account_has_stay_with_it() -> None:
    old, new, phone = f"DE.{uuid4().hex}", f"DE.{uuid4().hex}", number()
    mover, linked = find_or_make(user_id=old), find_or_make(user_id=new)
    people.claim(linked.person)
    moved = contacts.change("whatsapp", ContactChange(ACCOUNT, Sender(old), timezone.now(), new, phone))
    assert moved == mover
    assert (moved.user_id, moved.phone) == (old, phone)
    assert find_or_make(user_id=new) == linked


def test_what_a_human_took_over_meanwhile_is_given_back_all_the_same() -> None:
    one = contact()
    Contact.objects.filter(pk=one.pk).update(stopped_at=timezone.now(), human_until=timezone.now())
    assert one.stopped_at is None
    contacts.update(one, stopped_at=None, human_until=None)
    one.refresh_from_db()
    assert (one.stopped_at, one.human_until) == (None, None)


def test_a_change_of_somebody_unknown_makes_nobody() -> None:
    sender = Sender(f"DE.{uuid4().hex}")
    assert contacts.change("whatsapp", ContactChange(ACCOUNT, sender, timezone.now(), "DE.1")) is None
    assert contacts.find("whatsapp", ACCOUNT, sender) is None


def test_a_message_opens_the_window_and_one_from_the_future_not_for_longer() -> None:
    one = contact()
    event = message(one, at=timezone.now() + 5 * contacts.WINDOW)
    contacts.wrote(one, event.at)
    assert contacts.is_open(one)
    assert one.wrote_at is not None
    assert one.wrote_at <= timezone.now()
