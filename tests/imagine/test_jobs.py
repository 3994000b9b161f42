"""What is asked for is there as a whole, or not at all."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from redis import Redis

from assistant.people import make_guest
from imagine import history, jobs, keys
from imagine.errors import BusyDrawingError, ImagineError, TooManyPicturesError
from imagine.live import LivePrompt
from imagine.models import Picture
from tests.servers import Valkey


@pytest.fixture
def preview(database: None, valkey: Valkey, settings: Any, tmp_path: Path) -> LivePrompt:
    """What a guest has typed, with its preview in their history."""
    settings.REDIS_URL = valkey.url
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "pictures"}}
    settings.STORAGES = settings.STORAGES | {"pictures": files}
    prompt = LivePrompt(make_guest().id, uuid4(), 1, "a llama", "", "square", seed=5)
    with Redis.from_url(valkey.url) as redis:
        redis.set(keys.slot(prompt.person), prompt.to_bytes(), ex=60)
        history.publish(redis, prompt, Image.new("RGB", (8, 8)))
    return prompt


@pytest.mark.parametrize(
    ("limit", "error"),
    [("LIMIT_PERSON_PICTURES", BusyDrawingError), ("PICTURES_PER_PERSON", TooManyPicturesError)],
)
def test_a_preview_is_not_kept_where_its_large_picture_is_refused(
    preview: LivePrompt, settings: Any, tmp_path: Path, limit: str, error: type[ImagineError]
) -> None:
    setattr(settings, limit, 1)
    with pytest.raises(error):
        jobs.finish(preview.person, preview.canvas, preview.number)
    assert not Picture.objects.filter(person=preview.person).exists()
    assert [file for file in (tmp_path / "pictures").rglob("*") if file.is_file()] == []
