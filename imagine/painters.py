"""The checkpoints that one process holds, each for the roles that it plays."""

import logging
from collections.abc import Collection

from django.conf import settings

from imagine import checkpoint
from imagine.errors import CheckpointError, NoCheckpointError
from imagine.pipeline import Painter
from imagine.recipes import PainterOptions
from imagine.studio import Notice, Role

logger = logging.getLogger(__name__)

# How much the newest frame counts in the average.
NEWEST = 0.2


def options() -> PainterOptions:
    """How to load and run checkpoints, as the settings say."""
    return PainterOptions(
        device="" if settings.IMAGINE_DEVICE == "auto" else settings.IMAGINE_DEVICE,
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


class Painters:
    """Belongs to the thread that loads them. Two roles with the same checkpoint share one painter."""

    def __init__(self, roles: Collection[Role]) -> None:
        self.roles = roles
        self.frame_seconds = 0.0
        self.begun = self.shown = 0
        self._painters: dict[str, Painter] = {}
        self._problems: dict[str, CheckpointError] = {}
        self._live: Painter | None = None

    def load(self) -> None:
        """Load what the roles need. What cannot be loaded is logged, and said to all who ask."""
        for role in self.roles:
            self._load(names(role))
        if "animate" in self.roles and settings.IMAGINE_VIDEO_MODEL:
            self._load(settings.IMAGINE_VIDEO_MODEL)

    @property
    def live(self) -> Painter:
        """Draws live frames, also while another of ours stands between two steps. Raises CheckpointError."""
        if self._live is None:
            self._live = self._painter(names("live")).twin()
        return self._live

    @property
    def final(self) -> Painter:
        """Draws pictures, and loops where there is no video checkpoint. Raises CheckpointError."""
        return self._painter(names("final"))

    @property
    def video(self) -> Painter | None:
        """Draws loops, where a video checkpoint is set. Raises CheckpointError."""
        return self._painter(settings.IMAGINE_VIDEO_MODEL) if settings.IMAGINE_VIDEO_MODEL else None

    def note_frame(self, seconds: float) -> None:
        """A live frame took that long."""
        before = self.frame_seconds or seconds
        self.frame_seconds = before + NEWEST * (seconds - before)

    def notices(self) -> list[Notice]:
        """What this process says about itself."""
        return [self._notice(role) for role in self.roles]

    def _load(self, name: str) -> None:
        if name in self._painters or name in self._problems:
            return
        try:
            if not name:
                raise NoCheckpointError("IMAGINE_MODEL names no checkpoint.")
            self._painters[name] = Painter.load(checkpoint.find(name, settings.CHECKPOINT_FOLDER), options())
            self._painters[name].warm()
        except CheckpointError as error:
            logger.warning("Pictures: %s", error)
            self._problems[name] = error

    def _painter(self, name: str) -> Painter:
        self._load(name)
        if name in self._problems:
            raise self._problems[name]
        return self._painters[name]

    def _notice(self, role: Role) -> Notice:
        name = names(role)
        painter, problem = self._painters.get(name), self._problems.get(name)
        if painter is None:
            return Notice(role, "broken" if problem else "loading", problem=str(problem or ""))
        return Notice(
            role,
            "ready",
            checkpoint=painter.name,
            device=painter.device,
            redraw=painter.abilities.redraw,
            frame_seconds=self.frame_seconds,
            begun=self.begun,
            shown=self.shown,
        )
