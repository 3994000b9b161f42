"""The real Code Shield, where REAL_CODE_SHIELD names the Python that has it, as `make shield` does."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.code.blocks import CodeBlock
from assistant.code.sentences import WEAKNESSES
from assistant.code.shield import Shield, trouble_of

PYTHON = os.environ.get("REAL_CODE_SHIELD", "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="Code Shield has an environment of its own")

CALL = "eval"
# Some containers forbid it.
CAN_LEAVE = subprocess.run(["unshare", "--user", "--net", "true"], capture_output=True, check=False).returncode == 0
RULES = """
import json, pathlib, codeshield.cs, yaml
rules = pathlib.Path(codeshield.cs.__file__).parent / "insecure_code_detector" / "rules"
found = [rule["cwe_id"] for path in rules.glob("regex/*.yaml") for rule in yaml.safe_load(path.read_text()) or []]
for path in rules.glob("semgrep/_generated_/*_codeshield.json"):
    found += [rule["metadata"].get("cwe_id", "") for rule in json.loads(path.read_text())["rules"]]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
async def shield() -> AsyncIterator[Shield]:
    async with Shield(PYTHON) as shield:
        yield shield


async def test_it_passes_its_test() -> None:
    assert await trouble_of(PYTHON) == ""


@pytest.mark.parametrize(
    ("language", "code", "found"),
    [
        ("python", f"x = 1\ny = {CALL}(input())\n", [(2, "CWE-94", "warning")]),
        ("python", "import pickle\npickle.loads(data)\n", [(2, "CWE-502", "warning")]),
        ("python", "import hashlib\nhashlib.md5(b'a')\n", [(2, "CWE-328", "warning")]),
        ("javascript", f"const x = {CALL}(req.query.x);\n", [(1, "CWE-95", "warning")]),
        ("c", "void f() { char b[4];\ngets(b); }\n", [(2, "CWE-242", "error")]),
        ("cpp", "#include <cstdlib>\nint main(int c, char **v) { system(v[1]); }\n", [(2, "CWE-78", "warning")]),
        ("java", 'MessageDigest.getInstance("MD5");\n', [(1, "CWE-327", "warning")]),
        ("php", "<?php echo md5($x); ?>\n", [(1, "CWE-327", "warning")]),
        ("csharp", "var x = 1;\n", []),
        ("rust", "fn main() {}\n", []),
        ("python", "def f(:\n  not python\n", []),
    ],
)
async def test_it_finds_what_is_wrong_and_where(
    shield: Shield, language: str, code: str, found: list[tuple[int, str, str]]
) -> None:
    issues = await shield.scan(CodeBlock(language, code))
    assert [(one.line, one.cwe, one.severity) for one in issues] == found


async def test_it_leaves_nothing_behind_and_reaches_nobody(shield: Shield) -> None:
    await shield.scan(CodeBlock("python", "import hashlib\nhashlib.md5(b'a')\n"))
    child = shield._child
    assert child
    assert os.listdir(child.folder) == []
    with open(f"/proc/{child.process.pid}/net/dev") as devices:  # noqa: ASYNC230
        names = [line.split(":")[0].strip() for line in devices.readlines()[2:]]
    if CAN_LEAVE:
        assert names == ["lo"]


def test_every_weakness_that_it_names_has_words() -> None:
    said = subprocess.run([PYTHON, "-I", "-c", RULES], capture_output=True, text=True, check=True, cwd=Path("/"))
    assert set(json.loads(said.stdout)) - set(WEAKNESSES) - {"", None} == set()
