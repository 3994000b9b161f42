"""Read a checkpoint's weights into the pipeline of diffusers that its class names. Only what draws imports it."""

from typing import Any

import torch
from transformers import PreTrainedModel

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.single_file import SingleFile
from imagine.errors import CheckpointError

# The classes of diffusers share no type for the arguments of their calls.
Pipeline = Any


def read_weights(pipeline_class: type[Pipeline], checkpoint: Checkpoint, precision: torch.dtype) -> Pipeline:
    """The pipeline with its weights in main memory. Raises CheckpointError, and whatever the libraries raise."""
    if checkpoint.file:
        return from_file(pipeline_class, checkpoint, checkpoint.file, precision)
    return from_folder(pipeline_class, checkpoint, precision)


def from_folder(
    pipeline_class: type[Pipeline],
    checkpoint: Checkpoint,
    precision: torch.dtype,
    without: frozenset[str] = frozenset(),
) -> Pipeline:
    """What is in the folder, but for the parts in `without`."""
    # Some classes require an optional part that is left out to be passed as None.
    absent = [part for part, origin in checkpoint.parts.items() if origin is None or part in without]
    return pipeline_class.from_pretrained(
        checkpoint.path,
        dtype=precision,
        use_safetensors=True,
        variant=checkpoint.variant,
        local_files_only=True,
        **dict.fromkeys(absent),
    )


def from_file(
    pipeline_class: type[Pipeline], checkpoint: Checkpoint, file: SingleFile, precision: torch.dtype
) -> Pipeline:
    """What is in one file, with the parts that it lacks from the folder of its settings."""
    given: dict[str, Any] = {part: None for part, origin in checkpoint.parts.items() if origin is None}
    if file.lacking:
        rest = from_folder(pipeline_class, checkpoint, precision, without=file.parts)
        given |= {part: rest.components[part] for part in file.lacking if part in rest.components}
    try:
        pipe = pipeline_class.from_single_file(
            str(file.path), config=str(checkpoint.path), dtype=precision, local_files_only=True, **given
        )
    except NotImplementedError as error:
        # What is left on torch's device without memory cannot be moved.
        raise CheckpointError(f"{file.path} lacks weights of {file.family}. Copy or fetch it again.") from error
    for part in pipe.components.values():
        if isinstance(part, PreTrainedModel):
            # Files name a weight once that two layers of T5 share.
            part.tie_weights()
    if missing := missing_in(pipe):
        raise CheckpointError(f"{file.path} lacks weights of {file.family}, such as {missing}. Copy or fetch it again.")
    if file.scheduler_changes:
        pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config, **file.scheduler_changes)
    return pipe


def missing_in(pipe: Pipeline) -> str:
    """A weight that was not in the file: it is on torch's device without memory. Empty when there is none."""
    modules = [(part, one) for part, one in pipe.components.items() if isinstance(one, torch.nn.Module)]
    found = (f"{part}.{name}" for part, one in modules for name, weight in one.named_parameters() if weight.is_meta)
    return next(found, "")
