"""The child process that runs Code Shield: `PYTHON -I scanner.py FOLDER`, with a Python that has it installed.

It has no secrets, no database, none of our packages, bounded memory, and where the system lets it no network; its time
is bounded by the process that asked. When it is ready it writes a line, then a line of JSON for each request, which is
one too. It ends with its input, and with it the folder: who asked may have been killed.
"""

import asyncio
import ctypes
import json
import logging
import os
import resource
import shutil
import sys
from typing import Any, BinaryIO

# Of each process: this one, and the analyser that it starts for suspicious code.
MEMORY_BYTES = 2 * 1024**3
# Of the analyser, should nobody be left to end it.
PROCESSOR_SECONDS = 30
FILE_BYTES = 4 * 1024**2
# Answers being written go before code being scanned.
NICENESS = 5
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


class Failures(logging.Handler):
    """Where Code Shield failed and only logged that: it reports such code as secure."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.places = list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        # Not the message, which holds code.
        self.places.append(record.funcName or record.name)


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not be taken for an answer.
    os.dup2(2, 1)
    _leave_network()
    _bound()
    try:
        asyncio.run(_serve(sys.stdin.buffer, answers))
    finally:
        shutil.rmtree(sys.argv[1], ignore_errors=True)


async def _serve(questions: BinaryIO, answers: BinaryIO) -> None:
    from codeshield.cs import CodeShield
    from codeshield.insecure_code_detector.languages import Language

    failures = Failures()
    logging.getLogger().addHandler(failures)
    _write(answers, {})
    while line := questions.readline():
        request = json.loads(line)
        failures.places.clear()
        result = await CodeShield.scan_code(request["code"], Language(request["language"]))
        if failures.places:
            _write(answers, {"error": failures.places[0]})
        else:
            _write(answers, {"issues": [_plain(issue) for issue in result.issues_found or ()]})


def _plain(issue: Any) -> dict[str, Any]:
    severity = getattr(issue.severity, "value", issue.severity)
    return {"line": issue.line, "cwe": str(issue.cwe_id), "severity": str(severity).lower()}


def _write(answers: BinaryIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value).encode() + b"\n")
    answers.flush()


def _leave_network() -> None:
    """Nothing here connects anywhere; where the system allows it, nothing can. Before any thread begins."""
    if sys.platform == "linux":
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _bound() -> None:
    os.nice(NICENESS)
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
