"""Pages offer what the painter reports that it can, and previews whatever becomes of large pictures."""

from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from imagine import keys
from imagine.models import Picture
from imagine.status import ROLES, Role, RoleStatus
from tests.easel import drawn
from tests.fake_llama import FakeLlama
from tests.imagine.drawing import Pad, begin
from tests.people import Visitor
from tests.security.quiet import quiet_site
from tests.servers import Site, Valkey

Report = Callable[..., None]
AGAIN = "data-again"
READY = {"state": "ready", "redraw": True}
BROKEN = {"state": "broken", "problem": "no such folder"}


@pytest.fixture(scope="module")
def site(quiet_valkey: Valkey, shared_llama: FakeLlama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with quiet_site(quiet_valkey, shared_llama.url, tmp_path_factory.mktemp("quiet-site"), {}) as site:
        yield site


@pytest.fixture
def report(quiet_valkey: Valkey) -> Iterator[Report]:
    """Have a painter report so of its roles, though nobody draws."""
    with Redis.from_url(quiet_valkey.url) as redis:

        def publish(**roles: dict[str, object]) -> None:
            for role in ROLES:
                redis.delete(keys.painter(role))
            for name, fields in roles.items():
                role: Role = name  # type: ignore[assignment]
                redis.set(keys.painter(role), RoleStatus(role, **fields).to_bytes(), ex=600)  # type: ignore[arg-type]

        yield publish
        publish()


def failed(visitor: Visitor, problem: str = "picture_trouble") -> Picture:
    """A picture of theirs that did not come out."""
    return Picture.objects.create(
        person_id=visitor.person.id, made="drawn", prompt="a fox", status="failed", problem=problem
    )


def test_previews_go_on_where_large_pictures_cannot_be_drawn(alice: Visitor, report: Report) -> None:
    report(live=READY, final=BROKEN, animate=BROKEN)
    begin(alice)
    with alice.socket("/ws/imagine/") as socket:
        studio = socket.hear_until("studio")
        pad = Pad(socket)
        pad.type("a fox")
        socket.say("ping")
        socket.hear_until("pong")
    assert "refused" not in {message["type"] for message in socket.heard}
    assert (studio["live"], studio["ready"], studio["broken"], studio["redraw"]) == (True, False, True, False)
    assert studio["sentence"].startswith("Only previews can be drawn here at the moment.")
    assert "Only previews can be drawn here" in alice.get("/imagine/").text
    refused = alice.post("/imagine/draw", {"prompt": "a fox"}, headers={"X-Fragment": "1"})
    assert refused.json()["code"] == "checkpoint"


def test_who_types_is_told_at_once_where_there_are_no_previews(alice: Visitor, report: Report) -> None:
    report(live=BROKEN, final=READY, animate=READY)
    begin(alice)
    with alice.socket("/ws/imagine/") as socket:
        assert "no previews here" in socket.hear_until("studio")["sentence"]
        Pad(socket).type("a fox")
        assert socket.hear_until("refused")["code"] == "checkpoint"


@pytest.mark.parametrize(
    ("final", "problem", "offered"),
    [
        (READY, "picture_trouble", True),
        ({"state": "loading"}, "picture_trouble", True),
        (None, "away", True),
        (BROKEN, "picture_trouble", False),
        # What cannot begin from a picture will not the next time.
        ({"state": "ready", "redraw": False}, "unable", False),
        (READY, "unable", True),
    ],
)
def test_drawing_again_is_offered_where_it_can_help(
    alice: Visitor, report: Report, final: dict[str, object] | None, problem: str, offered: bool
) -> None:
    report(**({"final": final} if final else {}))
    begin(alice)
    page = f"/p/{failed(alice, problem).id}/"
    for address in (page, f"{page}?card=1", "/imagine/gallery/"):
        headers = {"X-Fragment": "1"} if "card" in address else {}
        assert (AGAIN in alice.get(address, headers=headers).text) == offered, address


def test_more_of_a_picture_is_offered_only_where_something_draws(alice: Visitor, report: Report) -> None:
    begin(alice)
    page = f"/p/{drawn(alice.person.id).id}/"
    report(final=READY, animate=READY)
    assert all(word in alice.get(page).text for word in ("Variants", "shape-panel", "edit-panel", "animate-panel"))
    report(live=READY, final=BROKEN, animate=BROKEN)
    assert not any(word in alice.get(page).text for word in ("Variants", "shape-panel", "edit-panel", "animate-panel"))
