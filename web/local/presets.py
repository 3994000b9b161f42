"""Models for the embedded server that are named in one word, and which of them fit this machine."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from web.local.download import bytes_present, is_fetched
from web.local.errors import UnknownModelError
from web.local.hub import Hub, HubFile
from web.local.machine import Machine

# Beside weights and context: the buffers of the model server, and the rest of Chaski.
REST_BYTES = 1_500_000_000


@dataclass(frozen=True)
class Preset:
    """A model with a name; `token_bytes` is what one token of context takes in memory.

    The licence is the community licence of the Llama version `version`. The model's makers publish no GGUF files: these
    are by bartowski, who converts the models of many.
    """

    name: str
    version: str
    remote: HubFile
    token_bytes: int

    @property
    def licence(self) -> str:
        """The licence's name and address."""
        address = f"https://www.llama.com/llama{self.version.replace('.', '_')}/license/"
        return f"Llama {self.version} Community License, {address}"

    def memory(self, tokens: int) -> int:
        """The bytes of memory that it takes with a context of `tokens` in all slots together."""
        return self.remote.size + self.token_bytes * tokens + REST_BYTES


# The hub names size and SHA-256 of each file at its revision. In memory a token takes 2 (key and value) * 2 bytes *
# layers * heads for keys * size of a head, as the models' config.json says.
PRESETS = (
    Preset(
        "llama-3.2-1b",
        "3.2",
        HubFile(
            "bartowski/Llama-3.2-1B-Instruct-GGUF",
            "Llama-3.2-1B-Instruct-Q4_K_M.gguf",
            "067b946cf014b7c697f3654f621d577a3e3afd1c",
            "6f85a640a97cf2bf5b8e764087b1e83da0fdb51d7c9fab7d0fece9385611df83",
            807_694_464,
        ),
        token_bytes=4 * 16 * 8 * 64,
    ),
    Preset(
        "llama-3.2-3b",
        "3.2",
        HubFile(
            "bartowski/Llama-3.2-3B-Instruct-GGUF",
            "Llama-3.2-3B-Instruct-Q4_K_M.gguf",
            "5ab33fa94d1d04e903623ae72c95d1696f09f9e8",
            "6c1a2b41161032677be168d354123594c0e6e67d2b9227c84f296ad037c728ff",
            2_019_377_696,
        ),
        token_bytes=4 * 28 * 8 * 128,
    ),
    Preset(
        "llama-3.1-8b",
        "3.1",
        HubFile(
            "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
            "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
            "bf5b95e96dac0462e2a09145ec66cae9a3f12067",
            "7b064f5842bf9532c91456deda288a1b672397a54fa729aa665952863033557c",
            4_920_739_232,
        ),
        token_bytes=4 * 32 * 8 * 128,
    ),
    Preset(
        "llama-3.3-70b",
        "3.3",
        HubFile(
            "bartowski/Llama-3.3-70B-Instruct-GGUF",
            "Llama-3.3-70B-Instruct-Q4_K_M.gguf",
            "b6c5c9f176f3279204034e1d16d393105e95cb88",
            "32df3baccb556f9840059b2528b2dee4d3d516b24afdfb9d0c56ff5f63e3a664",
            42_520_398_816,
        ),
        token_bytes=4 * 80 * 8 * 128,
    ),
)


def find(name: str) -> Preset | None:
    """The preset of that name, whatever its case; None where there is none."""
    return next((preset for preset in PRESETS if preset.name == name.strip().lower()), None)


def unknown(name: str) -> UnknownModelError:
    """The error for a name that is no preset's, with those that are near it."""
    word, names = name.strip().lower().replace(":", "-"), [preset.name for preset in PRESETS]
    near = difflib.get_close_matches(word, names, cutoff=0.75) or [known for known in names if word in known] or names
    return UnknownModelError(
        f'There is no model "{name}". {"Did you mean" if near != names else "There are"} {" or ".join(near)}? '
        "MODEL=list shows all; a file of your own is written with its path, or as hub-user/repo:file.gguf."
    )


def listing(models: Path, machine: Machine, hub: Hub, tokens: int) -> str:
    """The table of all presets, with what keeps each from running here. `tokens` is the context of all slots."""
    width = max(len(preset.name) for preset in PRESETS)
    lines = [
        f"  {preset.name:<{width}}  {gigabytes(preset.remote.size):>8}  {gigabytes(preset.memory(tokens)):>8}  "
        f"{fit(preset, models, machine, tokens)}"
        for preset in PRESETS
    ]
    licences = sorted({preset.licence for preset in PRESETS})
    return "\n".join(
        [
            f"  {'MODEL=':<{width}}  {'download':>8}  {'memory':>8}  on this machine",
            *lines,
            "",
            f"This machine has {gigabytes(machine.memory)} of memory, and {gigabytes(machine.disk)} free in {models}.",
            f"A model comes from {hub} once, and is checked by its SHA-256. With it you accept its licence:",
            *(f"  {licence}" for licence in licences),
            "A GGUF file of your own works too: MODEL=/path/to/model.gguf, or MODEL=hub-user/repo:file.gguf.",
        ]
    )


def fit(preset: Preset, models: Path, machine: Machine, tokens: int) -> str:
    """Whether `preset` can run here, in a few words."""
    there, part = is_fetched(preset.remote, models), bytes_present(preset.remote, models)
    fetched = ", fetched" if there else f", {gigabytes(part)} of it fetched" if part else ""
    if lacking := memory_lacking(preset, machine, tokens):
        return f"too large: {lacking}{fetched}"
    if not there and preset.remote.size - part > machine.disk:
        return f"no room on the disk{fetched}"
    return f"fits{fetched}"


def memory_lacking(preset: Preset, machine: Machine, tokens: int) -> str:
    """How much memory is missing for `preset`; empty where nothing is, or where that is not known."""
    missing = preset.memory(tokens) - machine.memory
    return f"{gigabytes(missing)} of memory are missing" if machine.memory and missing > 0 else ""


def gigabytes(count: int) -> str:
    """`count` bytes in gigabytes, such as "2.0 GB"; "?" where unknown."""
    return f"{count / 1e9:.1f} GB" if count else "?"
