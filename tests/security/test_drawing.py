"""Doors to drawing, tried where nobody draws: too often, all at once, in half words, by guests, in others' films."""

import json
import socket as sockets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings
from redis import Redis

from imagine import jobs, keys
from imagine.errors import PictureNotFoundError, RefusedWordsError
from imagine.files import storage
from imagine.live import LivePrompt
from imagine.models import Picture
from imagine.status import RoleStatus
from tests.easel import Easel
from tests.fake_llama import FakeLlama, says
from tests.imagine.drawing import Pad, begin
from tests.imagine.drawings import encoded, gradient
from tests.people import Visitor, next_address
from tests.security.attacks import closed_with, draw, replies, rest, rows, sign_up
from tests.security.quiet import FRAGMENT, ask, film, outcome, quiet_site, settle, show
from tests.servers import Site, Valkey, eventually
from web.pictures.socket import TYPING_SECONDS

GUEST, ACCOUNT, ADDRESS, MAKING, IDEAS, SOCKETS = 6, 30, 40, 4, 2, 20
TRANSLATIONS = 2
TOO_MANY = 4429
FILE = {"file": ("dog.jpg", encoded(gradient(), "jpeg"), "image/jpeg")}


@pytest.fixture(scope="module")
def shared_tight_site(
    quiet_valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that allows few pictures."""
    changes = {
        "LIMIT_GUEST_PICTURES": f"{GUEST}/day",
        "LIMIT_ACCOUNT_PICTURES": f"{ACCOUNT}/day",
        "LIMIT_ADDRESS_PICTURES": f"{ADDRESS}/day",
        "LIMIT_PERSON_IDEAS": f"{IDEAS}/day",
        "LIMIT_PERSON_TRANSLATIONS": f"{TRANSLATIONS}/day",
        "LIMIT_PERSON_PICTURES": str(MAKING),
    }
    with quiet_site(quiet_valkey, shared_llama.url, tmp_path_factory.mktemp("tight"), changes) as site:
        yield site


@pytest.fixture(scope="module")
def shared_account_site(
    quiet_valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site that draws for accounts only."""
    folder = tmp_path_factory.mktemp("account")
    with quiet_site(quiet_valkey, shared_llama.url, folder, {"IMAGINE_ACCOUNT": "true"}) as site:
        yield site


@pytest.fixture
def eve(shared_tight_site: Site, fake_llama: FakeLlama) -> Iterator[Visitor]:
    """A guest at the tight site."""
    with Visitor(shared_tight_site, next_address()) as visitor:
        begin(visitor)
        yield visitor


@pytest.fixture
def ivy(eve: Visitor) -> Visitor:
    """Somebody with an account there."""
    sign_up(eve)
    return eve


# How many


def test_a_guest_draws_so_much_and_no_more(eve: Visitor) -> None:
    assert [ask(eve, count=4)[0], ask(eve)[1]] == [201, "busy_drawing"]
    settle(eve)
    # The one that was refused while others were in the making has been counted.
    assert [ask(eve)[1] for _ in range(GUEST - 4)] == [""] + ["limited"] * (GUEST - 5)


def test_a_number_that_is_over_the_limit_takes_nothing_from_it(eve: Visitor) -> None:
    assert ask(eve, count=4) == (201, "")
    settle(eve)
    assert [ask(eve, count=count) for count in (3, 2, 1)] == [(429, "limited"), (201, ""), (429, "limited")]
    assert Picture.objects.filter(person=eve.person).count() == GUEST


def test_an_account_has_a_limit_of_its_own(ivy: Visitor) -> None:
    asked = []
    for count in [4] * (ACCOUNT // 4) + [ACCOUNT % 4, 1]:
        asked.append(ask(ivy, count=count)[0])
        settle(ivy)
    assert asked == [201] * (len(asked) - 1) + [429]


def test_many_people_at_one_address_share_its_limit(shared_tight_site: Site) -> None:
    address, drawn = next_address(), 0
    for _ in range(ADDRESS // GUEST + 2):
        with Visitor(shared_tight_site, address) as visitor:
            for count in (3, 1, 1, 1):
                drawn += count if ask(visitor, count=count)[0] == 201 else 0
                settle(visitor)
    assert drawn == ADDRESS


def test_no_more_pictures_in_the_making_than_allowed(eve: Visitor) -> None:
    assert [ask(eve)[1] for _ in range(MAKING + 1)] == [""] * MAKING + ["busy_drawing"]
    picture = Picture.objects.filter(person=eve.person).first()
    assert picture
    assert eve.post(f"/p/{picture.id}/stop").status_code == 302
    assert ask(eve)[1] == ""


def test_pictures_asked_for_at_the_same_moment_do_not_slip_past(ivy: Visitor) -> None:
    with ThreadPoolExecutor(20) as pool:
        asked = list(pool.map(lambda _: ask(ivy)[1], range(20)))
    assert (asked.count(""), asked.count("busy_drawing")) == (MAKING, 20 - MAKING)
    assert Picture.objects.filter(person=ivy.person).count() == MAKING


def test_pictures_tried_again_at_the_same_moment_do_not_slip_past_either(ivy: Visitor) -> None:
    stopped = [draw(ivy, status=Picture.Status.STOPPED) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        asked = list(pool.map(lambda picture: ask(ivy, f"/p/{picture.id}/again")[1], stopped))
    assert (asked.count(""), asked.count("busy_drawing")) == (MAKING, 12 - MAKING)
    assert Picture.objects.filter(person=ivy.person, status="waiting").count() == MAKING


def test_tasks_in_the_queue_are_no_more_than_pictures(ivy: Visitor, quiet_valkey: Valkey) -> None:
    """Asking, stopping and asking again in a loop."""
    before = queued(quiet_valkey, "final")
    [picture] = [draw(ivy, status=Picture.Status.STOPPED)]
    asked = 0
    for _ in range(ACCOUNT + 5):
        asked += ask(ivy, f"/p/{picture.id}/again")[0] == 201
        assert ivy.post(f"/p/{picture.id}/stop").status_code == 302
    assert asked == ACCOUNT
    assert queued(quiet_valkey, "final") - before == ACCOUNT


def queued(valkey: Valkey, queue: str) -> int:
    with Redis.from_url(valkey.url) as client:
        return int(client.llen(queue))  # type: ignore[arg-type]


def test_the_model_is_asked_for_so_many_ideas_and_no_more(eve: Visitor, fake_llama: FakeLlama) -> None:
    for _ in range(IDEAS + 2):
        assert eve.post("/imagine/ideas", {"prompt": "a fox"}).status_code == 200
    assert fake_llama.counts.requests == IDEAS


# Typing


def test_the_model_translates_so_many_prompts_and_no_more(
    eve: Visitor, quiet_valkey: Valkey, fake_llama: FakeLlama
) -> None:
    status = RoleStatus("live", "ready", checkpoint="easel", english=True)
    with Redis.from_url(quiet_valkey.url) as redis, eve.socket("/ws/imagine/") as socket:
        redis.set(keys.painter("live"), status.to_bytes())
        pad = Pad(socket)
        while not socket.hear_until("studio")["live"]:
            pass
        for number in range(TRANSLATIONS + 1):
            pad.type(f"ein roter Fuchs im Schnee, {number}")
            replies(socket)
            eventually(lambda number=number: fake_llama.counts.requests >= min(number + 1, TRANSLATIONS))
        # A pause in which the last one would be translated.
        time.sleep(2 * TYPING_SECONDS)
        assert fake_llama.counts.requests == TRANSLATIONS
        redis.delete(keys.painter("live"))


def test_twenty_tabs_of_one_person_are_one_in_line(eve: Visitor, quiet_valkey: Valkey) -> None:
    with ExitStack() as tabs:
        pads = [Pad(tabs.enter_context(eve.socket("/ws/imagine/"))) for _ in range(SOCKETS)]
        for pad in pads:
            for words in ("a l", "a ll", "a llama"):
                pad.type(words)
        for pad in pads:
            replies(pad.socket)
        assert line(quiet_valkey).count(str(eve.person.id)) == 1
        assert queued(quiet_valkey, "live") == 1
        one_more = tabs.enter_context(eve.socket("/ws/imagine/"))
        assert closed_with(one_more) == TOO_MANY


def line(valkey: Valkey) -> list[str]:
    with Redis.from_url(valkey.url, decode_responses=True) as client:
        return list(client.zrange(keys.QUEUE, 0, -1))  # type: ignore[arg-type]


def leave(pad: Pad) -> None:
    pad.socket.say("leave")
    replies(pad.socket)


def close(pad: Pad) -> None:
    pad.socket.connection.close()


def vanish(pad: Pad) -> None:
    """Without a word, as when a laptop is closed."""
    pad.socket.connection.socket.shutdown(sockets.SHUT_RDWR)


@pytest.mark.parametrize("go", [leave, close, vanish])
def test_a_tab_that_goes_leaves_nothing_to_be_drawn(
    eve: Visitor, quiet_valkey: Valkey, go: Callable[[Pad], None]
) -> None:
    with eve.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type("a llama")
        replies(socket)
        assert quiet_valkey.has(keys.slot(eve.person.id))
        go(pad)
        eventually(lambda: not quiet_valkey.has(keys.slot(eve.person.id)))


def test_a_tab_that_closes_leaves_the_other_tab_its_drawing(eve: Visitor, quiet_valkey: Valkey) -> None:
    with eve.socket("/ws/imagine/") as stays, eve.socket("/ws/imagine/") as goes:
        for socket in (goes, stays):
            Pad(socket).type("a llama")
            replies(socket)
        goes.connection.close()
        # The server has seen it go once there is room for another.
        replies(stays)
        assert quiet_valkey.has(keys.slot(eve.person.id))


def test_an_erased_person_leaves_no_word_behind(eve: Visitor, quiet_valkey: Valkey) -> None:
    marker, person = f"zebra{uuid4().hex}", eve.person.id
    with eve.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type(marker)
        replies(socket)
        film(eve, quiet_valkey, marker)
        [picture] = [draw(eve, status=Picture.Status.DRAWING, prompt=marker)]
        assert marker in kept_in(quiet_valkey)
        assert eve.post("/you/erase", {"sure": "yes"}).status_code == 302
        assert marker not in kept_in(quiet_valkey)
    assert quiet_valkey.has(keys.stop(picture.id))
    assert not quiet_valkey.has(keys.history(person))
    assert storage.names(picture.id) == []


def kept_in(valkey: Valkey) -> str:
    """All that Redis holds of prompts."""
    with Redis.from_url(valkey.url) as client:
        slots = [client.get(key) for key in client.scan_iter(keys.slot("*"))]
        films = [client.xrange(key) for key in client.scan_iter(keys.history("*"))]
    return repr(slots) + repr(films)


# Whose, and what

HALF = "a naked"


def test_what_was_passed_as_half_a_word_is_read_when_it_is_kept(eve: Visitor, quiet_valkey: Valkey) -> None:
    """While somebody types, "a naked" may still become a naked mole rat."""
    sketch = film(eve, quiet_valkey, "a fox", HALF)
    before = rows(eve.person)
    for path in ("keep", "finish", "grow"):
        assert ask(eve, f"/imagine/{path}", sketch=sketch, number=2) == (409, "refused_words"), path
    assert rows(eve.person) == before


def test_a_preview_that_is_finished_in_english_undresses_nobody(
    eve: Visitor, quiet_valkey: Valkey, settings: Settings
) -> None:
    settings.REDIS_URL = quiet_valkey.url
    prompt = LivePrompt(eve.person.id, uuid4(), 1, "biri", "", "square", 5, negative="shirt")
    with Redis.from_url(quiet_valkey.url) as painter:
        show(painter, prompt)
    before = rows(eve.person)
    with pytest.raises(RefusedWordsError):
        jobs.finish(eve.person.id, prompt.canvas, 1, "a little girl")
    assert rows(eve.person) == before
    assert jobs.finish(eve.person.id, prompt.canvas, 1, "a man").drawn == "a man"


def test_a_loop_of_what_was_typed_holds_no_half_words_that_are_not_drawn(eve: Visitor, quiet_valkey: Valkey) -> None:
    sketch = film(eve, quiet_valkey, "a", HALF, "a naked mole", "a naked mole rat")
    assert ask(eve, "/imagine/grow", sketch=sketch) == (201, "")
    loop = Picture.objects.get(person=eve.person)
    assert len([name for name in storage.names(loop.id) if name.startswith("film-")]) == 2


def test_words_far_apart_are_read_together_also_where_the_first_no_longer_fit(eve: Visitor) -> None:
    picture = draw(eve, prompt="a child, " + "x " * 240)
    assert ask(eve, f"/p/{picture.id}/edit", words="in lingerie, " + "y " * 60) == (409, "refused_words")
    assert ask(eve, f"/p/{picture.id}/edit", words="in a red coat, " + "y " * 60) == (201, "")


@pytest.mark.parametrize(
    "words", ["рοrn", "p o r n", "n\u00adude", "mujer desnuda", "голая женщина", "色情", "ch1ld p0rn"]
)
def test_words_that_are_not_drawn_find_no_door(ivy: Visitor, fake_llama: FakeLlama, words: str) -> None:
    picture = draw(ivy, prompt="a fox")
    before = rows(ivy.person)
    for path, fields in [
        ("/imagine/draw", {"prompt": words}),
        ("/imagine/draw", {"prompt": f"a fox in the style of {words}"}),
        (f"/p/{picture.id}/edit", {"words": words}),
        (f"/p/{picture.id}/edit", {"words": f"put me in, {words}"}),
    ]:
        assert ask(ivy, path, **fields) == (409, "refused_words")
    for fields in ({"style": words}, {"motion": words, "seconds": "2"}):
        assert ask(ivy, f"/p/{picture.id}/{'restyle' if 'style' in fields else 'animate'}", **fields)[0] == 400
    with ivy.socket("/ws/imagine/") as socket:
        Pad(socket).type(words, hurry=True)
        assert socket.hear_until("refused")["code"] == "refused_words"
    assert rows(ivy.person) == before
    assert ivy.post("/imagine/draw", {"prompt": words}).status_code == 409
    ivy.post("/imagine/ideas", {"prompt": words})
    assert words not in json.dumps(fake_llama.requests, ensure_ascii=False)


def test_words_in_a_style_are_no_words(eve: Visitor) -> None:
    assert ask(eve, style="porn", shape="porn") == (201, "")
    picture = Picture.objects.get(person=eve.person)
    assert (picture.style, picture.shape) == ("", "square")


def test_the_model_suggests_nothing_that_is_not_drawn(eve: Visitor, fake_llama: FakeLlama) -> None:
    fake_llama.on("a fox", says("a nude fox\na fox, p o r n\na fox in the snow"))
    page = eve.post("/imagine/ideas", {"prompt": "a fox"}).text
    assert "a fox in the snow" in page
    assert "nude" not in page
    assert "p o r n" not in page


@pytest.mark.parametrize("path", ["keep", "finish", "grow"])
def test_nobody_takes_frames_of_anothers_film(eve: Visitor, quiet_valkey: Valkey, path: str) -> None:
    sketch = film(eve, quiet_valkey, "a fox", "a red fox")
    with Visitor(eve.site, next_address()) as bob:
        begin(bob)
        before = rows(bob.person)
        named = {"sketch": sketch, "number": 1, "person": eve.person.id, "person_id": eve.person.id}
        theirs = bob.post(f"/imagine/{path}", named, headers=FRAGMENT)
        missing = bob.post(f"/imagine/{path}", {**named, "sketch": uuid4()}, headers=FRAGMENT)
        assert theirs.status_code in (400, 404)
        assert (theirs.status_code, theirs.content) == (missing.status_code, missing.content)
        assert rows(bob.person) == before
    assert ask(eve, f"/imagine/{path}", sketch=sketch, number=1) == (201, "")


def test_somebody_who_was_erased_meanwhile_asks_for_nothing(eve: Visitor, quiet_valkey: Valkey) -> None:
    person = eve.person
    assert eve.post("/you/erase", {"sure": "yes"}).status_code == 302
    with pytest.raises(PictureNotFoundError):
        jobs.draw(person.id, "a llama")
    assert not Picture.objects.filter(person_id=person.id).exists()


# Where a picture is expected


@pytest.fixture
def trap() -> Iterator[sockets.socket]:
    """A door on which somebody would knock who fetches."""
    with sockets.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        yield door


def test_an_address_where_something_of_ours_is_expected_is_not_fetched(ivy: Visitor, trap: sockets.socket) -> None:
    picture = draw(ivy)
    port = trap.getsockname()[1]
    for place in (
        f"http://127.0.0.1:{port}/x.png",
        f"//127.0.0.1:{port}/",
        "file:///etc/passwd",
        "/etc/passwd",
        "../x",
    ):
        names = dict.fromkeys(("sketch", "from", "picture", "parent", "file", "style", "motion", "shape", "url"), place)
        before = rows(ivy.person)
        for path in ("/imagine/keep", "/imagine/finish", "/imagine/grow", "/imagine/upload"):
            assert ask(ivy, path, number=1, **names)[0] == 400, path
        for path in ("restyle", "animate"):
            assert ask(ivy, f"/p/{picture.id}/{path}", seconds=2, **names)[0] == 400, path
        assert ivy.get("/imagine/", params=names).status_code == 200
        assert ivy.get(f"/p/{picture.id}/{place}").status_code in (301, 404)
        assert rows(ivy.person) == before
        with ivy.socket("/ws/imagine/") as socket:
            socket.say("draw", **{**names, "number": 1, "prompt": "a fox", "seed": 1, "hurry": True})
            assert socket.hear_until("problem")["code"] == "bad_frame"
    with pytest.raises(BlockingIOError):
        trap.accept()


# Accounts only


@pytest.fixture
def guest(shared_account_site: Site, quiet_valkey: Valkey, fake_llama: FakeLlama) -> Iterator[Visitor]:
    """A guest of the chat, where only accounts draw, and somebody would draw for them."""
    easel = Easel(quiet_valkey.url)
    easel.redis.set(keys.painter("final"), RoleStatus("final", "ready", checkpoint="easel", redraw=True).to_bytes())
    with Visitor(shared_account_site, next_address()) as visitor:
        rest(visitor.begin())
        yield visitor
    easel.close()
    easel.redis.close()


def doors(visitor: Visitor, sketch: UUID, picture: Picture, stopped: Picture) -> dict[str, tuple[int, str]]:
    """What each door says."""
    asked: dict[str, dict[str, Any]] = {
        "/imagine/begin": {},
        "/imagine/": {},
        "/imagine/draw": {},
        "/imagine/keep": {"sketch": sketch, "number": 1},
        "/imagine/finish": {"sketch": sketch, "number": 1},
        "/imagine/grow": {"sketch": sketch},
        f"/p/{picture.id}/vary": {"count": 1},
        f"/p/{picture.id}/restyle": {"style": "watercolor"},
        f"/p/{picture.id}/edit": {"words": "with a hat"},
        f"/p/{picture.id}/animate": {"motion": "gentle", "seconds": 1},
        f"/p/{stopped.id}/again": {},
    }
    found = {}
    for path, fields in asked.items():
        found[path] = ask(visitor, path, **fields)
        Picture.objects.filter(person=visitor.person, status="waiting").update(status="done")
    found["/imagine/upload"] = outcome(visitor.post("/imagine/upload", files=FILE, headers=FRAGMENT))
    return found


def test_where_only_accounts_draw_a_guest_finds_no_door(guest: Visitor, quiet_valkey: Valkey) -> None:
    """The guest even has a film and pictures, from a time when guests could draw."""
    sketch = film(guest, quiet_valkey, "a fox", "a red fox")
    picture, stopped = draw(guest, seed=1), draw(guest, status=Picture.Status.STOPPED)
    before = rows(guest.person)
    assert set(doors(guest, sketch, picture, stopped).values()) == {(403, "account_needed")}
    with guest.socket("/ws/imagine/") as socket:
        Pad(socket).type("a llama")
        assert socket.hear_until("refused")["code"] == "account_needed"
    assert str(guest.person.id) not in line(quiet_valkey)
    assert rows(guest.person) == before
    run = guest.begin("/imagine a llama").runs.get
    eventually(lambda: run().status == "failed")
    assert run().problem == "account_needed"
    page = guest.post("/imagine/", {"prompt": "a llama"})
    assert page.status_code == 403
    assert "account" in page.text
    assert Picture.objects.filter(person=guest.person).count() == 2


def test_where_only_accounts_draw_an_account_does(guest: Visitor, quiet_valkey: Valkey) -> None:
    sign_up(guest)
    sketch = film(guest, quiet_valkey, "a fox", "a red fox")
    picture, stopped = draw(guest), draw(guest, status=Picture.Status.STOPPED)
    found = doors(guest, sketch, picture, stopped)
    assert found.pop("/imagine/begin") == (204, "")
    assert set(found.values()) == {(201, "")}
    with guest.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type("a llama")
        assert [reply["type"] for reply in replies(socket) if reply["type"] in ("refused", "problem")] == []
        assert quiet_valkey.has(keys.slot(guest.person.id))


# What is shown of words


def test_a_prompt_breaks_out_of_no_place_it_stands_in(eve: Visitor) -> None:
    hostile = "\"'></title></script><script>canary()</script><img src=x onerror=canary()><!-- \u2028"
    picture = draw(eve, prompt=hostile, words=hostile, seed=1)
    child = draw(eve, prompt=hostile, parent=picture, status=Picture.Status.FAILED, problem=hostile[:30])
    pages = [eve.get(path) for path in (f"/p/{picture.id}/", f"/p/{child.id}/", "/imagine/gallery/", "/imagine/")]
    pages += [eve.get("/imagine/", params={"prompt": hostile, "from": picture.id})]
    pages += [eve.get(f"/p/{picture.id}/", headers=FRAGMENT), eve.get(f"/p/{picture.id}/?card=1", headers=FRAGMENT)]
    pages += [eve.post("/imagine/", {"prompt": hostile + " porn"}), eve.post("/imagine/ideas", {"prompt": hostile})]
    for page in pages:
        assert page.status_code in (200, 409)
        assert "<script>canary" not in page.text
        assert "<img src=x" not in page.text
        assert "\"'>" not in page.text
    assert "canary()" in pages[0].text
