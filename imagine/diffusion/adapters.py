"""Add LoRAs to a pipeline. Only what draws imports it."""

import importlib.util

import torch

from imagine.diffusion.checkpoint import Checkpoint
from imagine.diffusion.lora import Lora
from imagine.diffusion.reading import Pipeline
from imagine.errors import CheckpointError

# What a LoRA is called in the pipeline, until it is part of the weights.
ADAPTER = "lora"


def fuse(pipe: Pipeline, checkpoint: Checkpoint) -> None:
    """Add the checkpoint's LoRAs to its weights, so that drawing takes no longer than without.

    Raises CheckpointError for one that does not fit.
    """
    if not checkpoint.loras:
        return
    if checkpoint.packed:
        raise CheckpointError(
            f"IMAGINE_LORA is set, and {checkpoint.weights} is quantised: no LoRA can be added to it."
        )
    kind = type(pipe).__name__
    if not hasattr(pipe, "load_lora_weights"):
        raise CheckpointError(f"IMAGINE_LORA is set, but there are no LoRAs for a {kind} such as {checkpoint.name}.")
    if importlib.util.find_spec("peft") is None:
        raise CheckpointError("IMAGINE_LORA needs the package peft, which is not installed. Run make.")
    for lora in checkpoint.loras:
        read(pipe, lora, checkpoint)
        pipe.set_adapters([ADAPTER], [lora.scale])
        pipe.fuse_lora(components=changed(pipe), adapter_names=[ADAPTER])
        # What was added to the weights stays.
        pipe.unload_lora_weights()


def read(pipe: Pipeline, lora: Lora, checkpoint: Checkpoint) -> None:
    """Read one beside the weights. Raises CheckpointError where it fits none of them, or they are of other sizes."""
    made_for = f" It was made for {lora.family}." if lora.family else ""
    try:
        pipe.load_lora_weights(
            str(lora.path.parent),
            weight_name=lora.path.name,
            adapter_name=ADAPTER,
            use_safetensors=True,
            local_files_only=True,
        )
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        # The libraries raise exceptions of any kind for shapes and names that do not fit.
        raise CheckpointError(f"The LoRA {lora.name} does not fit {checkpoint.name}.{made_for}") from error
    if not changed(pipe):
        raise CheckpointError(f"The LoRA {lora.name} changes nothing of {checkpoint.name}.{made_for}")


def changed(pipe: Pipeline) -> list[str]:
    """The parts that the LoRA beside the weights changes."""
    return sorted(part for part, there in pipe.get_list_adapters().items() if ADAPTER in there)
