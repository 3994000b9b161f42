"""The child process itself, with a stand-in for the package that it calls: bounded, and gone with all that it had."""

import os
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.code import scanner
from assistant.code.blocks import CodeBlock
from assistant.code.errors import ShieldError
from assistant.code.process import ScannerProcess
from tests.servers import soon

PYTHON = """#!{python}
import runpy, sys
sys.path.insert(0, {stubs!r})
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
LANGUAGES = """
import enum
Language = enum.Enum("Language", {"PYTHON": "python"})
"""
SHIELD = """
import enum, logging, tempfile, types
Severity = enum.Enum("Severity", {"WARNING": "warning"})


class CodeShield:
    @classmethod
    async def scan_code(cls, code, language):
        print("a line that is no answer")
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(code.encode())
        if "FAILS" in code:
            logging.getLogger("codeshield").error("not told: %s", code)
        if "EATS" in code:
            bytearray(3 * 1024**3)
        issue = types.SimpleNamespace(line=1, cwe_id="CWE-94", severity=Severity.WARNING)
        loud = types.SimpleNamespace(line=2, cwe_id="CWE-78", severity="ERROR")
        return types.SimpleNamespace(issues_found=[issue, loud] if "BAD" in code else None)
"""


@pytest.fixture
async def child(tmp_path: Path) -> AsyncIterator[ScannerProcess]:
    package = tmp_path / "stubs" / "codeshield"
    (package / "insecure_code_detector").mkdir(parents=True)
    (package / "cs.py").write_text(SHIELD)
    (package / "insecure_code_detector" / "languages.py").write_text(LANGUAGES)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable, stubs=str(tmp_path / "stubs")))
    python.chmod(0o700)
    child = await ScannerProcess.start(str(python))
    yield child
    await child.end()


def block(code: str) -> CodeBlock:
    return CodeBlock("python", code)


async def test_issues_come_in_our_own_form(child: ScannerProcess) -> None:
    found = await child.issues(block("BAD\nBAD"))
    assert [(one.line, one.cwe, one.severity) for one in found] == [(1, "CWE-94", "warning"), (2, "CWE-78", "error")]
    assert await child.issues(block("fine")) == []


async def test_what_the_package_only_logs_is_a_failure(child: ScannerProcess) -> None:
    """It takes such code for secure. The next block is scanned as ever."""
    with pytest.raises(ShieldError, match="Code Shield failed in scan_code"):
        await child.issues(block("FAILS"))
    assert len(await child.issues(block("BAD\nBAD"))) == 2


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux tells of another process")
async def test_it_is_bounded(child: ScannerProcess) -> None:
    pid = child.process.pid
    assert resource.prlimit(pid, resource.RLIMIT_AS)[0] == scanner.MEMORY_BYTES
    assert resource.prlimit(pid, resource.RLIMIT_CPU)[0] == scanner.PROCESSOR_SECONDS
    assert resource.prlimit(pid, resource.RLIMIT_FSIZE)[0] == scanner.FILE_BYTES
    assert os.getpriority(os.PRIO_PROCESS, pid) >= scanner.NICENESS
    assert os.getsid(pid) == pid
    with pytest.raises(ShieldError):
        await child.issues(block("EATS"))


async def test_its_folder_goes_with_who_asked(child: ScannerProcess) -> None:
    """As when the web process is killed: nobody is left to clean up, and its input ends."""
    await child.issues(block("BAD"))
    assert os.listdir(child.folder) == []
    assert child.process.stdin
    child.process.stdin.close()
    await soon(lambda: not child.folder.exists())
