"""Whether e-mails reach anybody."""

from django.conf import settings

# These print, store or drop what they are given.
NOWHERE = {f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy", "filebased")}


def mail_is_on() -> bool:
    """Whether the site sends e-mails. Without, no page promises one."""
    return settings.EMAIL_BACKEND not in NOWHERE
