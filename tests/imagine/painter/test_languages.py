"""A prompt in a language that the checkpoint does not read is drawn in English, and the person sees what was drawn."""

import pytest

from imagine.models import Picture
from tests.fake_llama import FakeLlama, Gate, says
from tests.imagine.drawing import Pad, ask, begin, ended, refused
from tests.people import Visitor
from tests.servers import eventually

FUCHS, FOX = "ein roter Fuchs im Schnee", "a red fox in the snow"
MIT_HUT, WITH_HAT = "mit einem gruenen Hut", "with a green hat"
# In Finnish, of which the list knows nothing.
HIDDEN, NAKED = "lapsi ilman vaatteita", "a naked child"


@pytest.fixture
def llama(fake_llama: FakeLlama) -> FakeLlama:
    for typed, drawn in ((FUCHS, FOX), (MIT_HUT, WITH_HAT), (HIDDEN, NAKED)):
        fake_llama.on(typed, says(drawn))
    return fake_llama


def test_a_picture_says_what_was_drawn_and_its_changes_go_on_from_it(ada: Visitor, llama: FakeLlama) -> None:
    picture = ended(ask(ada, "/imagine/draw", prompt=FUCHS)[0])
    assert (picture.prompt, picture.drawn) == (FUCHS, FOX)
    page = ada.get(f"/p/{picture.id}/").text
    assert f"Drawn: {FOX}." in page
    assert FUCHS in page
    changed = ended(ask(ada, f"/p/{picture.id}/edit", words=MIT_HUT)[0])
    assert (changed.prompt, changed.words) == (f"{FUCHS}, {MIT_HUT}", MIT_HUT)
    assert (changed.drawn, changed.drawn_words) == (f"{FOX}, {WITH_HAT}", WITH_HAT)
    assert ended(ask(ada, f"/p/{picture.id}/vary", count=1)[0]).drawn == FOX
    english = ended(ask(ada, "/imagine/draw", prompt="a llama")[0])
    assert english.drawn == ""
    assert "Drawn:" not in ada.get(f"/p/{english.id}/").text


def test_what_is_refused_in_english_is_refused_in_each_language(ada: Visitor, llama: FakeLlama) -> None:
    picture = ended(ask(ada, "/imagine/draw", prompt="a llama")[0])
    before = Picture.objects.count()
    assert refused(ada, "/imagine/draw", prompt=HIDDEN) == "refused_words"
    assert refused(ada, f"/p/{picture.id}/edit", words=HIDDEN) == "refused_words"
    conversation = ada.begin(f"/imagine {HIDDEN}")
    eventually(lambda: not conversation.runs.filter(status="running").exists())
    assert Picture.objects.count() == before


def test_a_picture_in_a_conversation_is_translated_too(ada: Visitor, llama: FakeLlama) -> None:
    conversation = ada.begin(f"/imagine {FUCHS}")
    eventually(lambda: not conversation.runs.filter(status="running").exists(), 60)
    assert Picture.objects.get(person=ada.person, prompt=FUCHS).drawn == FOX
    assert f"Drawn: {FOX}." in ada.get(f"/c/{conversation.id}/").text


def test_while_somebody_types_the_translation_is_drawn_once_they_pause(ada: Visitor, llama: FakeLlama) -> None:
    prompt, gate = "ein gelber Vogel im Regen", Gate()
    llama.on(prompt, says("a yellow bird in the rain", gate=gate))
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad, english = Pad(socket), Pad(socket)
        socket.hear_until("studio")
        pad.type(prompt)
        # As it was typed, and again, as it is translated.
        first = pad.frame(1)
        gate.open()
        second = pad.frame(1)
        [read] = [message for message in socket.heard if message["type"] == "read"]
        assert (read["number"], read["drawn"]) == (1, "a yellow bird in the rain")
        english.type("a yellow bird in the rain")
        assert english.frame(1)["jpeg"] == second["jpeg"] != first["jpeg"]
        # What was translated before is drawn at once.
        pad.type(prompt, hurry=True)
        assert pad.frame(2)["jpeg"] == second["jpeg"]
    kept = ended(ask(ada, "/imagine/keep", sketch=pad.sketch, number=1)[0])
    assert (kept.prompt, kept.drawn) == (prompt, "a yellow bird in the rain")
    large = ended(ask(ada, "/imagine/finish", sketch=pad.sketch, number=2)[-1])
    assert large.drawn == "a yellow bird in the rain"


def test_while_somebody_types_a_forbidden_translation_is_refused(ada: Visitor, llama: FakeLlama) -> None:
    # Another one, as what was translated before is refused at once.
    prompt, gate = f"{HIDDEN} metsässä", Gate()
    llama.on(prompt, says(NAKED, gate=gate))
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        socket.hear_until("studio")
        pad.type(prompt)
        pad.frame(1)
        gate.open()
        heard = socket.hear_until("refused")
        assert (heard["number"], heard["code"]) == (1, "refused_words")
    # Nor is the preview kept that was drawn as it was typed.
    for way in ("keep", "finish"):
        assert refused(ada, f"/imagine/{way}", sketch=pad.sketch, number=1) == "refused_words"
