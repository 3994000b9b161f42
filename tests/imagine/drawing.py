"""How tests ask for pictures and wait for them."""

from io import BytesIO
from uuid import uuid4

from PIL import Image

from imagine.files import storage
from imagine.models import Picture
from tests.people import Frame, Socket, Visitor
from tests.servers import eventually

STILL_FILES = {"picture.png", "picture.jpg", "picture.webp", "thumb.webp", "sticker.webp"}
LOOP_FILES = {"loop.mp4", "video.mp4", "loop.gif", "loop.webp", "sticker.webp", "picture.jpg", "thumb.webp"}


def ask(visitor: Visitor, path: str, files: object = None, **fields: object) -> list[Picture]:
    """Ask for pictures as a page does; they come in the order of their seeds."""
    before = set(Picture.objects.values_list("id", flat=True))
    response = visitor.post(path, fields, headers={"X-Fragment": "1"}, files=files)
    assert response.status_code == 201, response.text
    return list(Picture.objects.exclude(id__in=before).filter(person=visitor.person).order_by("created_at", "seed"))


def refused(visitor: Visitor, path: str, **fields: object) -> str:
    """Why the site says no, as a code."""
    response = visitor.post(path, fields, headers={"X-Fragment": "1"})
    assert 400 <= response.status_code < 600, response.status_code
    code: str = response.json()["code"]
    return code


def ended(picture: Picture, status: str = "done") -> Picture:
    """The picture once it has ended so."""
    eventually(lambda: not Picture.objects.get(id=picture.id).in_the_making, 60)
    picture.refresh_from_db()
    assert picture.status == status, picture.problem
    return picture


def draw(visitor: Visitor, prompt: str = "a red llama", **fields: object) -> Picture:
    """One picture, done."""
    return ended(ask(visitor, "/imagine/draw", prompt=prompt, **fields)[0])


def shown(picture: Picture, name: str = "picture.png") -> Image.Image:
    return Image.open(BytesIO(storage.load(picture.id, name)))


class Pad:
    """A page on which somebody types a picture."""

    def __init__(self, socket: Socket, seed: int = 5) -> None:
        self.socket = socket
        self.sketch = uuid4()
        self.seed = seed
        self.number = 0

    def type(self, prompt: str, hurry: bool = False, **fields: object) -> None:
        self.number += 1
        wanted = {"style": "", "shape": "square", "seed": self.seed, "prompt": prompt, "hurry": hurry, **fields}
        self.socket.say("draw", sketch=self.sketch, number=self.number, **wanted)

    def frame(self, number: int | None = None) -> Frame:
        """The next live picture, or that of one prompt."""
        while True:
            frame = self.socket.hear_until("live", 30)
            if number in (None, frame["number"]):
                assert frame["sketch"] == str(self.sketch)
                return frame


def begin(visitor: Visitor) -> None:
    """Become somebody who can open the socket."""
    assert visitor.post("/imagine/begin").status_code == 204


def picture_of(frame: Frame) -> Image.Image:
    return Image.open(BytesIO(frame["jpeg"]))
