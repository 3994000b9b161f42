from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImagineConfig(AppConfig):
    name = "imagine"
    verbose_name = _("Pictures")

    def ready(self) -> None:
        """Let the files of a picture go with its row, and whoever draws it hear of that."""
        from imagine import stopping, storage  # noqa: F401
