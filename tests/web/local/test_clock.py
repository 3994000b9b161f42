"""The clock sends what is due to the worker, and loads nothing of what is done there."""

import json
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from redis import Redis

from tests.servers import Valkey
from tests.started import CHECKOUT
from web.celery import app

# As celery's beat does it, long after the last time.
WHEN_ALL_IS_DUE = """
import sys
from datetime import timedelta
from celery.beat import Scheduler
from web.clock import app
clock = Scheduler(app=app)
for entry in clock.schedule.values():
    entry.last_run_at -= timedelta(days=30)
while clock.tick() == 0:
    pass
print(*(name for name in ("assistant.models", "django.db.models") if name in sys.modules))
"""


def test_all_that_is_due_reaches_the_worker(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path / "valkey")
    valkey.start()
    try:
        environment = {**os.environ, "REDIS_URL": valkey.url}
        command = [sys.executable, "-c", WHEN_ALL_IS_DUE]
        loaded = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True)
        with Redis.from_url(valkey.url) as redis:
            sent = {json.loads(message)["headers"]["task"] for message in redis.lrange("celery", 0, -1)}
    finally:
        valkey.kill()
    app.loader.import_default_modules()
    assert loaded.stdout.split() == []
    assert sent == {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert sent <= set(app.tasks)
