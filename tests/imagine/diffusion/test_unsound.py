"""A folder whose parts do not go together is told in a sentence that names the part, and is never ready."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer
from imagine.diffusion.recipes import RenderOptions
from imagine.errors import CheckpointError
from tests.imagine.diffusion import checkpoints
from tests.imagine.diffusion.files import State

OPTIONS = RenderOptions(device="cpu", steps=2)
# A weight of each part whose first side can be cut.
ONE = {
    "unet": "conv_out.weight",
    "vae": "decoder.conv_out.weight",
    "text_encoder": "encoder.layers.0.mlp.fc1.weight",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.stable_diffusion(tmp_path_factory.mktemp("checkpoints") / "sound", usual=True)


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    """A checkpoint to break."""
    return Path(shutil.copytree(sound, tmp_path / "mine"))


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as raised:
        Renderer.load(find(str(folder), folder), OPTIONS)
    return str(raised.value)


def rewrite(part: Path, change: Callable[[State], State]) -> None:
    [file] = part.glob("*.safetensors")
    # The tensors lie in the file that is written anew.
    state = {name: tensor.clone() for name, tensor in load_file(file).items()}
    save_file(change(state), file, metadata={"format": "pt"})


def configure(part: Path, changes: dict[str, Any]) -> None:
    config = part / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | changes))


@pytest.mark.parametrize("part", ONE)
def test_weights_that_are_missing_are_named(copy: Path, part: str) -> None:
    rewrite(copy / part, lambda state: {name: one for name, one in state.items() if name != ONE[part]})
    assert f"{copy / part} lacks weights that its config.json asks for, such as {ONE[part]}" in refusal(copy)


@pytest.mark.parametrize("part", ONE)
def test_weights_of_another_shape_are_named(copy: Path, part: str) -> None:
    rewrite(copy / part, lambda state: state | {ONE[part]: state[ONE[part]][:-1].clone()})
    sentence = refusal(copy)
    assert f"the weights {ONE[part]} have the shape" in sentence
    assert "the two are of different checkpoints" in sentence


@pytest.mark.parametrize("part", ONE)
@pytest.mark.parametrize("before", ["model.diffusion_model.", "module."])
def test_names_as_in_one_file_or_in_a_training_are_told(copy: Path, part: str, before: str) -> None:
    rewrite(copy / part, lambda state: {before + name: one for name, one in state.items()})
    assert f"begin with {before}, as those of one file or of a training do" in refusal(copy)


@pytest.mark.parametrize("part", ONE)
def test_whole_numbers_that_nothing_explains_are_never_drawn_with(copy: Path, part: str) -> None:
    rewrite(copy / part, lambda state: state | {ONE[part]: (state[ONE[part]] * 9).to(torch.int8)})
    assert f"holds whole numbers of 8 bits ({ONE[part]}), and nothing says what they mean" in refusal(copy)


@pytest.mark.parametrize("part", ["unet", "text_encoder"])
@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ("bitsandbytes", "Install the package bitsandbytes beside Chaski"),
        ("quanto", "Install the package optimum-quanto beside Chaski"),
        ("wishful", "quantised by wishful, which is not read here"),
        (None, "quantised by something unknown, which is not read here"),
    ],
)
def test_what_no_package_here_can_read_is_told(copy: Path, part: str, method: str | None, sentence: str) -> None:
    configure(copy / part, {"quantization_config": {"quant_method": method, "load_in_4bit": True}})
    assert sentence in refusal(copy)


def test_a_tokenizer_without_its_vocabulary_is_told(copy: Path) -> None:
    vocabulary = copy / "tokenizer" / "tokenizer.json"
    words = json.loads(vocabulary.read_text())["model"]["vocab"]
    vocabulary.unlink()
    assert f"{copy / 'tokenizer'} has no vocabulary" in refusal(copy)
    (copy / "tokenizer" / "vocab.json").write_text(json.dumps(words))
    assert "no merges.txt beside it" in refusal(copy)
    (copy / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    Renderer.load(find(str(copy), copy), OPTIONS).warm()


def test_what_is_there_beside_all_that_is_needed_does_no_harm(copy: Path) -> None:
    for part in ONE:
        rewrite(copy / part, lambda state: state | {"position_ids": torch.arange(4)})
    Renderer.load(find(str(copy), copy), OPTIONS).warm()
