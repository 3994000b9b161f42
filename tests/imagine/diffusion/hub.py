"""A hub for checkpoints on the loopback address: as much of its API as fetching needs, with scriptable faults."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "c0ffee" * 6 + "c0de"


def mark(data: bytes) -> str:
    """What tells one content from another."""
    return hashlib.sha256(data).hexdigest()[:40]


@dataclass
class Hub:
    """A hub with one repository, which is called `repo`. Weights are large files: it names their SHA-256.

    Faults: `status` and `error` answer everything, `broken` is a file that it does not give, `claims` are false sizes,
    `sha256` a false hash, and with `hold_after` it sends so many bytes of weights and then waits for `go_on`.
    """

    url: str = ""
    repo: str = "someone/tiny"
    commit: str = COMMIT
    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    error: str = ""
    broken: str = ""
    claims: dict[str, int] = field(default_factory=dict)
    sha256: str = ""
    hold_after: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    ranges: list[tuple[str, str]] = field(default_factory=list)

    def hold(self, folder: Path) -> None:
        """Offer the files of a folder."""
        self.files |= {
            str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
        }

    def listing(self) -> bytes:
        siblings = [self.sibling(name, data) for name, data in self.files.items()]
        return json.dumps({"id": self.repo, "sha": self.commit, "siblings": siblings}).encode()

    def sibling(self, name: str, data: bytes) -> dict[str, object]:
        size = self.claims.get(name, len(data))
        digest = self.sha256 or hashlib.sha256(data).hexdigest()
        large = {"lfs": {"sha256": digest, "size": size, "pointerSize": 134}} if name.endswith(".safetensors") else {}
        return {"rfilename": name, "size": size, "blobId": mark(data)} | large

    def body(self, path: str) -> bytes | None:
        """What is at a path; None when there is nothing."""
        address = path.partition("?")[0]
        if address in (f"/api/models/{self.repo}", f"/api/models/{self.repo}/revision/{self.commit}"):
            return self.listing()
        return self.files.get(address.removeprefix(f"/{self.repo}/resolve/{self.commit}/"))


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub that answers until the end of the block."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.asked.append(f"{self.command} {self.path.partition('?')[0]}")
            body = hub.body(self.path)
            status = 200 if body is not None else 404
            if hub.status != 200:
                status, body = hub.status, None
            elif hub.broken and self.path.endswith(hub.broken):
                status, body = 501, None
            wanted, size, start = self.headers["Range"], len(body or b""), 0
            if body is not None and wanted:
                hub.ranges.append((self.path.rpartition("/")[2], wanted))
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                status, body = 206, body[start:]
            self.send_response(status)
            if body is None:
                self.send_header("X-Error-Code", hub.error or "EntryNotFound")
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("X-Repo-Commit", hub.commit)
            self.send_header("ETag", f'"{mark(body or b"")}"')
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET":
                self.send(body or b"")

        def send(self, body: bytes) -> None:
            if hub.hold_after and self.path.endswith(".safetensors"):
                self.wfile.write(body[: hub.hold_after])
                hub.go_on.wait(60)
                body = body[hub.hold_after :]
            self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_arguments: object) -> None:
            pass

    # A client that went away is no trouble of the hub's.
    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield hub
        hub.go_on.set()
        server.shutdown()
        thread.join()
