"""A checkpoint is found and looked through before anything of it is loaded; what is wrong is said in a sentence."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from imagine.diffusion import presets
from imagine.diffusion.checkpoint import find, memory
from imagine.diffusion.hub_name import HubName
from imagine.errors import CheckpointError
from tests.imagine.diffusion import checkpoints, hub
from tests.imagine.diffusion.hub import COMMIT, Hub
from tests.ports import free_port


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.stable_diffusion(tmp_path_factory.mktemp("checkpoints") / "sketches")


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    """A checkpoint to break."""
    return Path(shutil.copytree(sound, tmp_path / "sketches"))


@pytest.fixture
def server(sound: Path) -> Iterator[Hub]:
    with hub.serving() as running:
        running.hold(sound)
        yield running


def refusal(name: str | Path, folder: Path, **how: str) -> str:
    """The sentence with which a checkpoint is refused."""
    with pytest.raises(CheckpointError) as raised:
        find(str(name), folder, **how)  # type: ignore[arg-type]
    return str(raised.value)


def claim(file: Path, numbers: int) -> None:
    """Make a safetensors file of so many half-precision numbers, without taking their room on the disk."""
    header = json.dumps({"w": {"dtype": "F16", "shape": [numbers], "data_offsets": [0, numbers * 2]}}).encode()
    with file.open("wb") as opened:
        opened.write(len(header).to_bytes(8, "little") + header)
        opened.truncate(8 + len(header) + numbers * 2)


def test_a_folder_is_found_with_its_class_its_parts_and_its_size(sound: Path, tmp_path: Path) -> None:
    found = find(str(sound), tmp_path)
    assert (found.name, found.path, found.class_name) == ("sketches", sound, "StableDiffusionPipeline")
    assert found.parts["unet"] == ("diffusers", "UNet2DConditionModel")
    assert found.parts["safety_checker"] is None
    assert found.variant is None
    files = list(sound.rglob("*.safetensors"))
    assert found.bytes == sum(file.stat().st_size for file in files)
    assert 0 < found.bytes - 4 * found.parameters < 40_000 * len(files)


def test_a_folder_of_the_hubs_cache_has_the_name_of_its_repository(sound: Path, tmp_path: Path) -> None:
    cached = tmp_path / "hub/models--someone--sdxl-turbo/snapshots" / COMMIT
    shutil.copytree(sound, cached)
    assert find(str(cached), tmp_path).name == "someone/sdxl-turbo"
    # As the cache links to it.
    link = tmp_path / "mine"
    link.symlink_to(cached)
    assert find(str(link), tmp_path).name == "someone/sdxl-turbo"


@pytest.mark.parametrize(("said", "origin"), [("someone/sdxl-turbo", "someone/sdxl-turbo"), (None, ""), (["x"], "")])
def test_an_index_says_what_a_copy_was_made_from(copy: Path, tmp_path: Path, said: object, origin: str) -> None:
    index = json.loads((copy / "model_index.json").read_text())
    (copy / "model_index.json").write_text(json.dumps(index | {"_name_or_path": said}))
    assert find(str(copy), tmp_path).origin == origin


def mark(folder: Path, variant: str) -> None:
    """Have all weights there be of a variant."""
    for file in folder.rglob("*.safetensors"):
        file.rename(file.with_name(file.name.replace(".safetensors", f".{variant}.safetensors")))


@pytest.mark.parametrize("variant", ["fp16", "bf16", "fp32", "non_ema"])
def test_weights_that_are_only_there_as_a_variant_are_found(copy: Path, tmp_path: Path, variant: str) -> None:
    mark(copy, variant)
    assert find(str(copy), tmp_path).variant == variant


def test_the_usual_weights_come_before_a_variant_beside_them(copy: Path, sound: Path, tmp_path: Path) -> None:
    mark(copy, "non_ema")
    shutil.copytree(sound, copy, dirs_exist_ok=True)
    found = find(str(copy), tmp_path)
    assert (found.variant, found.bytes) == (None, find(str(sound), tmp_path).bytes)


def test_parts_of_which_no_variant_has_all_are_told(copy: Path, tmp_path: Path) -> None:
    mark(copy / "unet", "fp16")
    mark(copy / "vae", "bf16")
    assert "bf16 and fp16 only" in refusal(copy, tmp_path)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (["pytorch_lora_weights.safetensors"], "It is a LoRA"),
        (["adapter_config.json", "adapter_model.safetensors"], "It is a LoRA"),
        (["sdxl/model_index.json"], "name one of them, such as"),
        (["unet/model.onnx", "config.json"], "exported to ONNX"),
        (["config.json", "diffusion_pytorch_model.safetensors"], "one part, or another kind of model"),
        (["dreams_v2.safetensors", "dreams_v2.civitai.info"], "name one of them, such as"),
        (["readme.txt"], "Name a folder in the layout of diffusers"),
    ],
)
def test_a_folder_that_is_no_checkpoint_is_called_what_it_is(tmp_path: Path, files: list[str], sentence: str) -> None:
    for name in files:
        (tmp_path / "it" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "it" / name).write_text("{}")
    assert sentence in refusal(tmp_path / "it", tmp_path)


def test_a_mistyped_folder_does_not_ask_a_hub(
    server: Hub, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path.parent)
    assert "There is no folder" in refusal(f"{tmp_path.name}/sketchs", tmp_path, hub=server.url)
    assert server.asked == []


@pytest.mark.parametrize("name", ["unet/model.bin", "old.ckpt", "vae/deep/x.PT", "pipeline.py", "a.pkl", "b.pth"])
def test_a_folder_with_something_that_can_run_is_refused(copy: Path, tmp_path: Path, name: str) -> None:
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_bytes(b"x")
    assert f"{copy / name} may hold a program" in refusal(copy, tmp_path)


def test_what_is_neither_a_folder_nor_a_name_on_a_hub_is_refused(copy: Path, tmp_path: Path) -> None:
    assert "it is no name on a hub either" in refusal("/nowhere/at/all", tmp_path)
    assert "it is no name on a hub either" in refusal("../../no/where", tmp_path)
    assert "is not called .safetensors" in refusal(copy / "model_index.json", tmp_path)
    assert "There is no model_index.json" in refusal(copy / "unet", tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", "holds no JSON object"),
        ("{}", "names no class"),
        ('{"_class_name": ["my_code", "Pipeline"]}', "names no class"),
        ('{"_class_name": "os.system"}', "names no class"),
    ],
)
def test_a_broken_index_is_refused(copy: Path, tmp_path: Path, text: str, sentence: str) -> None:
    (copy / "model_index.json").write_text(text)
    assert sentence in refusal(copy, tmp_path)


def test_a_missing_part_is_named(copy: Path, tmp_path: Path) -> None:
    shutil.rmtree(copy / "tokenizer")
    assert "The part tokenizer is missing" in refusal(copy, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_part_with_broken_settings_is_named(copy: Path, tmp_path: Path, text: str) -> None:
    (copy / "unet" / "config.json").write_text(text)
    assert str(copy / "unet" / "config.json") in refusal(copy, tmp_path)


def test_a_part_without_its_weights_is_named(copy: Path, tmp_path: Path) -> None:
    (copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    assert f"{copy / 'vae'} has no safetensors file" in refusal(copy, tmp_path)


def test_a_shard_that_is_missing_is_named(copy: Path, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-00002-of-00002.safetensors"}}
    (copy / "unet" / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "model-00002-of-00002.safetensors is missing" in refusal(copy, tmp_path)


def test_weights_that_were_cut_off_are_named(copy: Path, tmp_path: Path) -> None:
    file = copy / "unet" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert f"{file} is cut off" in refusal(copy, tmp_path)
    file.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    assert f"{file} is no safetensors file" in refusal(copy, tmp_path)


def test_a_checkpoint_larger_than_the_memory_is_refused(copy: Path, tmp_path: Path) -> None:
    claim(copy / "unet" / "diffusion_pytorch_model.safetensors", memory() // 2 + 1)
    assert "Choose a smaller one" in refusal(copy, tmp_path)


def test_a_checkpoint_is_fetched_from_the_hub_once_at_one_commit(server: Hub, sound: Path, tmp_path: Path) -> None:
    shown: list[tuple[int, int]] = []
    found = find("someone/tiny", tmp_path, lambda done, total: shown.append((done, total)), hub=server.url)
    assert (found.name, found.path) == ("someone/tiny", tmp_path / "someone" / "tiny")
    for file in sound.rglob("*.*"):
        assert (found.path / file.relative_to(sound)).read_bytes() == file.read_bytes()
    assert {address.split("/")[4] for address in server.asked if "/resolve/" in address} == {COMMIT}
    total = sum(map(len, server.files.values()))
    assert shown == sorted(shown)
    assert shown[-1] == (total, total)
    asked = len(server.asked)
    assert find("someone/tiny", tmp_path, hub=server.url) == found
    assert len(server.asked) == asked


def test_a_commit_can_be_named(server: Hub, tmp_path: Path) -> None:
    found = find(f"someone/tiny@{COMMIT}", tmp_path, hub=server.url)
    assert server.asked[0] == f"GET /api/models/someone/tiny/revision/{COMMIT}"
    assert found.path == tmp_path / "someone" / f"tiny@{COMMIT}"


def test_only_what_is_read_is_fetched(server: Hub, tmp_path: Path) -> None:
    unwanted = {
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/modeling.py",
        "all-in-one.safetensors",
        "v1.ckpt",
        "onnx/model.json",
        "unet/../../escape.json",
    }
    server.files |= dict.fromkeys(unwanted, b"pickled")
    find("someone/tiny", tmp_path, hub=server.url)
    assert not [address for address in server.asked if address.split(COMMIT + "/")[-1] in unwanted]
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.suffix in (".bin", ".py", ".ckpt")}
    assert there == set()


def test_a_checkpoint_that_exists_only_pickled_is_refused(server: Hub, tmp_path: Path) -> None:
    server.files["unet/diffusion_pytorch_model.bin"] = server.files.pop("unet/diffusion_pytorch_model.safetensors")
    assert "has no safetensors file" in refusal("someone/tiny", tmp_path, hub=server.url)


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (404, "RepoNotFound", "has no someone/tiny"),
        (404, "RevisionNotFound", "has no someone/tiny"),
        (403, "GatedRepo", "set HF_TOKEN"),
        (500, "", "did not send someone/tiny"),
    ],
)
def test_a_refusal_of_the_hub_is_told_in_a_sentence(
    server: Hub, tmp_path: Path, status: int, error: str, sentence: str
) -> None:
    server.status, server.error = status, error
    assert sentence in refusal("someone/tiny", tmp_path, hub=server.url)


def test_a_repository_of_another_kind_is_refused(server: Hub, tmp_path: Path) -> None:
    del server.files["model_index.json"]
    assert "has no model_index.json" in refusal("someone/tiny", tmp_path, hub=server.url)


def test_what_fits_neither_disk_nor_memory_is_not_fetched(server: Hub, tmp_path: Path) -> None:
    weights = "unet/diffusion_pytorch_model.safetensors"
    server.claims[weights] = shutil.disk_usage(tmp_path).free + 1_000_000_000
    assert "GB free" in refusal("someone/tiny", tmp_path, hub=server.url)
    assert not [address for address in server.asked if weights in address]


def test_weights_that_were_cut_go_on_where_they_stopped(server: Hub, sound: Path, tmp_path: Path) -> None:
    weights = "unet/diffusion_pytorch_model.safetensors"
    whole = server.files[weights]
    part = tmp_path / "someone" / "tiny" / f"{weights}.{hashlib.sha256(whole).hexdigest()[:16]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(whole[:1000])
    shown: list[int] = []
    found = find("someone/tiny", tmp_path, lambda done, _total: shown.append(done), hub=server.url)
    assert (found.path / weights).read_bytes() == whole
    assert server.ranges == [("diffusion_pytorch_model.safetensors", "bytes=1000-")]
    assert shown == sorted(shown)
    assert not list(found.path.rglob("*.part"))


def test_what_is_there_needs_no_room_twice(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = "unet/diffusion_pytorch_model.safetensors"
    whole = server.files[weights]
    missing = sum(map(len, server.files.values())) - len(whole)
    monkeypatch.setattr("imagine.diffusion.hub.shutil.disk_usage", lambda _path: SimpleNamespace(free=missing + 10))
    assert "GB are missing" in refusal("someone/tiny", tmp_path, hub=server.url)
    part = tmp_path / "someone" / "tiny" / f"{weights}.{hashlib.sha256(whole).hexdigest()[:16]}.part"
    part.parent.mkdir()
    part.write_bytes(whole[:-10])
    assert find("someone/tiny", tmp_path, hub=server.url)


def test_weights_of_another_content_than_promised_are_not_kept(server: Hub, tmp_path: Path) -> None:
    server.sha256 = "0" * 64
    assert "its SHA-256 is another" in refusal("someone/tiny", tmp_path, hub=server.url)
    assert not list(tmp_path.rglob("*.safetensors")) + list(tmp_path.rglob("*.part"))
    server.sha256 = "../" * 30
    assert "no hash of" in refusal("someone/tiny", tmp_path, hub=server.url)


def test_more_than_promised_is_not_written(server: Hub, tmp_path: Path) -> None:
    server.claims["unet/diffusion_pytorch_model.safetensors"] = 1000
    said = refusal("someone/tiny", tmp_path, hub=server.url)
    assert "did not send someone/tiny" in said
    assert sum(file.stat().st_size for file in (tmp_path / "someone/tiny/unet").iterdir()) < 5000


def test_without_a_network_that_is_said(tmp_path: Path) -> None:
    said = refusal("someone/tiny", tmp_path, hub=f"http://127.0.0.1:{free_port()}")
    assert "cannot be reached" in said
    assert "Look at the network" in said


def test_a_word_names_one_commit_of_one_repository(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In half precision where the preset says so.
    server.files |= {
        name.replace(".safetensors", ".fp16.safetensors"): data
        for name, data in server.files.items()
        if name.endswith(".safetensors")
    }
    word = replace(presets.PRESETS[0], remote=HubName("someone/tiny", COMMIT, "fp16"))
    monkeypatch.setattr(presets, "PRESETS", (word,))
    found = find("SD-Turbo", tmp_path, hub=server.url)
    assert (found.name, found.variant) == ("someone/tiny", "fp16")
    assert found.path == tmp_path / "someone" / f"tiny@{COMMIT}"
    assert {file.name for file in found.path.rglob("*.safetensors")} >= {"diffusion_pytorch_model.fp16.safetensors"}
    assert not (found.path / "unet" / "diffusion_pytorch_model.safetensors").exists()


@pytest.mark.parametrize(("name", "near"), [("sd-turbi", "Did you mean sd-turbo"), ("dall-e", "PICTURES=list")])
def test_a_mistyped_word_gets_the_ones_that_are_near(tmp_path: Path, name: str, near: str) -> None:
    assert near in refusal(name, tmp_path)


def test_a_fetch_that_broke_off_goes_on(server: Hub, tmp_path: Path) -> None:
    server.broken = "unet/diffusion_pytorch_model.safetensors"
    assert "Start again to go on" in refusal("someone/tiny", tmp_path, hub=server.url)
    server.broken, server.asked = "", []
    assert find("someone/tiny", tmp_path, hub=server.url).class_name == "StableDiffusionPipeline"
    fetched = [address for address in server.asked if address.startswith("GET /someone")]
    assert "unet" in fetched[0]
