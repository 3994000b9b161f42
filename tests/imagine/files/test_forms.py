"""What a picture is sent as in messengers."""

from collections.abc import Callable
from io import BytesIO

import av
import pytest
from PIL import Image, ImageChops, ImageStat
from pytest_django.fixtures import Settings

from assistant import people
from imagine.errors import FormMissingError
from imagine.files import develop, forms, marks, storage
from imagine.files.containers import Form
from imagine.files.encode import (
    MESSENGER_PICTURE_BYTES,
    WHATSAPP_PICTURE_BYTES,
    WHATSAPP_STICKER_BYTES,
    WHATSAPP_STILL_STICKER_BYTES,
    WHATSAPP_VIDEO_BYTES,
)
from imagine.files.forms import MessengerForm
from imagine.models import Picture
from tests.imagine.drawings import gradient

Status, Made = Picture.Status, Picture.Made
FRAMES = [gradient().rotate(30 * turn) for turn in range(12)]
CONTAINERS: dict[str, Form] = {"image/jpeg": "jpeg", "video/mp4": "mp4", "image/gif": "gif", "image/webp": "webp"}


def picture(files: dict[str, bytes], **fields: object) -> Picture:
    """A picture that somebody has, with these files."""
    names = sorted(set(files) & set(storage.SERVED))
    made = Picture.objects.create(person=people.make_guest(), **{"status": Status.DONE, "files": names, **fields})
    storage.save(made.id, files)
    return made


def still() -> Picture:
    return picture(develop.still_files(gradient()), made=Made.DRAWN)


def loop() -> Picture:
    return picture(develop.loop_files(FRAMES, 80), made=Made.ANIMATED)


def corner_changed(image: Image.Image, unlabelled: Image.Image) -> bool:
    """Whether the corner of the label differs from the same picture without it."""
    width, height = image.size
    box = (width * 3 // 4, height * 15 // 16, width - 4, height - 4)
    difference = ImageChops.difference(*(each.convert("RGB").crop(box) for each in (image, unlabelled)))
    return max(ImageStat.Stat(difference).mean) > 10


@pytest.mark.parametrize(
    ("make", "form", "content_type", "most"),
    [
        (still, "still", "image/jpeg", WHATSAPP_PICTURE_BYTES),
        (still, "sticker", "image/webp", WHATSAPP_STILL_STICKER_BYTES),
        (loop, "still", "image/jpeg", WHATSAPP_PICTURE_BYTES),
        (loop, "video", "video/mp4", WHATSAPP_VIDEO_BYTES),
        (loop, "gif", "image/gif", MESSENGER_PICTURE_BYTES),
        (loop, "sticker", "image/webp", WHATSAPP_STICKER_BYTES),
    ],
)
def test_a_form_is_within_its_limit_and_says_what_it_is(
    make: Callable[[], Picture], form: MessengerForm, content_type: str, most: int
) -> None:
    sent = forms.load(make(), form)
    assert sent.content_type == content_type
    assert len(sent.data) <= most
    assert marks.read_source(sent.data, CONTAINERS[content_type]) == marks.MADE


def test_a_loop_stays_a_loop_in_each_form_that_moves() -> None:
    sent = {form: forms.load(loop(), form).data for form in ("gif", "sticker")}
    for data in sent.values():
        with Image.open(BytesIO(data)) as image:
            assert image.n_frames == len(FRAMES)
    with av.open(BytesIO(forms.load(loop(), "video").data)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]


def test_the_label_is_in_each_form(settings: Settings) -> None:
    plain = Image.new("RGB", (256, 256), "teal")
    labelled = {"still": develop.still_files(plain), "loop": develop.loop_files([plain] * 3, 80)}
    settings.IMAGINE_LABEL = False
    bare = {"still": develop.still_files(plain), "loop": develop.loop_files([plain] * 3, 80)}
    for kind, names in {
        "still": ("picture.jpg", "picture.png", "picture.webp", "thumb.webp", "sticker.webp"),
        "loop": ("picture.jpg", "loop.gif", "loop.webp", "thumb.webp", "sticker.webp"),
    }.items():
        for name in names:
            one, other = (Image.open(BytesIO(files[kind][name])) for files in (labelled, bare))
            assert corner_changed(one, other), (kind, name)
    first, second = (first_frame(files["loop"]["video.mp4"]) for files in (labelled, bare))
    assert corner_changed(first, second)


def first_frame(data: bytes) -> Image.Image:
    with av.open(BytesIO(data)) as file:
        return next(file.decode(video=0)).to_image()


@pytest.mark.parametrize("form", ["video", "gif"])
def test_a_still_picture_is_no_video(form: MessengerForm) -> None:
    with pytest.raises(FormMissingError):
        forms.load(still(), form)


def test_a_loop_of_an_older_version_is_sent_without_sound() -> None:
    assert forms.load(picture({"loop.mp4": b"an older loop"}, made=Made.ANIMATED), "video").data == b"an older loop"


@pytest.mark.parametrize("status", [Status.WAITING, Status.DRAWING, Status.FAILED, Status.STOPPED])
def test_what_is_not_done_has_no_form(status: str) -> None:
    made = picture({"picture.jpg": b"a picture"}, made=Made.DRAWN, status=status)
    with pytest.raises(FormMissingError):
        forms.name_of(made, "still")


def test_a_picture_that_lost_its_files_says_so() -> None:
    made = still()
    storage.delete(made.id)
    with pytest.raises(FormMissingError, match=r"lost its picture\.jpg"):
        forms.load(made, "still")
