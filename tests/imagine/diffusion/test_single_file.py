"""A checkpoint in one file draws as the folder that it was made from; any other file is called what it is."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from imagine.diffusion.checkpoint import find, memory
from imagine.diffusion.pipeline import Renderer, Stroke
from imagine.diffusion.recipes import RenderOptions, recipe_for
from imagine.errors import CheckpointError
from tests.imagine.diffusion import checkpoints, files, hub
from tests.imagine.diffusion.hub import Hub

OPTIONS = RenderOptions(device="cpu", steps=2)
CORE = "model.diffusion_model."
ENTRY = f"{CORE}input_blocks.0.0.weight"
FLUX: Mapping[str, tuple[int, ...]] = {
    "double_blocks.0.img_attn.norm.key_norm.scale": (1,),
    "img_in.weight": (8, 64),
}
SD: Mapping[str, tuple[int, ...]] = {ENTRY: (320, 4, 3, 3), "cond_stage_model.transformer.x": (1,)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder in the layout of diffusers of each kind."""
    root = tmp_path_factory.mktemp("folders")
    one = checkpoints.stable_diffusion(root / "one", usual=True)
    return {"1": one, "2": one, "xl": checkpoints.stable_diffusion_xl(root / "xl")}


@pytest.fixture
def server() -> Iterator[Hub]:
    with hub.serving() as running:
        running.repo = "stable-diffusion-v1-5/stable-diffusion-v1-5"
        yield running


def drawn(path: Path, folder: Path, **how: str) -> Image.Image:
    renderer = Renderer.load(find(str(path), folder, **how), OPTIONS)  # type: ignore[arg-type]
    return renderer.paint([Stroke("a fox", 7, 64, 64)])[0].image


