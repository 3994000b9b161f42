"""Somebody types, and the picture changes: over a real socket, with a real process that draws."""

from contextlib import ExitStack
from pathlib import Path
from statistics import mean
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image, ImageChops, ImageStat
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from imagine import events, keys, live
from imagine.errors import CheckpointError
from imagine.events import PromptRefused
from imagine.files import storage
from imagine.live import LivePrompt
from imagine.models import Picture
from imagine.painter.checkpoints import Checkpoints
from imagine.painter.finals import beginning, opened
from imagine.painter.live import LiveWorker
from tests.imagine.diffusion.checkpoints import stable_diffusion
from tests.imagine.drawing import LOOP_FILES, Pad, ask, begin, ended, picture_of, refused, shown
from tests.imagine.painter.workshop import Workshop
from tests.people import Visitor, next_address
from tests.servers import Site, Valkey, eventually

# The tiny checkpoint reads three times 75 letters.
LONG = (
    "snow, a lake, and a hat, " * 10
    + "a llama on a hill, at dawn, in the snow, with a hat and a scarf, beside a lake and a very small blue boat"
)


def far(one: Image.Image, other: Image.Image) -> float:
    """The mean distance of two pictures, 0 to 255."""
    return mean(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_each_pause_shows_what_was_typed(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type("a llama")
        first = pad.frame(1)
        pad.type("a llama in the rain")
        second = pad.frame(2)
    assert picture_of(first).size == first["size"]
    assert first["jpeg"] != second["jpeg"]


def test_the_same_words_and_seed_show_the_same_preview(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        one, other = Pad(socket), Pad(socket)
        one.type("a llama")
        first = one.frame()
        other.type("a llama")
        assert other.frame()["jpeg"] == first["jpeg"]


def test_typing_fast_draws_fewer_pictures_than_letters_and_the_last_words_always(ada: Visitor) -> None:
    begin(ada)
    text = "a llama on a hill, at dawn, in the snow"
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        for length in range(1, len(text) + 1):
            pad.type(text[:length])
        pad.frame(len(text))
    numbers = [message["number"] for message in socket.heard if message["type"] == "live"]
    assert 1 <= len(numbers) < len(text)
    assert numbers == sorted(numbers)


def test_the_page_shows_the_status_of_the_painter(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        studio = socket.hear_until("studio")
    assert studio["live"]
    assert studio["ready"]
    assert studio["redraw"]
    assert studio["sentence"] == ""


def test_refused_words_say_why_and_half_a_word_is_no_reason(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type("a naked")
        pad.frame(1)
        pad.type("a naked child ")
        heard = socket.hear_until("refused")
        assert (heard["number"], heard["code"]) == (2, "refused_words")
        assert heard["sentence"]
        pad.type("a naked mole rat")
        pad.frame(3)


def test_what_the_checkpoint_has_no_room_to_read_is_told(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type("a llama")
        pad.frame(1)
        pad.type(LONG)
        pad.frame(2)
    heard = [message for message in socket.heard if message["type"] == "read"]
    assert [message["number"] for message in heard] == [2]
    assert heard[0]["left_out"].endswith("blue boat")
    assert LONG.endswith(heard[0]["left_out"])
    # The finished picture tells it too, on its own page.
    picture = ended(ask(ada, "/imagine/draw", prompt=LONG)[0])
    assert picture.left_out == heard[0]["left_out"]
    assert f"Not drawn, as it is too long: {picture.left_out}" in ada.get(f"/p/{picture.id}/").text
    assert "Not drawn" not in ada.get(f"/p/{ended(ask(ada, '/imagine/draw', prompt='a llama')[0]).id}/").text


def test_a_preview_is_kept_finished_and_grown_into_a_loop(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        for words in ("a llama", "a llama in a boat", "a llama in a boat at sea"):
            pad.type(words)
            pad.frame(pad.number)
    kept = ended(ask(ada, "/imagine/keep", sketch=pad.sketch, number=2)[0])
    assert (kept.prompt, kept.made, kept.seed) == ("a llama in a boat", "kept", pad.seed)
    finished = ask(ada, "/imagine/finish", sketch=pad.sketch, number=3)[-1]
    assert ended(finished).prompt == "a llama in a boat at sea"
    assert finished.parent is not None
    assert finished.parent.made == Picture.Made.KEPT
    assert finished.parent.group != finished.group
    loop = ended(ask(ada, "/imagine/grow", sketch=pad.sketch)[0])
    assert set(loop.files) == LOOP_FILES
    assert shown(loop, "loop.gif").n_frames > 3  # type: ignore[attr-defined]
    # What it grew to is what goes on from it begins with.
    first, last = (ended(ask(ada, "/imagine/keep", sketch=pad.sketch, number=number)[0]) for number in (1, 3))
    begun = opened(storage.load(loop.id, storage.MASTER))
    distances = [far(begun, opened(storage.load(kept.id, storage.MASTER))) for kept in (first, last)]
    assert distances[1] < 1 < distances[0]
    again = ended(ask(ada, f"/p/{loop.id}/animate", motion="gentle", seconds="2")[0])
    assert beginning(again) == begun


def test_nobody_keeps_a_preview_of_somebody_else(ada: Visitor, bob: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type("a llama")
        pad.frame()
    begin(bob)
    assert refused(bob, "/imagine/keep", sketch=pad.sketch, number=1) == "picture_not_found"


def test_a_picture_tells_how_far_it_is(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        socket.hear_until("studio")
        [picture] = ask(ada, "/imagine/draw", prompt="a llama")
        heard = [socket.hear_until("picture")]
        while heard[-1]["status"] != "done":
            heard.append(socket.hear_until("picture"))
    assert {message["id"] for message in heard} == {str(picture.id)}
    assert heard[0]["status"] == "drawing"


def test_where_nothing_is_set_up_words_are_refused_and_nobody_waits_in_the_queue(
    database: None, tmp_path: Path
) -> None:
    valkey = Valkey(tmp_path / "valkey")
    valkey.start()
    site = Site(tmp_path / "site", {"REDIS_URL": valkey.url})
    site.start()
    try:
        with Visitor(site, next_address()) as visitor:
            begin(visitor)
            with visitor.socket("/ws/imagine/") as socket:
                Pad(socket).type("a llama")
                heard = socket.hear_until("refused")
        assert (heard["number"], heard["code"]) == (1, "no_checkpoint")
        assert valkey.size(keys.QUEUE) == 0
    finally:
        site.kill()
        valkey.kill()


def test_behind_a_painter_who_is_away_nobody_reads_a_place_in_the_queue(database: None, tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop, ExitStack() as doors:
        for before in range(2):
            visitor = doors.enter_context(Visitor(shop.site, next_address()))
            begin(visitor)
            socket = doors.enter_context(visitor.socket("/ws/imagine/"))
            Pad(socket).type("a llama")
            socket.say("ping")
            socket.hear_until("pong")
            assert shop.valkey.size(keys.QUEUE) == before + 1
            assert "line" not in {message["type"] for message in socket.heard}


def test_people_who_come_while_nobody_draws_leave_one_task(database: None, tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop, ExitStack() as doors:
        for _ in range(3):
            visitor = doors.enter_context(Visitor(shop.site, next_address()))
            begin(visitor)
            socket = doors.enter_context(visitor.socket("/ws/imagine/"))
            Pad(socket).type("a llama")
            socket.say("ping")
            # What a socket says is carried out in its order.
            socket.hear_until("pong")
        assert shop.valkey.length("live") == 1


async def test_who_draws_previews_for_a_while_says_whether_people_are_left(
    valkey: Valkey, settings: Any, tmp_path: Path
) -> None:
    settings.IMAGINE_MODEL = str(stable_diffusion(tmp_path / "tiny"))
    with Redis.from_url(valkey.url, db=8) as painter:
        async with AsyncRedis.from_url(valkey.url, db=8) as page:
            for _ in range(2):
                await live.put(page, LivePrompt(uuid4(), uuid4(), 1, "a llama", "", "square", seed=3))
        worker = LiveWorker(Checkpoints(("live",)), painter)
        assert [worker.serve(0), painter.zcard(keys.QUEUE)] == [True, 1]
        assert [worker.serve(60), painter.zcard(keys.QUEUE)] == [False, 0]
        assert not LiveWorker(Checkpoints(("final",)), painter).serve(0)


@pytest.mark.parametrize(
    ("error", "code"),
    [(CheckpointError("its numbers overflow"), "checkpoint"), (ValueError("a library is puzzled"), "picture_trouble")],
)
async def test_who_waits_for_a_preview_that_fails_is_told_at_once(
    valkey: Valkey, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    settings.IMAGINE_MODEL = str(stable_diffusion(tmp_path / "tiny"))
    prompt = LivePrompt(uuid4(), uuid4(), 7, "a llama", "", "square", seed=3)
    checkpoints = Checkpoints(("live",))

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(checkpoints.live, "paint", fail)
    with Redis.from_url(valkey.url, db=8) as painter, painter.pubsub() as page:
        page.subscribe(keys.person(prompt.person))
        async with AsyncRedis.from_url(valkey.url, db=8) as site:
            await live.put(site, prompt)
        assert not LiveWorker(checkpoints, painter).serve(60)
        heard = [message["data"] for _ in range(3) if (message := page.get_message(timeout=5))]
        refused = events.from_bytes(heard[-1])
        assert refused == PromptRefused(str(prompt.canvas), 7, code)
        assert painter.zcard(keys.QUEUE) == 0


def test_people_who_share_a_pass_see_what_each_would_see_alone(database: None, tmp_path: Path) -> None:
    words = {"a llama": 5, "a boat at sea": 6, "a hat": 7}
    with Workshop(tmp_path, IMAGINE_BATCH="4") as shop, ExitStack() as doors:
        pads = {}
        for prompt, seed in words.items():
            visitor = doors.enter_context(Visitor(shop.site, next_address()))
            begin(visitor)
            pads[prompt] = Pad(doors.enter_context(visitor.socket("/ws/imagine/")), seed)
        for prompt, pad in pads.items():
            pad.type(prompt)
        eventually(lambda: shop.valkey.size(keys.QUEUE) == len(words))
        # All are in the queue before the painter starts, so one pass takes all.
        shop.painter.start()
        together = {prompt: picture_of(pad.frame()) for prompt, pad in pads.items()}
        for prompt, pad in pads.items():
            pad.type(prompt)
            alone = picture_of(pad.frame(2))
            assert max(ImageStat.Stat(ImageChops.difference(alone, together[prompt])).mean) < 1


def test_of_sixteen_people_who_type_at_once_nobody_is_left_out(database: None, tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop, ExitStack() as doors:
        pads = []
        for _ in range(16):
            visitor = doors.enter_context(Visitor(shop.site, next_address()))
            begin(visitor)
            pads.append(Pad(doors.enter_context(visitor.socket("/ws/imagine/"))))
        shop.painter.start()
        eventually(lambda: shop.valkey.has(keys.painter("live")))
        for number in range(2 * len(pads)):
            for pad in pads:
                pad.type(f"a llama with {number} hats")
            pads[number % len(pads)].frame()
        for pad in pads:
            if not any(message["type"] == "live" and message["number"] == pad.number for message in pad.socket.heard):
                pad.frame(pad.number)
        served = [sum(message["type"] == "live" for message in pad.socket.heard) for pad in pads]
    assert min(served) >= mean(served) / 2
