"""What is not to be seen is heeded, kept by what is made from a picture, and refused where it undresses."""

from imagine.models import Picture
from tests.imagine.drawing import Pad, ask, begin, ended, refused, shown
from tests.people import Visitor


def test_what_is_left_out_changes_the_preview_and_the_picture(ada: Visitor) -> None:
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        assert socket.hear_until("studio")["without"]
        pad = Pad(socket)
        pad.type("a llama")
        plain = pad.frame(1)
        pad.type("a llama", without="a hat")
        assert pad.frame(2)["jpeg"] != plain["jpeg"]
        pad.type("a girl ", without="shirt")
        assert socket.hear_until("refused")["code"] == "refused_words"
    assert ended(ask(ada, "/imagine/keep", sketch=pad.sketch, number=2)[0]).negative == "a hat"
    pictures = [
        ended(ask(ada, "/imagine/draw", prompt="a llama", seed=3, without=without)[0]) for without in ("", "a hat")
    ]
    assert shown(pictures[0]).tobytes() != shown(pictures[1]).tobytes()
    assert "Left out: a hat." in ada.get(f"/p/{pictures[1].id}/").text
    assert ended(ask(ada, f"/p/{pictures[1].id}/vary", count=1)[0]).negative == "a hat"
    assert 'value="a hat"' in ada.get(f"/imagine/?from={pictures[1].id}").text


def test_what_is_left_out_undresses_nobody(ada: Visitor) -> None:
    before = Picture.objects.count()
    assert refused(ada, "/imagine/draw", prompt="a girl", without="shirt") == "refused_words"
    assert refused(ada, "/imagine/draw", prompt="a woman", without="clothes") == "refused_words"
    assert refused(ada, "/imagine/draw", prompt="a llama", without="x" * 201) == "refused_picture"
    assert Picture.objects.count() == before
    man = ended(ask(ada, "/imagine/draw", prompt="a man", without="shirt")[0])
    assert refused(ada, f"/p/{man.id}/edit", words="as a child") == "refused_words"
