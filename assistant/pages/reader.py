"""The child process that reads pages: `python -m assistant.pages.reader`.

It has no secrets, no database and no network of ours; its memory is bounded, its time is by the process that asked.
When it is ready it writes an empty line, then a line of JSON for each request: a line of JSON and so many bytes. It
ends with its input.
"""

import base64
import json
import os
import re
import resource
import sys
from pathlib import Path
from typing import Any

from assistant.pages.extract import NoTextInPageError, read_page
from assistant.pages.icons import NotAnIconError, read_icon

MEMORY_BYTES = 768 * 1024**2
# A page of usual size needs 50 MB; one that has grown beyond this is not kept.
GROWN_BYTES = 160 * 1024**2
# Of recursion within libraries; a page that needs more is refused.
STACK_FRAMES = 3_000
# Streams of answers go before pages where there is not enough processor for both.
NICENESS = 5


def main() -> None:
    """Answer requests until the input ends."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    # Whatever a library prints must not be taken for an answer.
    sys.stdout = sys.stderr
    _bound()
    answers.write(b"\n")
    answers.flush()
    while line := questions.readline():
        request = json.loads(line)
        body = questions.read(request["bytes"])
        answer = _answer(request, body) | {"grown": _peak_bytes() > GROWN_BYTES}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _answer(request: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        if request["job"] == "icon":
            return {"icon": base64.b64encode(read_icon(body)).decode()}
        page = read_page(body, request["url"], request["type"], request["charset"], was_cut=request["cut"])
        return {"page": page.to_json()}
    except NoTextInPageError as error:
        return {"error": "empty", "detail": str(error)}
    except NotAnIconError as error:
        return {"error": "type", "detail": str(error)}
    except Exception as error:  # noqa: BLE001
        # The edge of the process: whatever a library stumbles over is this page's fault, and is reported by its kind.
        return {"error": "unreadable", "detail": type(error).__name__}


def _peak_bytes() -> int:
    """The most memory that it had, where the system says so; `getrusage` counts the process before `exec` too."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def _bound() -> None:
    sys.setrecursionlimit(STACK_FRAMES)
    os.nice(NICENESS)
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
