"""After "all of it is gone" not a word is left: in no file of the data folder, and in no key of Redis."""

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest
import redis
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.fake_llama import FakeLlama, says
from tests.servers import eventually
from tests.started import Started
from web.local.llama import NO_TLS

# In words, titles, files, the search index and the answer.
MARK = "zebraquine"
# Stands under an answer that is whole.
DONE = "/retry"


@pytest.fixture
def started(tmp_path: Path, fake_llama: FakeLlama) -> Iterator[Started]:
    """The whole product on a data folder of its own; only the model is another's."""
    fake_llama.on(MARK, says(f"The {MARK} lives in the *{MARK}* valleys, {MARK} by {MARK}."))
    more = {"LLAMA_URL": fake_llama.url, "LLAMA_MODEL": "llama-3", "MEMORY_FOR_GUESTS": "true"}
    # The painter's name leaves its environment to be read, which has the address of the embedded Redis.
    start = Started(tmp_path, shipped=True, SPT_NOENV="1", **more)
    eventually(start.is_up, 120)
    yield start
    start.process.terminate()
    start.ended()


@pytest.fixture
def ana(started: Started) -> Iterator["Browser"]:
    with Browser(started) as browser:
        yield browser


@pytest.fixture
def bo(started: Started) -> Iterator["Browser"]:
    with Browser(started) as browser:
        yield browser


def files_with(mark: str, folder: Path) -> set[str]:
    """The files below a folder that hold the mark, in any of the ways that words are stored."""
    ways = [mark.encode(), mark.encode("utf-16-le"), mark.upper().encode()]
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)) for path in found if any(way in path.read_bytes() for way in ways)}


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def picture() -> bytes:
    """A PNG with the mark in its notes."""
    notes, data = PngInfo(), io.BytesIO()
    notes.add_text("Description", MARK)
    Image.new("RGB", (64, 64), "red").save(data, "PNG", pnginfo=notes)
    return data.getvalue()


def keys_with(mark: str, started: Started) -> list[str]:
    """The keys of the embedded Redis that hold the mark, in their names or as values of whatever kind."""
    environments = [child.environ() for child in psutil.Process(started.process.pid).children(recursive=True)]
    url = next(one["REDIS_URL"] for one in environments if one.get("REDIS_URL"))
    found = []
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter():
            dumped = {
                b"string": client.get,
                b"hash": client.hgetall,
                b"set": client.smembers,
                b"list": lambda key: client.lrange(key, 0, -1),
                b"zset": lambda key: client.zrange(key, 0, -1),
                b"stream": client.xrange,
            }[client.type(key)](key)
            if mark in f"{key} {dumped}".lower():
                found.append(key.decode())
    return found


class Browser:
    """Somebody who keeps their cookies."""

    def __init__(self, started: Started) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{started.port}", verify=NO_TLS, timeout=30)
        self.http.get("/")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_error: object) -> None:
        self.http.close()

    def post(self, path: str, **more: object) -> httpx.Response:
        headers = {"X-CSRFToken": self.http.cookies["csrftoken"]}
        return self.http.post(path, headers=headers, **more)  # type: ignore[arg-type]

    def attach(self, room: str, name: str, data: bytes) -> str:
        """Upload a file for what is said next in a room, once there is a painter. Returns its id."""
        tries: list[dict[str, str]] = []

        def taken() -> bool:
            tries.append(self.post(f"{room}attach/", files={"file": (name, data)}).json())
            return "id" in tries[-1]

        eventually(taken, 120)
        return tries[-1]["id"]

    def talk(self, text: str, **more: object) -> str:
        """Say it, and wait for the answer. Returns the address of the conversation."""
        path = self.post("/", data={"text": text, "id": str(uuid4()), **more}).headers["location"]
        eventually(lambda: DONE in self.http.get(path).text)
        return path


def test_after_an_erasure_no_file_holds_a_word_of_it(
    started: Started, tmp_path: Path, ana: Browser, bo: Browser
) -> None:
    kept = bo.talk("Tell me of the zebra")
    for number in range(3):
        path = ana.talk(f"Where does the {MARK} live? {number}")
        ana.post(f"{path}rename", data={"title": f"About the {MARK}"})
    ana.post("/attachments/", files={"file": (f"{MARK}.txt", MARK.encode() * 2000, "text/plain")})
    ana.post("/you/instructions", data={"instructions": f"I love the {MARK}"})
    ana.post("/you/memory", data={"text": f"The {MARK} is striped"})
    ana.post(f"{path}share")
    answer = re.search(r"/m/([0-9a-f-]{36})/feedback", ana.http.get(path).text)
    assert answer
    ana.post(f"/m/{answer[1]}/feedback", data={"good": "0", "word": f"No {MARK}"})
    room = ana.post("/rooms/new", data={"name": MARK.title(), "title": f"Friends of the {MARK}"}).headers["location"]
    ana.post(f"{room.partition('#')[0]}messages", data={"text": f"@Chaski, the {MARK}!", "id": str(uuid4())})
    for name, data in ((f"{MARK}.png", picture()), (f"{MARK}.pdf", f"%PDF-1.4 {MARK}".encode())):
        sent = {"text": MARK, "id": str(uuid4()), "attachments": ana.attach(room.partition("#")[0], name, data)}
        ana.post(f"{room.partition('#')[0]}messages", data=sent)
    assert files_in(tmp_path / "pictures")
    assert MARK in ana.http.get("/c/?q=" + MARK).text
    # What was said long ago is in the database itself, and what was said now in its log too.
    with closing(sqlite3.connect(tmp_path / "chaski.sqlite3")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ana.talk(f"And where does the {MARK} sleep?")
    assert {"chaski.sqlite3", "chaski.sqlite3-wal"} <= files_with(MARK, tmp_path)
    said = ana.post("/you/erase", data={"sure": "yes"})
    assert said.status_code == 302
    assert files_with(MARK, tmp_path) == set()
    assert files_in(tmp_path / "pictures") == []
    assert keys_with(MARK, started) == []
    assert "the zebra" in bo.http.get(kept).text
