"""What pipelines of diffusers take, read from their source without torch, and what a checkpoint can be set for."""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Literal

from imagine.diffusion.checkpoint import Checkpoint
from imagine.errors import CheckpointError

# Pipelines that start from a picture and work on the weights of another one, though diffusers' own table of such
# pairs (AUTO_IMAGE2IMAGE_PIPELINES_MAPPING) lacks them.
RELATIVES = {
    "SanaSprintPipeline": "SanaSprintImg2ImgPipeline",
    "LTXPipeline": "LTXImageToVideoPipeline",
}
Use = Literal["pictures", "loops"]
CLASS = re.compile(r"^class (\w+)\(", re.MULTILINE)


def check_use(checkpoint: Checkpoint, use: Use) -> None:
    """Raises CheckpointError where a checkpoint cannot be set for `use`, with the setting that it is for."""
    takes = arguments(RELATIVES.get(checkpoint.class_name, checkpoint.class_name))
    films, what = "num_frames" in takes, f"{checkpoint.name} (a {checkpoint.class_name})"
    if use == "pictures" and films:
        raise CheckpointError(f"{what} makes videos and no pictures. It belongs into IMAGINE_VIDEO_MODEL.")
    if use == "loops" and takes and not films:
        raise CheckpointError(f"{what} makes pictures and no videos. It belongs into IMAGINE_MODEL.")
    if use == "loops" and takes and "image" not in takes:
        raise CheckpointError(f"{what} makes videos of words alone, and would not look at the picture that is to move.")


@cache
def arguments(class_name: str) -> frozenset[str]:
    """The names of the arguments that a pipeline's call takes; none where diffusers has no such pipeline."""
    path = files().get(class_name)
    tree = ast.parse(path.read_text("utf-8")).body if path else []
    pipeline = next((node for node in tree if isinstance(node, ast.ClassDef) and node.name == class_name), None)
    if pipeline is None:
        return frozenset()
    for node in pipeline.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__call__":
            return frozenset(argument.arg for argument in [*node.args.args, *node.args.kwonlyargs])
    bases = [base.id for base in pipeline.bases if isinstance(base, ast.Name)]
    return next((found for base in bases if (found := arguments(base))), frozenset())


@cache
def files() -> dict[str, Path]:
    """The file of each pipeline of diffusers; none where that is not installed."""
    spec = importlib.util.find_spec("diffusers")
    folders = (spec.submodule_search_locations if spec else None) or []
    found = [path for folder in folders for path in (Path(folder) / "pipelines").rglob("pipeline_*.py")]
    return {name: path for path in found for name in CLASS.findall(path.read_text("utf-8"))}
