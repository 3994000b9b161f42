"""Data flows one way: web, integrations, assistant, imagine. A folder imports from those to its right only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("web", "integrations", "assistant", "imagine")
FILES = [path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")]


def imported(path: Path) -> set[str]:
    """The top names of all that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_to_its_right(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    left = set(LAYERS[: LAYERS.index(layer)])
    assert not imported(path) & (left | {"tests", "benchmarks"})


def test_the_engine_and_the_llama_client_know_no_database() -> None:
    paths = [ROOT / "assistant" / "engine.py", *(ROOT / "assistant" / "llama").glob("*.py")]
    for path in paths:
        assert "assistant.models" not in path.read_text(), path
