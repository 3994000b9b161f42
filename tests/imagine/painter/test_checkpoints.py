"""Which checkpoint draws what, where one of several cannot: the others go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from imagine.diffusion.pipeline import Renderer
from imagine.errors import CheckpointError, StoppedError
from imagine.files import storage
from imagine.models import Picture
from imagine.painter.checkpoints import Checkpoints
from imagine.painter.finals import FinalWorker
from imagine.status import ROLES
from tests.imagine.diffusion import checkpoints

# Diffusers asks numpy in an old way; it works.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("checkpoints")
    kinds = {"pictures": checkpoints.stable_diffusion, "video": checkpoints.video}
    return {kind: str(build(root / kind)) for kind, build in kinds.items()}


@pytest.fixture
def load(settings: Any, folders: dict[str, str]) -> Callable[..., Checkpoints]:
    """Load what the settings name; what they do not name is the one for pictures."""

    def begin(**names: str) -> Checkpoints:
        settings.IMAGINE_MODEL, settings.IMAGINE_STEPS = folders["pictures"], 2
        settings.IMAGINE_FINAL_MODEL = settings.IMAGINE_VIDEO_MODEL = ""
        for name, value in names.items():
            setattr(settings, name, folders.get(value, value))
        loaded = Checkpoints(ROLES)
        loaded.load()
        return loaded

    return begin


def states(loaded: Checkpoints) -> dict[str, str]:
    return {status.role: status.state for status in loaded.statuses()}


@pytest.mark.parametrize("wanted", ["/nowhere/large", "video"])
def test_a_final_checkpoint_that_cannot_work_leaves_previews_alone(
    load: Callable[..., Checkpoints], wanted: str
) -> None:
    loaded = load(IMAGINE_FINAL_MODEL=wanted)
    assert states(loaded) == {"live": "ready", "final": "broken", "animate": "broken"}
    assert loaded.live.abilities.redraw
    with pytest.raises(CheckpointError):
        _ = loaded.final


def test_a_video_checkpoint_set_for_pictures_is_told(load: Callable[..., Checkpoints]) -> None:
    loaded = load(IMAGINE_MODEL="video")
    assert set(states(loaded).values()) == {"broken"}
    assert all("It belongs into IMAGINE_VIDEO_MODEL" in status.problem for status in loaded.statuses())


@pytest.mark.parametrize("wanted", ["/nowhere/moving", "pictures"])
def test_a_video_checkpoint_that_cannot_be_used_leaves_all_else_to_the_one_for_pictures(
    load: Callable[..., Checkpoints], wanted: str, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = load(IMAGINE_VIDEO_MODEL=wanted)
    assert set(states(loaded).values()) == {"ready"}
    assert loaded.video is None
    assert "Loops are made with the checkpoint for pictures." in caplog.text


class Told:
    """The claim of a picture that nobody waits for."""

    def __init__(self, picture: Picture, stopped: bool = False) -> None:
        self.picture, self.stopped = picture, stopped

    def check(self) -> None:
        if self.stopped:
            raise StoppedError("the person stopped it")

    def publish_progress(self, *_of: int) -> None: ...


class Silent:
    """Nobody types."""

    def serve(self, _seconds: float) -> bool:
        return False


@pytest.fixture
def still(settings: Any, tmp_path: Path) -> Picture:
    """A loop that is asked for, of a plain picture."""
    settings.PICTURE_FOLDER = tmp_path
    picture = Picture(
        id=uuid4(), made=Picture.Made.ANIMATED, prompt="a fox", seconds=1.0, motion="gentle", shape="square"
    )
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "start.png")
    storage.save(picture.id, {storage.MASTER: (tmp_path / "start.png").read_bytes()})
    return picture


def worker(loaded: Checkpoints) -> FinalWorker:
    found = FinalWorker(loaded, None, None)  # type: ignore[arg-type]
    found.live = Silent()  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("error", [CheckpointError("black"), RuntimeError("no such size")], ids=["told", "anything"])
def test_where_a_video_fails_the_loop_is_made_of_pictures(
    load: Callable[..., Checkpoints], still: Picture, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_given: object, **_named: object) -> list[Image.Image]:
        raise error

    loaded = load(IMAGINE_VIDEO_MODEL="video")
    assert loaded.video is not None
    monkeypatch.setattr(Renderer, "video", fail)
    frames = worker(loaded)._animated(Told(still))  # type: ignore[arg-type]
    assert len(frames) == 12


def test_a_video_that_is_stopped_is_no_failure(load: Callable[..., Checkpoints], still: Picture) -> None:
    with pytest.raises(StoppedError):
        worker(load(IMAGINE_VIDEO_MODEL="video"))._animated(Told(still, stopped=True))  # type: ignore[arg-type]
