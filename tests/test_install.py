"""scripts/install.py takes files that the lock knows, and no others: the real pip, with packages made here."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that asks for `lamp` and, as an extra, `shade`; both lie in a folder that is pip's only index."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "install.py", tmp_path / "scripts")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["lamp"]\n[project.optional-dependencies]\nmore = ["shade"]\n'
    )
    lamp, shade = wheel(tmp_path, "lamp", "Requires-Dist: bulb\n"), wheel(tmp_path, "shade")
    bulb = wheel(tmp_path, "bulb")
    (tmp_path / "requirements.lock").write_text(
        "".join(f"{name}==1.0 \\\n    --hash=sha256:{digest}\n" for name, digest in [("lamp", lamp), ("bulb", bulb)])
    )
    (tmp_path / "requirements-by-hand.lock").write_text(f"# By hand.\nshade==1.0 --hash=sha256:{shade}\n")
    return tmp_path


def wheel(checkout: Path, name: str, needs: str = "", version: str = "1.0", code: str = "") -> str:
    """Put a package into the index; its hash."""
    path = checkout / "index" / f"{name}-{version}-py3-none-any.whl"
    path.parent.mkdir(exist_ok=True)
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", code)
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(checkout / "index"),
        "PIP_TARGET": str(checkout / "installed"),
        "PIP_CONFIG_FILE": os.devnull,
    }
    command = [sys.executable, "scripts/install.py", *words]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def installed(checkout: Path) -> set[str]:
    return {path.stem for path in (checkout / "installed").glob("*.py")}


def test_what_is_asked_for_and_what_that_needs_is_installed(checkout: Path) -> None:
    assert install(checkout).returncode == 0
    assert installed(checkout) == {"lamp", "bulb"}
    assert install(checkout, "more").returncode == 0
    assert installed(checkout) == {"lamp", "bulb", "shade"}


def test_another_file_under_a_known_name_is_refused(checkout: Path) -> None:
    wheel(checkout, "bulb", code="print('taken over')")
    refused = install(checkout)
    assert refused.returncode != 0
    assert "bulb-1.0-py3-none-any.whl is not a file that requirements.lock knows of bulb 1.0" in refused.stderr
    assert installed(checkout) == set()


def test_a_newer_version_than_the_locked_one_is_not_taken(checkout: Path) -> None:
    wheel(checkout, "bulb", version="9.0")
    assert install(checkout).returncode == 0
    assert (checkout / "installed" / "bulb-1.0.dist-info").exists()


def test_a_package_that_no_lock_knows_is_refused(checkout: Path) -> None:
    wheel(checkout, "shade", needs="Requires-Dist: fringe\n")
    wheel(checkout, "fringe")
    refused = install(checkout, "more")
    assert refused.returncode != 0
    assert "requirements.lock" in refused.stderr
    assert installed(checkout) == set()


def test_an_unknown_extra_is_named(checkout: Path) -> None:
    assert "There is no extra pictures; pyproject.toml has more." in install(checkout, "pictures").stderr


def test_the_builds_for_processors_are_of_the_version_that_is_locked() -> None:
    found = {
        re.search(r"^torch==(\S+)", (ROOT / name).read_text(), re.MULTILINE)[1]  # type: ignore[index]
        for name in ("requirements.lock", "requirements-by-hand.lock")
    }
    assert len(found) == 1


def test_every_line_of_the_lock_has_a_hash() -> None:
    for name in ("requirements.lock", "requirements-by-hand.lock", "requirements-code.lock"):
        lines = (ROOT / name).read_text().replace("\\\n", "").splitlines()
        assert [line for line in lines if line and line[0] != "#" and "--hash=sha256:" not in line] == []


def test_code_shield_gets_a_semgrep_that_scans() -> None:
    """Newer ones scan nothing beside it, and say nothing: they come back by no upgrade."""
    lock = (ROOT / "requirements-code.lock").read_text()
    found = re.search(r"^semgrep==(\d+)\.(\d+)\.", lock, re.MULTILINE)
    assert found
    assert (int(found[1]), int(found[2])) <= (1, 100)
