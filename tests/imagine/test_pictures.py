"""Pictures from words to files: asked for on the site, drawn by a real process, gone on from, taken back."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from imagine import keys
from imagine.files import marks, storage
from imagine.models import Picture
from imagine.shapes import SHAPES
from tests.imagine.drawing import LOOP_FILES, STILL_FILES, ask, draw, ended, refused, shown
from tests.people import Visitor
from tests.servers import Valkey


def difference(one: Picture, other: Picture) -> float:
    """How far apart two pictures are, from 0 to 255."""
    images = [Image.open(BytesIO(storage.load(picture.id, storage.MASTER))) for picture in (one, other)]
    return float(sum(ImageStat.Stat(ImageChops.difference(*images)).mean) / 3)


def photograph(width: int = 90, height: int = 60) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def upload(visitor: Visitor) -> Picture:
    return ended(ask(visitor, "/imagine/upload", files={"file": ("dog.jpg", photograph(), "image/jpeg")})[0])


def test_words_become_a_picture_in_every_form(ada: Visitor) -> None:
    picture = draw(ada)
    assert set(picture.files) == STILL_FILES
    assert shown(picture).size == (picture.width, picture.height)
    for name in STILL_FILES:
        answer = ada.get(f"/p/{picture.id}/{name}")
        assert answer.headers["content-type"] == storage.SERVED[name]
        assert answer.content == storage.load(picture.id, name)


def test_the_same_seed_draws_the_same_picture_and_another_does_not(ada: Visitor) -> None:
    first, again, other = (draw(ada, seed=seed) for seed in (7, 7, 8))
    assert difference(first, again) == 0
    assert difference(first, other) > 1


@pytest.mark.parametrize("seed", [0, 999_999_999, 2**31 - 1])
def test_every_seed_of_a_page_is_kept(ada: Visitor, seed: int) -> None:
    assert ask(ada, "/imagine/draw", prompt="a llama", seed=seed)[0].seed == seed


@pytest.mark.parametrize("seed", ["", "-1", "1.5", 2**31, 10**10, "x"])
def test_any_other_seed_means_a_new_one(ada: Visitor, seed: object) -> None:
    assert 0 <= ask(ada, "/imagine/draw", prompt="a llama", seed=seed)[0].seed < 2**31


@pytest.mark.parametrize("shape", SHAPES)
def test_a_person_chooses_the_shape(ada: Visitor, shape: str) -> None:
    picture = draw(ada, shape=shape)
    assert picture.width / picture.height == pytest.approx(SHAPES[shape].across / SHAPES[shape].down, rel=0.15)


def test_four_variants_come_from_one_picture(ada: Visitor) -> None:
    picture = draw(ada)
    variants = [ended(variant) for variant in ask(ada, f"/p/{picture.id}/vary")]
    assert len(variants) == 4
    assert len({variant.group for variant in variants}) == 1
    assert {variant.parent for variant in variants} == {picture}
    assert difference(variants[0], variants[1]) > 0


def test_a_restyled_picture_keeps_its_words_and_takes_the_style(ada: Visitor) -> None:
    picture = draw(ada)
    restyled = ended(ask(ada, f"/p/{picture.id}/restyle", style="woven")[0])
    assert (restyled.prompt, restyled.style, restyled.parent) == (picture.prompt, "woven", picture)
    assert difference(picture, restyled) > 0


def test_words_change_a_picture_and_the_trail_leads_back(ada: Visitor) -> None:
    picture = draw(ada)
    edited = ended(ask(ada, f"/p/{picture.id}/edit", words="with a hat")[0])
    again = ended(ask(ada, f"/p/{edited.id}/edit", words="at night")[0])
    assert again.prompt == "a red llama, with a hat, at night"
    page = ada.get(f"/p/{again.id}/").text
    assert str(picture.id) in page
    assert str(edited.id) in page
    assert str(again.id) in ada.get(f"/p/{edited.id}/").text


def test_a_photograph_is_the_beginning_and_says_so(ada: Visitor) -> None:
    own = upload(ada)
    assert own.from_upload
    assert marks.read_source(storage.load(own.id, "picture.png"), "png") is None
    edited = ended(ask(ada, f"/p/{own.id}/edit", words="in the snow")[0])
    assert edited.from_upload
    assert marks.read_source(storage.load(edited.id, "picture.png"), "png") == marks.EDITED
    assert marks.read_source(storage.load(draw(ada).id, "picture.png"), "png") == marks.MADE


def test_a_picture_becomes_a_loop_in_every_form(ada: Visitor) -> None:
    picture = draw(ada)
    loop = ended(ask(ada, f"/p/{picture.id}/animate", motion="orbit", seconds=1)[0])
    assert set(loop.files) == LOOP_FILES
    assert loop.frames == 12
    assert shown(loop, "loop.gif").n_frames == 12  # type: ignore[attr-defined]


def test_what_is_kept_for_drawing_on_has_no_label(ada: Visitor) -> None:
    picture = draw(ada)
    master, labelled = shown(picture, storage.MASTER).convert("RGB"), shown(picture).convert("RGB")
    assert ImageChops.difference(master, labelled).getbbox()
    assert ada.get(f"/p/{picture.id}/{storage.MASTER}").status_code == 404


def test_words_that_are_not_drawn_are_refused_at_every_door(ada: Visitor) -> None:
    words = "a naked woman having sex"
    picture = draw(ada)
    assert refused(ada, "/imagine/draw", prompt=words) == "refused_words"
    assert refused(ada, f"/p/{picture.id}/edit", words=words) == "refused_words"
    assert Picture.objects.filter(person=ada.person).count() == 1


def test_words_split_over_two_edits_are_read_together(ada: Visitor) -> None:
    picture = draw(ada, prompt="a child on the beach")
    assert refused(ada, f"/p/{picture.id}/edit", words="naked") == "refused_words"


@pytest.mark.parametrize("fields", [{"prompt": " "}, {"prompt": "x" * 501}, {}])
def test_a_picture_needs_some_words_and_not_too_many(ada: Visitor, fields: dict[str, str]) -> None:
    assert refused(ada, "/imagine/draw", **fields) in ("empty_prompt", "refused_picture")


def test_a_deleted_picture_leaves_no_file(ada: Visitor) -> None:
    picture = draw(ada)
    child = ended(ask(ada, f"/p/{picture.id}/vary", count=1)[0])
    assert ada.post(f"/p/{picture.id}/delete", headers={"X-Fragment": "1"}).status_code == 204
    assert storage.names(picture.id) == []
    child.refresh_from_db()
    assert child.parent is None
    assert storage.names(child.id)


def test_a_stopped_picture_can_be_drawn_again(ada: Visitor, valkey: Valkey) -> None:
    first, *others = ask(ada, "/imagine/draw", prompt="a herd of llamas", count=4)
    last = others[-1]
    assert ada.post(f"/p/{last.id}/stop", headers={"X-Fragment": "1"}).status_code == 204
    ended(first)
    last.refresh_from_db()
    if last.status == "done":
        pytest.fail("it was drawn before it could be stopped")
    assert ended(last, "stopped").problem == "stopped"
    assert valkey.has(keys.stop(last.id))
    ask_again = ada.post(f"/p/{last.id}/again", headers={"X-Fragment": "1"})
    assert ask_again.status_code == 201
    ended(last)


def test_bob_reaches_nothing_of_adas(ada: Visitor, bob: Visitor) -> None:
    picture = draw(ada)
    bob.post("/imagine/begin")
    assert bob.get(f"/p/{picture.id}/").status_code == 404
    assert bob.get(f"/p/{picture.id}/picture.png").status_code == 404
    assert refused(bob, f"/p/{picture.id}/vary") == "picture_not_found"
    assert bob.post(f"/p/{picture.id}/delete").status_code == 404
    assert draw(ada).status == "done"
