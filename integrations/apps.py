from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Messengers")

    def ready(self) -> None:
        """`manage.py check` looks at the apps; contacts go along where people are merged, and all that names them goes
        where a person is erased."""
        from assistant.people import merged
        from integrations import checks, records, relay  # noqa: F401
        from integrations.groups import orders, telling  # noqa: F401
        from integrations.links import move_contacts

        merged.connect(move_contacts)
