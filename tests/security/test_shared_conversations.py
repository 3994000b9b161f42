"""Shared conversations, tried by strangers: what a link tells, when it is over, and what can be made out of it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from uuid import uuid4

import httpx
import pytest
from django.utils import timezone

from assistant.models import Conversation, ConversationShare, Member, Message, Person, Run
from imagine.models import Picture
from tests.fake_llama import FakeLlama
from tests.people import Visitor, conversation_id, next_address
from tests.security.attacks import draw, rest, rows, sign_up, talk
from tests.security.test_shares import CRAWLERS, FILM, LOOKS, NEVER, SHARES, og, same
from tests.servers import Site, Valkey

HOSTILE = "\"'></title></script><script>canary()</script><img src=x onerror=canary()><!-- \u2028"
PAGES = ["", "report", "continue", "2-1/picture.jpg"]


@pytest.fixture
def nobody(site: Site) -> Iterator[Visitor]:
    """A browser that was never here."""
    with Visitor(site, next_address()) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def shared_tight_site(
    database: None, valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that allows very few links and looks."""
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LIMIT_PERSON_SHARES": f"{SHARES}/day",
        "LIMIT_ADDRESS_SHARED": f"{LOOKS}/day",
    }
    site = Site(tmp_path_factory.mktemp("tight-site"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def tight_site(shared_tight_site: Site, fake_llama: FakeLlama) -> Site:
    return shared_tight_site


@pytest.fixture
def owner(tight_site: Site) -> Iterator[Visitor]:
    """Somebody at the tight site."""
    with Visitor(tight_site, next_address()) as visitor:
        yield visitor


def share(visitor: Visitor, conversation: Conversation, **fields: str) -> str:
    """Share it as its page does; the path of the newest link."""
    response = visitor.post(f"/c/{conversation.id}/share", fields)
    assert response.status_code == 302, response.text
    return f"/s/c/{conversation.shares.latest('created_at').token}/"


def with_picture(visitor: Visitor, **fields: object) -> tuple[Conversation, Picture]:
    """A conversation whose answer holds a picture."""
    found = talk(visitor)
    picture = draw(visitor, **fields)  # type: ignore[arg-type]
    found.answer.pictures.add(picture)
    return found.conversation, picture


def take_back(visitor: Visitor, conversation: Conversation) -> None:
    assert visitor.post(f"/c/{conversation.id}/unshare").status_code == 302


def token_in(path: str) -> str:
    return path.split("/")[3]


def go_on(visitor: Visitor, path: str, **fields: str) -> httpx.Response:
    """Continue as the page for it does."""
    return visitor.post(f"{path}continue", {"edition": "1", "id": str(uuid4()), **fields})


# J1: a guess


@pytest.mark.parametrize("rest_of_path", PAGES)
def test_links_that_show_nothing_cannot_be_told_apart(alice: Visitor, nobody: Visitor, rest_of_path: str) -> None:
    revoked, ended, lasting = (share(alice, with_picture(alice)[0]) for _ in range(3))
    take_back(alice, ConversationShare.objects.get(token=token_in(revoked)).conversation)
    ConversationShare.objects.filter(token=token_in(ended)).update(ends_at=timezone.now() - timedelta(seconds=1))
    token = token_in(lasting)
    wrong = [f"/s/c/{guess}/" for guess in [*NEVER, token[:-1], token + "a", token.swapcase()]]
    answers = [nobody.get(path + rest_of_path) for path in (revoked, ended, *wrong)]
    assert answers[0].status_code == 404
    assert "There is nothing behind this link" in answers[0].text
    assert all(same(answer, answers[0]) for answer in answers)
    assert nobody.http.cookies == httpx.Cookies()
    assert nobody.get(lasting + rest_of_path).status_code == 200


@pytest.mark.parametrize("place", ["2-2", "1-1", "0-0", "9-1", "2", "x", "2-1-1", "9" * 5000, "²-1", "-1-1", "2-01x"])
def test_a_guess_at_a_picture_looks_like_a_guess_at_the_link(alice: Visitor, nobody: Visitor, place: str) -> None:
    path = share(alice, with_picture(alice)[0])
    assert same(nobody.get(f"{path}{place}/picture.jpg"), nobody.get(f"/s/c/{'a' * 32}/2-1/picture.jpg"))


def test_guesses_are_counted_by_address_and_then_even_the_right_one_shows_nothing(
    tight_site: Site, owner: Visitor
) -> None:
    path = share(owner, talk(owner).conversation)
    with Visitor(tight_site, next_address()) as guesser, Visitor(tight_site, next_address()) as friend:
        tries = [guesser.get(f"/s/c/{number:032}/{name}") for number, name in enumerate([*PAGES, *PAGES][: LOOKS + 1])]
        assert [answer.status_code for answer in tries] == [404] * LOOKS + [429]
        refused = [guesser.get(path), guesser.get(f"{path}continue"), guesser.get("/s/c/wrong/")]
        assert [answer.status_code for answer in refused] == [429] * 3
        assert same(refused[0], refused[2])
        assert friend.get(path).status_code == 200


# J2: what it tells


def test_the_page_tells_only_what_was_shared(alice: Visitor, nobody: Visitor, fake_llama: FakeLlama) -> None:
    sign_up(alice)
    found = talk(alice, "A first question")
    said = Message.objects.create(
        conversation=found.conversation,
        position=3,
        role="user",
        author=alice.person,
        text="Put aside",
        client_id=uuid4(),
    )
    Message.objects.filter(id=said.id).update(parent=found.answer, chosen=False, shown=False)
    assert alice.post(f"/m/{found.answer.id}/feedback", {"good": "0", "word": "A bitter word"}).status_code == 302
    Run.objects.filter(id=found.run.id).update(model="secret-model", problem="length")
    path = share(alice, found.conversation)
    page = nobody.get(path).text
    assert "A first question" in page
    person = alice.person
    private: list[object] = [
        found.conversation.id,
        found.question.id,
        found.answer.id,
        found.run.id,
        person.id,
        said.id,
    ]
    private += [person.username, person.email or "-@-", alice.session_key, found.question.client_id, said.client_id]
    private += ["Put aside", "A bitter word", "secret-model", "csrf", "You are Chaski"]
    page = page.replace(token_in(path), "")
    assert [text for text in private if str(text) in page or getattr(text, "hex", str(text)) in page] == []


def test_a_name_is_shown_by_those_alone_who_have_one_and_want_it(alice: Visitor, bob: Visitor, nobody: Visitor) -> None:
    sign_up(alice)
    hers, his = talk(alice).conversation, talk(bob).conversation
    assert alice.person.username not in nobody.get(share(alice, hers)).text
    path = share(alice, hers, shows_name="1")
    assert f"Shared by {alice.person.username}" in nobody.get(path).text
    assert "Shared by" not in nobody.get(share(bob, his, shows_name="1")).text
    alice.post(f"/c/{hers.id}/share", {"link": token_in(path), "shows_name": "0"})
    assert alice.person.username not in nobody.get(path).text


@pytest.mark.parametrize("field", ["person", "owner", "token", "title", "ends_at", "edition", "until", "text"])
def test_nothing_else_in_the_form_is_stored(alice: Visitor, bob: Visitor, field: str) -> None:
    talk(bob)
    conversation = talk(alice).conversation
    share(alice, conversation, **{field: str(bob.person.id)})
    kept = conversation.shares.get()
    assert (kept.person, kept.title, kept.edition, kept.until) == (alice.person, conversation.title, 1, 2)
    assert str(bob.person.id) not in str(vars(kept))


def test_pictures_are_opened_by_the_link_alone(alice: Visitor, nobody: Visitor) -> None:
    conversation, picture = with_picture(alice)
    other = draw(alice)
    path = share(alice, conversation)
    page = nobody.get(path).text
    assert f'src="{path}2-1/picture.webp"' in page
    assert str(picture.id) not in page
    assert picture.prompt not in page
    assert nobody.get(f"{path}2-1/picture.webp").content == f"picture.webp of {picture.id}".encode()
    assert nobody.get(f"{path}2-1/master.png").status_code == 404
    for one in (picture, other):
        assert nobody.get(f"/p/{one.id}/picture.webp").status_code == 404
    assert str(picture.id) not in str(nobody.get(f"{path}2-1/picture.webp").headers)


def test_a_loop_plays_where_players_ask_for_parts(alice: Visitor, nobody: Visitor) -> None:
    conversation, _ = with_picture(alice, made=Picture.Made.ANIMATED, files={"loop.mp4": FILM})
    path = share(alice, conversation)
    assert f'src="{path}2-1/loop.mp4"' in nobody.get(path).text
    first = nobody.get(f"{path}2-1/loop.mp4", headers={"Range": "bytes=0-1"})
    assert (first.status_code, first.content) == (206, FILM[:2])


def test_somebody_elses_picture_is_not_shared_through_ones_own_conversation(
    alice: Visitor, bob: Visitor, nobody: Visitor
) -> None:
    conversation, _ = with_picture(alice)
    theirs = draw(bob)
    path = share(alice, conversation, pictures=str(theirs.id), picture=str(theirs.id))
    assert str(theirs.id) not in str(list(conversation.shares.get().messages.values("pictures")))
    assert nobody.get(f"{path}2-2/picture.jpg").status_code == 404


# J3: when it is over


def delete_conversation(owner: Visitor, conversation: Conversation) -> None:
    assert owner.post(f"/c/{conversation.id}/delete").status_code == 302


def erase(owner: Visitor, conversation: Conversation) -> None:
    assert owner.post("/you/erase", {"sure": "yes"}).status_code == 302


def suspend(owner: Visitor, conversation: Conversation) -> None:
    Person.objects.filter(memberships__conversation=conversation).update(is_active=False)


@pytest.mark.parametrize("end", [take_back, delete_conversation, erase, suspend])
def test_what_is_over_shows_nothing_at_once_not_even_to_those_who_have_seen_it(
    alice: Visitor, bob: Visitor, nobody: Visitor, end: Callable[[Visitor, Conversation], None]
) -> None:
    conversation, _ = with_picture(alice)
    path = share(alice, conversation)
    seen = nobody.get(f"{path}2-1/picture.jpg")
    again = {"If-None-Match": seen.headers["etag"]}
    assert nobody.get(f"{path}2-1/picture.jpg", headers=again).status_code == 304
    end(alice, conversation)
    assert [nobody.get(path + name, headers=again).status_code for name in PAGES] == [404] * len(PAGES)
    talk(bob)
    before = rows(bob.person)
    assert go_on(bob, path).status_code == 404
    assert nobody.post(f"{path}report", {"word": "x"}).status_code == 404
    assert rows(bob.person) == before


def test_a_deleted_picture_is_gone_from_the_link(alice: Visitor, nobody: Visitor) -> None:
    conversation, picture = with_picture(alice)
    path = share(alice, conversation)
    assert alice.post(f"/p/{picture.id}/delete").status_code == 302
    assert nobody.get(f"{path}2-1/picture.jpg").status_code == 404
    assert "picture.webp" not in nobody.get(path).text


def test_later_words_are_not_there_until_shared_again(alice: Visitor, nobody: Visitor) -> None:
    found = talk(alice, "A first question")
    path = share(alice, found.conversation)
    before = nobody.get(path).text
    alice.post(f"/c/{found.conversation.id}/messages", {"text": "A later question"})
    rest(found.conversation)
    alice.post(f"/m/{found.question.id}/edit", {"text": "A changed question"})
    rest(found.conversation)
    alice.post(f"/c/{found.conversation.id}/rename", {"title": "A changed name"})
    assert nobody.get(path).text == before
    assert share(alice, found.conversation, link=token_in(path)) == path
    after = nobody.get(path).text
    assert "A changed question" in after
    assert "A changed name" in after
    assert "A first question" not in after


def test_no_cache_shows_a_link_without_asking(alice: Visitor, nobody: Visitor) -> None:
    path = share(alice, with_picture(alice)[0])
    assert nobody.get(path).headers["cache-control"] == "private, no-store"
    assert nobody.get(f"{path}2-1/picture.jpg").headers["cache-control"] == "private, no-cache"


# J4: nobody finds it


def test_it_is_kept_out_of_search_engines_and_of_addresses_of_other_sites(alice: Visitor, nobody: Visitor) -> None:
    path = share(alice, with_picture(alice)[0])
    for address in (*(path + name for name in PAGES), "/s/c/wrong/"):
        headers = nobody.get(address).headers
        assert headers["x-robots-tag"] == "noindex, noarchive"
        # Pages with forms need an origin; no other site ever learns an address.
        expected = "same-origin" if address.endswith(("report", "continue")) else "no-referrer"
        assert headers["referrer-policy"] == expected
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
    assert re.search(r'<meta name="robots" content="noindex', nobody.get(path).text)


def test_nothing_lists_what_is_shared(alice: Visitor, bob: Visitor, nobody: Visitor) -> None:
    token = token_in(share(alice, talk(alice).conversation))
    talk(bob)
    for path in ("/s/", "/s/c/", "/s/c", "/sitemap.xml", "/robots.txt", "/", "/about/", "/c/", "/you/"):
        for who in (nobody, bob):
            assert token not in who.get(path, follow_redirects=True).text
    assert nobody.get("/s/c/", follow_redirects=True).status_code == 404
    assert token in alice.get("/you/").text


# J5: looking does nothing


def test_looking_leaves_no_trace_on_either_side(alice: Visitor, bob: Visitor, nobody: Visitor) -> None:
    path = share(alice, with_picture(alice)[0])
    talk(bob)
    long_ago = timezone.now() - timedelta(days=3)
    Person.objects.filter(id=bob.person.id).update(last_seen_at=long_ago)
    before = rows(alice.person), rows(bob.person), Person.objects.count()
    pages = [who.get(path) for who in (nobody, bob, alice)]
    for page in pages:
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert "cookie" not in page.headers["vary"].lower()
        assert page.content == pages[0].content
    assert nobody.get(f"{path}continue").status_code == 200
    assert not nobody.session_key
    assert bob.person.last_seen_at == long_ago
    assert (rows(alice.person), rows(bob.person), Person.objects.count()) == before


# J6: going on


def test_a_reader_goes_on_with_what_they_see_and_nothing_of_the_owner(
    alice: Visitor, nobody: Visitor, fake_llama: FakeLlama
) -> None:
    found = talk(alice, "A first question")
    path = share(alice, found.conversation)
    alice.post(f"/c/{found.conversation.id}/messages", {"text": "A later question"})
    rest(found.conversation)
    hers, asked = rows(alice.person), len(fake_llama.requests)
    response = go_on(nobody, path)
    assert response.status_code == 302
    own = Conversation.objects.get(id=conversation_id(response.headers["location"]))
    assert own.id != found.conversation.id
    assert list(own.members.all()) == [nobody.person]
    assert own.messages.get(position=1).text == "A first question"
    assert own.messages.count() == 2
    assert not own.messages.filter(author=alice.person).exists()
    assert len(fake_llama.requests) == asked
    assert rows(alice.person) == hers
    assert nobody.get(f"/c/{found.conversation.id}/").status_code == 404
    assert nobody.get(response.headers["location"]).status_code == 200
    assert not Member.objects.filter(conversation=found.conversation, person=nobody.person).exists()


def test_going_on_twice_by_one_form_makes_one_conversation(alice: Visitor, bob: Visitor) -> None:
    path, id = share(alice, talk(alice).conversation), str(uuid4())
    first, second = go_on(bob, path, id=id), go_on(bob, path, id=id)
    assert first.headers["location"] == second.headers["location"]
    assert bob.person.conversations.count() == 1


@pytest.mark.parametrize("fields", [{"edition": "2"}, {"edition": ""}, {"edition": "x"}, {"edition": "9" * 400}])
def test_a_copy_that_is_another_by_now_is_looked_at_again(alice: Visitor, bob: Visitor, fields: dict[str, str]) -> None:
    path = share(alice, talk(alice).conversation)
    talk(bob)
    before = rows(bob.person)
    answer = go_on(bob, path, **fields)
    assert answer.status_code == 409
    assert "shared again meanwhile" in answer.text
    assert rows(bob.person) == before


def test_a_form_that_is_none_makes_nothing(alice: Visitor, nobody: Visitor) -> None:
    path, before = share(alice, talk(alice).conversation), Person.objects.count()
    assert go_on(nobody, path, id="none").status_code == 400
    assert nobody.get(f"{path}continue", params={"edition": "1", "id": str(uuid4())}).status_code == 200
    assert nobody.http.post(f"{path}continue", data={"edition": "1"}).status_code == 403
    assert (
        nobody.post(f"{path}continue", {"edition": "1"}, headers={"Origin": "https://evil.example"}).status_code == 403
    )
    assert Person.objects.count() == before


def test_copies_are_counted(tight_site: Site, owner: Visitor) -> None:
    path = share(owner, talk(owner).conversation)
    with Visitor(tight_site, next_address()) as reader:
        statuses = [go_on(reader, path).status_code for _ in range(SHARES + 1)]
        assert statuses == [302] * SHARES + [429]
        assert reader.person.conversations.count() == SHARES


# J7: previews


@pytest.mark.parametrize("agent", CRAWLERS)
def test_a_chat_shows_the_title_and_nothing_that_was_said(alice: Visitor, nobody: Visitor, agent: str) -> None:
    found = talk(alice, "A private question")
    alice.post(f"/c/{found.conversation.id}/rename", {"title": "About llamas"})
    path = share(alice, found.conversation)
    forged = {"User-Agent": agent, "X-Forwarded-Host": "evil.example", "Host": f"localhost:{alice.site.port}"}
    page = nobody.get(path, headers=forged).text
    told = og(page)
    assert told["og:title"] == "About llamas"
    assert told["og:url"] == alice.site.url + path
    assert set(told) == {"og:type", "og:site_name", "og:title", "og:description", "og:url"}
    assert "private question" not in page.partition("</head>")[0]
    assert "evil.example" not in page


def test_words_break_out_of_no_place_they_stand_in(alice: Visitor, nobody: Visitor) -> None:
    found = talk(alice, HOSTILE)
    Message.objects.filter(id=found.answer.id).update(
        text=HOSTILE + "\n\n[x](javascript:canary())\n\n<b onclick=canary()>"
    )
    Conversation.objects.filter(id=found.conversation.id).update(title=HOSTILE[:100])
    path = share(alice, found.conversation)
    pages = [nobody.get(path), nobody.get(f"{path}continue"), alice.get("/you/")]
    pages += [alice.get(f"/c/{found.conversation.id}/share")]
    for page in pages:
        assert page.status_code == 200
        assert "canary()" in unescape(page.text)
        for live in ("<script>canary", "<img src=x", "\"'>", 'href="javascript', "<b onclick"):
            assert live not in page.text


# J8: how many, and what is wrong with one


def test_so_many_links_and_no_more(owner: Visitor) -> None:
    conversations = [talk(owner).conversation for _ in range(SHARES + 1)]
    statuses = [owner.post(f"/c/{conversation.id}/share").status_code for conversation in conversations]
    assert statuses == [302] * SHARES + [429]
    fragment = owner.post(f"/c/{conversations[0].id}/share", headers={"X-Fragment": "1"})
    assert (fragment.status_code, fragment.json()["code"]) == (429, "limited")
    take_back(owner, conversations[0])


def test_nobody_shares_renews_or_takes_back_what_is_anothers(alice: Visitor, bob: Visitor, nobody: Visitor) -> None:
    found, his = talk(alice), talk(bob)
    path = share(alice, found.conversation)
    link, before = token_in(path), rows(alice.person)
    for stranger in (bob, nobody):
        for action in ("share", "unshare"):
            assert stranger.post(f"/c/{found.conversation.id}/{action}", {"link": link}).status_code == 404
    assert bob.post(f"/c/{his.conversation.id}/share", {"link": link}).status_code == 404
    assert bob.post(f"/c/{his.conversation.id}/unshare", {"link": link}).status_code == 302
    assert rows(alice.person) == before
    assert nobody.get(path).status_code == 200


def test_anybody_can_report_it_and_no_get_does(alice: Visitor, nobody: Visitor) -> None:
    conversation = talk(alice).conversation
    path = share(alice, conversation)
    assert f'href="{path}report"' in nobody.get(path).text
    assert nobody.http.post(f"{path}report", data={"word": "x"}).status_code == 403
    assert nobody.get(f"{path}report", params={"word": "x", "_method": "POST"}).status_code == 200
    assert conversation.shares.get().reported_at is None
    answer = nobody.post(f"{path}report", {"word": "zebra crossing " + "x" * 5000})
    assert "Thank you" in answer.text
    kept = conversation.shares.get()
    assert kept.reported_at
    assert kept.report.startswith("zebra crossing xxx")
    assert len(kept.report) == 500
    assert not nobody.session_key
    assert "a shared conversation was reported" in alice.site.log
    assert "zebra crossing" not in alice.site.log
    assert token_in(path) not in alice.site.log


# K: long ones


def test_a_long_conversation_is_read_in_parts(alice: Visitor, nobody: Visitor) -> None:
    conversation = talk(alice).conversation
    more = [
        Message(
            conversation=conversation, position=number, role=("assistant", "user")[number % 2], text=f"Word {number}."
        )
        for number in range(3, 301)
    ]
    Message.objects.bulk_create(more)
    path = share(alice, conversation)
    page = nobody.get(path)
    assert page.text.count("<article") == 50
    seen = 50
    while link := re.search(r'rel="next" href="([^"]+)"', page.text):
        page = nobody.get(link[1])
        seen += page.text.count("<article")
    assert seen == 300
    assert "Word 300." in page.text
    assert nobody.get(f"{path}?after=300").status_code == 404
    for nonsense in ("x", "-1", "", "9" * 400):
        assert nobody.get(path, params={"after": nonsense}).text.count("<article") == 50
    assert nobody.get(path, params={"after": "999999999"}).status_code == 404


def test_a_page_holds_only_so_many_words(alice: Visitor, nobody: Visitor) -> None:
    conversation = talk(alice).conversation
    more = [
        Message(conversation=conversation, position=number, role=("assistant", "user")[number % 2], text="*[" * 8_000)
        for number in range(3, 31)
    ]
    Message.objects.bulk_create(more)
    page = nobody.get(share(alice, conversation))
    assert page.elapsed < timedelta(seconds=10)
    assert len(page.content) < 300_000