def headed(path: Path, tensors: Mapping[str, tuple[int, ...]]) -> Path:
    """A file of tensors with these names and shapes, all in one byte a number, and none of them on the disk."""
    header, end = {}, 0
    for name, shape in tensors.items():
        size = 1
        for side in shape:
            size *= side
        header[name] = {"dtype": "U8", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with path.open("wb") as opened:
        opened.write(len(text).to_bytes(8, "little") + text)
        opened.truncate(8 + len(text) + end)
    return path


def refusal(path: Path, folder: Path, **how: str) -> str:
    with pytest.raises(CheckpointError) as raised:
        find(str(path), folder, **how)  # type: ignore[arg-type]
    return str(raised.value)


@pytest.mark.parametrize(
    ("kind", "family", "without"),
    [
        ("1", "Stable Diffusion 1", frozenset()),
        ("1", "Stable Diffusion 1", frozenset({"vae"})),
        ("2", "Stable Diffusion 2", frozenset()),
        ("xl", "SDXL", frozenset()),
        ("xl", "SDXL", frozenset({"vae", "text_encoder"})),
    ],
)
def test_a_file_draws_what_its_folder_draws(
    folders: dict[str, Path], tmp_path: Path, kind: str, family: str, without: frozenset[str]
) -> None:
    file = files.single_file(folders[kind], tmp_path / "dreams.safetensors", kind, without)
    (tmp_path / "dreams").symlink_to(folders[kind])
    found = find(str(file), tmp_path)
    assert found.file is not None
    assert (found.name, found.file.family, found.file.lacking) == ("dreams", family, without)
    assert found.parameters == find(str(folders[kind]), tmp_path).parameters
    assert drawn(file, tmp_path).tobytes() == drawn(folders[kind], tmp_path).tobytes()


def test_settings_and_vocabulary_are_fetched_once(folders: dict[str, Path], server: Hub, tmp_path: Path) -> None:
    server.hold(folders["1"])
    file = files.single_file(folders["1"], tmp_path / "dreams.safetensors", "1")
    expected = drawn(folders["1"], tmp_path)
    assert drawn(file, tmp_path / "kept", hub=server.url).tobytes() == expected.tobytes()
    assert not [address for address in server.asked if address.endswith(".safetensors")]
    asked = len(server.asked)
    find(str(file), tmp_path / "kept", hub=server.url)
    assert len(server.asked) == asked


def test_only_the_parts_that_a_file_lacks_are_fetched(folders: dict[str, Path], server: Hub, tmp_path: Path) -> None:
    server.hold(folders["1"])
    file = files.single_file(folders["1"], tmp_path / "dreams.safetensors", "1", frozenset({"vae"}))
    assert drawn(file, tmp_path / "kept", hub=server.url).tobytes() == drawn(folders["1"], tmp_path).tobytes()
    weights = {address.rpartition("/resolve/")[2] for address in server.asked if address.endswith(".safetensors")}
    assert {name.split("/")[1] for name in weights} == {"vae"}


def test_without_a_hub_the_operator_reads_what_to_copy_where(
    folders: dict[str, Path], server: Hub, tmp_path: Path
) -> None:
    server.status = 500
    file = files.single_file(folders["1"], tmp_path / "dreams.safetensors", "1", frozenset({"vae"}))
    sentence = refusal(file, tmp_path / "kept", hub=server.url)
    assert "Its settings and vocabulary, and the weights of vae are fetched once from stable-diffusion-" in sentence
    assert f"copy them into {tmp_path / 'dreams'}" in sentence


def test_a_file_that_lacks_weights_is_never_ready(folders: dict[str, Path], tmp_path: Path) -> None:
    missing = "diffusion_model.out.0.weight"
    file = files.single_file(folders["1"], tmp_path / "dreams.safetensors", "1", leave_out=missing)
    (tmp_path / "dreams").symlink_to(folders["1"])
    with pytest.raises(CheckpointError, match=r"dreams\.safetensors lacks weights of Stable Diffusion 1"):
        Renderer.load(find(str(file), tmp_path), OPTIONS)


def test_settings_of_another_family_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    file = files.single_file(folders["xl"], tmp_path / "dreams.safetensors", "xl")
    (tmp_path / "dreams").symlink_to(folders["1"])
    assert "holds no settings for SDXL" in refusal(file, tmp_path)


@pytest.mark.parametrize(
    ("stem", "kind", "steps"),
    [
        ("dreamshaperXL_v21TurboDPMSDE", "xl", 6),
        ("realvisxlV40_v40LightningBakedvae", "xl", 4),
        ("sdxl_lightning_8step", "xl", 8),
        ("sd_xl_turbo_1.0_fp16", "xl", 2),
        ("sd_turbo", "2", 2),
        ("photon_v1", "1", 0),
    ],
)
def test_a_file_is_known_by_its_name_as_people_download_it(
    folders: dict[str, Path], tmp_path: Path, stem: str, kind: str, steps: int
) -> None:
    file = files.single_file(folders[kind], tmp_path / f"{stem}.safetensors", kind)
    file.with_suffix("").mkdir()
    for part in folders[kind].iterdir():
        (file.with_suffix("") / part.name).symlink_to(part)
    assert recipe_for(find(str(file), tmp_path), RenderOptions()).steps == steps
    (file.with_suffix("") / "chaski.json").write_text('{"steps": 11}')
    assert recipe_for(find(str(file), tmp_path), RenderOptions()).steps == 11


def test_what_its_authors_marked_as_predicting_velocities_does(folders: dict[str, Path], tmp_path: Path) -> None:
    file = files.single_file(folders["xl"], tmp_path / "noob.safetensors", "xl", marks=("v_pred", "ztsnr"))
    (tmp_path / "noob").symlink_to(folders["xl"])
    config = Renderer.load(find(str(file), tmp_path), OPTIONS).pipes.main.scheduler.config
    assert (config.prediction_type, config.rescale_betas_zero_snr) == ("v_prediction", True)


@pytest.mark.parametrize(
    ("tensors", "base", "parts"),
    [
        ({}, "black-forest-labs/FLUX.1-schnell", {"transformer"}),
        ({"guidance_in.in_layer.weight": (1,)}, "black-forest-labs/FLUX.1-dev", {"transformer"}),
        (
            {"vae.x": (1,), "text_encoders.clip_l.x": (1,), "text_encoders.t5xxl.x": (1,)},
            "black-forest-labs/FLUX.1-schnell",
            {"transformer", "vae", "text_encoder", "text_encoder_2"},
        ),
    ],
)
def test_what_a_file_of_flux_holds_is_seen(
    server: Hub, tmp_path: Path, tensors: dict[str, tuple[int, ...]], base: str, parts: set[str]
) -> None:
    server.repo = base
    prefix = CORE if "vae.x" in tensors else ""
    flux = {prefix + name: shape for name, shape in FLUX.items()}
    file = headed(tmp_path / "it.safetensors", flux | tensors)
    lacking = {"transformer", "vae", "text_encoder", "text_encoder_2"} - parts
    sentence = refusal(file, tmp_path, hub=server.url)
    assert f"from {base}, but" in sentence
    assert all(part in sentence for part in lacking)
    assert ("the weights of" in sentence) == bool(lacking)


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ({"lora_unet_down_blocks_0.lora_down.weight": (1,)}, "is a LoRA"),
        ({"unet.down_blocks.0.attn1.to_q.lora_A.weight": (1,)}, "is a LoRA"),
        ({"lora_unet_mid.hada_w1_a": (1,)}, "is a LoRA"),
        ({"image_proj.latents": (1,), "ip_adapter.1.to_k_ip.weight": (1,)}, "is an IP-Adapter"),
        ({"control_model.time_embed.0.weight": (1,)}, "is a ControlNet"),
        ({"emb_params": (4, 768)}, "textual inversion"),
        ({"body.0.rdb1.conv1.weight": (1,)}, "is an upscaler"),
        ({"model.1.sub.0.RDB1.conv1.0.weight": (1,)}, "is an upscaler"),
        ({"model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight": (1,)}, "Stable Diffusion 3 in one file"),
        ({"decoder.conv_in.weight": (1,), "encoder.conv_in.weight": (1,)}, "an autoencoder (VAE) alone"),
        ({"first_stage_model.decoder.conv_in.weight": (1,)}, "an autoencoder (VAE) alone"),
        ({"text_model.embeddings.token_embedding.weight": (1,)}, "a text encoder alone"),
        ({"encoder.block.0.layer.0.SelfAttention.q.weight": (1,)}, "a text encoder alone"),
        ({"down_blocks.0.resnets.0.conv1.weight": (1,)}, "one part of a folder alone"),
        ({"model.layers.0.self_attn.q_proj.weight": (1,)}, "a language model"),
        ({"x": (1,)}, "no checkpoint that is known here"),
        (SD | {ENTRY: (320, 9, 3, 3)}, "fills in parts of pictures"),
        (SD | {ENTRY: (320, 8, 3, 3)}, "edits pictures by words"),
        (SD | {ENTRY: (320, 7, 3, 3)}, "enlarges pictures"),
        (SD | {f"{CORE}label_emb.0.0.weight": (1,), "conditioner.embedders.0.model.x": (1,)}, "a refiner of SDXL"),
        (FLUX | {"img_in.weight": (8, 384)}, "for masks"),
        (FLUX | {"distilled_guidance_layer.in_proj.bias": (1,)}, "Chroma in one file"),
        (FLUX | {"single_stream_modulation.lin.weight": (1,)}, "a newer FLUX in one file"),
        (SD | {"scaled_fp8": (1,)}, "Choose the file in 16 bits"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(
    tmp_path: Path, tensors: dict[str, tuple[int, ...]], sentence: str
) -> None:
    assert sentence in refusal(headed(tmp_path / "it.safetensors", tensors), tmp_path)


@pytest.mark.parametrize(
    ("name", "start", "sentence"),
    [
        ("it.ckpt", b"anything", "is a pickle, which may hold a program"),
        ("it.safetensors", b"PK\x03\x04", "is a pickle, which may hold a program"),
        ("it.safetensors", b"\x80\x02}q", "is a pickle, which may hold a program"),
        ("it.gguf", b"GGUF\x03\0\0\0", "is a GGUF file that is cut off or damaged"),
        ("it.safetensors", b"GGUF\x03\0\0\0", "is not called .gguf"),
        ("it.gguf", b"GGUF\x03\0\0\0" + b"\xff" * 99, "is a GGUF file that is cut off or damaged"),
        ("it.sft", b"\x10\0\0\0\0\0\0\0{", "is not called .safetensors"),
        ("it.safetensors", b"<html>", "is no safetensors file"),
        ("it.safetensors", b"", "is no safetensors file"),
    ],
)
def test_a_file_of_another_format_is_refused(tmp_path: Path, name: str, start: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(start)
    assert sentence in refusal(tmp_path / name, tmp_path)


@pytest.mark.parametrize("first", [b"\x80", b"P"])
def test_a_header_as_long_as_to_look_like_a_pickle_is_none(tmp_path: Path, first: bytes) -> None:
    file, length = tmp_path / "it.safetensors", int.from_bytes(first + b"K", "little")
    text = json.dumps({"x": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}).ljust(length).encode()
    file.write_bytes(length.to_bytes(8, "little") + text)
    assert file.read_bytes().startswith(first)
    assert "no checkpoint that is known" in refusal(file, tmp_path)


def test_a_file_larger_than_the_memory_is_refused_before_anything_is_fetched(server: Hub, tmp_path: Path) -> None:
    file = headed(tmp_path / "it.safetensors", dict(SD) | {"x": (memory(),)})
    assert "Choose a smaller one" in refusal(file, tmp_path, hub=server.url)
    assert server.asked == []
