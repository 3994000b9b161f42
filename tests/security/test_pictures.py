"""Pictures as they are really drawn, and those who want of the painter what it must not do."""

import socket as sockets
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from PIL import ImageChops

from imagine import keys
from imagine.files import marks, storage
from imagine.files.develop import FORMS
from imagine.models import Picture, Share
from tests.assistant.test_tasks import Touch
from tests.fake_llama import FakeLlama, says
from tests.imagine.drawing import LOOP_FILES, STILL_FILES, Pad, ask, begin, draw, ended, refused, shown
from tests.imagine.drawings import encoded, gradient, mistaken
from tests.imagine.test_pictures import upload
from tests.people import Visitor
from tests.security.attacks import replies, rows, sign_up
from tests.servers import Painter, Valkey, eventually

PROMPT = "zebra crossing at dawn"


@pytest.fixture
def ada(alice: Visitor, painter: Painter) -> Visitor:
    """Alice, where something is drawn."""
    return alice


# What is refused


def test_an_upload_that_is_not_shown_here_leaves_nothing_of_itself(ada: Visitor, bob: Visitor) -> None:
    original = encoded(mistaken(), "png")
    [picture] = ask(ada, "/imagine/upload", files={"file": ("dog.png", original, "image/png")})
    ended(picture, "failed")
    assert (picture.problem, picture.files) == ("refused_pixels", [])
    assert storage.names(picture.id) == []
    page = ada.get(f"/p/{picture.id}/")
    assert "not shown here" in page.text
    assert "<img" not in page.text.split('id="p-', 1)[1].split("</article>")[0]
    for name in (*storage.SERVED, storage.MASTER, "start.jpg"):
        assert ada.get(f"/p/{picture.id}/{name}").status_code == 404
    for path, fields in GOING_ON.items():
        assert refused(ada, f"/p/{picture.id}/{path}", **fields) == "refused_picture"
    assert ada.post(f"/p/{picture.id}/share", headers={"X-Fragment": "1"}).json()["code"] == "refused_picture"
    # There is nothing left to begin from.
    ask_again = ada.post(f"/p/{picture.id}/again", headers={"X-Fragment": "1"})
    assert ask_again.status_code == 201
    assert ended(picture, "failed").problem == "unable"
    assert storage.names(picture.id) == []


GOING_ON: dict[str, dict[str, Any]] = {
    "vary": {},
    "restyle": {"style": "woven"},
    "edit": {"words": "at night"},
    "animate": {"motion": "gentle", "seconds": 1},
}


def test_what_is_not_shown_is_caught_in_a_loop_too(ada: Visitor) -> None:
    """A grown film shows its frames as they are; these got past the check, say an older one."""
    begin(ada)
    loop = Picture.objects.create(person=ada.person, made=Picture.Made.GROWN, prompt="ellipses")
    frame = encoded(mistaken(), "jpeg", quality=95)
    storage.save(loop.id, {f"film-{number:03}.jpg": frame for number in range(3)})
    ask_painter(ada, loop)
    ended(loop, "failed")
    assert (loop.problem, loop.files) == ("refused_pixels", [])
    assert storage.names(loop.id) == []


def ask_painter(visitor: Visitor, picture: Picture) -> None:
    """Have drawn what no page asked for."""
    Picture.objects.filter(id=picture.id).update(status=Picture.Status.STOPPED)
    assert visitor.post(f"/p/{picture.id}/again", headers={"X-Fragment": "1"}).status_code == 201


@pytest.mark.parametrize("words", ["a naked woman", "р o r n", "une femme nue", "n\u200bude"])
def test_the_chat_draws_nothing_that_is_not_drawn_elsewhere(ada: Visitor, words: str) -> None:
    for text in (f"/imagine {words}", f"Imagine a fox, {words}"):
        run = ada.begin(text).runs.get
        eventually(lambda run=run: run().status != "running")  # type: ignore[misc]
        assert (run().status, run().problem) == ("failed", "refused_words")
    assert not Picture.objects.filter(person=ada.person).exists()


