"""The Celery application: `celery -A web worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")

app = Celery("chaski")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
