"""What draws pictures here: told to the operator, and never in the way of the rest."""

import re
from pathlib import Path
from typing import Any

import pytest

from imagine.diffusion import presets
from imagine.diffusion.hub_name import COMPLETE
from imagine.diffusion.presets import BYTES_ON_CPU, BYTES_ON_GPU
from tests.ports import free_port
from tests.started import CHECKOUT
from tests.web.local.checkpoints import make_checkpoint, make_lora
from web.local.hub import Hub
from web.local.machine import Machine
from web.local.picture_presets import listing
from web.local.pictures import choose_pictures, size
from web.local.presets import gigabytes
from web.local.progress import Terminal


@pytest.fixture(autouse=True)
def unset(settings: Any) -> None:
    settings.IMAGINE_MODEL = settings.IMAGINE_FINAL_MODEL = settings.IMAGINE_VIDEO_MODEL = ""
    settings.IMAGINE_LORA = ""


def test_without_a_checkpoint_the_operator_reads_how_to_set_one(tmp_path: Path, terminal: Terminal) -> None:
    pictures = choose_pictures(tmp_path, terminal)
    assert (pictures.painter, len(pictures.rows)) == (False, 1)
    assert "IMAGINE_MODEL" in pictures.rows[0]


def test_the_one_that_comes_along_is_called_what_it_is(settings: Any, tmp_path: Path, terminal: Terminal) -> None:
    settings.SHIPPED_CHECKPOINT = make_checkpoint(tmp_path / "Sketchbook")
    settings.IMAGINE_MODEL = str(settings.SHIPPED_CHECKPOINT)
    pictures = choose_pictures(tmp_path, terminal)
    name, remark = pictures.rows[0].split(": ", 1)
    assert name.startswith("Sketchbook, ")
    assert remark.startswith("a small demonstration model. For a real one")
    assert (pictures.painter, pictures.changes) == (True, {})


def test_a_checkpoint_is_named_with_its_size(settings: Any, tmp_path: Path, terminal: Terminal) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    pictures = choose_pictures(tmp_path, terminal)
    weights = next((tmp_path / "small").rglob("*.safetensors")).stat().st_size
    assert pictures.rows == [f"small, {weights} bytes"]
    assert (pictures.painter, pictures.changes) == (True, {})


def test_each_checkpoint_has_a_row(settings: Any, tmp_path: Path, terminal: Terminal) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    settings.IMAGINE_FINAL_MODEL = str(make_checkpoint(tmp_path / "large"))
    settings.IMAGINE_VIDEO_MODEL = str(make_checkpoint(tmp_path / "moving", "StableVideoDiffusionPipeline"))
    starts = [row.split(",")[0] for row in choose_pictures(tmp_path, terminal).rows]
    assert starts == ["small", "large", "moving"]


def test_loras_are_named_with_what_they_change_and_a_wrong_one_is_told(
    settings: Any, tmp_path: Path, terminal: Terminal
) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    settings.IMAGINE_VIDEO_MODEL = str(make_checkpoint(tmp_path / "moving"))
    make_lora(tmp_path / "pixel.safetensors")
    settings.IMAGINE_LORA = f"{tmp_path}/pixel.safetensors:0.8"
    rows = choose_pictures(tmp_path, terminal).rows
    assert rows[0].endswith(", with pixel (0.8)")
    assert "pixel" not in rows[1]
    settings.IMAGINE_LORA = f"{tmp_path}/pixle.safetensors"
    pictures = choose_pictures(tmp_path, terminal)
    assert f"IMAGINE_LORA names {tmp_path}/pixle.safetensors" in pictures.rows[0]
    assert not pictures.painter


@pytest.mark.parametrize("wanted", ["/nowhere/small", "pickled"])
def test_a_checkpoint_that_cannot_be_used_is_a_sentence_and_nothing_draws(
    settings: Any, tmp_path: Path, terminal: Terminal, wanted: str
) -> None:
    (make_checkpoint(tmp_path / "pickled") / "unet" / "model.bin").touch()
    settings.IMAGINE_MODEL = str(tmp_path / wanted)
    pictures = choose_pictures(tmp_path, terminal)
    assert pictures.rows[0].startswith("IMAGINE_MODEL cannot be used: ")
    assert wanted in pictures.rows[0]
    assert (pictures.painter, pictures.changes) == (False, {"IMAGINE_MODEL": ""})


def test_one_for_final_pictures_that_cannot_be_used_leaves_the_live_one_to_draw_all(
    settings: Any, tmp_path: Path, terminal: Terminal
) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    settings.IMAGINE_FINAL_MODEL = "/nowhere/large"
    pictures = choose_pictures(tmp_path, terminal)
    assert pictures.rows[1].startswith("IMAGINE_FINAL_MODEL cannot be used")
    assert (pictures.painter, pictures.changes) == (True, {"IMAGINE_FINAL_MODEL": ""})


def test_where_nothing_draws_no_other_is_listed_as_fine(settings: Any, tmp_path: Path, terminal: Terminal) -> None:
    settings.IMAGINE_MODEL = "/nowhere/small"
    settings.IMAGINE_FINAL_MODEL = str(make_checkpoint(tmp_path / "large"))
    (row,) = choose_pictures(tmp_path, terminal).rows
    assert row.startswith("IMAGINE_MODEL cannot be used")