# I11: marks


def private(picture: Picture) -> list[bytes]:
    """What no file may hold."""
    person = picture.person
    known = [picture.prompt, picture.words, person.username, str(person.id), person.id.hex, str(picture.id)]
    return [text.encode() for text in [*known, picture.id.hex, str(picture.group), str(picture.seed)] if text]


def test_every_file_of_a_picture_says_where_it_comes_from_and_nothing_about_anybody(ada: Visitor, bob: Visitor) -> None:
    begin(ada)
    sign_up(ada)
    picture = draw(ada, prompt=PROMPT, seed=918273645)
    edited = ended(ask(ada, f"/p/{upload(ada).id}/edit", words="behind a zebra crossing")[0])
    loop = ended(ask(ada, f"/p/{picture.id}/animate", motion="orbit", seconds=1)[0])
    for made, names, source in [
        (picture, STILL_FILES, marks.MADE),
        (loop, LOOP_FILES, marks.MADE),
        (edited, STILL_FILES, marks.EDITED),
    ]:
        ada.post(f"/p/{made.id}/share", {"shows_prompt": "0"})
        shared = f"/s/{Share.objects.get(picture=made).token}/"
        for name in names:
            own, given = ada.get(f"/p/{made.id}/{name}"), bob.get(shared + name)
            assert own.content == given.content
            assert marks.read_source(own.content, FORMS[name.rpartition(".")[2]]) == source, name
            assert [text for text in private(made) if text in own.content] == [], name
            assert [text for text in private(made) if text.decode() in str(given.headers)] == [], name
        assert bob.get(shared + storage.MASTER).status_code == 404


@pytest.mark.parametrize("form", ["png", "jpg", "webp"])
def test_every_form_carries_the_label(ada: Visitor, form: str) -> None:
    """In the corner where the label stands, a picture differs from what it was drawn as; elsewhere hardly."""
    picture = draw(ada)
    shown_one, master = (shown(picture, name).convert("RGB") for name in (f"picture.{form}", storage.MASTER))
    changed = ImageChops.difference(shown_one, master).convert("L").point(lambda value: 255 * (value > 60))
    where = changed.getbbox()
    assert where
    assert where[0] + where[2] > master.width * 0.6
    assert where[1] > master.height / 2


# I5: what looks like an address is words


def test_an_address_in_a_prompt_is_words(ada: Visitor) -> None:
    with sockets.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}/x.png"
        picture = draw(ada, prompt=address)
        ended(ask(ada, f"/p/{picture.id}/edit", words="file:///etc/passwd")[0])
        with pytest.raises(BlockingIOError):
            trap.accept()


# K3: many tabs


def test_one_who_types_in_many_tabs_sees_the_newest_and_takes_nothing_from_others(
    ada: Visitor, bob: Visitor, valkey: Valkey
) -> None:
    for visitor in (ada, bob):
        begin(visitor)
    with ExitStack() as tabs, bob.socket("/ws/imagine/") as quiet:
        pads = [Pad(tabs.enter_context(ada.socket("/ws/imagine/"))) for _ in range(20)]
        for length in range(1, 6):
            for pad in pads:
                pad.type("a llama"[:length])
        patient = Pad(quiet)
        patient.type("a fox")
        assert patient.frame()["number"] == 1
        for pad in pads:
            replies(pad.socket)
        last = pads[-1]
        last.type("a llama in the rain", hurry=True)
        while (last.socket.hear_until("live")["sketch"], last.socket.heard[-1]["number"]) != (str(last.sketch), 6):
            pass
        frames = [frame for frame in last.socket.heard if frame["type"] == "live"]
        assert len(frames) < 101
    eventually(lambda: not any(valkey.has(key(ada.person.id)) for key in (keys.slot, keys.lock)))


# K7: the queue


