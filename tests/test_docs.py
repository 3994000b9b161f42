"""The documentation says what is there, and nothing else."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from web.sockets.messages import CONVERSATION_MESSAGES

ROOT = Path(__file__).parent.parent
NAME = re.compile(r"[A-Z][A-Z_]+")


def documented(page: str) -> set[str]:
    """The first column of all tables of a page."""
    return set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / page).read_text(), re.MULTILINE))


def variables() -> set[str]:
    """The environment variables that web/settings.py reads, itself or through a function of its own."""
    tree = ast.parse((ROOT / "web" / "settings.py").read_text())
    readers = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} | {"env"}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    first = {ast.unparse(call.args[0]).strip("'") for call in calls if ast.unparse(call.func).split(".")[0] in readers}
    return {name for name in first if NAME.fullmatch(name)}


def test_every_setting_is_in_the_table() -> None:
    social = {f"SOCIAL_{name}" for name in ("GOOGLE", "GITHUB", "FACEBOOK")}
    ends = ("URL", "MODEL", "KEY", "CONTEXT", "PARALLEL", "COST")
    models = {f"LLAMA_{role.upper()}_{end}" for role in settings.LLAMA_ROLES for end in ends}
    assert documented("settings.md") == variables() | social | models


def test_settings_is_the_only_reader_of_the_environment() -> None:
    # These set Django's or Celery's own variable, or hand an environment on to a child.
    allowed = {"manage.py", "web/settings.py", "web/asgi.py", "web/celery.py", "web/clock.py", "web/local/start.py"}
    allowed |= {"web/local/fork_server.py"}
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("assistant", "web")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|os\.getenv|environ\.get", path.read_text())
    }
    assert readers <= allowed


def test_every_frame_a_browser_may_send_is_in_the_protocol() -> None:
    assert set(CONVERSATION_MESSAGES) <= documented("protocol.md")


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_links_in_the_documentation_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
