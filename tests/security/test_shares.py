"""Shared pictures, tried by strangers: what a link tells, when it is over, and how many there may be."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.utils import timezone

from assistant.models import Person
from imagine.files import storage
from imagine.models import Picture, Share
from tests.fake_llama import FakeLlama
from tests.people import Visitor, next_address
from tests.security.attacks import draw, rows, sign_up
from tests.servers import Site, Valkey

FILM = bytes(range(256)) * 300
SHARES, LOOKS = 3, 5
CRAWLERS = [
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "Twitterbot/1.0",
]


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


def share(visitor: Visitor, picture: Picture, shows_prompt: bool = True) -> str:
    """Share it as its page does; the path of the link."""
    response = visitor.post(f"/p/{picture.id}/share", {"shows_prompt": "1" if shows_prompt else "0"})
    assert response.status_code == 302, response.text
    return f"/s/{Share.objects.get(picture=picture).token}/"


def same(first: httpx.Response, second: httpx.Response) -> bool:
    """Whether two answers cannot be told apart."""

    def seen(response: httpx.Response) -> Any:
        headers = {name: value for name, value in response.headers.items() if name != "date"}
        return response.status_code, headers, response.content

    return seen(first) == seen(second)


def test_links_are_long_and_name_nothing(alice: Visitor) -> None:
    pictures = [draw(alice) for _ in range(2)]
    tokens = [share(alice, picture).split("/")[2] for picture in pictures]
    assert len(set(tokens)) == 2
    assert all(len(token) * 6 >= 128 for token in tokens)
    for token, picture in zip(tokens, pictures, strict=True):
        assert picture.id.hex not in token
        assert alice.person.id.hex not in token


# J1: a guess


NEVER = ["x", "a" * 32, "A" * 40, "é", "%00", "%", "a" * 5000, "'%20OR%201=1--"]


@pytest.mark.parametrize("rest", ["", "picture.jpg", "loop.mp4", "report"])
def test_links_that_show_nothing_cannot_be_told_apart(alice: Visitor, nobody: Visitor, rest: str) -> None:
    revoked, ended, lasting = (share(alice, draw(alice)) for _ in range(3))
    token = lasting.split("/")[2]
    assert alice.post(f"/p/{picture_of(revoked).id}/unshare").status_code == 302
    Share.objects.filter(token=ended.split("/")[2]).update(ends_at=timezone.now() - timedelta(seconds=1))
    wrong = [f"/s/{guess}/" for guess in [*NEVER, token[:-1], token + "a", token.swapcase()]]
    answers = [nobody.get(path + rest) for path in (revoked, ended, *wrong)]
    assert answers[0].status_code == 404
    assert all(same(answer, answers[0]) for answer in answers)
    assert nobody.http.cookies == httpx.Cookies()


def picture_of(path: str) -> Picture:
    return Share.objects.get(token=path.split("/")[2]).picture


def test_a_guess_at_a_file_of_a_link_looks_like_a_guess_at_the_link(alice: Visitor, nobody: Visitor) -> None:
    path = share(alice, draw(alice))
    wrong = nobody.get(f"/s/{'a' * 32}/picture.jpg")
    for name in ("loop.mp4", "master.png", "start.jpg", "picture.jpg%00", "PICTURE.JPG", "x" * 3000):
        assert same(nobody.get(path + name), wrong), name


def test_guesses_are_counted_by_address_and_then_even_the_right_one_shows_nothing(
    tight_site: Site, owner: Visitor
) -> None:
    path = share(owner, draw(owner))
    with Visitor(tight_site, next_address()) as guesser, Visitor(tight_site, next_address()) as friend:
        tries = [
            guesser.get(f"/s/{number:032}/{name}") for number, name in enumerate(["", "picture.jpg", "report"] * 2)
        ]
        assert [answer.status_code for answer in tries] == [404] * LOOKS + [429]
        refused = [guesser.get(path), guesser.get(f"{path}picture.jpg"), guesser.get("/s/wrong/")]
        assert [answer.status_code for answer in refused] == [429] * 3
        assert same(refused[0], refused[2])
        assert friend.get(path).status_code == 200


@pytest.fixture
def tight_site(shared_tight_site: Site, fake_llama: FakeLlama) -> Site:
    return shared_tight_site


@pytest.fixture
def owner(tight_site: Site) -> Iterator[Visitor]:
    """Somebody at the tight site."""
    with Visitor(tight_site, next_address()) as visitor:
        yield visitor


# J2: what it tells


@pytest.mark.parametrize("shows_prompt", [True, False])
def test_the_page_tells_only_what_its_owner_shows(alice: Visitor, nobody: Visitor, shows_prompt: bool) -> None:
    parent = draw(alice, prompt="The secret first thought")
    picture = draw(alice, prompt="A quiet llama", words="hidden words", parent=parent, group=uuid4(), seed=918273645)
    child = draw(alice, prompt="What came of it", parent=picture)
    sign_up(alice)
    person = alice.person
    page = nobody.get(share(alice, picture, shows_prompt)).text
    assert ("A quiet llama" in page) is shows_prompt
    private = [picture.id, picture.group, parent.id, child.id, person.id, person.username, alice.session_key]
    private += ["918273645", "secret first thought", "hidden words", "What came of it"]
    page = page.replace(Share.objects.get(picture=picture).token, "")
    assert [text for text in private if str(text) in page or getattr(text, "hex", text) in page] == []


def test_a_prompt_that_is_hidden_again_is_gone_at_once(alice: Visitor, nobody: Visitor) -> None:
    picture = draw(alice, prompt="A quiet llama")
    path = share(alice, picture, shows_prompt=True)
    assert "A quiet llama" in nobody.get(path).text
    assert share(alice, picture, shows_prompt=False) == path
    assert "A quiet llama" not in nobody.get(path).text


def test_a_link_opens_the_finished_files_of_its_picture_and_no_other(alice: Visitor, nobody: Visitor) -> None:
    picture, other = draw(alice), draw(alice)
    path = share(alice, picture)
    found = {name for name in (*storage.SERVED, storage.MASTER, "start.jpg") if nobody.get(path + name).is_success}
    assert found == {"picture.jpg", "picture.webp", "thumb.webp"}
    for name in ("picture.jpg", "thumb.webp"):
        assert nobody.get(f"/p/{picture.id}/{name}").status_code == 404
        assert nobody.get(f"/p/{other.id}/{name}").status_code == 404


def test_headers_and_names_of_files_tell_nothing_of_their_picture(alice: Visitor, nobody: Visitor) -> None:
    picture = draw(alice)
    path = share(alice, picture)
    for address in (path, f"{path}picture.jpg", f"{path}picture.jpg?download=1"):
        told = str(nobody.get(address).headers)
        assert str(picture.id) not in told
        assert picture.id.hex not in told
        assert str(alice.person.id) not in told


# J3: when it is over


def take_back(owner: Visitor, picture: Picture) -> None:
    assert owner.post(f"/p/{picture.id}/unshare").status_code == 302


def delete_picture(owner: Visitor, picture: Picture) -> None:
    assert owner.post(f"/p/{picture.id}/delete").status_code == 302


def erase(owner: Visitor, picture: Picture) -> None:
    assert owner.post("/you/erase", {"sure": "yes"}).status_code == 302


def suspend(owner: Visitor, picture: Picture) -> None:
    Person.objects.filter(id=picture.person_id).update(is_active=False)


@pytest.mark.parametrize("end", [take_back, delete_picture, erase, suspend])
def test_what_is_over_shows_nothing_at_once_not_even_to_those_who_have_seen_it(
    alice: Visitor, nobody: Visitor, end: Callable[[Visitor, Picture], None]
) -> None:
    picture = draw(alice)
    path = share(alice, picture)
    seen = nobody.get(f"{path}picture.jpg")
    again = {"If-None-Match": seen.headers["etag"]}
    assert nobody.get(f"{path}picture.jpg", headers=again).status_code == 304
    end(alice, picture)
    addresses = [path, f"{path}picture.jpg", f"{path}thumb.webp", f"{path}report"]
    assert [nobody.get(address, headers=again).status_code for address in addresses] == [404] * 4
    assert alice.get(path).status_code == 404


def test_no_cache_shows_a_link_without_asking(alice: Visitor, nobody: Visitor) -> None:
    path = share(alice, draw(alice))
    assert nobody.get(path).headers["cache-control"] == "private, no-store"
    assert nobody.get(f"{path}picture.jpg").headers["cache-control"] == "private, no-cache"


# J4: nobody finds it


def test_a_shared_picture_is_kept_out_of_search_engines_and_of_addresses_of_other_sites(
    alice: Visitor, nobody: Visitor
) -> None:
    path = share(alice, draw(alice))
    for address in (path, f"{path}picture.jpg", f"{path}report", "/s/wrong/"):
        headers = nobody.get(address).headers
        assert headers["x-robots-tag"] == "noindex, noarchive"
        # A page with a form needs an origin of its own; no other site ever learns its address.
        assert headers["referrer-policy"] == ("same-origin" if address.endswith("report") else "no-referrer")
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
    assert re.search(r'<meta name="robots" content="noindex', nobody.get(path).text)


def test_nothing_lists_what_is_shared(alice: Visitor, nobody: Visitor) -> None:
    token = share(alice, draw(alice)).split("/")[2]
    for path in ("/s/", "/s", "/sitemap.xml", "/robots.txt", "/", "/about/", "/imagine/", "/imagine/gallery/"):
        assert token not in nobody.get(path, follow_redirects=True).text
    assert nobody.get("/s/", follow_redirects=True).status_code == 404
    assert nobody.get("/sitemap.xml").status_code == 404


def test_chats_may_look_and_robots_learn_the_rule_from_the_header(nobody: Visitor) -> None:
    rules = nobody.get("/robots.txt").text.splitlines()
    assert "Allow: /s/" in rules
    assert rules[-1] == "Disallow: /"


# J5: looking does nothing


def test_looking_leaves_no_trace_on_either_side(alice: Visitor, bob: Visitor, nobody: Visitor) -> None:
    path = share(alice, draw(alice))
    draw(bob)
    long_ago = timezone.now() - timedelta(days=3)
    Person.objects.filter(id=bob.person.id).update(last_seen_at=long_ago)
    before = rows(alice.person), rows(bob.person), Person.objects.count()
    pages = [who.get(path) for who in (nobody, bob, alice)]
    for page in pages:
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert "cookie" not in page.headers["vary"].lower()
        assert page.content == pages[0].content
    file = bob.get(f"{path}picture.jpg")
    assert "set-cookie" not in file.headers
    assert bob.person.last_seen_at == long_ago
    assert (rows(alice.person), rows(bob.person), Person.objects.count()) == before


def test_a_made_up_session_is_not_looked_at(alice: Visitor, nobody: Visitor) -> None:
    path = share(alice, draw(alice))
    page = nobody.get(path, headers={"Cookie": f"sessionid={'a' * 32}"})
    assert page.status_code == 200
    assert "set-cookie" not in page.headers


# J7: previews


@pytest.mark.parametrize("agent", CRAWLERS)
def test_a_chat_shows_a_preview_without_a_cookie(alice: Visitor, nobody: Visitor, agent: str) -> None:
    picture = draw(alice, prompt="A quiet llama")
    path = share(alice, picture)
    page = nobody.get(path, headers={"User-Agent": agent})
    told = og(page.text)
    assert told["og:url"] == alice.site.url + path
    assert told["og:image"] == f"{alice.site.url}{path}picture.jpg"
    image = nobody.get(told["og:image"], headers={"User-Agent": agent})
    assert (image.status_code, image.headers["content-type"]) == (200, "image/jpeg")
    assert nobody.http.head(path).status_code == 200
    assert nobody.http.head(told["og:image"]).headers["content-length"] == str(len(image.content))


def og(page: str) -> dict[str, str]:
    return dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)"', page))


def test_addresses_in_a_preview_are_the_sites_own_whatever_the_request_says(alice: Visitor, nobody: Visitor) -> None:
    path = share(alice, draw(alice, made=Picture.Made.ANIMATED, files={"loop.mp4": FILM}))
    forged = {"Host": f"localhost:{alice.site.port}", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    page = nobody.get(path, headers=forged).text
    told = og(page)
    assert told["og:video"] == f"{alice.site.url}{path}loop.mp4"
    addresses = [value for value in told.values() if "://" in value]
    assert all(address.startswith(f"{alice.site.url}{path}") for address in addresses)
    assert "evil.example" not in page
    assert f"localhost:{alice.site.port}" not in page


def test_words_break_out_of_no_place_they_stand_in(alice: Visitor, nobody: Visitor) -> None:
    hostile = "\"'></title></script><script>canary()</script><img src=x onerror=canary()><!-- \u2028"
    page = nobody.get(share(alice, draw(alice, prompt=hostile))).text
    assert "canary()" in page
    assert "<script>canary" not in page
    assert "<img src=x" not in page
    assert "\"'>" not in page


def test_a_film_plays_where_players_ask_for_parts(alice: Visitor, nobody: Visitor) -> None:
    path = share(alice, draw(alice, made=Picture.Made.ANIMATED, files={"loop.mp4": FILM}))
    first = nobody.get(f"{path}loop.mp4", headers={"Range": "bytes=0-1"})
    assert (first.status_code, first.content) == (206, FILM[:2])
    assert first.headers["content-range"] == f"bytes 0-1/{len(FILM)}"
    rest = nobody.get(f"{path}loop.mp4", headers={"Range": "bytes=2-"})
    assert (rest.status_code, rest.content) == (206, FILM[2:])
    whole = nobody.get(f"{path}loop.mp4")
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, FILM, "video/mp4")
    assert nobody.get(f"{path}loop.mp4", headers={"Range": f"bytes={len(FILM)}-"}).status_code == 416


# J8: how many, and what is wrong with one


def test_so_many_links_and_no_more(owner: Visitor) -> None:
    pictures = [draw(owner) for _ in range(SHARES + 1)]
    statuses = [owner.post(f"/p/{picture.id}/share").status_code for picture in pictures]
    assert statuses == [302] * SHARES + [429]
    assert Share.objects.filter(picture__person=owner.person).count() == SHARES
    fragment = owner.post(f"/p/{pictures[0].id}/share", headers={"X-Fragment": "1"})
    assert (fragment.status_code, fragment.json()["code"]) == (429, "limited")
    assert owner.post(f"/p/{pictures[0].id}/unshare").status_code == 302


def test_nobody_shares_or_takes_back_what_is_anothers(alice: Visitor, bob: Visitor, nobody: Visitor) -> None:
    hidden, shown = draw(alice), draw(alice)
    path = share(alice, shown)
    draw(bob)
    before = rows(alice.person)
    for stranger in (bob, nobody):
        assert stranger.post(f"/p/{hidden.id}/share", {"shows_prompt": "1"}).status_code == 404
        assert stranger.post(f"/p/{shown.id}/unshare").status_code == 404
    assert rows(alice.person) == before
    assert nobody.get(path).status_code == 200


def test_a_picture_in_the_making_is_not_shared(alice: Visitor) -> None:
    picture = draw(alice, status=Picture.Status.DRAWING)
    assert alice.post(f"/p/{picture.id}/share").status_code == 400
    assert alice.post(f"/p/{picture.id}/share", headers={"X-Fragment": "1"}).json()["code"] == "refused_picture"
    assert not picture.shares.exists()


def test_anybody_can_report_a_picture_from_its_page(alice: Visitor, nobody: Visitor) -> None:
    picture = draw(alice)
    path = share(alice, picture)
    assert f'href="{path}report"' in nobody.get(path).text
    form = nobody.get(f"{path}report").text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token
    answer = nobody.http.post(
        f"{path}report",
        data={"csrfmiddlewaretoken": token[1], "word": "It shows my house. " + "x" * 5000},
        headers={"Origin": nobody.site.url},
    )
    assert answer.status_code == 200
    assert "Thank you" in answer.text
    kept = Share.objects.get(picture=picture)
    assert kept.reported_at
    assert kept.report.startswith("It shows my house. xxx")
    assert len(kept.report) == 500
    assert nobody.get(path).status_code == 200
    assert not nobody.session_key


def test_a_report_needs_a_page_of_ours_and_no_get_makes_one(alice: Visitor, nobody: Visitor) -> None:
    picture = draw(alice)
    path = share(alice, picture)
    assert nobody.http.post(f"{path}report", data={"word": "x"}).status_code == 403
    assert nobody.post(f"{path}report", {"word": "x"}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert nobody.get(f"{path}report", params={"word": "x", "_method": "POST"}).status_code == 200
    assert Share.objects.get(picture=picture).reported_at is None


def test_reports_are_counted_as_looks_are(tight_site: Site, owner: Visitor) -> None:
    path = share(owner, draw(owner))
    with Visitor(tight_site, next_address()) as loud:
        statuses = [loud.post(f"{path}report", {"word": "Bad"}).status_code for _ in range(LOOKS + 1)]
    assert statuses == [200] * LOOKS + [429]


def test_the_log_names_the_picture_and_neither_the_link_nor_the_word(alice: Visitor, nobody: Visitor) -> None:
    picture = draw(alice)
    path = share(alice, picture)
    nobody.post(f"{path}report", {"word": "zebra crossing"})
    assert "a shared picture was reported" in alice.site.log
    assert "zebra crossing" not in alice.site.log
    assert path.split("/")[2] not in alice.site.log