def test_strange_tasks_change_nothing_and_the_painter_lives(
    ada: Visitor, painter: Painter, valkey: Valkey, tmp_path: Path
) -> None:
    done, stopped, trace = draw(ada), draw_nothing(ada), tmp_path / "trace"
    before = rows(ada.person)
    with Celery(broker=valkey.url, set_as_current=False) as queue:
        for name in ("draw", "animate"):
            for arguments in [*STRANGE, [[str(done.id)]], [[str(stopped.id)] * 3], [str(done.id)]]:
                queue.send_task(f"imagine.tasks.{name}", arguments, queue="final")
            queue.send_task(f"imagine.tasks.{name}", [], {"ids": {}, "everybody": True}, queue="final")
        queue.send_task("imagine.tasks.draw", [Touch(trace)], serializer="pickle", queue="final")
        queue.send_task("imagine.tasks.draw_live", ["a", "b"], queue="live")
        queue.send_task("imagine.tasks.erase_everything", queue="final")
        queue.send_task("os.system", [f"touch {trace}"], queue="final")
    assert draw(ada).status == "done"
    Picture.objects.filter(person=ada.person).exclude(id__in=(done.id, stopped.id)).delete()
    assert rows(ada.person) == before
    assert not trace.exists()
    assert "os.system" in painter.log


STRANGE: list[list[Any]] = [
    [],
    [None],
    [5],
    ["x"],
    [["x"]],
    [[5]],
    [[None]],
    [[["x"]]],
    [{"x": 1}],
    [[str(uuid4())]],
    [[], []],
    [["a" * 100_000]],
]


def draw_nothing(visitor: Visitor) -> Picture:
    return Picture.objects.create(person=visitor.person, made=Picture.Made.DRAWN, status=Picture.Status.STOPPED)


# L7: logs


def test_nothing_that_people_want_drawn_stands_in_a_log(
    ada: Visitor, painter: Painter, valkey: Valkey, fake_llama: FakeLlama
) -> None:
    """A marker in all that is typed, also so far back that a tokenizer cuts it off and would like to say so."""
    # Of letters only: a tokenizer sets figures apart.
    marker = "zebra" + uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))
    fake_llama.on("a fox", says(f"a fox and {marker}\na nude {marker}"))
    begin(ada)
    with ada.socket("/ws/imagine/") as socket:
        pad = Pad(socket)
        pad.type(f"a {marker}")
        pad.frame()
        pad.type(f"a naked {marker} woman", hurry=True)
        socket.hear_until("refused")
        for frame in (marker, f'{{"type": "{marker}"}}', f'{{"type": "draw", "sketch": "{marker}"}}'):
            socket.connection.send(frame)
            socket.hear_until("problem")
    ask(ada, "/imagine/keep", sketch=pad.sketch, number=1)
    picture = draw(ada, prompt=f"{'a llama, ' * 40}{marker}")
    ended(ask(ada, f"/p/{picture.id}/edit", words=f"with {marker}")[0])
    ended(ask(ada, f"/p/{picture.id}/animate", motion="gentle", seconds=1)[0])
    for path, fields in {
        "/imagine/draw": {"prompt": f"{marker} porn"},
        f"/p/{picture.id}/restyle": {"style": marker},
        f"/p/{picture.id}/edit": {"words": marker * 20},
        "/imagine/keep": {"sketch": marker, "number": marker},
    }.items():
        refused(ada, path, **fields)
    for form in ("png", "txt"):
        file = (f"{marker}.{form}", encoded(gradient(), "png") if form == "png" else marker.encode(), "image/png")
        ada.post("/imagine/upload", files={"file": file}, headers={"X-Fragment": "1"})
    ada.post("/imagine/ideas", {"prompt": f"a fox {marker}"})
    ada.get("/imagine/", params={"prompt": marker, "from": marker})
    ada.get(f"/p/{picture.id}/{marker}")
    ada.post("/imagine/", {"prompt": marker * 30})
    run = ada.begin(f"/imagine {marker}").runs.get
    eventually(lambda: run().status == "done", 60)
    for server in (ada.site, painter, valkey):
        assert server.log
        assert marker not in server.log
