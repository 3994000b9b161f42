from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImagineConfig(AppConfig):
    name = "imagine"
    verbose_name = _("Pictures")

    def ready(self) -> None:
        """Connect the signals that delete a picture's files with its row, and cancel its drawing."""
        from imagine import cancel  # noqa: F401
        from imagine.files import storage  # noqa: F401
