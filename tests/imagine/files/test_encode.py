"""Loops as files, read again by the libraries that others read them with."""

from collections.abc import Callable, Sequence
from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from imagine.files.encode import (
    MARKS_BYTES,
    WHATSAPP_STICKER_BYTES,
    WHATSAPP_STILL_STICKER_BYTES,
    HeavyLoopError,
    still_sticker,
    to_gif,
    to_jpeg,
    to_messenger_mp4,
    to_mp4,
    to_sticker,
    to_webp,
)

Encode = Callable[..., bytes]
Frames = list[Image.Image]
FRAME_MS = 80
both = pytest.mark.parametrize("encode", [to_gif, to_webp])


def moving(count: int = 6, size: tuple[int, int] = (64, 48)) -> Frames:
    """A ramp of colours that a bright square wanders through."""
    frames = []
    for number in range(count):
        frame = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * turn).resize(size) for turn in range(3)])
        frame.paste((250, 120, 30), (4 * number, 10, 4 * number + 12, 22))
        frames.append(frame)
    return frames


def noise(count: int, size: tuple[int, int]) -> Frames:
    """What no format can make small."""
    random = np.random.default_rng(7)
    return [Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)) for _ in range(count)]


def read(data: bytes) -> tuple[Frames, list[int]]:
    """The frames of a GIF or WebP, and for how many milliseconds each stands."""
    frames, times = [], []
    for frame in ImageSequence.Iterator(Image.open(BytesIO(data))):
        frames.append(frame.convert("RGBA"))
        times.append(frame.info["duration"])
    return frames, times


def video(data: bytes) -> tuple[Frames, list[float]]:
    """The frames of an MP4, and when each begins, in seconds."""
    with av.open(BytesIO(data)) as file:
        frames = list(file.decode(video=0))
        return [frame.to_image() for frame in frames], [frame.time for frame in frames]


def far(one: Image.Image, other: Image.Image) -> float:
    """The mean distance of two pictures, 0 to 255."""
    arrays = [np.asarray(image.convert("RGB"), dtype=float) for image in (one, other)]
    return float(np.abs(arrays[0] - arrays[1]).mean())


def all_near(shown: Sequence[Image.Image], frames: Sequence[Image.Image], limit: float) -> bool:
    return all(far(one, other) < limit for one, other in zip(shown, frames, strict=True))


@both
def test_every_frame_is_there_for_its_time_and_looks_as_it_did(encode: Encode) -> None:
    shown, times = read(encode(moving(), FRAME_MS))
    assert times == [FRAME_MS] * 6
    assert all_near(shown, moving(), 6)


@both
def test_it_plays_for_ever(encode: Encode) -> None:
    assert Image.open(BytesIO(encode(moving(), FRAME_MS))).info["loop"] == 0


@both
def test_equal_frames_stay_frames_of_their_own(encode: Encode) -> None:
    first, second, *_ = moving()
    frames = [first, first, second, second, second, first]
    shown, times = read(encode(frames, FRAME_MS))
    assert times == [FRAME_MS] * 6
    assert all_near(shown, frames, 6)


@both
def test_one_frame_and_odd_sides_are_fine(encode: Encode) -> None:
    shown, times = read(encode(moving(1, (33, 21)), 100))
    assert (shown[0].size, times) == ((33, 21), [100])


@both
@pytest.mark.parametrize("most_bytes", [250_000, 100_000, 50_000, 30_000])
def test_a_limit_is_kept_even_with_noise_and_the_loop_lasts_as_long(encode: Encode, most_bytes: int) -> None:
    data = encode(noise(10, (200, 120)), FRAME_MS, most_bytes=most_bytes)
    shown, times = read(data)
    assert len(data) <= most_bytes - MARKS_BYTES
    assert sum(times) == 10 * FRAME_MS
    assert shown[0].width / shown[0].height == pytest.approx(200 / 120, rel=0.05)


