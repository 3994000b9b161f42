"""API keys: what is stored of them, which are valid, and when they end."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant import api_keys, people, suspension
from assistant.errors import InvalidKeyError, KeyNameError, NotFoundError, SuspendedError, TooManyKeysError
from assistant.models import ApiKey, Person
from tests.clients import make_account

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def quick_hashes(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def made(person: Person, lifetime: timedelta | None = None) -> str:
    return api_keys.make(person, "A script", lifetime, uuid4())


def test_a_key_is_known_and_its_secret_is_stored_nowhere() -> None:
    ada = make_account()
    text = made(ada)
    key = api_keys.known(text)
    assert (key.person, key.name, key.scope) == (ada, "A script", "chat")
    secret = text.rpartition("_")[2]
    assert len(secret) == 40
    (row,) = ApiKey.objects.filter(person=ada).values()
    assert secret not in str(row)
    assert text.startswith(api_keys.beginning(key))


def test_two_keys_have_nothing_in_common() -> None:
    ada = make_account()
    one, other = made(ada), made(ada)
    assert one.split("_")[1:] != other.split("_")[1:]
    mixed = f"{api_keys.PREFIX}{one.split('_')[1]}_{other.split('_')[2]}"
    with pytest.raises(InvalidKeyError):
        api_keys.known(mixed)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: text + "\n",
        lambda text: text.upper(),
        lambda text: text[:-1] + ("b" if text[-1] == "a" else "a"),
        lambda text: text.replace("chaski_", "chaski-"),
        lambda text: "chaski_" + "a" * 12 + "_" + "a" * 40,
        lambda text: text[:-1] + "é",
    ],
    ids=["empty", "short", "long", "line", "case", "letter", "prefix", "unknown", "foreign"],
)
def test_what_is_no_key_is_refused(change: object) -> None:
    text = made(make_account())
    assert callable(change)
    with pytest.raises(InvalidKeyError):
        api_keys.known(change(text))


def test_a_key_ends_when_it_expires_is_revoked_or_its_person_goes() -> None:
    ada = make_account()
    expired, revoked, kept = made(ada, timedelta(days=30)), made(ada), made(ada)
    ids = [api_keys.known(text).id for text in (expired, revoked, kept)]
    ApiKey.objects.filter(id=ids[0]).update(expires_at=timezone.now())
    api_keys.revoke(ada, ids[1])
    for text in (expired, revoked):
        with pytest.raises(InvalidKeyError):
            api_keys.known(text)
    assert [api_keys.still_holds(key) for key in ids] == [False, False, True]
    people.erase(ada)
    with pytest.raises(InvalidKeyError):
        api_keys.known(kept)
    assert not api_keys.still_holds(ids[2])


@pytest.mark.usefixtures("valkey")
def test_a_suspended_account_has_no_key_for_as_long_as_it_is() -> None:
    ada = make_account()
    text = made(ada)
    key = api_keys.known(text).id
    suspension.suspend(ada.pk)
    with pytest.raises(SuspendedError):
        api_keys.known(text)
    assert not api_keys.still_holds(key)
    # A wrong secret is not told that there is such an account.
    with pytest.raises(InvalidKeyError):
        api_keys.known(text[:-1] + ("b" if text[-1] == "a" else "a"))


def test_guests_have_none_and_accounts_a_bounded_number(settings: Settings) -> None:
    with pytest.raises(NotFoundError):
        made(people.make_guest())
    ada = make_account()
    settings.API_KEYS_PER_PERSON = 2
    made(ada)
    made(ada)
    with pytest.raises(TooManyKeysError):
        made(ada)


def test_a_key_has_a_name_that_can_be_seen() -> None:
    ada = make_account()
    for name in ("", "  ", "\u2800", "\x00"):
        with pytest.raises(KeyNameError):
            api_keys.make(ada, name, None, uuid4())
    api_keys.make(ada, "x" * 100 + "\u202e", None, uuid4())
    assert api_keys.of(ada).get().name == "x" * 60


def test_the_same_form_sent_twice_makes_one_key() -> None:
    ada, key = make_account(), uuid4()
    api_keys.make(ada, "A script", None, key)
    with pytest.raises(NotFoundError):
        api_keys.make(ada, "A script", None, key)
    assert api_keys.of(ada).count() == 1


def test_nobody_revokes_a_key_of_others() -> None:
    ada, bob = make_account(), make_account()
    text = made(ada)
    key = api_keys.known(text)
    for missing in (key.id, UUID(int=0)):
        with pytest.raises(NotFoundError):
            api_keys.revoke(bob, missing)
    assert api_keys.known(text).id == key.id


def test_its_use_is_noted_once_a_minute() -> None:
    ada = make_account()
    text = made(ada)
    assert api_keys.of(ada).get().last_used_at is None
    api_keys.known(text)
    first = api_keys.of(ada).get().last_used_at
    api_keys.known(text)
    assert first
    assert api_keys.of(ada).get().last_used_at == first
    ApiKey.objects.filter(person=ada).update(last_used_at=first - timedelta(minutes=2))
    api_keys.known(text)
    assert api_keys.of(ada).get().last_used_at >= first  # type: ignore[operator]


def test_keys_outlive_a_new_secret_of_the_site_as_long_as_the_old_one_is_named(settings: Settings) -> None:
    text = made(make_account())
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another one, of chance, for the site"
    with pytest.raises(InvalidKeyError):
        api_keys.known(text)
    settings.SECRET_KEY_FALLBACKS = [before]
    api_keys.known(text)


def test_the_secret_is_compared_in_constant_time_and_as_often_where_there_is_no_such_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = made(make_account())
    compared: list[tuple[str, str]] = []
    real = api_keys.hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(api_keys.hmac, "compare_digest", compare)
    unknown = f"{api_keys.PREFIX}{'a' * 12}_{'a' * 40}"
    for tried in (text[:-1] + ("b" if text[-1] == "a" else "a"), unknown):
        compared.clear()
        with pytest.raises(InvalidKeyError):
            api_keys.known(tried)
        assert len(compared) == 1
        assert {len(side) for pair in compared for side in pair} == {64}
