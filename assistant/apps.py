from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssistantConfig(AppConfig):
    name = "assistant"
    verbose_name = _("Conversations and people")

    def ready(self) -> None:
        """Let conversations go with their last member."""
        from assistant import members  # noqa: F401
