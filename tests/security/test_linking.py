"""Links between chats and accounts, tried by those who want somebody else's: case D13."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from assistant.models import Person
from integrations import links
from integrations.errors import LinkEndedError
from integrations.models import Contact, LinkCode, OutboxEntry
from tests.clients import make_account
from tests.integrations.linking import code_for, join, make_contact, sent_to, tap, token_in
from tests.people import Visitor, next_address
from tests.security.attacks import sign_up
from tests.servers import Site, Valkey

UNKNOWN = "This is no code, or it has ended."


@pytest.fixture(autouse=True)
def redis_here(settings: Settings, valkey: Valkey) -> None:
    settings.REDIS_URL = valkey.url
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def nobody(site: Site) -> Iterator[Visitor]:
    """A browser that was never here."""
    with Visitor(site, next_address()) as visitor:
        yield visitor


def at_once(work: Callable[[int], object], count: int = 8) -> list[object]:
    """The results, or errors, of `work` in so many threads."""

    def one(number: int) -> object:
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def later(link: LinkCode) -> None:
    LinkCode.objects.filter(pk=link.pk).update(ends_at=timezone.now() - timedelta(seconds=1))


def test_codes_are_not_guessed() -> None:
    mallory, (_link, code) = make_contact("Mallory"), code_for(make_account())
    for number in range(links.TRIES):
        assert UNKNOWN in links.handle(mallory, f"AAAA-AAA{number}").text
    # Not even the right one, after so many wrong ones.
    answer = links.handle(mallory, code)
    assert "too many" in answer.text
    assert answer.choices == ()
    # Others are not held up by that.
    assert links.handle(make_contact(), code).choices


def test_after_an_hour_a_contact_may_try_again() -> None:
    contact, (_link, code) = make_contact(), code_for(make_account())
    for _number in range(links.TRIES + 1):
        links.handle(contact, "wrong")
    Contact.objects.filter(pk=contact.pk).update(link_tried_at=timezone.now() - links.TRIES_LIFETIME - timedelta(1))
    assert links.handle(contact, code).choices


def test_a_database_that_was_read_shows_no_code_and_no_address() -> None:
    contact, (link, code) = make_contact(), code_for(make_account())
    token = token_in(links.handle(contact, ""))
    stored = str(list(LinkCode.objects.values()))
    assert code.replace("-", "") not in stored
    assert token not in stored
    assert str(link.pk) in stored


def test_a_code_is_used_once() -> None:
    ada = make_account()
    _link, code = code_for(ada)
    assert links.handle(make_contact(), code).choices
    assert UNKNOWN in links.handle(make_contact("Mallory"), code).text


def test_an_address_is_used_once() -> None:
    contact, mallory = make_contact(), make_account()
    token = token_in(links.handle(contact, ""))
    links.accept(make_account(), token)
    for person in (mallory, make_account()):
        with pytest.raises(LinkEndedError):
            links.accept(person, token)
    assert contact.outbox.count() == 1


def test_codes_and_addresses_end() -> None:
    contact, ada = make_contact(), make_account()
    link, code = code_for(ada)
    later(link)
    assert UNKNOWN in links.handle(contact, code).text
    token = token_in(links.handle(contact, ""))
    later(LinkCode.objects.get(contact=contact))
    with pytest.raises(LinkEndedError):
        links.accept(ada, token)


def test_a_word_that_comes_too_late_joins_nobody() -> None:
    contact, ada = make_contact(), make_account()
    link, code = code_for(ada)
    question = links.handle(contact, code)
    later(link)
    assert "This has ended" in tap(contact, question).text
    with pytest.raises(LinkEndedError):
        links.agree(ada, link.pk)
    contact.refresh_from_db()
    assert contact.person.is_guest


def test_a_code_of_one_side_is_none_on_the_other() -> None:
    contact, ada = make_contact(), make_account()
    _link, code = code_for(ada)
    token = token_in(links.handle(contact, ""))
    assert UNKNOWN in links.handle(make_contact(), token).text
    for typed in (code, code.replace("-", "")):
        with pytest.raises(LinkEndedError):
            links.offered(typed)


def test_nothing_is_linked_from_a_group() -> None:
    contact, (link, code) = make_contact(), code_for(make_account())
    for argument in ("", code):
        answer = links.handle(contact, argument, group="120363")
        assert "private chat" in answer.text
        assert "/you/apps/link/" not in answer.text
    link.refresh_from_db()
    assert link.contact is None
    assert not LinkCode.objects.filter(contact=contact).exists()


def test_nobody_links_somebody_elses_number() -> None:
    victim, mallory = make_contact("Victim"), make_contact("Mallory")
    assert victim.phone
    for argument in (victim.phone, f"+{victim.phone}", victim.user_id or "", str(victim.pk)):
        assert UNKNOWN in links.handle(mallory, argument).text
    victim.refresh_from_db()
    assert (victim.person.is_guest, victim.outbox.count()) == (True, 0)


def test_nobody_taps_for_somebody_else() -> None:
    victim, mallory, ada = make_contact("Victim"), make_contact("Mallory"), make_account()
    links.accept(ada, token_in(links.handle(victim, "")))
    (question,) = sent_to(victim)
    assert "This has ended" in tap(mallory, question).text
    assert "This has ended" in tap(mallory, question, "Do not connect").text
    for payload in ("link:", "link:yes", "link:yes:", "link:yes:1", "link:yes:" + "9" * 500, "link:maybe:x"):
        assert "This has ended" in links.confirm(victim, payload).text
    victim.refresh_from_db()
    assert victim.person.is_guest
    assert f"connected with “{ada.username}”" in tap(victim, question).text


def test_one_side_alone_joins_nobody() -> None:
    contact, ada = make_contact(), make_account()
    link, code = code_for(ada)
    question = links.handle(contact, code)
    for _again in range(2):
        assert "Now confirm it on the page" in tap(contact, question).text
    contact.refresh_from_db()
    assert contact.person.is_guest
    other = make_contact()
    links.accept(ada, token_in(links.handle(other, "")))
    second = LinkCode.objects.get(contact=other)
    for _again in range(2):
        assert not links.agree(ada, second.pk)
    other.refresh_from_db()
    assert other.person.is_guest
    assert not LinkCode.objects.filter(pk=link.pk).exists()


def test_of_two_contacts_who_type_a_code_at_once_one_gets_it() -> None:
    link, code = code_for(make_account())
    contacts = [make_contact() for _number in range(8)]
    answers = at_once(lambda number: bool(links.handle(contacts[number], code).choices))
    assert sorted(map(str, answers)) == ["False"] * 7 + ["True"]
    link.refresh_from_db()
    assert link.contact == contacts[answers.index(True)]


def test_of_two_people_who_open_an_address_at_once_one_gets_it() -> None:
    contact, accounts = make_contact(), [make_account() for _number in range(8)]
    token = token_in(links.handle(contact, ""))
    outcomes = at_once(lambda number: links.accept(accounts[number], token))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LinkEndedError"] * 7 + ["NoneType"]
    assert OutboxEntry.objects.filter(contact=contact).count() == 1
    winner = accounts[[outcome is None for outcome in outcomes].index(True)]
    assert winner.username in sent_to(contact)[0].text


def test_a_tap_and_a_click_at_once_join_once() -> None:
    contact, ada = make_contact(said="Once"), make_account()
    link, code = code_for(ada)
    question = links.handle(contact, code)
    outcomes = at_once(lambda number: links.agree(ada, link.pk) if number % 2 else tap(contact, question).text)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == [
        outcome for outcome in outcomes if isinstance(outcome, LinkEndedError)
    ]
    contact.refresh_from_db()
    assert contact.person == ada
    assert ada.conversations.count() == 1


def test_tries_at_once_are_counted_each() -> None:
    mallory = make_contact("Mallory")
    answers = at_once(lambda number: links.handle(mallory, f"AAAA-AAA{number}").text, 2 * links.TRIES)
    assert len([answer for answer in answers if UNKNOWN in str(answer)]) == links.TRIES


# On the pages


def test_a_page_is_looked_at_by_crawlers_and_previews_without_harm(nobody: Visitor) -> None:
    contact, before = make_contact(), Person.objects.count()
    path = f"/you/apps/link/{token_in(links.handle(contact, ''))}"
    for _again in range(3):
        assert nobody.get(path).status_code == 200
        assert nobody.http.head(path).status_code == 200
    assert Person.objects.count() == before
    assert LinkCode.objects.get(contact=contact).person is None


def test_a_victim_reads_what_they_would_agree_to(nobody: Visitor) -> None:
    hostile = "Chaski support</bdi><script>canary()</script>\u202e press Connect"
    mallory = make_contact(hostile)
    page = nobody.get(f"/you/apps/link/{token_in(links.handle(mallory, ''))}").text
    assert "<script>canary" not in page
    assert "&lt;script&gt;" in page
    assert f"number ending in {(mallory.phone or '')[-4:]}" in page
    assert (mallory.phone or "?") not in page
    assert "Did somebody send you this address? Then do not" in page
    assert "Whoever holds that phone then counts as you" in page


def test_a_foreign_wrong_and_old_address_look_the_same(alice: Visitor, bob: Visitor) -> None:
    sign_up(alice)
    contact = make_contact()
    token = token_in(links.handle(contact, ""))
    used = alice.post(f"/you/apps/link/{token}")
    assert used.status_code == 302
    bob.begin()
    pages = [bob.get(f"/you/apps/link/{name}") for name in (token, "x" * 43, "x", "é", "%00", "A" * 4000)]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text.replace(bob.http.cookies.get("csrftoken", "-"), "")[-600:] for page in pages[:3]}) == 1
    before = Person.objects.count()
    assert bob.post(f"/you/apps/link/{token}").status_code == 404
    assert Person.objects.count() == before
    assert list(contact.outbox.values_list("cause", flat=True)) == [f"link:{LinkCode.objects.get(contact=contact).pk}"]


def test_a_wrong_address_makes_nobody_a_guest(nobody: Visitor) -> None:
    before = Person.objects.count()
    assert nobody.post(f"/you/apps/link/{'x' * 43}").status_code == 404
    assert Person.objects.count() == before


def test_a_stranger_disconnects_and_agrees_to_nothing(alice: Visitor, bob: Visitor) -> None:
    alice.begin()
    bob.begin()
    mine, asking = make_contact(), make_contact()
    join(mine, alice.person)
    link, code = code_for(alice.person)
    links.handle(asking, code)
    for path in (f"{mine.pk}/disconnect", f"{link.pk}/agree", f"{link.pk}/decline"):
        assert bob.post(f"/you/apps/{path}").status_code == 404
    mine.refresh_from_db()
    assert mine.person == alice.person
    assert LinkCode.objects.get(pk=link.pk).person_agreed_at is None


@pytest.fixture(scope="module")
def shared_strict_site(database: None, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site where a person makes two codes a day."""
    site = Site(tmp_path_factory.mktemp("strict-site"), {"REDIS_URL": valkey.url, "LIMIT_PERSON_LINKS": "2/day"})
    site.start()
    yield site
    site.kill()


def test_a_person_makes_few_codes(shared_strict_site: Site) -> None:
    with Visitor(shared_strict_site, next_address()) as visitor:
        assert [visitor.post("/you/apps/code").status_code for _again in range(3)] == [302, 302, 429]
        contact = make_contact()
        assert visitor.post(f"/you/apps/link/{token_in(links.handle(contact, ''))}").status_code == 429
        assert contact.outbox.count() == 0
