"""What was committed holds no key, what ships runs nothing that it reads; mutants and benchmarks know the code."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from scripts.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent
# As their services make them. Those of Meta are longer than any small picture in base64.
KEYS = [
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    rb"A[KS]IA[0-9A-Z]{16}",
    rb"gh[pousr]_[A-Za-z0-9]{36}",
    rb"glpat-[\w-]{20}",
    rb"xox[abprs]-\d[\w-]{10,}",
    rb"sk-[A-Za-z0-9_-]{32,}",
    rb"AIza[\w-]{35}",
    rb"(?:EAA|IGAA)[A-Za-z0-9]{120,}",
    rb"hf_[A-Za-z]{34}",
    rb"tvly-[A-Za-z0-9-]{20,}",
    rb"eyJ[\w-]{20,}\.eyJ[\w-]{20,}",
]
OURS = ("assistant", "imagine", "integrations", "web")
# All that runs a program which stands in data. Checkpoints of training, read with weights_only, are none.
PICKLES = re.compile(
    r"^\s*(?:import|from) (?:pickle|cPickle|_pickle|dill|cloudpickle|joblib|shelve|marshal)\b"
    r"|torch\.load\((?![^)]*weights_only=True)|allow_pickle|yaml\.(?:unsafe_)?load\(|(?<![\w.])(?:eval|exec)\(",
    re.MULTILINE,
)
LOADERS = re.compile(
    r"\.(?:load_lora_weights|load_textual_inversion|load_ip_adapter|from_single_file)\(|trust_remote_code"
)


def git(*words: str, told: bytes = b"") -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, input=told, capture_output=True, check=True).stdout


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no history comes along")
def test_nothing_that_was_ever_committed_is_a_key() -> None:
    names = b"\n".join(line.split()[0] for line in git("rev-list", "--objects", "--all").splitlines())
    kinds = [line.split() for line in git("cat-file", "--batch-check", told=names).splitlines()]
    texts = b"\n".join(name for name, kind, size in kinds if kind == b"blob" and int(size) < 1_000_000)
    written = git("cat-file", "--batch", "--buffer", told=texts)
    assert len(written) > 1_000_000
    assert [found[0] for key in KEYS for found in re.finditer(key, written)] == []


def test_nothing_that_ships_runs_what_it_reads() -> None:
    files = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 200
    found = {str(path.relative_to(ROOT)): PICKLES.findall(path.read_text()) for path in files}
    assert {name: words for name, words in found.items() if words} == {}
    adapters = {str(path.relative_to(ROOT)): LOADERS.findall(path.read_text()) for path in files}
    # They are given what single_file.py took for safetensors, by its name too.
    known = {
        "imagine/diffusion/adapters.py": [".load_lora_weights("],
        "imagine/diffusion/reading.py": [".from_single_file(", ".from_single_file("],
    }
    assert {name: words for name, words in adapters.items() if words} == known


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_protection_that_mutants_remove_is_there(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.old) == 1


def names_in(source: str) -> set[str]:
    """What a module defines or imports at its top."""
    names = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {one.asname or one.name for one in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("script", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_takes_from_another_file_is_there(script: Path) -> None:
    """No test runs them, and none is type-checked."""
    for node in ast.walk(ast.parse(script.read_text())):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        path = ROOT / f"{(module or '').replace('.', '/')}.py"
        if isinstance(node, ast.ImportFrom) and module and path.exists():
            lacking = {one.name for one in node.names} - names_in(path.read_text()) - {"*"}
            assert not lacking, f"{module} has no {lacking}"
