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
    """A hub with one repository, which is called `repo`.

    Faults: `status` and `error` answer everything, `broken` is a file that it does not give, `claims` are false sizes.
    """

    url: str = ""
    repo: str = "someone/tiny"
    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    error: str = ""
    broken: str = ""
    claims: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def hold(self, folder: Path) -> None:
        """Offer the files of a folder."""
        self.files |= {
            str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
        }

    def listing(self) -> bytes:
        siblings = [
            {"rfilename": name, "size": self.claims.get(name, len(data)), "blobId": mark(data)}
            for name, data in self.files.items()
        ]
        return json.dumps({"id": self.repo, "sha": COMMIT, "siblings": siblings}).encode()

    def body(self, path: str) -> bytes | None:
        """What is at a path; None when there is nothing."""
        address = path.partition("?")[0]
        if address in (f"/api/models/{self.repo}", f"/api/models/{self.repo}/revision/{COMMIT}"):
            return self.listing()
        return self.files.get(address.removeprefix(f"/{self.repo}/resolve/{COMMIT}/"))


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
            self.send_response(status)
            if body is None:
                self.send_header("X-Error-Code", hub.error or "EntryNotFound")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{mark(body or b"")}"')
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield hub
        server.shutdown()
        thread.join()
