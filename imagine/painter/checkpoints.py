"""The checkpoints that one painter process has in memory, each for its roles."""

import logging
from collections.abc import Collection

from django.conf import settings

from imagine.diffusion import checkpoint
from imagine.diffusion.pipeline import Renderer
from imagine.diffusion.recipes import RenderOptions
from imagine.diffusion.signatures import Use, check_use
from imagine.errors import CheckpointError, NoCheckpointError
from imagine.sketches import sketcher
from imagine.status import Role, RoleStatus

logger = logging.getLogger(__name__)

# The weight of the newest preview in the average.
NEWEST = 0.2


def options() -> RenderOptions:
    """How to load and run checkpoints, as the settings say."""
    return RenderOptions(
        device="" if settings.IMAGINE_DEVICE == "auto" else settings.IMAGINE_DEVICE,
        precision="" if settings.IMAGINE_PRECISION == "auto" else settings.IMAGINE_PRECISION,
        steps=settings.IMAGINE_STEPS,
        guidance=settings.IMAGINE_GUIDANCE,
        size=settings.IMAGINE_SIZE,
        live_size=settings.IMAGINE_LIVE_SIZE,
        batch=settings.IMAGINE_BATCH,
    )


def names(role: Role) -> str:
    """The checkpoint that the settings name for a role."""
    live: str = settings.IMAGINE_MODEL
    return live if role == "live" else settings.IMAGINE_FINAL_MODEL or live


def lora_for(name: str) -> str:
    """The LoRAs that the settings name for a checkpoint: those for pictures have them, one for video has not."""
    lora: str = settings.IMAGINE_LORA
    return lora if name in {names("live"), names("final")} else ""


class Checkpoints:
    """Not safe for threads: for the one that draws. Two roles with the same checkpoint share one renderer."""

    def __init__(self, roles: Collection[Role]) -> None:
        self.roles = roles
        self.preview_seconds = 0.0
        self.begun = self.shown = 0
        self._renderers: dict[tuple[str, Use], Renderer] = {}
        self._problems: dict[tuple[str, Use], CheckpointError] = {}
        self._live: Renderer | None = None

    def load(self) -> None:
        """Load what the roles need. A checkpoint that cannot be loaded is logged, and reported in the status."""
        for role in self.roles:
            self._load(names(role))
        if "animate" in self.roles and settings.IMAGINE_VIDEO_MODEL:
            self._load(settings.IMAGINE_VIDEO_MODEL, "loops")

    @property
    def live(self) -> Renderer:
        """The renderer of previews: it may draw while `final` is between two steps. Raises CheckpointError."""
        if self._live is None:
            self._live = self._renderer(names("live")).twin()
        return self._live

    @property
    def final(self) -> Renderer:
        """The renderer of pictures, and of loops where no video checkpoint is set. Raises CheckpointError."""
        return self._renderer(names("final"))

    @property
    def video(self) -> Renderer | None:
        """The renderer of loops; None where no video checkpoint is set, or none that works: `final` makes them then."""
        try:
            return self._renderer(settings.IMAGINE_VIDEO_MODEL, "loops") if settings.IMAGINE_VIDEO_MODEL else None
        except CheckpointError:
            return None

    def note_preview(self, seconds: float) -> None:
        """Count how long a preview took, into the moving average."""
        before = self.preview_seconds or seconds
        self.preview_seconds = before + NEWEST * (seconds - before)

    def statuses(self) -> list[RoleStatus]:
        """What this process reports about itself."""
        return [self._status(role) for role in self.roles]

    def _load(self, name: str, use: Use = "pictures") -> None:
        if (name, use) in self._renderers or (name, use) in self._problems:
            return
        try:
            if not name:
                raise NoCheckpointError("IMAGINE_MODEL names no checkpoint.")
            found = checkpoint.find(name, settings.CHECKPOINT_FOLDER, lora=lora_for(name))
            check_use(found, use)
            renderer = sketcher.load(found, options())
            renderer.warm()
            self._renderers[name, use] = renderer
        except (CheckpointError, OSError) as error:
            instead = " Loops are made with the checkpoint for pictures." if use == "loops" else ""
            logger.warning("Pictures: %s%s", error, instead)
            self._problems[name, use] = error if isinstance(error, CheckpointError) else CheckpointError(str(error))

    def _renderer(self, name: str, use: Use = "pictures") -> Renderer:
        self._load(name, use)
        if problem := self._problems.get((name, use)):
            raise problem
        return self._renderers[name, use]

    def _status(self, role: Role) -> RoleStatus:
        name = names(role)
        renderer, problem = self._renderers.get((name, "pictures")), self._problems.get((name, "pictures"))
        if renderer is None:
            return RoleStatus(role, "broken" if problem else "loading", problem=str(problem or ""))
        return RoleStatus(
            role,
            "ready",
            checkpoint=renderer.name,
            device=renderer.device,
            redraw=renderer.abilities.redraw,
            negative=renderer.abilities.negative,
            english=renderer.abilities.english,
            styles=renderer.abilities.styles,
            preview_seconds=self.preview_seconds,
            begun=self.begun,
            shown=self.shown,
        )
