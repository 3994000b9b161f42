"""What we learn about a server before the first question."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from assistant.llama.backends import Backend
from assistant.llama.client import LlamaClient
from assistant.llama.errors import ModelLoadingError, ModelNotFoundError, NotAllowedError, UnreachableError
from assistant.llama.messages import ChatMessage, Delta
from assistant.llama.options import LlamaOptions
from tests.fake_llama import DONE, FakeLlama, event

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


def lists_many(*entries: dict[str, object]) -> tuple[int, object]:
    return 200, {"object": "list", "data": list(entries)}


async def test_openrouter_tells_the_context_of_the_provider(server: FakeLlama, connect: Connect) -> None:
    entry = {"id": "meta-llama/llama-3.1-8b-instruct", "context_length": 131072}
    server.pages[MODELS] = lists_many({"id": "other", "context_length": 1}, entry)
    client = connect(server, model="meta-llama/llama-3.1-8b-instruct")
    assert (await client.backend()).context == 131072
    entry["top_provider"] = {"context_length": 16384}
    assert (await client.backend(fresh=True)).context == 16384


async def test_together_lists_its_models_without_an_object_around_them(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = (
        200,
        [
            {"id": "black-forest/flux", "type": "image"},
            {"id": "meta-llama/Llama-Guard-3-8B", "type": "moderation", "context_length": 8192},
            {"id": "meta-llama/Llama-3.3-70B", "type": "chat", "context_length": 32768},
        ],
    )
    backend = await connect(server).backend()
    assert (backend.model, backend.context, len(backend.models)) == ("meta-llama/Llama-3.3-70B", 32768, 3)


async def test_lm_studio_tells_the_context_that_is_loaded(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists_many({"id": "llama-3.2-3b"})
    loaded = {"id": "llama-3.2-3b", "state": "loaded", "max_context_length": 131072, "loaded_context_length": 8192}
    server.pages["/api/v0/models"] = lists_many({"id": "other", "loaded_context_length": 1}, loaded)
    assert await connect(server).backend() == Backend("lmstudio", "llama-3.2-3b", 8192, ("llama-3.2-3b",))


async def test_tgi_tells_it_on_a_page_of_its_own(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists_many({"id": "meta-llama/Llama-3.1-8B", "owned_by": "meta-llama/Llama-3.1-8B"})
    server.pages["/info"] = (200, {"model_id": "meta-llama/Llama-3.1-8B", "max_total_tokens": 6144})
    backend = await connect(server).backend()
    assert (backend.kind, backend.context) == ("tgi", 6144)


async def test_ollamas_names_with_and_without_a_tag_are_one(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists_many({"id": "llama3.2:latest", "owned_by": "library"})
    server.pages["/api/version"] = (200, {"version": "0.20.0"})
    server.pages["/api/ps"] = (200, {"models": [{"name": "llama3.2:latest", "context_length": 16384}]})
    assert (await connect(server, model="llama3.2").backend()).context == 16384


@pytest.mark.parametrize(
    "first", ["Llama-Guard-3-8B", "llama-guard3:1b", "nomic-embed-text", "bge-reranker-v2", "whisper-large"]
)
async def test_a_guard_that_is_listed_first_answers_nobody(server: FakeLlama, connect: Connect, first: str) -> None:
    server.pages[MODELS] = lists_many({"id": first, "owned_by": "vllm"}, {"id": "llama-3.1", "owned_by": "vllm"})
    assert (await connect(server).backend()).model == "llama-3.1"


async def test_where_only_a_guard_is_listed_the_operator_must_name_a_model(server: FakeLlama, connect: Connect) -> None:
    server.pages[MODELS] = lists_many({"id": "llama-guard3:1b"})
    with pytest.raises(ModelNotFoundError, match="llama-guard3:1b: see LLAMA_MODEL"):
        await connect(server).backend()
    assert (await connect(server, model="llama-guard3:1b").backend()).model == "llama-guard3:1b"


async def test_a_probe_that_hangs_delays_the_first_answer_a_second_and_no_other() -> None:
    hanging: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + event({"content": "Hi"}) + event({}, "stop") + DONE)
            writer.close()

    async def ask() -> str:
        parts = [part async for part in client.stream([ChatMessage("user", "Hello")])]
        return "".join(part.text for part in parts if isinstance(part, Delta))

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = LlamaClient(LlamaOptions(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1", model="mine"))
    async with asyncio.timeout(2):
        assert await ask() == "Hi"
    async with asyncio.timeout(0.5):
        assert await asyncio.gather(*(ask() for _ in range(3))) == ["Hi"] * 3
    await client.close()
    for writer in hanging:
        writer.close()
    listener.close()
    await listener.wait_closed()


@pytest.mark.parametrize("owner", ["ogx", "llama_stack"])
async def test_ogx_is_known_and_what_it_lists_besides_models_that_talk_answers_nobody(
    server: FakeLlama, connect: Connect, owner: str
) -> None:
    server.pages[MODELS] = lists_many(
        {"id": "st/nomic-v1.5", "owned_by": owner, "custom_metadata": {"model_type": "embedding"}},
        {"id": "vllm/llama-3.1", "owned_by": owner, "custom_metadata": {"model_type": "llm"}},
    )
    backend = await connect(server).backend()
    assert (backend.kind, backend.model) == ("ogx", "vllm/llama-3.1")
