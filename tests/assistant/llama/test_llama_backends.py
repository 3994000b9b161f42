"""What we learn about a server before the first question."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from assistant.llama.backends import Backend
from assistant.llama.client import LlamaClient
from assistant.llama.errors import ModelLoadingError, NotAllowedError, UnreachableError
from assistant.llama.options import LlamaOptions
from tests.fake_llama import FakeLlama

Connect = Callable[..., LlamaClient]
MODELS = "/v1/models"


@pytest.fixture
def server() -> Iterator[FakeLlama]:
    """A server whose pages a test may change."""
    with FakeLlama() as server:
        yield server


def lists(**entry: object) -> tuple[int, object]:
    """A model list with this one entry."""
    return 200, {"object": "list", "data": [{"id": "llama3.1", **entry}]}


async def test_llama_cpp_tells_the_context_of_one_slot(server: FakeLlama, connect: Connect) -> None:
    assert await connect(server).backend() == Backend("llamacpp", "fake-llama", 8192, ("fake-llama",))


async def test_llama_cpp_without_its_own_page_tells_it_in_the_list(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists(owned_by="llamacpp", meta={"n_ctx": 2048})
    server.pages["/props"] = (403, {})
    assert (await connect(server).backend()).context == 2048


@pytest.mark.parametrize("owner", ["vllm", "sglang"])
async def test_vllm_and_sglang_tell_it_in_the_list(server: FakeLlama, connect: Connect, owner: str) -> None:
    server.pages[MODELS] = lists(owned_by=owner, max_model_len=16384)
    assert await connect(server).backend() == Backend(owner, "llama3.1", 16384, ("llama3.1",))  # type: ignore[arg-type]


async def test_a_host_tells_it_in_the_list(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists(owned_by="Meta", context_window=131072)
    assert await connect(server).backend() == Backend("unknown", "llama3.1", 131072, ("llama3.1",))


async def test_ollama_tells_the_context_of_the_loaded_model(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists(owned_by="library")
    server.pages["/api/version"] = (200, {"version": "0.20.0"})
    server.pages["/api/ps"] = (200, {"models": [{"name": "llama3.1", "context_length": 32768}]})
    assert await connect(server).backend() == Backend("ollama", "llama3.1", 32768, ("llama3.1",))


async def test_ollama_before_loading_follows_its_modelfile(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists(owned_by="library")
    server.pages["/api/version"] = (200, {"version": "0.20.0"})
    server.pages["/api/ps"] = (200, {"models": []})
    server.pages["/api/show"] = (200, {"parameters": 'stop            "<|eot_id|>"\nnum_ctx         16384'})
    assert (await connect(server).backend()).context == 16384


async def test_a_silent_ollama_is_taken_to_be_small(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists(owned_by="library")
    server.pages["/api/version"] = (200, {"version": "0.20.0"})
    assert await connect(server).backend() == Backend("ollama", "llama3.1", 4096, ("llama3.1",))


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}),
        (200, {}),
        (200, []),
        (200, {"data": None}),
        (200, {"data": [{"id": 5}, None]}),
        (500, "oops"),
        (429, {}),
    ],
)
async def test_a_server_without_a_model_list_is_still_used(
    server: FakeLlama, connect: Connect, answer: tuple[int, object]
) -> None:
    server.pages[MODELS] = answer
    assert await connect(server, model="mine").backend() == Backend("unknown", "mine", 4096, ())


async def test_a_chosen_context_and_model_are_believed(server: FakeLlama, connect: Connect) -> None:
    backend = await connect(server, model="mine", context=1000).backend()
    assert (backend.model, backend.context) == ("mine", 1000)


async def test_a_server_that_is_away_is_unreachable(server: FakeLlama, connect: Connect) -> None:
    server.stop()
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{server.port} cannot be reached: ClientConnectorError"):
        await connect(server).backend()


async def test_a_server_that_is_loading_says_so(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}})
    with pytest.raises(ModelLoadingError):
        await connect(server).backend()


async def test_a_server_that_refuses_the_key_says_so(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = (401, {"error": {"message": "no"}})
    with pytest.raises(NotAllowedError):
        await connect(server).backend()


async def test_a_server_is_asked_once_and_again_only_when_wanted(server: FakeLlama, connect: Connect) -> None:
    client = connect(server)
    first = await asyncio.gather(*(client.backend() for _ in range(20)))
    server.pages["/props"] = (200, {"default_generation_settings": {"n_ctx": 1024}})
    assert {backend.context for backend in first} == {8192}
    assert (await client.backend()).context == 8192
    assert (await client.backend(fresh=True)).context == 1024


def test_the_operator_never_sees_the_key_or_a_password_in_the_address() -> None:
    options = LlamaOptions("http://me:password@llama.example:8080/v1", key="secret")
    assert options.host == "llama.example:8080"
    assert "secret" not in repr(options)
