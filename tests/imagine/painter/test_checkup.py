"""`manage.py imagine`, and what a painter says of a checkpoint that does not draw."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.management import call_command

from imagine.diffusion.pipeline import Renderer
from imagine.errors import CheckpointError
from imagine.painter.checkpoints import Checkpoints
from tests.imagine.diffusion.checkpoints import stable_diffusion


def test_the_operator_reads_what_a_checkpoint_is_and_can(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("imagine", str(stable_diffusion(tmp_path / "tiny-lcm-2step")))
    lines = capsys.readouterr().out.splitlines()
    told = {line[:12].strip(): line[12:] for line in lines if line}
    assert told["Checkpoint"] == "tiny-lcm-2step, a StableDiffusionPipeline"
    assert told["Known as"] == "latent-consistency/lcm-lora-sdxl, by its name (tiny-lcm-2step)"
    assert told["Settings"] == "2 steps, guidance 1.0, LCMScheduler"
    assert told["Reads"] == "English"
    assert told["Can"].startswith("draw from words, draw over a picture, fill in a part")
    assert "cpu, float32" in told["Device"]


def test_without_a_name_those_of_the_settings_are_tried(
    tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.IMAGINE_MODEL = str(stable_diffusion(tmp_path / "tiny"))
    settings.IMAGINE_FINAL_MODEL = str(tmp_path / "nothing")
    with pytest.raises(SystemExit):
        call_command("imagine")
    told = capsys.readouterr().out
    assert "no family with settings of its own" in told
    assert f"Trouble     There is no folder {tmp_path / 'nothing'}" in told


def test_a_painter_that_draws_black_says_so_and_is_never_ready(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMAGINE_MODEL = str(stable_diffusion(tmp_path / "tiny"))
    load = Renderer.load

    def broken(*given: Any) -> Renderer:
        renderer = load(*given)
        for weights in renderer.pipes.main.vae.parameters():
            weights.data = torch.full_like(weights, math.nan)
        return renderer

    monkeypatch.setattr(Renderer, "load", broken)
    checkpoints = Checkpoints(("live", "final"))
    with pytest.warns(RuntimeWarning, match="invalid value"):
        checkpoints.load()
    assert {status.state for status in checkpoints.statuses()} == {"broken"}
    assert all("overflow" in status.problem for status in checkpoints.statuses())
    with pytest.raises(CheckpointError, match="overflow"):
        _ = checkpoints.live
