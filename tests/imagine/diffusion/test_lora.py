"""LoRAs change what a checkpoint draws, as strongly as is said; one that cannot is told in a sentence at the start."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from imagine.diffusion.checkpoint import find
from imagine.diffusion.lora import find_loras
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions, recipe_for
from imagine.errors import CheckpointError
from tests.imagine.diffusion import checkpoints, hub
from tests.imagine.diffusion.files import State, weights_of
from tests.imagine.diffusion.hub import Hub

OPTIONS = RenderOptions(device="cpu", steps=2)
RANK = 2
WORDS = "encoder.layers.0.self_attn"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.stable_diffusion(tmp_path_factory.mktemp("checkpoints") / "plain")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.stable_diffusion_xl(tmp_path_factory.mktemp("checkpoints") / "large")


@pytest.fixture
def server() -> Iterator[Hub]:
    with hub.serving() as running:
        yield running


def changes(folder: Path, seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """A down and an up for each query of a checkpoint's network."""
    torch.manual_seed(seed)
    weights = weights_of(folder / "unet")
    queries = {name.removesuffix(".weight"): weight for name, weight in weights.items() if "to_q.weight" in name}
    return {
        name: (torch.randn(RANK, weight.shape[1]), torch.randn(weight.shape[0], RANK))
        for name, weight in queries.items()
    }


def as_diffusers(path: Path, pairs: dict[str, tuple[torch.Tensor, torch.Tensor]]) -> Path:
    state: State = {}
    for name, (down, up) in pairs.items():
        state |= {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
    path.parent.mkdir(exist_ok=True)
    save_file(state, path)
    return path


def as_kohya(path: Path, pairs: dict[str, tuple[torch.Tensor, torch.Tensor]]) -> Path:
    """As most trainers write it, with a change for the words; an alpha of half the rank halves the strength."""
    state: State = {}
    for name, (down, up) in pairs.items():
        key = f"lora_unet_{name.replace('.', '_')}"
        state |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(RANK / 2)}
    ones = {
        "lora_down.weight": torch.ones(RANK, 32),
        "lora_up.weight": torch.ones(32, RANK),
        "alpha": torch.tensor(RANK),
    }
    for layer in ("q", "k", "v", "out"):
        key = f"lora_te_text_model_{WORDS.replace('.', '_')}_{layer}_proj"
        state |= {f"{key}.{name}": tensor.float().clone() for name, tensor in ones.items()}
    save_file(state, path)
    return path


def loaded(folder: Path, lora: str, **how: str) -> Renderer:
    return Renderer.load(find(str(folder), folder.parent, lora=lora, **how), OPTIONS)  # type: ignore[arg-type]


def refusal(folder: Path, lora: str, **how: str) -> str:
    with pytest.raises(CheckpointError) as raised:
        loaded(folder, lora, **how)
    return str(raised.value)


def test_loras_count_as_strongly_as_is_said_and_cost_no_time(plain: Path, tmp_path: Path) -> None:
    one, two = changes(plain, 1), changes(plain, 2)
    files = (as_diffusers(tmp_path / "pixel.safetensors", one), as_kohya(tmp_path / "art.safetensors", two))
    renderer = loaded(plain, f"{files[0]}:0.5, {files[1]}")
    network = renderer.pipes.main.unet
    before = weights_of(plain / "unet")
    after = network.state_dict()
    # No layer is left beside the weights.
    assert after.keys() == before.keys()
    for name, (down, up) in one.items():
        expected = before[f"{name}.weight"] + 0.5 * up @ down + 0.5 * two[name][1] @ two[name][0]
        assert torch.allclose(after[f"{name}.weight"], expected, atol=1e-4)
    said, says = weights_of(plain / "text_encoder"), renderer.pipes.main.text_encoder.state_dict()
    assert torch.allclose(says[f"{WORDS}.v_proj.weight"], said[f"{WORDS}.v_proj.weight"] + RANK, atol=1e-4)
    others = [name for name in before if "to_q.weight" not in name]
    assert all(torch.equal(before[name], after[name]) for name in others)
    stroke = Stroke("a fox", 7, 64, 64)
    assert renderer.paint([stroke])[0].image.tobytes() != loaded(plain, "").paint([stroke])[0].image.tobytes()


def test_a_lora_that_makes_few_steps_enough_makes_the_steps_few(plain: Path, tmp_path: Path) -> None:
    file = as_diffusers(tmp_path / "lcm-lora-sdv1-5.safetensors", changes(plain, 1))
    found = find(str(plain), tmp_path, lora=str(file))
    recipe = recipe_for(found, RenderOptions())
    assert (recipe.steps, recipe.guidance, recipe.scheduler) == (4, 1.0, "LCMScheduler")
    assert type(loaded(plain, str(file)).pipes.main.scheduler).__name__ == "LCMScheduler"


