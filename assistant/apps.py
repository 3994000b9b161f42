from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssistantConfig(AppConfig):
    name = "assistant"
    verbose_name = _("Conversations and people")

    def ready(self) -> None:
        """Let conversations go with their last member, and rooms be told of what happens to their members."""
        from assistant import changes, members  # noqa: F401
        from assistant.people import erasing, merged
        from assistant.rooms import files, persons  # noqa: F401

        erasing.connect(persons.erase)
        merged.connect(persons.merge)
