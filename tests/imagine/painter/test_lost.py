"""What draws dies, is away, or loses its queue: no picture stays in the making for ever."""

from collections.abc import Iterator

import pytest
from django.utils import timezone

from imagine import keys
from imagine.models import Picture
from imagine.tasks import GIVEN_UP_AFTER, LOST_AFTER, SENT_AGAIN_AFTER
from tests.imagine.drawing import Pad, ask, begin, draw, ended
from tests.imagine.painter.workshop import Workshop, make_older
from tests.people import Visitor, next_address
from tests.servers import eventually

pytestmark = pytest.mark.slow

# So many steps of so large a picture that one can do something meanwhile.
SLOW = {"IMAGINE_STEPS": "25", "IMAGINE_SIZE": "256"}


@pytest.fixture(scope="module")
def house(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """All but the painter goes on from test to test."""
    with Workshop(tmp_path_factory.mktemp("house")) as shop:
        yield shop


@pytest.fixture
def shop(house: Workshop, request: pytest.FixtureRequest) -> Workshop:
    house.begin_anew(**getattr(request, "param", {}))
    return house


@pytest.fixture
def ada(shop: Workshop) -> Iterator[Visitor]:
    with Visitor(shop.site, next_address()) as visitor:
        yield visitor


def being_drawn(picture: Picture) -> None:
    eventually(lambda: Picture.objects.get(id=picture.id).status == "drawing", 60)


@pytest.mark.parametrize("shop", [SLOW], indirect=True)
def test_a_picture_whose_painter_was_killed_is_drawn_by_the_next(shop: Workshop, ada: Visitor) -> None:
    shop.painter.start()
    [picture] = ask(ada, "/imagine/draw", prompt="a llama")
    being_drawn(picture)
    shop.painter.kill()
    shop.silence(picture)
    shop.look_for_lost()
    eventually(lambda: Picture.objects.get(id=picture.id).status == "waiting")
    shop.painter.start()
    assert ended(picture).attempts == 2


@pytest.mark.parametrize("shop", [SLOW], indirect=True)
def test_a_picture_that_kills_its_painter_twice_is_given_up_and_may_be_tried_again(
    shop: Workshop, ada: Visitor
) -> None:
    shop.painter.start()
    [picture] = ask(ada, "/imagine/draw", prompt="a llama")
    being_drawn(picture)
    shop.painter.kill()
    Picture.objects.filter(id=picture.id).update(attempts=2)
    shop.silence(picture)
    shop.look_for_lost()
    assert ended(picture, "failed").problem == "picture_interrupted"
    assert "again" in ada.get(f"/p/{picture.id}/").text
    shop.painter.start()
    ask_again = ada.post(f"/p/{picture.id}/again", headers={"X-Fragment": "1"})
    assert ask_again.status_code == 201
    ended(picture)


@pytest.mark.parametrize("shop", [SLOW], indirect=True)
def test_a_painter_that_still_draws_is_left_alone(shop: Workshop, ada: Visitor) -> None:
    shop.painter.start()
    [picture] = ask(ada, "/imagine/draw", prompt="a llama")
    being_drawn(picture)
    eventually(lambda: shop.valkey.has(keys.alive(picture.id)))
    Picture.objects.filter(id=picture.id).update(started_at=timezone.now() - LOST_AFTER)
    shop.look_for_lost()
    assert ended(picture).attempts == 1


@pytest.mark.parametrize("shop", [SLOW], indirect=True)
def test_stop_ends_a_picture_between_two_steps(shop: Workshop, ada: Visitor) -> None:
    shop.painter.start()
    [picture] = ask(ada, "/imagine/draw", prompt="a llama")
    being_drawn(picture)
    ada.post(f"/p/{picture.id}/stop", headers={"X-Fragment": "1"})
    assert ended(picture, "stopped").files == []


@pytest.mark.parametrize("shop", [SLOW | {"IMAGINE_LIVE_SIZE": "64"}], indirect=True)
def test_who_types_sees_previews_while_a_large_picture_is_drawn(shop: Workshop, ada: Visitor) -> None:
    shop.painter.start()
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        [picture] = ask(ada, "/imagine/draw", prompt="a llama")
        being_drawn(picture)
        pad = Pad(socket)
        pad.type("a boat")
        pad.frame()
        assert Picture.objects.get(id=picture.id).status == "drawing"
    ended(picture)


def test_a_picture_asked_for_while_nobody_draws_is_drawn_later(shop: Workshop, ada: Visitor) -> None:
    [picture] = ask(ada, "/imagine/draw", prompt="a llama")
    shop.painter.start()
    ended(picture)


def test_a_picture_whose_message_was_lost_is_sent_again(shop: Workshop, ada: Visitor) -> None:
    [picture] = ask(ada, "/imagine/draw", prompt="a llama")
    shop.valkey.kill()
    shop.valkey.start()
    shop.painter.start()
    make_older(picture, SENT_AGAIN_AFTER)
    shop.look_for_lost()
    ended(picture)


def test_a_picture_that_nobody_draws_is_given_up_in_the_end(shop: Workshop, ada: Visitor) -> None:
    [picture] = ask(ada, "/imagine/draw", prompt="a llama")
    make_older(picture, GIVEN_UP_AFTER)
    shop.look_for_lost()
    assert ended(picture, "failed").problem == "away"


def test_an_old_picture_that_is_tried_again_is_waited_for_again(shop: Workshop, ada: Visitor) -> None:
    old, other = ask(ada, "/imagine/draw", prompt="a llama", count=2)
    make_older(old, 2 * GIVEN_UP_AFTER)
    shop.look_for_lost()
    ended(old, "failed")
    assert ada.post(f"/p/{old.id}/again", headers={"X-Fragment": "1"}).status_code == 201
    # One look goes through both, the older one first.
    make_older(other, GIVEN_UP_AFTER)
    shop.look_for_lost()
    ended(other, "failed")
    old.refresh_from_db()
    assert (old.status, old.problem) == ("waiting", "")


def test_an_old_picture_whose_painter_died_is_waited_for_again(shop: Workshop, ada: Visitor) -> None:
    old, other = ask(ada, "/imagine/draw", prompt="a llama", count=2)
    Picture.objects.filter(id=old.id).update(status="drawing", attempts=1)
    shop.silence(old)
    make_older(old, 2 * GIVEN_UP_AFTER)
    make_older(other, GIVEN_UP_AFTER)
    shop.look_for_lost()
    ended(other, "failed")
    old.refresh_from_db()
    assert (old.status, old.problem) == ("waiting", "")


def test_who_typed_while_nobody_drew_sees_a_preview_once_somebody_does(shop: Workshop, ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        assert not socket.hear_until("studio")["live"]
        pad = Pad(socket)
        pad.type("a llama")
        shop.painter.start()
        pad.frame()


def test_who_waits_long_fills_no_queue(shop: Workshop, ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        Pad(socket).type("a llama")
        eventually(lambda: shop.valkey.length("live") == 1)
        for _ in range(3):
            shop.look_for_lost()
        [picture] = ask(ada, "/imagine/draw", prompt="a llama")
        make_older(picture, GIVEN_UP_AFTER)
        # Once this is found, all the looks before it are over.
        shop.look_for_lost()
        ended(picture, "failed")
    assert shop.valkey.length("live") == 1


def test_the_page_says_that_the_painter_has_gone_and_comes_back(shop: Workshop, ada: Visitor) -> None:
    shop.painter.start()
    draw(ada)
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        assert socket.hear_until("studio")["live"]
        shop.painter.kill()
        shop.valkey.forget(*(keys.painter(role) for role in ("live", "final", "animate")))
        gone = socket.hear_until("studio")
        assert not gone["live"]
        assert gone["sentence"]
        shop.painter.start()
        eventually(lambda: socket.hear_until("studio")["live"])
