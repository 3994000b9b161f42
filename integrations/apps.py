from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Messengers")

    def ready(self) -> None:
        """Let `manage.py check` look at the apps, and a guest who is merged into another person keep their contacts."""
        from assistant.people import merged
        from integrations import checks  # noqa: F401
        from integrations.links import move_contacts

        merged.connect(move_contacts)
