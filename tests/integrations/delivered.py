"""Payload files of the tests, and JSON that nobody would send."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FOLDER = Path(__file__).parent

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
)


def names(app: str) -> list[str]:
    """The payload files of an app, without their ending."""
    return sorted(path.stem for path in (FOLDER / app / "payloads").glob("*.json"))


def entries(app: str, name: str) -> Any:
    """The `entry` of a delivery, as it came."""
    return json.loads((FOLDER / app / "payloads" / f"{name}.json").read_text())["entry"]


@st.composite
def mutated(draw: st.DrawFn, app: str) -> Any:
    """A payload of ours in which one value, at any depth, is another, or is gone."""
    whole = [entries(app, draw(st.sampled_from(names(app))))]
    place: Any = whole
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner) or draw(st.integers(0, 9)) == 0:
            break
        place = inner
    if isinstance(place, dict) and draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(values)
    return whole[0] if whole else []
