"""A model's file comes from a hub: whole, or not at all, and never twice."""

from pathlib import Path

import pytest

from tests.ports import free_port
from tests.web.local.hub import Hub
from web.local.download import HubFile, fetch, hub_file
from web.local.errors import DownloadError


class Bar:
    """Remembers the last progress that was shown."""

    shown: tuple[int, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        self.shown = (done, total)


def model(hub: Hub) -> HubFile:
    return HubFile("someone/llama", "small/llama.gguf", hub.url)


def part_of(models: Path) -> Path:
    part = models / "someone" / "llama" / "small" / "llama.gguf.part"
    part.parent.mkdir(parents=True)
    return part


def test_a_file_is_fetched_once(hub: Hub, tmp_path: Path) -> None:
    bar = Bar()
    path = fetch(model(hub), tmp_path, bar)
    assert path.read_bytes() == hub.content
    assert bar.shown == (len(hub.content), len(hub.content))
    assert fetch(model(hub), tmp_path, bar) == path
    assert hub.asked == [("/someone/llama/resolve/main/small/llama.gguf", None)]


def test_a_cut_connection_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = [1000, 2000]
    assert fetch(model(hub), tmp_path, Bar()).read_bytes() == hub.content
    assert [wanted for _path, wanted in hub.asked] == [None, "bytes=1000-", "bytes=3000-"]


def test_a_download_that_was_left_goes_on_at_the_next_start(hub: Hub, tmp_path: Path) -> None:
    part_of(tmp_path).write_bytes(hub.content[:5000])
    assert fetch(model(hub), tmp_path, Bar()).read_bytes() == hub.content
    assert [wanted for _path, wanted in hub.asked] == ["bytes=5000-"]


def test_a_server_that_sends_all_of_it_again_is_understood(hub: Hub, tmp_path: Path) -> None:
    hub.ranges = False
    part_of(tmp_path).write_bytes(hub.content[:5000])
    assert fetch(model(hub), tmp_path, Bar()).read_bytes() == hub.content


def test_a_whole_file_that_only_lacks_its_name_gets_it(hub: Hub, tmp_path: Path) -> None:
    part_of(tmp_path).write_bytes(hub.content)
    assert fetch(model(hub), tmp_path, Bar()).read_bytes() == hub.content


def test_a_left_over_that_is_too_long_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    part_of(tmp_path).write_bytes(hub.content + b"more")
    assert fetch(model(hub), tmp_path, Bar()).read_bytes() == hub.content


def test_a_connection_that_brings_nothing_more_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = [1000, 0]
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        fetch(model(hub), tmp_path, Bar())
    assert fetch(model(hub), tmp_path, Bar()).read_bytes() == hub.content


def test_a_page_in_place_of_a_model_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.content = b"<html>Please sign in</html>"
    with pytest.raises(DownloadError, match="is not a GGUF file"):
        fetch(model(hub), tmp_path, Bar())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(404, "There is no file small/llama.gguf in someone/llama"), (401, "only to some"), (500, "answered 500")],
)
def test_a_refusal_is_told_in_a_sentence(hub: Hub, tmp_path: Path, status: int, sentence: str) -> None:
    hub.status = status
    with pytest.raises(DownloadError, match=sentence):
        fetch(model(hub), tmp_path, Bar())


def test_a_hub_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    away = HubFile("someone/llama", "llama.gguf", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(away, tmp_path, Bar())


def test_a_name_on_the_hub_is_told_from_a_path() -> None:
    assert hub_file("someone/llama-3.2:Q4/llama.gguf") == HubFile("someone/llama-3.2", "Q4/llama.gguf")
    for path in (
        "models/llama.gguf",
        "/models/llama.gguf",
        "a/b:../../c.gguf",
        "../b:c.gguf",
        "a/b:c.bin",
        "a/b:/c.gguf",
    ):
        assert hub_file(path) is None
