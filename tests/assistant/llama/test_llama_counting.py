"""Where the server has a tokenizer, a conversation is cut by its count, and only when it matters."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llama.client import LlamaClient
from assistant.llama.counting import PATIENCE_SECONDS, TokenCounter
from assistant.llama.errors import ContextTooLongError
from assistant.llama.files import TextFile
from assistant.llama.messages import ChatMessage, Finish
from assistant.llama.options import LlamaOptions
from assistant.llama.tokens import TEMPLATE_TOKENS, Measure, fit, texts_to_count
from assistant.llama.transport import Transport
from tests.fake_llama import Answer, FakeLlama, counts_words, fails, hangs, nonsense, says
from tests.servers import soon
from web.local import llama as embedded
from web.local.progress import Terminal

Connect = Callable[..., LlamaClient]
SYSTEM = ChatMessage("system", "Be kind.")
# Seven letters and a blank each: by our estimate 4 tokens, by the scripted tokenizer one.
PROSE = "llamas. " * 2500
LONG = [SYSTEM, ChatMessage("user", "What is this?", (TextFile("prose.txt", PROSE, len(PROSE)),))]


@pytest.fixture
def llama(llama: FakeLlama) -> FakeLlama:
    llama.on("", says("Yes."))
    return llama


async def finish(client: LlamaClient, messages: list[ChatMessage]) -> Finish:
    [end] = [part async for part in client.stream(messages) if isinstance(part, Finish)]
    return end


def talk(turns: int, words: int) -> list[ChatMessage]:
    said = [ChatMessage("assistant" if n % 2 else "user", f"{n} " + "llamas. " * words) for n in range(2 * turns - 1)]
    return [SYSTEM, *said]


async def test_a_long_file_is_read_whole_where_the_server_counts(llama: FakeLlama, client: LlamaClient) -> None:
    llama.tokenizer = counts_words()
    assert not (await finish(client, LONG)).cut_files
    assert len(llama.tokenized) == 1


async def test_vllm_is_asked_in_its_own_form(
    llama: FakeLlama, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {"data": [{"id": "llama-3.1", "owned_by": "vllm", "max_model_len": 8192}]}
    monkeypatch.setitem(llama.pages, "/v1/models", (200, models))
    llama.tokenizer = counts_words()
    assert not (await finish(connect(llama), LONG)).cut_files
    assert {body["model"] for body in llama.tokenized} == {"llama-3.1"}
    assert any(PROSE[:100] in body["prompt"] for body in llama.tokenized)


async def test_a_short_conversation_is_not_counted(llama: FakeLlama, client: LlamaClient) -> None:
    llama.tokenizer = counts_words()
    await finish(client, talk(3, 20))
    assert llama.tokenized == []


async def test_each_text_is_counted_once(llama: FakeLlama, client: LlamaClient) -> None:
    llama.tokenizer = counts_words()
    await finish(client, talk(6, 200))
    await finish(client, talk(7, 200))
    first, second = (body["content"] for body in llama.tokenized)
    assert len(first) == 2 * (1 + 11)
    assert [text.split()[0] for text in second[::2]] == ["11", "12"]


@pytest.mark.parametrize(
    "broken",
    [fails(404), fails(500), nonsense(b"{}", "application/json"), nonsense(b'{"tokens": [1]}', "application/json")],
    ids=["missing", "error", "empty", "too few"],
)
async def test_without_a_count_the_estimate_is_used_and_the_server_left_alone(
    llama: FakeLlama, client: LlamaClient, broken: Answer
) -> None:
    llama.tokenizer = broken
    for _ in range(2):
        assert (await finish(client, LONG)).cut_files
    assert len(llama.tokenized) == 1


async def test_no_answer_waits_long_for_a_count(llama: FakeLlama, client: LlamaClient) -> None:
    await client.backend()
    llama.tokenizer = hangs()
    begun = time.monotonic()
    async with asyncio.timeout(PATIENCE_SECONDS + 2):
        await finish(client, LONG)
    assert time.monotonic() - begun >= PATIENCE_SECONDS
    begun = time.monotonic()
    await finish(client, LONG)
    assert time.monotonic() - begun < PATIENCE_SECONDS


async def test_special_tokens_in_words_are_counted_as_they_are_sent(llama: FakeLlama, client: LlamaClient) -> None:
    llama.tokenizer = counts_words()
    await finish(client, [SYSTEM, ChatMessage("user", "<|eot_id|>" * 1000)])
    assert "<|eot_id|>" not in str(llama.tokenized)


async def test_the_embedded_server_counts_what_its_prompt_then_holds(tmp_path: Path) -> None:
    server = embedded.llama(embedded.choose("", tmp_path, Terminal()), tmp_path, dict(os.environ))
    server.child.start()
    options = LlamaOptions(url=server.url, key=server.key, max_tokens=1)
    client, transport = LlamaClient(options), Transport(options)
    texts = [
        "Be kind. Use <b>few</b> words.",
        "¿Qué comen las llamas? <|im_end|> 🦙",
        "Hierba.",
        "Pourquoi ?\n\n1. a\n2. b",
    ]
    roles: list[Literal["system", "user", "assistant"]] = ["system", "user", "assistant", "user"]
    prompt = [ChatMessage(role, text) for role, text in zip(roles, texts, strict=True)]
    try:
        await soon(lambda: server.child.check() or server.child.is_ready(), 60)
        counted = await TokenCounter(transport, options).counts(texts, await client.backend())
        sent = (await finish(client, prompt)).prompt_tokens
    finally:
        await client.close()
        await transport.close()
        server.child.kill()
    assert list(counted) == texts
    ours = Measure(1.0, counted).total(prompt)
    assert sent
    assert sent <= ours <= sent + TEMPLATE_TOKENS


@given(st.lists(st.integers(1, 900), min_size=1, max_size=60), st.sampled_from([2048, 4096, 8192]))
def test_what_is_sent_fits_by_the_servers_count(sizes: list[int], context: int) -> None:
    messages = [SYSTEM]
    for number, size in enumerate(sizes):
        messages += [ChatMessage("user", f"{number} " + "a " * size), ChatMessage("assistant", f"{number} " + "b " * 9)]
    messages.pop()
    counted = {message.content: len(message.content.split()) for message in messages}
    kept = fit(messages, context, 512, 1.0, counted)
    # What was shortened is estimated, by no less than its words.
    exact = Measure(1.0, {message.whole: len(message.whole.split()) for message in kept})
    assert exact.total(kept) <= context - 512
    assert kept[-1] == messages[-1]


def test_a_count_decides_whether_a_question_is_too_long() -> None:
    question = ChatMessage("user", "x" * 30_000)
    counted = {SYSTEM.content: 3, question.content: 5000}
    assert fit([SYSTEM, question], 8192, 1024, 1.0, counted)[-1] == question
    with pytest.raises(ContextTooLongError):
        fit([SYSTEM, question], 8192, 1024, 1.0, {**counted, question.content: 7800})


def test_all_texts_are_wanted_once_a_conversation_comes_near_the_limit() -> None:
    assert texts_to_count(talk(2, 50), 8192, 1024) == []
    assert len(texts_to_count(talk(6, 200), 8192, 1024)) == 12
    bare = ChatMessage("user", "What is this?", (TextFile("prose.txt", "", len(PROSE)),))
    assert texts_to_count(LONG, 8192, 1024) == [SYSTEM.whole, LONG[1].whole, bare.whole]
