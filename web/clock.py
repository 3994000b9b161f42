"""The clock: `celery -A web.clock beat`. It knows what is due when, and loads nothing of what is done then."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

# Where Celery finds this it sets Django up, with all models and tasks.
os.environ.pop("DJANGO_SETTINGS_MODULE", None)

from web import settings

app = Celery("chaski")
app.config_from_object(settings, namespace="CELERY")


@setup_logging.connect
def log_as_the_others_do(**_: Any) -> None:
    """Celery would write lines of its own form, and one for each task that is due."""
    logging.config.dictConfig(settings.LOGGING)
    logging.getLogger("celery.beat").setLevel(logging.WARNING)
