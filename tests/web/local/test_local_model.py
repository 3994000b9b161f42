"""The embedded model: which file it is, and that it answers us alone."""

import os
from pathlib import Path

import httpx
import pytest

from tests.servers import eventually
from web.local.errors import ModelFileError
from web.local.llama import choose, llama


def no_progress(_done: int, _total: int) -> None:
    raise AssertionError("nothing is fetched here")


def test_without_a_wish_the_demonstration_model_is_taken(tmp_path: Path) -> None:
    model = choose("", tmp_path, no_progress)
    assert (model.demo, model.path.suffix) == (True, ".gguf")


def test_a_file_of_the_operator_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "Llama-3.2-1B.gguf"
    file.write_bytes(b"GGUF and more")
    model = choose(str(file), tmp_path, no_progress)
    assert (model.path, model.name, model.demo) == (file, "Llama-3.2-1B", False)


@pytest.mark.parametrize("wanted", ["nowhere.gguf", "/", "someone/llama:llama.bin"])
def test_what_is_not_a_file_is_refused_by_name(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(ModelFileError, match="LLAMA_LOCAL_MODEL names"):
        choose(wanted, tmp_path, no_progress)


def test_the_server_answers_with_its_key_only(tmp_path: Path) -> None:
    model = choose("", tmp_path, no_progress)
    server = llama(model, tmp_path, dict(os.environ))
    server.child.start()
    eventually(lambda: server.child.check() or server.child.is_ready(), 60)
    site = server.settings(model)
    question = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, "model": site["LLAMA_MODEL"]}
    try:
        stranger = httpx.post(f"{server.url}/chat/completions", json=question)
        ours = httpx.post(
            f"{site['LLAMA_URL']}/chat/completions",
            json=question,
            headers={"Authorization": f"Bearer {site['LLAMA_KEY']}"},
            timeout=60,
        )
    finally:
        server.child.kill()
    assert stranger.status_code == 401
    assert ours.json()["model"] == "SmolLM2-135M-Instruct"
    assert ours.json()["usage"]["completion_tokens"] in range(1, 5)