def test_sides_shrink_before_frames_are_left_out() -> None:
    frames = noise(10, (200, 120))
    whole, smaller = len(to_gif(frames, FRAME_MS)), read(to_gif(frames, FRAME_MS, most_bytes=150_000 + MARKS_BYTES))
    assert whole > 150_000
    assert smaller[0][0].width < 200
    assert len(smaller[0]) == 10


@both
def test_a_limit_that_cannot_be_kept_is_said(encode: Encode) -> None:
    with pytest.raises(HeavyLoopError):
        encode(noise(10, (200, 120)), FRAME_MS, most_bytes=MARKS_BYTES + 100)


@pytest.mark.parametrize("encode", [to_gif, to_webp, to_mp4])
@pytest.mark.parametrize("frames", [[], [*moving(1, (32, 32)), *moving(1, (32, 30))]], ids=["none", "of two sizes"])
def test_frames_that_are_no_loop_are_refused(encode: Encode, frames: Frames) -> None:
    with pytest.raises(ValueError, match="one size"):
        encode(frames, FRAME_MS)


@pytest.mark.parametrize("frame_ms", [0, 83])
def test_a_time_that_no_gif_can_hold_is_refused(frame_ms: int) -> None:
    with pytest.raises(ValueError, match="hundredths"):
        to_gif(moving(), frame_ms)


def test_a_video_has_every_frame_at_its_time() -> None:
    data = to_mp4(moving(), FRAME_MS)
    shown, begins = video(data)
    assert begins == pytest.approx([number * FRAME_MS / 1000 for number in range(6)])
    assert all_near(shown, moving(), 6)
    with av.open(BytesIO(data)) as file:
        assert file.duration == 6 * FRAME_MS * 1000


def test_a_video_keeps_equal_frames() -> None:
    first, second, *_ = moving()
    shown, begins = video(to_mp4([first, first, first, second, second], FRAME_MS))
    assert len(begins) == 5
    assert far(shown[2], first) < far(shown[2], second)


def test_a_video_plays_on_old_telephones() -> None:
    with av.open(BytesIO(to_mp4(moving(), FRAME_MS))) as file:
        codec = file.streams.video[0].codec_context
        assert (codec.name, codec.profile, codec.pix_fmt, codec.has_b_frames) == ("h264", "Main", "yuv420p", False)
        assert file.streams.audio == ()


def test_a_video_says_how_its_colours_are_meant() -> None:
    red = Image.new("RGB", (64, 64), (200, 30, 40))
    data = to_mp4([red] * 3, FRAME_MS)
    with av.open(BytesIO(data)) as file:
        frame = next(file.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)
    assert video(data)[0][0].getpixel((32, 32)) == pytest.approx((200, 30, 40), abs=4)


def test_a_video_begins_before_it_is_wholly_there() -> None:
    data = to_mp4(moving(), FRAME_MS)
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_a_video_of_odd_sides_or_one_frame_has_even_sides() -> None:
    shown, _ = video(to_mp4(moving(1, (33, 21)), FRAME_MS))
    assert [frame.size for frame in shown] == [(34, 22)]
    assert far(shown[0].resize((33, 21)), moving(1, (33, 21))[0]) < 8


@pytest.mark.parametrize("most_bytes", [200_000, 80_000, 40_000])
def test_a_video_keeps_a_limit_with_all_its_frames(most_bytes: int) -> None:
    data = to_mp4(noise(10, (200, 120)), FRAME_MS, most_bytes=most_bytes)
    assert len(data) <= most_bytes - MARKS_BYTES
    assert len(video(data)[0]) == 10


@pytest.mark.parametrize(("size", "corner", "middle"), [((64, 32), 0, 255), ((32, 32), 255, 255), ((30, 64), 0, 255)])
def test_a_sticker_is_a_square_with_transparent_rest(size: tuple[int, int], corner: int, middle: int) -> None:
    shown, times = read(to_sticker(moving(3, size), FRAME_MS))
    assert times == [FRAME_MS] * 3
    for frame in shown:
        assert frame.size == (512, 512)
        assert (frame.getpixel((1, 1))[3], frame.getpixel((256, 256))[3]) == (corner, middle)


