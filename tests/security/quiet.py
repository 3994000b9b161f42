"""Places where nobody draws, so that what is asked for stays as it is; and films without a painter."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
from PIL import Image
from redis import Redis

from imagine import history, keys
from imagine.live import LivePrompt
from imagine.models import Picture
from tests.people import Visitor
from tests.servers import Site, Valkey

FRAGMENT = {"X-Fragment": "1"}


@contextmanager
def quiet_site(valkey: Valkey, llama_url: str, folder: Path, changes: Mapping[str, str]) -> Iterator[Site]:
    """A site with other settings, whose checkpoint is nowhere."""
    environment = {"REDIS_URL": valkey.url, "LLAMA_URL": llama_url, "IMAGINE_MODEL": "/nowhere", **changes}
    site = Site(folder, environment)
    site.start()
    try:
        yield site
    finally:
        site.kill()


def film(visitor: Visitor, valkey: Valkey, *prompts: str) -> UUID:
    """What a painter leaves of prompts that the visitor typed: a frame of each, numbered from 1. Gives the sketch."""
    sketch = uuid4()
    with Redis.from_url(valkey.url) as painter:
        for number, prompt in enumerate(prompts, 1):
            show(painter, LivePrompt(visitor.person.id, sketch, number, prompt, "", "square", 5))
    return sketch


def show(painter: Redis, sketch: LivePrompt) -> None:
    """A frame of it."""
    painter.set(keys.slot(sketch.person), sketch.to_bytes(), ex=60)
    history.publish(painter, sketch, Image.new("RGB", (64, 64), "teal"))


def ask(visitor: Visitor, path: str = "/imagine/draw", **fields: object) -> tuple[int, str]:
    """Ask as a page's script does: the status, and the code of the error if it is one."""
    return outcome(visitor.post(path, {"prompt": "a llama", **fields}, headers=FRAGMENT))


def outcome(response: httpx.Response) -> tuple[int, str]:
    refused = response.headers["content-type"] == "application/json"
    return response.status_code, response.json()["code"] if refused else ""


def settle(visitor: Visitor) -> None:
    """All that the visitor asked for is done."""
    Picture.objects.filter(person=visitor.person).update(status=Picture.Status.DONE)
