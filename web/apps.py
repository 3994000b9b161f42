from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"

    def ready(self) -> None:
        """Make the application through which tasks are sent, and hear of ended sessions, wherever Django is set up."""
        from web import celery  # noqa: F401
        from web.accounts import revoking  # noqa: F401
