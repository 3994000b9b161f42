"""FLUX.1 as GGUF draws with its network quantised; any other GGUF file is called what it is."""

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy
import pytest
import torch
from safetensors.torch import save_file

from imagine.diffusion.checkpoint import find
from imagine.diffusion.gguf_header import read_gguf
from imagine.diffusion.pipeline import BLACK, Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions
from imagine.errors import CheckpointError
from tests.imagine.diffusion import checkpoints
from tests.imagine.diffusion.files import weights_of

OPTIONS = RenderOptions(device="cpu", steps=2)
EIGHT_BITS = gguf.GGMLQuantizationType.Q8_0
BLOCK = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.flux(tmp_path_factory.mktemp("checkpoints") / "flux1-schnell")


def packed(path: Path, architecture: str, tensors: Mapping[str, torch.Tensor]) -> Path:
    """Write tensors, those of layers in 8 bits."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_array("some.words", ["one", "two"])
    writer.add_array("some.numbers", [1, 2, 3])
    for name, tensor in tensors.items():
        values = tensor.float().numpy()
        if values.ndim == 2 and values.shape[1] % BLOCK == 0:
            writer.add_tensor(name, gguf.quants.quantize(values, EIGHT_BITS), raw_dtype=EIGHT_BITS)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def refusal(path: Path, folder: Path) -> str:
    with pytest.raises(CheckpointError) as raised:
        find(str(path), folder)
    return str(raised.value)


def test_flux_draws_with_a_quantised_network(folder: Path, tmp_path: Path) -> None:
    network = weights_of(folder / "transformer")
    file = packed(tmp_path / "flux1-schnell-Q8_0.gguf", "flux", network)
    file.with_suffix("").symlink_to(folder)
    found = find(str(file), tmp_path)
    whole = find(str(folder), tmp_path)
    assert found.packed == file.stat().st_size
    assert found.parameters == whole.parameters - sum(one.numel() for one in network.values())
    renderer = Renderer.load(found, OPTIONS)
    assert renderer.pipes.main.transformer.x_embedder.weight.dtype is torch.uint8
    drawn, meant = (
        one.paint([Stroke("a fox", 7, 64, 64)])[0].image for one in (renderer, Renderer.load(whole, OPTIONS))
    )
    assert drawn.getextrema() != BLACK
    away = numpy.abs(numpy.asarray(drawn, dtype=float) - numpy.asarray(meant, dtype=float))
    assert away.mean() < 3
    refused = find(str(file), tmp_path, lora=str(lora(tmp_path / "pixel.safetensors")))
    with pytest.raises(CheckpointError, match="no LoRA can be added"):
        Renderer.load(refused, OPTIONS)


def lora(path: Path) -> Path:
    save_file({"transformer.x_embedder.lora_A.weight": torch.zeros(1, 64)}, path)
    return path


@pytest.mark.parametrize(
    ("architecture", "name", "sentence"),
    [
        ("llama", "blk.0.attn_q.weight", "is a language model. Name it in MODEL"),
        ("sdxl", "input_blocks.0.0.weight", "is a GGUF file of sdxl; of GGUF only FLUX.1 is read"),
    ],
)
def test_another_gguf_file_is_called_what_it_is(tmp_path: Path, architecture: str, name: str, sentence: str) -> None:
    assert sentence in refusal(packed(tmp_path / "it.gguf", architecture, {name: torch.zeros(2, 32)}), tmp_path)


def test_a_header_is_read_as_it_was_written_and_never_beyond_its_end(tmp_path: Path) -> None:
    tensors = {"a": torch.zeros(2, 32), "b": torch.zeros(3)}
    file = packed(tmp_path / "it.gguf", "flux", tensors)
    header = read_gguf(file)
    assert {name: one.shape for name, one in header.tensors.items()} == {"a": (2, 32), "b": (3,)}
    assert header.metadata["general.architecture"] == "flux"
    whole = file.read_bytes()
    for length in range(8, 150):
        file.write_bytes(whole[:length])
        assert "cut off or damaged" in refusal(file, tmp_path)
