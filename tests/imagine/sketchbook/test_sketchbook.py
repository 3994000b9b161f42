"""The sketchbook: scenes show what their captions say, and every stage of the training works, on drawings made here."""

import json
import math
from pathlib import Path
from random import Random

import pytest
import torch
from PIL import Image

from imagine.diffusion.checkpoint import find
from imagine.diffusion.pipeline import Renderer
from imagine.diffusion.recipes import RenderOptions
from imagine.diffusion.strokes import Stroke
from imagine.sketchbook import (
    batches,
    canvas,
    captions,
    data,
    evaluate,
    export,
    heldout,
    kin,
    model,
    scenes,
    train,
    vocabulary,
    wordnet,
)
from imagine.sketchbook.drafts import EXAMPLES, FIELD, Drafts
from imagine.sketchbook.materials import CODES, Materials, looks_of
from imagine.sketchbook.palette import COLOURS, LANDS
from imagine.sketchbook.scenes import Scene, Thing
from imagine.sketchbook.sprites import Sprite
from imagine.sketchbook.stages import WORDS, Autoencoder, Denoiser, Stage, Words
from tests.imagine.sketchbook.packs import small_pack

torch.set_num_threads(1)

BALL, BOX, LEAF, COIN = range(4)
STEPS = 3


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Materials:
    return Materials(small_pack(tmp_path_factory.mktemp("art") / "art.zip"), torch.device("cpu"))