@pytest.mark.parametrize(
    ("setting", "kind", "sentence"),
    [
        ("IMAGINE_MODEL", "WanImageToVideoPipeline", "It belongs into IMAGINE_VIDEO_MODEL."),
        ("IMAGINE_FINAL_MODEL", "LTXPipeline", "IMAGINE_VIDEO_MODEL. IMAGINE_MODEL draws the final pictures too."),
        ("IMAGINE_VIDEO_MODEL", "FluxPipeline", "IMAGINE_MODEL. Loops are made with the checkpoint for pictures."),
        ("IMAGINE_VIDEO_MODEL", "WanPipeline", "would not look at the picture"),
    ],
)
def test_one_that_is_set_for_what_it_cannot_do_is_told_at_the_start(
    settings: Any, tmp_path: Path, terminal: Terminal, setting: str, kind: str, sentence: str
) -> None:
    settings.IMAGINE_MODEL = str(make_checkpoint(tmp_path / "small"))
    setattr(settings, setting, str(make_checkpoint(tmp_path / "other", kind)))
    pictures = choose_pictures(tmp_path, terminal)
    assert pictures.rows[-1].startswith(f"{setting} cannot be used: other (a {kind})")
    assert sentence in pictures.rows[-1]
    assert (pictures.painter, pictures.changes) == (setting != "IMAGINE_MODEL", {setting: ""})


def test_one_for_animations_alone_is_not_enough(settings: Any, tmp_path: Path, terminal: Terminal) -> None:
    settings.IMAGINE_VIDEO_MODEL = str(make_checkpoint(tmp_path / "moving"))
    pictures = choose_pictures(tmp_path, terminal)
    assert "IMAGINE_VIDEO_MODEL needs IMAGINE_MODEL" in pictures.rows[0]
    assert not pictures.painter


def test_a_download_is_told_with_its_size_and_its_licence_before_it_begins(
    settings: Any, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HUB_URL = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", settings.HUB_URL)
    settings.IMAGINE_MODEL = "SD-Turbo"
    settings.IMAGINE_FINAL_MODEL = "flux-schnell"
    monkeypatch.setattr("web.local.pictures.this_machine", lambda _folder: Machine(8 * 10**9, 10**12))
    pictures = choose_pictures(tmp_path, terminal)
    said = terminal.out.getvalue()  # type: ignore[attr-defined]
    assert f"Fetching SD-Turbo, 2.6 GB, from {settings.HUB_URL}/stabilityai/sd-turbo" in said
    assert "Stability AI Community License, not for every commercial use" in said
    assert "Apache 2.0, to accept at the hub first, with HF_TOKEN" in said
    assert "flux-schnell is large for this machine: 27.2 GB of memory are missing. See PICTURES=list." in said
    assert "sd-turbo is large" not in said
    assert f"IMAGINE_MODEL cannot be used: {settings.HUB_URL} cannot be reached" in pictures.rows[0]
    assert not pictures.painter


def test_what_is_here_already_is_not_told_as_a_download(settings: Any, tmp_path: Path, terminal: Terminal) -> None:
    remote = presets.PRESETS[0].remote
    (make_checkpoint(remote.folder(tmp_path)) / COMPLETE).touch()
    settings.IMAGINE_MODEL = "sd-turbo"
    pictures = choose_pictures(tmp_path, terminal)
    assert pictures.rows[0].startswith("stabilityai/sd-turbo, ")
    assert "not for every commercial use" in pictures.rows[1]
    assert terminal.out.getvalue() == ""  # type: ignore[attr-defined]


def test_the_list_says_what_fits_and_what_is_here(tmp_path: Path) -> None:
    def rows(machine: Machine) -> dict[str, str]:
        lines = listing(tmp_path, machine, Hub()).splitlines()[1 : len(presets.PRESETS) + 1]
        return {line.split()[0]: re.split(r"GB  ", line)[-1] for line in lines}

    (make_checkpoint(presets.PRESETS[0].remote.folder(tmp_path)) / COMPLETE).touch()
    found = rows(Machine(12 * 10**9, 10 * 10**9))
    assert found["sd-turbo"] == "fits, fetched"
    assert found["dreamshaper"] == "fits"
    assert found["sdxl-turbo"] == "for a graphics card, or slowly with IMAGINE_PRECISION=bfloat16"
    assert found["flux2-klein"] == "too large: 5.5 GB of memory are missing"
    assert rows(Machine(10**12, 10**9))["dreamshaper"] == "no room on the disk"
    text = listing(tmp_path, Machine(12 * 10**9, 10**9), Hub())
    assert max(len(line) for line in text.splitlines()) <= 120 + len(str(tmp_path))
    assert "not for every commercial use" in text


def test_each_is_one_commit_and_is_in_the_documentation_as_it_is() -> None:
    page = (CHECKOUT / "docs" / "checkpoints.md").read_text()
    for preset in presets.PRESETS:
        remote = preset.remote
        assert re.fullmatch("[0-9a-f]{40}", remote.revision or "")
        where = f"{remote.repo}, {(remote.revision or '')[:8]}{f', {remote.variant}' if remote.variant else ''}"
        memory = f"{gigabytes(preset.memory(BYTES_ON_GPU))} | {gigabytes(preset.memory(BYTES_ON_CPU))}"
        assert f"| {preset.name} | {where} | {gigabytes(preset.size)} | {memory} | {preset.terms} |" in page


def test_sizes_are_written_as_people_do() -> None:
    assert [size(count) for count in (12, 3_400, 56_000_000, 7_890_000_000)] == [
        "12 bytes",
        "3.4 kB",
        "56.0 MB",
        "7.9 GB",
    ]
