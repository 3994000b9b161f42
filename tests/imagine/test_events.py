"""What is published about pictures comes out as it went in, and what another version publishes stops nobody."""

import pytest

from imagine.events import PictureEvent, PictureProgress, PromptRead, PromptRefused, from_bytes
from imagine.status import PainterStatus, RoleStatus
from imagine.styles import STYLES


@pytest.mark.parametrize(
    "event",
    [
        PictureProgress("an-id", "drawing", 1, 4),
        PromptRefused("an-id", 3, "refused_pixels"),
        PromptRead("an-id", 3, "and a boat", "a fox"),
    ],
)
def test_an_event_comes_out_as_it_went_in(event: PictureEvent) -> None:
    assert from_bytes(event.to_bytes()) == event


def test_what_a_newer_version_adds_to_an_event_does_no_harm() -> None:
    data = b'{"type": "picture", "id": "1", "status": "done", "done": 1, "of": 1, "mood": "calm"}'
    assert from_bytes(data) == PictureProgress("1", "done", 1, 1)


@pytest.mark.parametrize("data", [b'{"type": "hologram"}', b'{"type": "picture", "id": "1"}', b"{}"])
def test_what_only_a_newer_version_knows_is_skipped_and_logged(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert from_bytes(data) is None
    assert "another version is skipped" in caplog.text


def test_a_preview_is_no_event() -> None:
    assert from_bytes(b"\x01 a JPEG {") is None


def test_only_the_styles_that_a_checkpoint_knows_are_offered() -> None:
    """As Redis carries it; a painter of an older version says nothing of styles."""
    few = RoleStatus.from_bytes(RoleStatus("final", "ready", styles=("pixel", "ink")).to_bytes())
    assert list(PainterStatus(final=few).styles) == ["ink", "pixel"]
    assert PainterStatus(final=RoleStatus("final", "ready")).styles == STYLES == PainterStatus().styles
