"""What pictures need is broken or gone: a plain sentence, and all else goes on."""

import pickle
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from imagine import keys
from imagine.diffusion.checkpoint import find
from imagine.errors import CheckpointError
from imagine.models import Picture
from tests.assistant.test_tasks import Touch
from tests.fake_llama import FakeLlama
from tests.imagine.diffusion.checkpoints import stable_diffusion
from tests.imagine.drawing import Pad, draw, ended
from tests.imagine.drawings import encoded, gradient
from tests.people import Visitor, next_address
from tests.security.attacks import closed_with, rest
from tests.security.quiet import FRAGMENT, ask, quiet_site
from tests.servers import Painter, Server, Site, Valkey, eventually

pytestmark = pytest.mark.slow

TRY_AGAIN = 1011
PAGES = ["/", "/c/", "/about/", "/you/", "/imagine/", "/imagine/gallery/"]


class House:
    """A site, its painter and their own Valkey, for a test to break."""

    def __init__(self, folder: Path, llama_url: str, checkpoint: Path) -> None:
        self.valkey = Valkey(folder / "valkey")
        environment = {"REDIS_URL": self.valkey.url, "LLAMA_URL": llama_url, "IMAGINE_MODEL": str(checkpoint)}
        self.site = Site(folder / "site", environment)
        self.painter = Painter(folder / "painter", environment)


@contextmanager
def house(folder: Path, llama_url: str, checkpoint: Path) -> Iterator[House]:
    found = House(folder, llama_url, checkpoint)
    with ExitStack() as stack:
        servers: list[Server] = [found.valkey, found.site, found.painter]
        for server in servers:
            stack.callback(server.kill)
            server.start()
        yield found


def pages_of(visitor: Visitor) -> list[int]:
    return [visitor.get(path).status_code for path in PAGES]


# I12: weights that run code when they are opened


@pytest.fixture
def pickled(tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint with a pickle for its weights, and the file that is there once somebody has opened it."""
    folder, trace = tmp_path / "pickled", tmp_path / "trace"
    stable_diffusion(folder)
    (weights,) = (folder / "unet").glob("*.safetensors")
    weights.unlink()
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Touch(trace)))
    return folder, trace


def test_a_pickled_checkpoint_is_never_opened_and_only_pictures_are_off(
    fake_llama: FakeLlama, pickled: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, trace = pickled
    with house(tmp_path, fake_llama.url, folder) as broken, Visitor(broken.site, next_address()) as visitor:
        eventually(lambda: broken.valkey.has(keys.painter("final")), 60)
        page = visitor.get("/imagine/")
        assert (page.status_code, str(CheckpointError.sentence) in page.text) == (200, True)
        assert str(folder) not in page.text
        assert ask(visitor) == (503, "checkpoint")
        conversation = visitor.begin("Hello")
        rest(conversation)
        assert conversation.runs.get().status == "done"
        with visitor.socket("/ws/imagine/") as socket:
            studio = socket.hear_until("studio")
        assert (studio["live"], studio["sentence"]) == (False, str(CheckpointError.sentence))
        run = visitor.begin("/imagine a llama").runs.get
        eventually(lambda: run().status == "failed")
        assert run().problem == "checkpoint"
        assert "diffusion_pytorch_model.bin" in broken.painter.log
        assert set(pages_of(visitor)) == {200}
    assert not trace.exists()


def test_a_pickle_that_calls_itself_safe_is_not_opened_either(pickled: tuple[Path, Path]) -> None:
    folder, trace = pickled
    weights = folder / "unet" / "diffusion_pytorch_model.bin"
    weights.rename(weights.with_suffix(".safetensors"))
    with pytest.raises(CheckpointError):
        find(str(folder), folder.parent)
    assert not trace.exists()


# K5: Redis


def test_while_redis_is_gone_pages_say_so_and_afterwards_all_is_drawn_again(
    fake_llama: FakeLlama, tmp_path: Path
) -> None:
    tiny = stable_diffusion(tmp_path / "tiny")
    with house(tmp_path, fake_llama.url, tiny) as home, Visitor(home.site, next_address()) as visitor:
        eventually(lambda: home.valkey.has(keys.painter("final")), 60)
        picture = draw(visitor)
        with visitor.socket("/ws/imagine/") as socket:
            pad = Pad(socket)
            pad.type("a llama")
            pad.frame()
            home.valkey.kill()
            pad.type("a llama in the rain")
            assert_plain(socket.hear_until("refused"))
            forms = away(visitor, picture)
            assert {path: code for path, (status, code) in forms.items() if status != 503} == {}
            assert set(pages_of(visitor)) == {200}
            assert visitor.get(f"/p/{picture.id}/").status_code == 200
            assert visitor.get(f"/p/{picture.id}/picture.jpg").status_code == 200
            assert [found.status for found in Picture.objects.filter(person=visitor.person)] == ["done"]
            home.valkey.start()
            eventually(lambda: home.valkey.has(keys.painter("final")), 60)
            ended(draw(visitor))
            pad.type("a llama in the sun", hurry=True)
            pad.frame(3)


# K5: the disk


@contextmanager
def full_disk(site: Site) -> Iterator[None]:
    """The web server writes to no file: neither the database nor what is uploaded."""
    children = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()
    pid = int(children[0]) if children else site.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the disk of PostgreSQL is not ours")
def test_while_the_disk_is_full_pages_say_so_and_afterwards_all_works(
    valkey: Valkey, fake_llama: FakeLlama, tmp_path: Path
) -> None:
    with quiet_site(valkey, fake_llama.url, tmp_path, {}) as site, Visitor(site, next_address()) as visitor:
        conversation = visitor.begin()
        rest(conversation)
        address, words = f"/c/{conversation.pk}/messages", {"text": "Are you there?", "id": str(uuid4())}
        file = {"file": ("a.jpg", encoded(gradient(), "jpeg"), "image/jpeg")}
        with visitor.socket() as socket, full_disk(site):
            refused = [visitor.post(address, words), visitor.post("/imagine/upload", files=file)]
            assert {answer.status_code for answer in refused} <= {500, 503}
            assert "Traceback" not in refused[0].text + refused[1].text
            assert set(pages_of(visitor)) == {200}
            socket.say("send", conversation=conversation.pk, id=uuid4(), text="Are you there?")
            assert closed_with(socket) == TRY_AGAIN
        assert conversation.messages.count() == 2
        assert visitor.post(address, words).status_code == 302
        rest(conversation)
        assert conversation.runs.order_by("created_at").last().status == "done"
        assert visitor.post("/imagine/upload", files=file, headers=FRAGMENT).status_code == 201


def assert_plain(refusal: dict[str, object]) -> None:
    assert refusal["code"] == "log_unavailable"
    assert refusal["sentence"]
    assert "Redis" not in str(refusal["sentence"])


def away(visitor: Visitor, picture: Picture) -> dict[str, tuple[int, str]]:
    """What forms say while Redis is gone."""
    forms: dict[str, dict[str, object]] = {
        "/imagine/draw": {},
        "/imagine/keep": {"sketch": picture.id, "number": 1},
        "/imagine/grow": {"sketch": picture.id},
        "/imagine/upload": {},
        f"/p/{picture.id}/vary": {},
        f"/p/{picture.id}/edit": {"words": "at night"},
        f"/p/{picture.id}/animate": {"motion": "gentle", "seconds": 1},
        f"/p/{picture.id}/stop": {},
        f"/p/{picture.id}/share": {},
    }
    return {path: ask(visitor, path, **fields) for path, fields in forms.items()}
