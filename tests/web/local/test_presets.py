"""Models that are named in one word: which there are, and what is said about this machine."""

import re
from pathlib import Path

import pytest

from tests.started import CHECKOUT
from web.local.download import part_path, place
from web.local.errors import UnknownModelError
from web.local.hub import Content, Hub
from web.local.llama_server import cache_mib
from web.local.machine import Machine, cores, memory, this_machine, web_processes
from web.local.presets import PRESETS, find, gigabytes, listing, unknown

HUB = Hub()
TOKENS = 2 * 8192
GB = 10**9


def rows(models: Path, machine: Machine) -> dict[str, str]:
    """What stands in the last column of each preset."""
    lines = listing(models, machine, HUB, TOKENS).splitlines()
    return {line.split()[0]: line.split("GB  ")[-1] for line in lines[1 : len(PRESETS) + 1]}


@pytest.mark.parametrize(("memory", "mebibytes"), [(0, 256), (2 * 2**30, 256), (8 * 2**30, 512), (64 * 2**30, 4096)])
def test_a_larger_machine_keeps_more_prompts_of_conversations_that_wait(memory: int, mebibytes: int) -> None:
    assert cache_mib(memory) == mebibytes


def test_each_is_bound_to_one_content_of_one_file() -> None:
    assert len({preset.name for preset in PRESETS}) == len(PRESETS)
    for preset in PRESETS:
        assert re.fullmatch("[0-9a-f]{64}", preset.remote.sha256)
        assert re.fullmatch("[0-9a-f]{40}", preset.remote.revision)
        assert preset.remote.size > 10**8
        assert preset.remote.file.endswith(".gguf")
        assert preset.version in preset.name
        assert preset.licence.endswith("/license/")


def test_each_is_in_the_documentation_as_it_is() -> None:
    page = (CHECKOUT / "docs" / "settings.md").read_text()
    for preset in PRESETS:
        remote, memory = preset.remote, gigabytes(preset.memory(TOKENS))
        where = f"{remote.repo}, {remote.revision[:8]} | {remote.file} | {gigabytes(remote.size)} | {memory} |"
        assert f"| {preset.name} | {where}" in page
        assert preset.licence.split(", ")[1] in page


def test_the_list_says_what_fits_this_machine(tmp_path: Path) -> None:
    assert rows(tmp_path, Machine(memory=8 * GB, disk=100 * GB)) == {
        "llama-3.2-1b": "fits",
        "llama-3.2-3b": "fits",
        "llama-3.1-8b": "too large: 0.6 GB of memory are missing",
        "llama-3.3-70b": "too large: 41.4 GB of memory are missing",
    }
    assert rows(tmp_path, Machine(memory=64 * GB, disk=GB))["llama-3.3-70b"] == "no room on the disk"
    assert rows(tmp_path, Machine(memory=64 * GB, disk=GB))["llama-3.2-1b"] == "fits"
    # A system that does not tell its memory may have any.
    assert rows(tmp_path, Machine(memory=0, disk=100 * GB))["llama-3.3-70b"] == "fits"


def test_the_list_says_what_is_here_already(tmp_path: Path) -> None:
    small = PRESETS[0].remote
    path = place(small, tmp_path)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(small.size)
    assert rows(tmp_path, Machine(memory=8 * GB, disk=0))["llama-3.2-1b"] == "fits, fetched"
    assert rows(tmp_path, Machine(memory=GB, disk=0))["llama-3.2-1b"].endswith("missing, fetched")
    # Of another size it is another file.
    path.write_bytes(b"GGUF")
    assert rows(tmp_path, Machine(memory=8 * GB, disk=0))["llama-3.2-1b"] == "no room on the disk"
    # What an interrupted download left needs no room twice.
    with part_path(path, Content(sha256=small.sha256)).open("wb") as file:
        file.truncate(small.size - 7_000_000)
    assert rows(tmp_path, Machine(memory=8 * GB, disk=8_000_000))["llama-3.2-1b"] == "fits, 0.8 GB of it fetched"


def test_the_list_names_sizes_licences_and_other_ways(tmp_path: Path) -> None:
    text = listing(tmp_path, Machine(memory=8 * GB, disk=100 * GB), HUB, TOKENS)
    assert "llama-3.2-3b     2.0 GB    5.4 GB  fits" in text
    assert "https://www.llama.com/llama3_2/license/" in text
    assert "8.0 GB of memory, and 100.0 GB free in" in text
    assert "MODEL=/path/to/model.gguf" in text
    assert max(len(line) for line in text.splitlines()) <= 120 + len(str(tmp_path))


def test_a_name_is_found_whatever_its_case() -> None:
    assert find(" Llama-3.2-3B ") == find("llama-3.2-3b") != None  # noqa: E711
    assert find("llama-3.2") is None


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("llama-3.2-3", "llama-3.2-3b"),
        ("llama3.2:3b", "llama-3.2-3b"),
        ("lama-3.1-8b", "llama-3.1-8b"),
        ("70b", "llama-3.3-70b"),
        ("LLAMA 3.1 8B", "llama-3.1-8b"),
    ],
)
def test_a_mistyped_name_gets_the_ones_that_are_near(name: str, near: str) -> None:
    error = unknown(name)
    assert isinstance(error, UnknownModelError)
    assert str(error).startswith(f'There is no model "{name}". Did you mean ')
    assert near in str(error)


def test_a_name_that_is_like_none_gets_them_all() -> None:
    said = str(unknown("mistral"))
    assert all(preset.name in said for preset in PRESETS)
    assert "Did you mean" not in said
    assert "MODEL=list" in said


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    mine = memory(limits=())
    assert mine > 10**8
    limit = tmp_path / "memory.max"
    assert memory((limit,)) == mine
    limit.write_text("max\n")
    assert memory((limit,)) == mine
    limit.write_text("50000000\n")
    assert memory((limit,)) == 50_000_000


def test_the_disk_is_that_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert this_machine(tmp_path / "not" / "yet").disk > 0
    assert cores() >= 1


@pytest.mark.parametrize(
    ("cores", "memory", "processes"),
    [(1, 16, 1), (2, 16, 2), (4, 16, 4), (64, 512, 4), (4, 2, 2), (4, 0.5, 1), (4, 0, 1)],
)
def test_the_site_has_a_web_process_for_each_core_within_its_memory(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory: float, processes: int
) -> None:
    monkeypatch.setattr("web.local.machine.cores", lambda: cores)
    monkeypatch.setattr("web.local.machine.memory", lambda: int(memory * 10**9))
    monkeypatch.setattr("web.local.machine.CAN_SHARE_PORTS", True)
    assert web_processes() == processes
    monkeypatch.setattr("web.local.machine.CAN_SHARE_PORTS", False)
    assert web_processes() == 1