def test_a_folder_is_named_as_well_as_its_file(plain: Path, tmp_path: Path) -> None:
    folder = as_diffusers(tmp_path / "pixel-art/pytorch_lora_weights.safetensors", changes(plain, 1)).parent
    [lora] = find_loras(f" {folder}:-1.5 ,", tmp_path)
    assert (lora.name, lora.path.parent, lora.scale) == ("pixel-art", folder, -1.5)
    as_diffusers(folder / "other.safetensors", changes(plain, 2))
    assert find_loras(str(folder), tmp_path)[0].path == lora.path
    lora.path.rename(folder / "third.safetensors")
    assert f"name one, such as {folder}/other.safetensors" in refusal(plain, str(folder))


def test_a_lora_on_the_hub_is_fetched_once(plain: Path, server: Hub, tmp_path: Path) -> None:
    pairs = changes(plain, 1)
    for name in ("one", "two"):
        server.files[f"{name}.safetensors"] = as_diffusers(tmp_path / "x.safetensors", pairs).read_bytes()
    [lora] = find_loras("someone/tiny/two.safetensors:0.8", tmp_path / "kept", server.url)
    assert (lora.name, lora.scale) == ("two", 0.8)
    assert not [address for address in server.asked if "one.safetensors" in address]
    asked = len(server.asked)
    assert find_loras("someone/tiny/two.safetensors:0.8", tmp_path / "kept", server.url) == (lora,)
    assert len(server.asked) == asked
    assert "name one, such as someone/tiny/one.safetensors" in refusal(plain, "someone/tiny", hub=server.url)
    assert "has no file three.safetensors" in refusal(plain, "someone/tiny/three.safetensors", hub=server.url)
    del server.files["one.safetensors"]
    [lora] = find_loras("someone/tiny", tmp_path / "again", server.url)
    assert lora.name == "someone/tiny"


def test_a_lora_for_another_kind_of_checkpoint_is_told(plain: Path, large: Path, tmp_path: Path) -> None:
    wide = {name.replace("to_q", "to_k"): (torch.zeros(2, 2048), torch.zeros(16, 2)) for name in changes(plain, 1)}
    wide = {name: pair for name, pair in wide.items() if "attn2" in name}
    file = as_diffusers(tmp_path / "pixel.safetensors", wide)
    assert refusal(plain, str(file)) == "The LoRA pixel does not fit plain. It was made for SDXL."
    file = as_diffusers(tmp_path / "pixel.safetensors", {"nowhere.to_q": (torch.zeros(2, 8), torch.zeros(8, 2))})
    assert refusal(plain, str(file)) in (
        "The LoRA pixel does not fit plain.",
        "The LoRA pixel changes nothing of plain.",
    )
    save_file({"transformer.single_transformer_blocks.0.proj_out.lora_A.weight": torch.zeros(2, 8)}, file)
    assert refusal(plain, str(file)) == "The LoRA pixel changes nothing of plain. It was made for FLUX.1."


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("/nowhere/pixel.safetensors", "which is no file, no folder, and no name on a hub"),
        ("{file}:9", "up to 5, and not 0"),
        ("{file}:0", "up to 5, and not 0"),
        (",".join(["{file}"] * 9), "names 9 LoRAs; 8 at most"),
        ("{weights}", "is no LoRA: it is one part of a folder alone"),
        ("{pickle}", "is a pickle, which may hold a program"),
        ("{empty}", "holds no LoRA as safetensors"),
    ],
)
def test_what_is_no_lora_is_called_what_it_is(plain: Path, tmp_path: Path, named: str, sentence: str) -> None:
    pickle, empty = tmp_path / "old.bin", tmp_path / "empty"
    pickle.write_bytes(b"\x80\x02")
    empty.mkdir()
    file = as_diffusers(tmp_path / "pixel.safetensors", changes(plain, 1))
    weights = plain / "unet/diffusion_pytorch_model.safetensors"
    assert sentence in refusal(plain, named.format(file=file, weights=weights, pickle=pickle, empty=empty))


def test_a_kind_of_checkpoint_that_takes_none_is_told(plain: Path, tmp_path: Path) -> None:
    folder = checkpoints.words_only(tmp_path / "pixart")
    file = as_diffusers(tmp_path / "pixel.safetensors", changes(plain, 1))
    assert "there are no LoRAs for a PixArtSigmaPipeline" in refusal(folder, str(file))
