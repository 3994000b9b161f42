"""Print what pyproject.toml asks for, with the extras named: python scripts/requirements.py local,dev.

Installing this list, not the project, spares a build; the code runs from the checkout.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
names = sys.argv[1].split(",") if len(sys.argv) > 1 else []
if unknown := [name for name in names if name not in extras]:
    sys.exit(f"There is no extra {', '.join(unknown)}; pyproject.toml has {', '.join(extras)}.")
print("\n".join(project["dependencies"] + [package for name in names for package in extras[name]]))
