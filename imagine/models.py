"""Pictures, how each came out of another, and the links by which some are shared."""

import secrets
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from imagine.errors import ERRORS, ImagineError
from imagine.shapes import SQUARE

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


# Every model takes a seed below it.
SEEDS = 2**31


def new_seed() -> int:
    """A random seed."""
    return secrets.randbelow(SEEDS)


def new_token() -> str:
    """192 random bits, as text for a URL."""
    return secrets.token_urlsafe(24)


class Picture(models.Model):
    """One picture or loop. Those made from another have it as their parent."""

    class Made(models.TextChoices):
        DRAWN = "drawn", _("Drawn")
        FINISHED = "finished", _("Finished")
        KEPT = "kept", _("Kept")
        VARIANT = "variant", _("Variant")
        RESTYLED = "restyled", _("New style")
        EDITED = "edited", _("Edited")
        UPLOADED = "uploaded", _("Uploaded")
        ANIMATED = "animated", _("Animated")
        GROWN = "grown", _("Grown while typing")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DRAWING = "drawing", _("being drawn")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", _("stopped")

    MAKING = (Status.WAITING, Status.DRAWING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="pictures")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="children")
    # Pictures requested together, such as four variants.
    group = models.UUIDField(default=uuid.uuid4, db_index=True)
    made = models.CharField(max_length=10, choices=Made.choices)
    # The whole prompt, and the words that an edit added to it.
    prompt = models.TextField(blank=True)
    words = models.TextField(blank=True)
    # What is drawn in their place: both in the language of the checkpoint; empty where that is how they were typed.
    drawn = models.TextField(blank=True)
    drawn_words = models.TextField(blank=True)
    # The beginning of what the checkpoint had no room to read of the prompt.
    left_out = models.TextField(blank=True)
    # What is not to be seen.
    negative = models.TextField(blank=True)
    style = models.CharField(max_length=20, blank=True)
    shape = models.CharField(max_length=10, default=SQUARE)
    seed = models.BigIntegerField(default=new_seed)
    strength = models.FloatField(null=True)
    motion = models.CharField(max_length=10, blank=True)
    seconds = models.FloatField(default=0)
    # Whether the first of its line of parents was uploaded.
    from_upload = models.BooleanField(default=False)

    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    problem = models.CharField(max_length=30, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    # Since when it waits: later than created_at once it was retried or queued again after a crash.
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    frames = models.PositiveIntegerField(default=1)
    # The names of its files, see imagine/files/storage.py.
    files = models.JSONField(default=list)

    children: "RelatedManager[Picture]"
    shares: "RelatedManager[Share]"

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        permissions = [("see_picture", _("Can see what people drew"))]
        indexes = [
            models.Index(fields=["person", "-created_at"]),
            models.Index(fields=["status", "queued_at"]),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def moves(self) -> bool:
        """Whether it is a loop."""
        return self.made in (self.Made.ANIMATED, self.Made.GROWN)

    @property
    def sentence(self) -> str:
        """The sentence of its problem, for the person; empty without one."""
        return str(ERRORS.get(self.problem, ImagineError).sentence) if self.problem else ""

    @property
    def in_the_making(self) -> bool:
        """Whether it waits or is being drawn."""
        return self.status in self.MAKING


class Share(models.Model):
    """A link to one picture. Everybody who has it sees the picture, until it expires or is revoked."""

    token = models.CharField(max_length=40, primary_key=True, default=new_token, editable=False)
    picture = models.ForeignKey(Picture, models.CASCADE, related_name="shares")
    shows_prompt = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(db_index=True)
    reported_at = models.DateTimeField(null=True)
    report = models.TextField(blank=True)

    class Meta:
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")

    def __str__(self) -> str:
        return str(self.picture_id)
