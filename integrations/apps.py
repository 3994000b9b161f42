from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Messengers")

    def ready(self) -> None:
        """Let `manage.py check` look at the apps."""
        from integrations import checks  # noqa: F401
