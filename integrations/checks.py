"""What `manage.py check` says about apps that are set up in part: such an app is off."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from integrations.registry import SETUPS


@register
def set_up_in_part(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """A warning for each app that somebody began to set up, and for an address that Meta cannot subscribe."""
    return list(_set_up_in_part())


def _set_up_in_part() -> Iterator[CheckMessage]:
    for setup in SETUPS:
        if setup.begun and (missing := setup.missing()):
            text = f"{setup.title} is off: {', '.join(missing)} not set."
            yield Warning(text, hint=" ".join(missing.values()), id="integrations.W001")
    if not settings.META_VERIFY_TOKEN and any(setup.is_on for setup in SETUPS):
        hint = "Set META_VERIFY_TOKEN to a long word of your own, and give Meta the same one."
        yield Warning("Meta cannot subscribe our address.", hint=hint, id="integrations.W002")
