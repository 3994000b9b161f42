"""A scripted server, and clients that talk to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from assistant.llama.client import LlamaClient
from assistant.llama.options import LlamaOptions
from tests.fake_llama import FakeLlama


@pytest.fixture(scope="session")
def llama_server() -> Iterator[FakeLlama]:
    with FakeLlama() as server:
        yield server


@pytest.fixture
def llama(llama_server: FakeLlama) -> FakeLlama:
    llama_server.reset()
    return llama_server


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., LlamaClient]]:
    """Makes a client for a server, with options of the test's choice."""
    clients: list[LlamaClient] = []

    def make(server: FakeLlama, **options: Any) -> LlamaClient:
        clients.append(LlamaClient(LlamaOptions(url=server.url, **options)))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
def client(llama: FakeLlama, connect: Callable[..., LlamaClient]) -> LlamaClient:
    return connect(llama)
