"""Read a checkpoint's weights into the pipeline of diffusers that its class names.

Only what draws imports it, after loading.py has told diffusers to run no program that comes with a checkpoint.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from diffusers import FluxTransformer2DModel, GGUFQuantizationConfig
from transformers import PreTrainedModel

from imagine.diffusion.checkpoint import Checkpoint, common_variant
from imagine.diffusion.part import weights
from imagine.diffusion.single_file import SingleFile
from imagine.errors import CheckpointError

# The classes of diffusers share no type for the arguments of their calls.
Pipeline = Any
# As diffusers says it.
SHAPES = re.compile(r"because (\S+) expected shape torch\.Size\((.+?)\), but got torch\.Size\((.+?)\)")


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
    """What is in the folder, but for the parts in `without`. Raises CheckpointError where weights are missing."""
    # Some classes require an optional part that is left out to be passed as None.
    given: dict[str, Any] = {
        part: None for part, origin in checkpoint.parts.items() if origin is None or part in without
    }
    try:
        given |= {part: encoder(checkpoint, part, precision) for part in encoders(checkpoint) if part not in without}
        pipe = pipeline_class.from_pretrained(
            checkpoint.path,
            dtype=precision,
            use_safetensors=True,
            variant=checkpoint.variant,
            local_files_only=True,
            **given,
        )
    except ValueError as error:
        if complaint := SHAPES.search(str(error)):
            name, asked, found = complaint.groups()
            raise misshapen(checkpoint.path, name, found, asked) from error
        raise
    if missing := missing_in(pipe):
        part, _, name = missing.partition(".")
        raise lacking(checkpoint, part, name)
    return pipe


def encoders(checkpoint: Checkpoint) -> Iterator[str]:
    """The parts with weights whose classes are of transformers."""
    for part, origin in checkpoint.parts.items():
        if origin and origin[0] == "transformers" and (checkpoint.path / part / "config.json").is_file():
            yield part


def encoder(checkpoint: Checkpoint, part: str, precision: torch.dtype) -> PreTrainedModel:
    """Such a part. Read here, as a pipeline says nothing of weights that were missing, and are random.

    Raises CheckpointError, and whatever transformers raises.
    """
    origin = checkpoint.parts[part]
    wanted = getattr(transformers, origin[1], None) if origin else None
    if not (isinstance(wanted, type) and issubclass(wanted, PreTrainedModel)):
        raise CheckpointError(f"The part {part} of {checkpoint.name} is of a class that transformers does not have.")
    variant = common_variant(checkpoint.path, weights(checkpoint.path / part))
    chosen: Any = wanted
    model, found = chosen.from_pretrained(
        checkpoint.path / part,
        dtype=precision,
        use_safetensors=True,
        variant=variant,
        local_files_only=True,
        # They are told below, in a sentence.
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    for name, found_shape, asked in found["mismatched_keys"]:
        raise misshapen(checkpoint.path / part, name, found_shape, asked)
    if missing := sorted(found["missing_keys"]):
        raise lacking(checkpoint, part, missing[0])
    return model


def lacking(checkpoint: Checkpoint, part: str, name: str) -> CheckpointError:
    """The error for a part whose file has not all its weights."""
    where = checkpoint.path / part
    return CheckpointError(
        f"{where} lacks weights that its config.json asks for, such as {name}: they are of another checkpoint, or cut. "
        f"Copy or fetch the whole folder again."
    )


def misshapen(where: Path, name: str, found: object, asked: object) -> CheckpointError:
    """The error for weights of another shape than a config.json asks for."""
    there, wanted = ("x".join(re.findall(r"\d+", str(shape))) for shape in (found, asked))
    return CheckpointError(
        f"In {where} the weights {name} have the shape {there}, and their config.json asks for {wanted}: the two are "
        f"of different checkpoints. Copy or fetch the whole folder again."
    )


def from_file(
    pipeline_class: type[Pipeline], checkpoint: Checkpoint, file: SingleFile, precision: torch.dtype
) -> Pipeline:
    """What is in one file, with the parts that it lacks from the folder of its settings."""
    try:
        if file.packed:
            pipe = from_gguf(pipeline_class, checkpoint, file, precision)
        else:
            pipe = from_safetensors(pipeline_class, checkpoint, file, precision)
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


def from_safetensors(
    pipeline_class: type[Pipeline], checkpoint: Checkpoint, file: SingleFile, precision: torch.dtype
) -> Pipeline:
    """What is in a safetensors file, with the parts that it lacks."""
    given: dict[str, Any] = {part: None for part, origin in checkpoint.parts.items() if origin is None}
    if file.lacking:
        rest = from_folder(pipeline_class, checkpoint, precision, without=file.parts)
        given |= {part: rest.components[part] for part in file.lacking if part in rest.components}
    return pipeline_class.from_single_file(
        str(file.path), config=str(checkpoint.path), dtype=precision, local_files_only=True, **given
    )


def from_gguf(
    pipeline_class: type[Pipeline], checkpoint: Checkpoint, file: SingleFile, precision: torch.dtype
) -> Pipeline:
    """The network of FLUX.1 out of a GGUF file, quantised and computed in `precision`, with all else of the folder."""
    pipe = from_folder(pipeline_class, checkpoint, precision, without=file.parts)
    network = FluxTransformer2DModel.from_single_file(
        str(file.path),
        config=str(checkpoint.path),
        subfolder="transformer",
        quantization_config=GGUFQuantizationConfig(compute_dtype=precision),
        dtype=precision,
        local_files_only=True,
    )
    pipe.register_modules(transformer=network)
    return pipe


def missing_in(pipe: Pipeline) -> str:
    """A weight that was not in the file: it is on torch's device without memory. Empty when there is none."""
    modules = [(part, one) for part, one in pipe.components.items() if isinstance(one, torch.nn.Module)]
    found = (f"{part}.{name}" for part, one in modules for name, weight in one.named_parameters() if weight.is_meta)
    return next(found, "")