@pytest.fixture(scope="module")
def run(materials: Materials, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all stages leave after a few steps each."""
    folder = tmp_path_factory.mktemp("run")
    for stage in (Autoencoder, Words, Denoiser):
        assert math.isfinite(trained(stage(materials, folder)))
    return folder


@pytest.fixture(scope="module")
def checkpoint(materials: Materials, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "sketchbook"
    assert export.export(materials, run, folder) <= export.LARGEST
    return folder


def trained(stage: Stage) -> float:
    return train.train(stage, seconds=60, together=8, workers=0, most_steps=STEPS)


def painted(materials: Materials, *things: Thing, ground: str = "white", effect: str = "") -> torch.Tensor:
    """One scene, [3, 64, 64] from 0 to 1."""
    plans = canvas.plan([Scene(things, ground=ground, effect=effect)])
    return (canvas.paint(materials.art, plans, 64, 64)[0] + 1) / 2


def colour_at(picture: torch.Tensor, x: int, y: int) -> tuple[float, ...]:
    return tuple(round(one, 1) for one in picture[:, y, x].tolist())


def test_a_thing_is_where_its_scene_puts_it(materials: Materials) -> None:
    picture = painted(materials, Thing(BALL, x=-0.5, y=0.5, size=0.4))
    assert colour_at(picture, 16, 48) == (1.0, 0.0, 0.0)
    assert colour_at(picture, 48, 16) == (1.0, 1.0, 1.0)


def test_a_later_thing_lies_over_an_earlier_one(materials: Materials) -> None:
    assert colour_at(painted(materials, Thing(BALL), Thing(BOX, size=0.3)), 32, 32) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("tint", "strongest"), [("blue", 2), ("green", 1), ("red", 0)])
def test_a_thing_takes_the_colour_it_is_told(materials: Materials, tint: str, strongest: int) -> None:
    assert painted(materials, Thing(BALL, tint=tint))[:, 32, 32].argmax() == strongest


@pytest.mark.parametrize("ground", ["black", "red"])
def test_the_ground_has_its_colour(materials: Materials, ground: str) -> None:
    picture = painted(materials, Thing(COIN, size=0.3), ground=ground)
    assert evaluate.closest(picture[:, 0, 0]) == evaluate.closest(picture[:, 63, 63]) == ground


def test_every_kind_of_ground_is_drawn() -> None:
    lots = Random(1)
    drawn = {scenes.a_ground(lots) for _ in range(2000)}
    assert drawn == {"", *COLOURS, *LANDS}


def test_a_meadow_is_green_below_a_blue_sky(materials: Materials) -> None:
    picture = painted(materials, Thing(COIN, size=0.3), ground="grass")
    assert picture[:, 2, 2].argmax() == 2
    assert picture[:, 61, 2].argmax() == 1


def test_a_sticker_has_a_white_edge_and_a_gray_picture_no_colour(materials: Materials) -> None:
    sticker = painted(materials, Thing(BALL, size=0.5), ground="black", effect="sticker")
    assert colour_at(sticker, 13, 32) == (1.0, 1.0, 1.0)
    gray = painted(materials, Thing(BALL), effect="gray")
    assert gray.amax(0).allclose(gray.amin(0))


def test_pixel_art_is_made_of_blocks(materials: Materials) -> None:
    picture = painted(materials, Thing(BALL), effect="pixel")
    assert picture[:, ::4, ::4].repeat_interleave(4, 1).repeat_interleave(4, 2).equal(picture)


def test_pictures_can_be_wider_than_high(materials: Materials) -> None:
    plans = canvas.plan([Scene((Thing(BALL, x=0.5, size=0.5),), ground="white")])
    picture = (canvas.paint(materials.art, plans, 32, 64)[0] + 1) / 2
    assert colour_at(picture, 48, 16) == (1.0, 0.0, 0.0)
    # As high as it is wide: no egg.
    assert (picture[1] < 0.5).any(0).sum() == (picture[1] < 0.5).any(1).sum()


def test_captions_name_every_thing_its_colour_and_the_ground(materials: Materials) -> None:
    sprites = materials.art.sprites
    scene = Scene((Thing(BALL, tint="purple"), Thing(BOX)), layout="left", ground="night")
    said = {captions.caption(scene, sprites, Random(seed)) for seed in range(60)}
    whole = [text for text in said if any(text.endswith(words) for words in ("at night", "in the night", "stars"))]
    assert len(whole) > 20
    for text in whole:
        assert "ball" in text or "sphere" in text
        assert "box" in text or "crate" in text
        assert "left of" in text
        assert "purple" in text or "violet" in text


@pytest.mark.parametrize(("one", "many"), [("ball", "balls"), ("box", "boxes"), ("berry", "berries"), ("eyes", "eyes")])
def test_several_things_are_named_in_the_plural(one: str, many: str) -> None:
    assert captions.plural(one) == many


def test_scenes_never_show_what_is_held_out() -> None:
    sprites = [Sprite(name, "", "object", "", (), (), hue=0) for name in ("dog", "balloon", "mushroom", "crab")]
    lots = Random(1)
    drawn = [scenes.draw(sprites, lots) for _ in range(2000)]
    assert not any(scenes.is_held_out(scene, sprites) for scene in drawn)
    assert any(scenes.is_held_out(scenes.draw_any(sprites, lots), sprites) for _ in range(2000))


def test_what_is_asked_in_the_evaluation_is_there_in_full() -> None:
    assert (len(heldout.NAMES), len(heldout.SYNONYMS)) == (200, 100)
    assert len(heldout.ON) + len(heldout.TINTED) + len(heldout.TOGETHER) == 100


def test_the_tokenizer_knows_every_sign_and_fills_up_with_ends(materials: Materials) -> None:
    found = vocabulary.tokens(materials.tokenizer, ["A BALL, 42?"])[0]
    assert len(found) == vocabulary.TOKENS
    assert found[0] == materials.start
    first_end = found.tolist().index(materials.end)
    assert first_end > 4
    assert set(found[first_end:].tolist()) == {materials.end}


def test_a_long_text_leaves_room_for_what_was_read(materials: Materials, checkpoint: Path) -> None:
    text = ["a ball and a box at night " * 9]
    for tokenizer in (
        materials.tokenizer,
        vocabulary.PreTrainedTokenizerFast.from_pretrained(checkpoint / "tokenizer"),
    ):
        assert vocabulary.tokens(tokenizer, ["a ball"])[0, 3:].unique().tolist() == [materials.end]
        assert set(vocabulary.tokens(tokenizer, text)[0, WORDS:].tolist()) == {materials.end}


def test_batches_differ_by_seed_and_hold_what_a_stage_needs(materials: Materials) -> None:
    first, again, other = (next(iter(materials.batches(3, seed))) for seed in (1, 1, 2))
    assert first.tokens.equal(again.tokens)
    assert not first.tokens.equal(other.tokens)
    assert first.plans.sprite.shape == (3, scenes.MOST_THINGS)
    assert all(side % model.SCALE == 0 for size in batches.OTHERS for side in size)


def test_a_later_stage_needs_the_earlier_ones(materials: Materials, run: Path, tmp_path: Path) -> None:
    assert Denoiser(materials, run).unet
    with pytest.raises(FileNotFoundError):
        Denoiser(materials, tmp_path)


def test_looks_are_near_for_things_that_look_alike(materials: Materials) -> None:
    codes = looks_of(materials.art.pictures)
    assert codes.shape == (4, CODES)
    assert codes.square().mean().item() == pytest.approx(1)
    gold = materials.art.pictures[COIN].clone()
    gold[1] = gold[1] // 8 * 7
    alike = looks_of(torch.cat((materials.art.pictures, gold[None])))
    nearest = (alike[-1] - alike[:-1]).square().sum(1).argmin()
    assert nearest == COIN


def test_what_is_asked_of_a_text_is_what_its_scene_shows(materials: Materials) -> None:
    scene = Scene((Thing(BALL, x=0.5, size=0.4), Thing(BOX, tint="red")), ground="night", effect="gray")
    plans = canvas.plan([scene])
    first, second, third = materials.looks(plans)[0, :3]
    assert first[:CODES].equal(materials.codes[BALL])
    assert first[CODES:].tolist() == pytest.approx([0, 0, 0, 0, 0.5, 0, 0.4, 1])
    assert second[CODES:].tolist() == pytest.approx([*COLOURS["red"], 1, 0, 0, 0.8, 1])
    assert not third.any()
    ground = plans.grounds()[0].tolist()
    assert ground[:3] == pytest.approx(LANDS["night"].above)
    assert ground[-4:] == [0, 0, 0, 1]


def test_noise_tells_what_was_left_to_chance_and_is_noise_all_the_same() -> None:
    chance = torch.randn(4000, scenes.CHANCES)
    noise = model.noise_telling(chance, 16, 16)
    told = noise[:, : scenes.CHANCES, :2, :2].sum((2, 3)) / 2
    assert told.allclose(chance, atol=1e-5)
    corner = noise[:, : scenes.CHANCES, :2, :2]
    assert corner.mean().abs() < 0.02
    assert (corner.std(0) - 1).abs().max() < 0.08
    assert torch.corrcoef(corner[:, 0].flatten(1).T).fill_diagonal_(0).abs().max() < 0.08


def test_a_shaken_scene_moves_sizes_and_turns_its_things_alike(materials: Materials) -> None:
    lots = Random(4)
    scene = next(found for _ in range(99) if (found := scenes.draw(materials.art.sprites, lots)).layout == "and")
    assert [thing.y for thing in scene.things] == [0, 0]
    first, second = scenes.shaken(scene, lots).things
    assert first.y == second.y != 0
    assert (first.size, first.angle) == (second.size, second.angle)
    assert first.angle != 0


def test_an_eighth_of_a_batch_is_shaken(materials: Materials) -> None:
    angles = next(iter(materials.batches(16, 1))).plans.angle[:, 0]
    assert (angles != 0).tolist() == [False] * 14 + [True] * 2


def test_behind_the_caption_states_say_the_things_and_the_ground_in_turns(materials: Materials, run: Path) -> None:
    two = vocabulary.tokens(materials.tokenizer, ["a ball and a box", "a ball"])
    behind = int((two[0] != materials.end).sum())
    together, alone = Words(materials, run).slots(two, torch.tensor([True, False]))
    said = slice(WORDS, WORDS + vocabulary.SAID)
    assert together[said].tolist() == alone[said].tolist() == [0, 1, 2, 3, 4, 5]
    assert set(together[:behind].tolist()) == set(together[-vocabulary.DRAFTED :].tolist()) == {-1}
    assert set(together[behind:WORDS].tolist()) == {0, 1, 2}
    assert set(alone[behind:WORDS].tolist()) == {0, 1}


def test_the_draft_has_the_things_without_the_ground_field_by_field(materials: Materials) -> None:
    scene = Scene((Thing(BALL, x=-0.5, y=-0.5, size=0.45),), ground="blue")
    drafts, plans = Drafts(materials.art, materials.examples(EXAMPLES).plans), canvas.plan([scene])
    red, _, blue, opaque = drafts.fields(plans)[0].unflatten(1, (4, FIELD * FIELD)).mean(2).T
    assert opaque.nonzero()[:, 0].tolist() == [0, 1, 4, 5]
    assert red.allclose(opaque, atol=0.02)
    assert blue.max() < 0.02
    back = drafts.of(plans) @ torch.linalg.pinv(drafts.directions) + drafts.middle
    assert (back - drafts.fields(plans)).abs().mean() < 0.02


def test_the_steps_of_the_checkpoint_are_those_of_the_scheduler() -> None:
    scheduler = model.scheduler()
    scheduler.set_timesteps(model.STEPS)
    assert scheduler.sigmas.tolist() == pytest.approx(model.noise_levels(), abs=0.01)
    assert (scheduler.timesteps / model.TIMESTEPS).tolist() == pytest.approx(model.noise_levels()[:-1], abs=0.01)


def test_a_step_of_the_scheduler_goes_towards_the_predicted_picture() -> None:
    scheduler = model.scheduler()
    scheduler.set_timesteps(model.STEPS)
    picture, noise = torch.randn(1, 8, 4, 4), torch.randn(1, 8, 4, 4)
    latents, levels = noise, model.noise_levels()
    for time, start, end in zip(scheduler.timesteps, levels, levels[1:], strict=False):
        wanted = torch.lerp(picture, latents, end / start)
        latents = scheduler.step(picture, time, latents).prev_sample
        assert latents.allclose(wanted, atol=0.02)
    assert latents.allclose(picture, atol=0.01)


def test_a_stage_goes_on_where_it_stopped(materials: Materials, run: Path) -> None:
    stage = Autoencoder(materials, run)
    before = train.Training(stage).steps
    trained(stage)
    assert train.Training(Autoencoder(materials, run)).steps == before + STEPS
    assert (run / "autoencoder" / "samples.png").exists()


def test_the_checkpoint_is_small_and_says_how_it_wants_to_be_used(checkpoint: Path) -> None:
    assert export.checked(checkpoint) <= 60_000_000
    assert json.loads((checkpoint / "chaski.json").read_text())["steps"] == model.STEPS
    assert (checkpoint / data.CREDITS).read_text() == "Drawn here.\n"
    index = json.loads((checkpoint / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionPipeline"
    assert index["vae"] == ["diffusers", "AutoencoderTiny"]


def test_the_checkpoint_paints_from_words_and_over_a_picture(checkpoint: Path) -> None:
    painter = Renderer.load(find(str(checkpoint), checkpoint.parent), RenderOptions(device="cpu"))
    assert painter.abilities.redraw
    assert (painter.recipe.live_size, painter.recipe.guidance) == (128, 1.0)
    red = Image.new("RGB", (128, 128), "red")
    drawn, wide = (
        painter.paint([Stroke("a ball", 1, width, height)])[0].image for width, height in ((128, 128), (168, 96))
    )
    redrawn = painter.paint([Stroke("a ball", 1, 128, 128, start=red, strength=0.5)])[0].image
    assert (drawn.size, wide.size, redrawn.size) == ((128, 128), (168, 96), (128, 128))
    assert drawn.tobytes() != redrawn.tobytes()


def test_the_judge_knows_every_thing_however_it_is_shaken(materials: Materials) -> None:
    judge = evaluate.Judge(materials)
    assert all(judge.real())
    pictures = torch.cat(
        [canvas.paint(materials.art, canvas.plan([Scene((Thing(LEAF),))]), 128, 128), torch.ones(1, 3, 128, 128)]
    )
    assert judge.ranks(pictures, ["leaf", "leaf"], Thing(0))[0] == 0
    assert sorted(judge.ranks(pictures[:1], [name], Thing(0))[0] for name in ("ball", "box", "leaf", "coin")) == [
        0,
        1,
        2,
        3,
    ]


def test_the_judge_looks_at_the_half_that_it_is_asked_about(materials: Materials) -> None:
    judge = evaluate.Judge(materials)
    left, right, size = scenes.LAYOUTS["and"]
    both = (Thing(BALL, *left, size), Thing(BOX, *right, size))
    picture = canvas.paint(materials.art, canvas.plan([Scene(both)]), 128, 128)
    assert judge.ranks(picture, ["ball"], Thing(0, *left, size)) == [0]
    assert judge.ranks(picture, ["box"], Thing(0, *right, size)) == [0]
    assert judge.ranks(picture, ["box"], Thing(0, *left, size)) != [0]


def test_the_colour_of_a_thing_is_told_apart_from_the_ground(materials: Materials) -> None:
    picture = painted(materials, Thing(BALL), ground="yellow") * 2 - 1
    assert evaluate.closest(evaluate.edge(picture)) == "yellow"
    assert evaluate.main_colour(picture) == "red"


def test_a_kind_of_a_thing_is_drawn_as_it() -> None:
    meanings = {
        "1": wordnet.Synset(("ball",), ("2",), "", area="06"),
        "2": wordnet.Synset(("marble",), (), "", ("1",), "06"),
    }
    known = wordnet.Wordnet(meanings, {"ball": ("1",), "marble": ("2",)}, {"ball": 2, "marble": 1})
    ball, face = Sprite("ball", "b", "object", "tool", (), ()), Sprite("smile", "s", "face", "smile", (), ())
    assert kin.kin([face, ball], known, lambda texts: torch.ones(len(texts), 1)) == [(), ("marble",)]


def test_a_caption_names_a_thing_by_its_kin_too() -> None:
    sprite, lots = Sprite("ball", "b", "object", "tool", ("sphere",), (), kin=("marble",)), Random(1)
    assert {captions.noun(sprite, lots) for _ in range(50)} == {"ball", "sphere", "marble"}
