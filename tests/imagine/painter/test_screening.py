"""Previews that change little are not looked at again, and none that changes is missed."""

from collections.abc import Iterator
from itertools import takewhile
from uuid import UUID, uuid4

import pytest
from PIL import Image, ImageDraw

from imagine import safety
from imagine.errors import RefusedPixelsError
from imagine.painter.screening import PARTS, Screening
from tests.imagine.drawings import gradient, mistaken

SIDE = 256


class Counted:
    """The real look, which counts itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        self.look = safety.check_pixels
        monkeypatch.setattr(safety, "check_pixels", self)

    def __call__(self, image: Image.Image) -> float:
        self.looks += 1
        return self.look(image)


def blends(first: Image.Image, last: Image.Image, steps: int) -> Iterator[Image.Image]:
    return (Image.blend(first, last, step / steps) for step in range(steps + 1))


def passes(screening: Screening, canvas: UUID, image: Image.Image) -> bool:
    try:
        screening.check(canvas, image)
    except RefusedPixelsError:
        return False
    return True


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def test_what_has_not_changed_is_looked_at_once(counted: Counted) -> None:
    screening, canvas = Screening(), uuid4()
    for _ in range(3):
        screening.check(canvas, gradient(SIDE, SIDE))
    assert counted.looks == 1
    screening.check(uuid4(), gradient(SIDE, SIDE))
    assert counted.looks == 2


def test_a_change_in_one_part_is_looked_at(counted: Counted) -> None:
    screening, canvas = Screening(), uuid4()
    picture = gradient(SIDE, SIDE)
    screening.check(canvas, picture)
    part = SIDE // PARTS
    ImageDraw.Draw(picture).rectangle((part, part, 2 * part, 2 * part), fill="red")
    screening.check(canvas, picture)
    assert counted.looks == 2


def test_many_small_changes_lead_to_nothing_that_is_refused(counted: Counted) -> None:
    screening, canvas = Screening(), uuid4()
    bad = mistaken().convert("RGB").resize((SIDE, SIDE))
    good = Image.new("RGB", bad.size, "white")
    shown = list(takewhile(lambda image: passes(screening, canvas, image), blends(good, bad, 200)))
    assert counted.looks < len(shown) < 200
    assert max(map(counted.look, shown)) <= safety.MOST_NAKEDNESS


def test_what_was_refused_is_looked_at_each_time() -> None:
    screening, canvas = Screening(), uuid4()
    screening.check(canvas, gradient(SIDE, SIDE))
    for _ in range(2):
        with pytest.raises(RefusedPixelsError):
            screening.check(canvas, mistaken())
    screening.check(canvas, gradient(SIDE, SIDE))
