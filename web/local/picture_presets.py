"""The table of checkpoints that are named in one word, and which of them fit this machine."""

from pathlib import Path

from imagine.diffusion.presets import BYTES_ON_CPU, BYTES_ON_GPU, PRESETS, Preset
from web.local.hub import Hub
from web.local.machine import Machine
from web.local.presets import gigabytes


def listing(folder: Path, machine: Machine, hub: Hub) -> str:
    """The table of all presets, with what keeps each from running here; `folder` is where checkpoints are kept."""
    width = max(len(preset.name) for preset in PRESETS)
    lines = [
        f"  {preset.name:<{width}}  {gigabytes(preset.size):>8}  {gigabytes(preset.memory(BYTES_ON_GPU)):>8}  "
        f"{gigabytes(preset.memory(BYTES_ON_CPU)):>8}  {fit(preset, folder, machine)}"
        for preset in PRESETS
    ]
    return "\n".join(
        [
            f"  {'PICTURES=':<{width}}  {'download':>8}  {'on a GPU':>8}  {'on a CPU':>8}  on this machine",
            *lines,
            "",
            *(f"  {preset.name:<{width}}  {preset.about}. {preset.terms}" for preset in PRESETS),
            "",
            f"This machine has {gigabytes(machine.memory)} of memory, and {gigabytes(machine.disk)} free in {folder}.",
            f"A checkpoint comes from {hub} once, and its weights are checked by their SHA-256. With it you accept its",
            f"licence, which stands at {hub}/ and these names:",
            *(f"  {preset.remote.repo}" for preset in PRESETS),
            "A folder in the layout of diffusers works too, or any other on the hub: PICTURES=hub-user/name.",
        ]
    )


def fit(preset: Preset, folder: Path, machine: Machine) -> str:
    """Whether `preset` can run here, in a few words."""
    there = preset.remote.is_fetched(folder)
    fetched = ", fetched" if there else ""
    if lacking := memory_lacking(preset, machine):
        return f"too large: {lacking}{fetched}"
    if not there and preset.size > machine.disk:
        return "no room on the disk"
    if machine.memory and preset.memory(BYTES_ON_CPU) > machine.memory:
        return f"for a graphics card, or slowly with IMAGINE_PRECISION=bfloat16{fetched}"
    return f"fits{fetched}"


def memory_lacking(preset: Preset, machine: Machine) -> str:
    """How much memory is missing even in half precision; empty where nothing is, or where that is not known."""
    missing = preset.memory(BYTES_ON_GPU) - machine.memory
    return f"{gigabytes(missing)} of memory are missing" if machine.memory and missing > 0 else ""
