"""A wheel has all that the product needs beside its code."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAYERS = ("web", "integrations", "assistant", "imagine")


def test_a_wheel_holds_every_page_list_and_checkpoint() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packed = {
        path
        for package, patterns in tool["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    needed = {path for layer in LAYERS for path in (ROOT / layer).rglob("*") if path.is_file() and path.name[0] != "."}
    assert {path for path in needed if path.suffix not in (".py", ".pyc")} - packed == set()
