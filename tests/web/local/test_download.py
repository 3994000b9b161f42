"""A model's file comes from a hub: whole and as it was published, or not at all, and never twice."""

import hashlib
import multiprocessing
import sys
import threading
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.servers import eventually
from tests.web.local.hub import Hub
from web.local import hub as hubs
from web.local.download import fetch
from web.local.errors import DownloadError
from web.local.hub import HubFile, hub_file
from web.local.lock import download_lock

MODEL = HubFile("someone/llama", "small/llama.gguf")
ADDRESS = "someone/llama/resolve/main/small/llama.gguf"
# Nothing waits for a hub that was cut off.
NO_DELAYS = (0.0, 0.0)


class Bar:
    """Remembers the progress that was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.shown.append((done, total))


def get(hub: Hub, models: Path, remote: HubFile = MODEL, bar: Bar | None = None, token: str = "") -> Path:
    return fetch(remote, hubs.Hub(hub.url, token), models, bar or Bar(), NO_DELAYS)


def part_of(models: Path, bound_to: str = "") -> Path:
    """The partial download of a file whose SHA-256 is `bound_to`."""
    name = f"llama.gguf.{bound_to[:16]}.part" if bound_to else "llama.gguf.part"
    part = models / "someone" / "llama" / "small" / name
    part.parent.mkdir(parents=True, exist_ok=True)
    return part


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def ranges(hub: Hub) -> list[str | None]:
    return [wanted for _path, wanted in hub.asked]


def test_a_file_is_fetched_once(hub: Hub, tmp_path: Path) -> None:
    bar = Bar()
    path = get(hub, tmp_path, bar=bar)
    assert path.read_bytes() == hub.content
    assert bar.shown[0] == (0, len(hub.content))
    assert bar.shown[-1] == (len(hub.content), len(hub.content))
    assert get(hub, tmp_path) == path
    assert hub.asked == [(ADDRESS, None)]
    assert files(tmp_path) == ["llama.gguf"]


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("heads", [True, False])
def test_a_cut_connection_goes_on_where_it_stopped(hub: Hub, tmp_path: Path, linked: bool, heads: bool) -> None:
    hub.linked, hub.heads, hub.cut_after = linked, heads, [1000, 2000]
    assert get(hub, tmp_path).read_bytes() == hub.content
    assert ranges(hub) == [None, "bytes=1000-", "bytes=3000-"]


def test_a_download_that_was_left_goes_on_at_the_next_start(hub: Hub, tmp_path: Path) -> None:
    bar = Bar()
    part_of(tmp_path, sha256(hub.content)).write_bytes(hub.content[:5000])
    assert get(hub, tmp_path, bar=bar).read_bytes() == hub.content
    assert ranges(hub) == ["bytes=5000-"]
    assert bar.shown[0] == (5000, len(hub.content))


@pytest.mark.parametrize("linked", [True, False])
def test_the_rest_of_another_file_never_lands_behind_it(hub: Hub, tmp_path: Path, linked: bool) -> None:
    hub.linked, hub.cut_after = linked, [5000, 0, 0, 0]
    with pytest.raises(DownloadError):
        get(hub, tmp_path)
    hub.content = b"GGUF" + bytes(reversed(range(256))) * 2_000
    assert get(hub, tmp_path).read_bytes() == hub.content
    assert ranges(hub)[-1] is None
    assert files(tmp_path) == ["llama.gguf"]


def test_a_file_that_changes_in_mid_download_is_sent_anew(hub: Hub, tmp_path: Path) -> None:
    hub.linked, hub.cut_after, hub.hold_after = False, [0], 4000
    bar = Bar()
    thread = threading.Thread(target=get, args=(hub, tmp_path, MODEL, bar))
    thread.start()
    eventually(lambda: (4000, len(hub.content)) in bar.shown)
    old, hub.content, hub.hold_after = len(hub.content), b"GGUF" + bytes(reversed(range(256))) * 2_000, 0
    assert len(hub.content) == old
    hub.go_on.set()
    thread.join(30)
    assert (tmp_path / "someone" / "llama" / "small" / "llama.gguf").read_bytes() == hub.content
    assert ranges(hub) == [None, "bytes=4000-"]


def test_a_server_that_sends_all_of_it_again_is_understood(hub: Hub, tmp_path: Path) -> None:
    hub.ranges = False
    part_of(tmp_path, sha256(hub.content)).write_bytes(hub.content[:5000])
    assert get(hub, tmp_path).read_bytes() == hub.content


@pytest.mark.parametrize("heads", [True, False])
def test_a_whole_file_that_only_lacks_its_name_gets_it(hub: Hub, tmp_path: Path, heads: bool) -> None:
    hub.heads = heads
    part_of(tmp_path, sha256(hub.content) if heads else "").write_bytes(hub.content)
    assert get(hub, tmp_path).read_bytes() == hub.content
    assert len(hub.asked) == (0 if heads else 1)


@pytest.mark.parametrize("heads", [True, False])
def test_a_left_over_that_is_too_long_is_fetched_anew(hub: Hub, tmp_path: Path, heads: bool) -> None:
    hub.heads = heads
    part_of(tmp_path, sha256(hub.content) if heads else "").write_bytes(hub.content + b"more")
    assert get(hub, tmp_path).read_bytes() == hub.content


def test_a_connection_that_brings_nothing_more_is_given_up_and_resumed_later(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = [1000, 0, 0, 0]
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        get(hub, tmp_path)
    assert get(hub, tmp_path).read_bytes() == hub.content
    assert ranges(hub) == [None] + ["bytes=1000-"] * 4


def test_what_is_not_what_was_published_is_deleted_and_told(hub: Hub, tmp_path: Path) -> None:
    hub.sha256 = sha256(b"something else")
    with pytest.raises(DownloadError, match="its SHA-256 is another"):
        get(hub, tmp_path)
    assert files(tmp_path) == []
    # The start was of a broken download: the next one begins anew.
    hub.sha256 = ""
    assert get(hub, tmp_path).read_bytes() == hub.content


def test_a_start_that_went_bad_on_the_disk_is_noticed(hub: Hub, tmp_path: Path) -> None:
    part_of(tmp_path, sha256(hub.content)).write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(DownloadError, match="its SHA-256 is another"):
        get(hub, tmp_path)
    assert get(hub, tmp_path).read_bytes() == hub.content


def test_a_file_whose_hash_is_known_here_is_taken_from_no_other_content(hub: Hub, tmp_path: Path) -> None:
    known = HubFile("someone/llama", "small/llama.gguf", "abc", sha256(hub.content), len(hub.content))
    hub.content += b"!"
    with pytest.raises(DownloadError, match=r"has another small/llama\.gguf .* MODEL=someone/llama:small/llama\.gguf"):
        get(hub, tmp_path, known)
    assert hub.asked == []
    # A hub that does not say what it has is found out by what it sends.
    hub.heads = False
    with pytest.raises(DownloadError, match="not 512004"):
        get(hub, tmp_path, known)
    hub.content = b"GGUF" + bytes(512_000)
    with pytest.raises(DownloadError, match="its SHA-256 is another"):
        get(hub, tmp_path, known)
    assert files(tmp_path) == []


def test_a_file_of_another_size_than_the_known_one_is_replaced(hub: Hub, tmp_path: Path) -> None:
    known = HubFile("someone/llama", "small/llama.gguf", "abc", sha256(hub.content), len(hub.content))
    old = part_of(tmp_path).with_name("llama.gguf")
    old.write_bytes(b"GGUF of an older Chaski")
    assert get(hub, tmp_path, known).read_bytes() == hub.content
    assert hub.asked[0][0] == ADDRESS.replace("main", "abc")


def test_a_page_in_place_of_a_model_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.content = b"<html>Please sign in</html>"
    with pytest.raises(DownloadError, match="is not a GGUF file"):
        get(hub, tmp_path)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (404, "EntryNotFound", "There is no file small/llama.gguf in someone/llama"),
        (404, "", "MODEL=list"),
        (401, "RepoNotFound", "has no someone/llama, or gives it only to some. .* HF_TOKEN"),
        (
            401,
            "GatedRepo",
            "accepted its licence there. Accept it at http://127.0.0.1:[0-9]+/someone/llama, .* HF_TOKEN",
        ),
        (403, "GatedRepo", "accepted its licence there"),
        (403, "", "HF_TOKEN"),
        (429, "", "answered 429 .* Try again later"),
        (500, "", "answered 500"),
        (418, "", "answered 418"),
    ],
)
@pytest.mark.parametrize("heads", [True, False])
def test_a_refusal_is_told_in_a_sentence(
    hub: Hub, tmp_path: Path, status: int, error: str, sentence: str, heads: bool
) -> None:
    hub.status, hub.error, hub.heads = status, error, heads
    with pytest.raises(DownloadError, match=sentence):
        get(hub, tmp_path)
    assert [name for name in files(tmp_path) if name == "llama.gguf"] == []


def test_a_token_goes_to_the_hub_and_nowhere_else(hub: Hub, tmp_path: Path) -> None:
    get(hub, tmp_path, token="hf_secret")
    assert {token for path, token in hub.tokens if not path.startswith("/storage")} == {"Bearer hf_secret"}
    assert {token for path, token in hub.tokens if path.startswith("/storage")} == {None}


def test_a_token_that_is_not_taken_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.status = 401
    with pytest.raises(DownloadError, match="does not take the token in HF_TOKEN") as caught:
        get(hub, tmp_path, token="hf_secret")
    assert "hf_secret" not in str(caught.value)


def test_a_hub_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    away = hubs.Hub(f"http://user:secret@127.0.0.1:{free_port()}")
    with pytest.raises(DownloadError, match=r"^http://127.* cannot be reached .* MODEL=/path/to/model\.gguf"):
        fetch(MODEL, away, tmp_path, Bar())
    assert files(tmp_path) == []


@pytest.mark.parametrize("address", ["http://[nonsense", "http://", "http://127.0.0.1:99999"])
def test_an_address_that_makes_no_sense_is_told_in_a_sentence(tmp_path: Path, address: str) -> None:
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(MODEL, hubs.Hub(address), tmp_path, Bar())


def test_a_repository_that_was_renamed_is_found(hub: Hub, tmp_path: Path) -> None:
    hub.moved = {f"/{ADDRESS}": f"/{ADDRESS}".replace("someone", "anyone")}
    assert get(hub, tmp_path).read_bytes() == hub.content
    assert hub.asked == [(ADDRESS.replace("someone", "anyone"), None)]


def test_a_hub_that_sends_in_circles_is_told_in_a_sentence(hub: Hub, tmp_path: Path) -> None:
    hub.moved = {f"/{ADDRESS}": f"/{ADDRESS}"}
    with pytest.raises(DownloadError, match="cannot be reached"):
        get(hub, tmp_path)


def test_a_disk_without_room_is_told_before_anything_is_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.claim = 10**18
    with pytest.raises(DownloadError, match=r"GB free; 1000000000\.0 GB are missing\. .* MODEL=list"):
        get(hub, tmp_path)
    assert hub.asked == []


def test_a_hub_that_sends_less_than_it_said_is_told_in_a_sentence(hub: Hub, tmp_path: Path) -> None:
    hub.claim = len(hub.content) + 1
    with pytest.raises(DownloadError, match=r"sent 512004 bytes as small/llama\.gguf, not 512005"):
        get(hub, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a disk that is always full")
def test_a_disk_that_fills_up_is_told_in_a_sentence(hub: Hub, tmp_path: Path) -> None:
    part_of(tmp_path, sha256(hub.content)).symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"is full\. Make room and start again"):
        get(hub, tmp_path)


def in_another_process(url: str, models: str, content: bytes, begun: Event) -> None:
    known = HubFile("someone/llama", "small/llama.gguf", "main", sha256(content), len(content))
    fetch(known, hubs.Hub(url), Path(models), lambda done, total: begun.set())


def test_two_processes_at_once_fetch_it_once(hub: Hub, tmp_path: Path) -> None:
    hub.hold_after = 1000
    spawn = multiprocessing.get_context("spawn")
    begun = [spawn.Event(), spawn.Event()]
    others = [
        spawn.Process(target=in_another_process, args=(hub.url, str(tmp_path), hub.content, event)) for event in begun
    ]
    for other in others:
        other.start()
    assert [event.wait(60) for event in begun] == [True, True]
    hub.go_on.set()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0]
    assert hub.asked == [(ADDRESS, None)]
    assert (tmp_path / "someone" / "llama" / "small" / "llama.gguf").read_bytes() == hub.content


def test_who_waits_for_another_download_sees_it_grow(hub: Hub, tmp_path: Path) -> None:
    known = HubFile("someone/llama", "small/llama.gguf", "abc", sha256(hub.content), len(hub.content))
    hub.hold_after = 300_000
    bar = Bar()
    first = threading.Thread(target=get, args=(hub, tmp_path, known))
    second = threading.Thread(target=get, args=(hub, tmp_path, known, bar))
    first.start()
    eventually(lambda: hub.asked)
    second.start()
    eventually(lambda: bar.shown)
    hub.go_on.set()
    first.join(30)
    second.join(30)
    assert bar.shown[0][1] == len(hub.content)
    assert len(hub.asked) == 1


def test_a_download_elsewhere_that_does_not_grow_is_not_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    with (
        download_lock(lock, lambda: 0),
        pytest.raises(DownloadError, match="Another process"),
        download_lock(lock, lambda: 7, stalled_seconds=0.1),
    ):
        raise AssertionError("it is held")


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