def test_a_sticker_keeps_the_limit_and_its_length_with_frames_that_hardly_shrink() -> None:
    data = to_sticker(noise(12, (320, 320)), FRAME_MS)
    assert len(data) <= WHATSAPP_STICKER_BYTES - MARKS_BYTES
    assert sum(read(data)[1]) == 12 * FRAME_MS


@pytest.mark.parametrize("image", [noise(1, (512, 512))[0], moving(1, (40, 64))[0]], ids=["noise", "small"])
def test_a_still_sticker_is_a_picture_within_its_own_limit(image: Image.Image) -> None:
    data = still_sticker(image)
    assert len(data) <= WHATSAPP_STILL_STICKER_BYTES - MARKS_BYTES
    with Image.open(BytesIO(data)) as sticker:
        assert (sticker.format, sticker.size, sticker.n_frames) == ("WEBP", (512, 512), 1)


def test_a_sticker_of_one_frame_is_a_still_one() -> None:
    image = moving(1)[0]
    assert to_sticker([image], FRAME_MS) == still_sticker(image)


def test_a_video_for_messengers_has_a_silent_track_beside_what_old_telephones_play() -> None:
    data = to_messenger_mp4(moving(), FRAME_MS)
    with av.open(BytesIO(data)) as file:
        [picture], [sound] = file.streams.video, file.streams.audio
        codec = picture.codec_context
        assert (codec.name, codec.profile, codec.pix_fmt, codec.has_b_frames) == ("h264", "Main", "yuv420p", False)
        assert (sound.codec_context.name, sound.codec_context.profile) == ("aac", "LC")
        heard = [frame.to_ndarray() for frame in file.decode(audio=0)]
        assert max(float(np.abs(one).max()) for one in heard) < 0.001
        assert sum(one.shape[1] for one in heard) / sound.rate == pytest.approx(file.duration / 1_000_000, abs=0.1)
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(("count", "turns"), [(1, 38), (6, 7), (12, 4), (25, 2), (37, 2), (38, 1), (90, 1)])
def test_a_short_loop_is_repeated_in_a_video_for_messengers(count: int, turns: int) -> None:
    frames = moving(count, (33, 21))
    shown, begins = video(to_messenger_mp4(frames, FRAME_MS))
    assert len(shown) == count * turns
    assert begins[-1] + FRAME_MS / 1000 >= 3
    assert all_near([frame.resize((33, 21)) for frame in shown[-count:]], frames, 8)


def test_a_video_for_messengers_keeps_its_limit() -> None:
    data = to_messenger_mp4(noise(10, (200, 120)), FRAME_MS, most_bytes=100_000)
    assert len(data) <= 100_000 - MARKS_BYTES
    assert video(data)[1][-1] > 3 - FRAME_MS / 1000


@pytest.mark.parametrize("frames", [[], [*moving(1, (32, 32)), *moving(1, (32, 30))]], ids=["none", "of two sizes"])
def test_frames_that_are_no_loop_become_no_video_for_messengers(frames: Frames) -> None:
    with pytest.raises(ValueError, match="one size"):
        to_messenger_mp4(frames, FRAME_MS)


@pytest.mark.parametrize("image", [noise(1, (3200, 2400))[0], moving(1, (40, 64))[0].convert("RGBA")])
def test_a_picture_is_a_jpeg_that_whatsapp_takes(image: Image.Image) -> None:
    data = to_jpeg(image)
    assert len(data) <= 5_000_000 - MARKS_BYTES
    with Image.open(BytesIO(data)) as shown:
        assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", image.size)


def test_a_picture_shrinks_where_less_quality_is_not_enough() -> None:
    data = to_jpeg(noise(1, (200, 120))[0], most_bytes=MARKS_BYTES + 6_000)
    assert len(data) <= 6_000
    with pytest.raises(HeavyLoopError):
        to_jpeg(noise(1, (200, 120))[0], most_bytes=MARKS_BYTES)
