"""What draws pictures here: told to the operator, and never in the way of the rest."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.local.checkpoints import make_checkpoint, make_lora
from web.local.pictures import choose_pictures, size


def no_progress(_done: int, _total: int) -> None:
    raise AssertionError("nothing is fetched here")


@pytest.fixture(autouse=True)
def unset(settings: Any) -> None:
    settings.IMAGINE_MODEL = settings.IMAGINE_FINAL_MODEL = settings.IMAGINE_VIDEO_MODEL = ""
    settings.IMAGINE_LORA = ""


def test_without_a_checkpoint_the_operator_reads_how_to_set_one(tmp_path: Path) -> None:
    pictures = choose_pictures(tmp_path, no_progress)
    assert (pictures.painter, len(pictures.rows)) == (False, 1)
    assert "IMAGINE_MODEL" in pictures.rows[0]


def test_the_one_that_comes_along_is_called_what_it_is(settings: Any, tmp_path: Path) -> None:
    settings.SHIPPED_CHECKPOINT = make_checkpoint(tmp_path / "Sketchbook")
    settings.IMAGINE_MODEL = str(settings.SHIPPED_CHECKPOINT)
    pictures = choose_pictures(tmp_path, no_progress)
    name, remark = pictures.rows[0].split(": ")
    assert name.startswith("Sketchbook, ")
    assert remark == "a small demonstration model. IMAGINE_MODEL names a large one."
    assert (pictures.painter, pictures.changes) == (True, {})


def test_a_checkpoint_is_named_with_its_size(settings: Any, tmp_path: Path) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    pictures = choose_pictures(tmp_path, no_progress)
    weights = next((tmp_path / "small").rglob("*.safetensors")).stat().st_size
    assert pictures.rows == [f"small, {weights} bytes"]
    assert (pictures.painter, pictures.changes) == (True, {})


def test_each_checkpoint_has_a_row(settings: Any, tmp_path: Path) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    settings.IMAGINE_FINAL_MODEL = str(make_checkpoint(tmp_path / "large"))
    settings.IMAGINE_VIDEO_MODEL = str(make_checkpoint(tmp_path / "moving"))
    starts = [row.split(",")[0] for row in choose_pictures(tmp_path, no_progress).rows]
    assert starts == ["small", "large", "moving"]


def test_loras_are_named_with_what_they_change_and_a_wrong_one_is_told(settings: Any, tmp_path: Path) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    settings.IMAGINE_VIDEO_MODEL = str(make_checkpoint(tmp_path / "moving"))
    make_lora(tmp_path / "pixel.safetensors")
    settings.IMAGINE_LORA = f"{tmp_path}/pixel.safetensors:0.8"
    rows = choose_pictures(tmp_path, no_progress).rows
    assert rows[0].endswith(", with pixel (0.8)")
    assert "pixel" not in rows[1]
    settings.IMAGINE_LORA = f"{tmp_path}/pixle.safetensors"
    pictures = choose_pictures(tmp_path, no_progress)
    assert f"IMAGINE_LORA names {tmp_path}/pixle.safetensors" in pictures.rows[0]
    assert not pictures.painter


@pytest.mark.parametrize("wanted", ["/nowhere/small", "pickled"])
def test_a_checkpoint_that_cannot_be_used_is_a_sentence_and_nothing_draws(
    settings: Any, tmp_path: Path, wanted: str
) -> None:
    (make_checkpoint(tmp_path / "pickled") / "unet" / "model.bin").touch()
    settings.IMAGINE_MODEL = str(tmp_path / wanted)
    pictures = choose_pictures(tmp_path, no_progress)
    assert pictures.rows[0].startswith("IMAGINE_MODEL cannot be used: ")
    assert wanted in pictures.rows[0]
    assert (pictures.painter, pictures.changes) == (False, {"IMAGINE_MODEL": ""})


def test_one_for_final_pictures_that_cannot_be_used_leaves_the_live_one_to_draw_all(
    settings: Any, tmp_path: Path
) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    settings.IMAGINE_FINAL_MODEL = "/nowhere/large"
    pictures = choose_pictures(tmp_path, no_progress)
    assert pictures.rows[1].startswith("IMAGINE_FINAL_MODEL cannot be used")
    assert (pictures.painter, pictures.changes) == (True, {"IMAGINE_FINAL_MODEL": ""})


def test_one_for_animations_alone_is_not_enough(settings: Any, tmp_path: Path) -> None:
    settings.IMAGINE_VIDEO_MODEL = str(make_checkpoint(tmp_path / "moving"))
    pictures = choose_pictures(tmp_path, no_progress)
    assert "IMAGINE_VIDEO_MODEL needs IMAGINE_MODEL" in pictures.rows[0]
    assert not pictures.painter


def test_sizes_are_written_as_people_do() -> None:
    assert [size(count) for count in (12, 3_400, 56_000_000, 7_890_000_000)] == [
        "12 bytes",
        "3.4 kB",
        "56.0 MB",
        "7.9 GB",
    ]
