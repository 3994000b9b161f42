from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"

    def ready(self) -> None:
        """Make the application through which tasks are sent, wherever Django is set up."""
        from web import celery  # noqa: F401
