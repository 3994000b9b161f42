"""All that an app wants of pictures, by a process that serves no page and loads nothing that draws."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.imagine.test_pictures import photograph
from tests.servers import Painter, Valkey, database_url

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import asyncio, json, sys
from functools import partial
from pathlib import Path
from typing import get_args

import web.asgi
from django.conf import settings

from assistant.database import in_thread
from assistant.doorbell import Doorbell
from assistant.people import make_guest
from assistant.tools.picture_watch import PictureWatch
from imagine import jobs, keys
from imagine.errors import FormMissingError
from imagine.files import forms
from imagine.models import Picture


async def made(doorbell, request):
    picture = await in_thread(request)()
    picture = picture[0] if isinstance(picture, list) else picture
    watch, channel = PictureWatch(picture.id), keys.person(picture.person_id)
    await doorbell.subscribe(channel, watch.notify)
    async for step in watch.steps(60):
        assert step.reason == "drawing"
    await doorbell.unsubscribe(channel, watch.notify)
    return await Picture.objects.aget(id=picture.id)


def sizes(picture):
    found = {"status": picture.status, "problem": picture.problem}
    for form in get_args(forms.MessengerForm):
        try:
            found[form] = len(forms.load(picture, form).data)
        except FormMissingError:
            found[form] = None
    return found


async def main():
    person = (await in_thread(make_guest)()).pk
    photo = await asyncio.to_thread(jobs.decode_upload, Path(sys.argv[1]).read_bytes())
    async with Doorbell(settings.REDIS_URL) as doorbell:
        drawn = await made(doorbell, partial(jobs.draw, person, "a red llama"))
        all = {"draw": drawn}
        all["vary"] = await made(doorbell, partial(jobs.vary, person, drawn.id, count=1))
        all["restyle"] = await made(doorbell, partial(jobs.restyle, person, drawn.id, "pencil"))
        all["edit"] = await made(doorbell, partial(jobs.edit, person, drawn.id, "with a hat"))
        all["animate"] = await made(doorbell, partial(jobs.animate, person, drawn.id, "orbit", 1.0))
        all["upload"] = await made(doorbell, partial(jobs.upload, person, photo))
        all["edit of the upload"] = await made(doorbell, partial(jobs.edit, person, all["upload"].id, "at night"))
    heavy = [name for name in ("torch", "diffusers", "av", "numpy", "onnxruntime") if name in sys.modules]
    print(json.dumps({"heavy": heavy, **{name: await in_thread(sizes)(one) for name, one in all.items()}}))


asyncio.run(main())
"""


def test_an_app_draws_changes_animates_and_sends(painter: Painter, valkey: Valkey, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photograph())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(photo)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": valkey.url},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("heavy") == []
    for name, forms in found.items():
        assert (forms.pop("status"), forms.pop("problem")) == ("done", ""), name
        missing = {form for form, size in forms.items() if not size}
        assert missing == (set() if name == "animate" else {"video", "gif"}), name
