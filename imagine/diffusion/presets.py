"""Checkpoints that are named in one word. Needs no package of the `images` extra."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from imagine.diffusion.hub_name import HubName

# Beside the weights: what is computed with them, and the rest of Chaski.
REST_BYTES = 1_500_000_000
BYTES_ON_GPU, BYTES_ON_CPU = 2, 4


@dataclass(frozen=True)
class Preset:
    """A checkpoint with a name. `size` is its download in bytes, 0 where that is not known.

    `commercial`: the licence leaves out no commercial use. `gated`: the hub gives it only to those who accepted that.
    """

    name: str
    remote: HubName
    size: int
    parameters: int
    licence: str
    about: str
    commercial: bool = True
    gated: bool = False

    @property
    def terms(self) -> str:
        """Its licence in a few words, for the operator."""
        limits = [] if self.commercial else ["not for every commercial use"]
        return ", ".join(
            [self.licence, *limits, *(["to accept at the hub first, with HF_TOKEN"] if self.gated else [])]
        )

    def memory(self, bytes_each: int) -> int:
        """The bytes of memory that it takes with so many for each number of its weights."""
        return self.parameters * bytes_each + REST_BYTES


# Each with a revision that it was published at. A half-precision variant is as good here, and half the download.
PRESETS = (
    Preset(
        "sd-turbo",
        HubName("stabilityai/sd-turbo", "b261bac6fd2cf515557d5d0707481eafa0485ec2", "fp16"),
        2_600_000_000,
        1_290_000_000,
        "Stability AI Community License",
        "the fastest, for a CPU too; 512 pixels",
        commercial=False,
    ),
    Preset(
        "dreamshaper",
        HubName("SimianLuo/LCM_Dreamshaper_v7", "a85df6a8bd976cdd08b4fd8f3b73f229c9e54df5"),
        5_500_000_000,
        1_370_000_000,
        "MIT",
        "for a CPU too; 512 to 768 pixels",
    ),
    Preset(
        "sdxl-turbo",
        HubName("stabilityai/sdxl-turbo", "71153311d3dbb46851df1931d3ca6e939de83304", "fp16"),
        6_900_000_000,
        3_470_000_000,
        "Stability AI Community License",
        "for a small graphics card; 512 pixels",
        commercial=False,
    ),
    Preset(
        "sana-sprint",
        HubName("Efficient-Large-Model/Sana_Sprint_1.6B_1024px_diffusers", "19683c58b7ea290e55cedd8950ae1d86ada7ef96"),
        0,
        4_530_000_000,
        "NVIDIA's and Gemma's terms",
        "two steps, for a graphics card; 1024 pixels",
        commercial=False,
    ),
    Preset(
        "flux2-klein",
        HubName("black-forest-labs/FLUX.2-klein-4B", "e7b7dc27f91deacad38e78976d1f2b499d76a294"),
        16_000_000_000,
        7_980_000_000,
        "Apache 2.0",
        "four steps, for a graphics card; 1024 pixels",
    ),
    Preset(
        "z-image-turbo",
        HubName("Tongyi-MAI/Z-Image-Turbo", "f332072aa78be7aecdf3ee76d5c247082da564a6"),
        32_900_000_000,
        10_260_000_000,
        "Apache 2.0",
        "fine final pictures on a large graphics card; 1024 pixels",
    ),
    Preset(
        "flux-schnell",
        HubName("black-forest-labs/FLUX.1-schnell", "741f7c3ce8b383c54771c7003378a50191e9efe9"),
        33_700_000_000,
        16_860_000_000,
        "Apache 2.0",
        "fine final pictures on a large graphics card; 1024 pixels",
        gated=True,
    ),
)


def find(name: str) -> Preset | None:
    """The preset of that name, whatever its case; None where there is none."""
    return next((preset for preset in PRESETS if preset.name == name.strip().lower()), None)


def near(name: str) -> list[str]:
    """The names of presets that `name` may have been meant as."""
    word, names = name.strip().lower().replace("_", "-"), [preset.name for preset in PRESETS]
    return difflib.get_close_matches(word, names, cutoff=0.6) or [known for known in names if word and word in known]


def remote_of(name: str) -> HubName | None:
    """What `name` means on a hub: a preset's, or `user/name`. None for what is here, or would be in a folder here."""
    path = Path(name).expanduser()
    if path.exists():
        return None
    if preset := find(name):
        return preset.remote
    return None if path.parent.is_dir() else HubName.parse(name)
