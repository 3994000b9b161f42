"""Odd streams, broken connections and secrets, over real sockets."""

import asyncio
import gzip
import json
import logging
import time
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from assistant.llama.client import LlamaClient
from assistant.llama.errors import (
    ContextTooLongError,
    CutOffError,
    DecodingError,
    EmptyAnswerError,
    LlamaError,
    LlamaServerError,
    NotAllowedError,
    RefusalError,
    UnreachableError,
)
from assistant.llama.messages import ChatMessage, Delta, Finish, Reasoning
from assistant.llama.options import LlamaOptions
from tests.fake_llama import DONE, Exchange, FakeLlama, Gate, event, fails, says, sends, usage, words

Connect = Callable[..., LlamaClient]
Raw = Callable[..., Awaitable[LlamaClient]]
KEY = "sk-very-secret-0123456789"
STOP = event({}, "stop")


async def ask(client: LlamaClient, said: str = "Hello") -> tuple[str, Finish | LlamaError]:
    """The text of an answer, and how it ended."""
    text = ""
    try:
        async for part in client.stream([ChatMessage("system", "Be kind."), ChatMessage("user", said)]):
            match part:
                case Delta(piece):
                    text += piece
                case Reasoning(_, retracts):
                    text = "" if retracts else text
                case Finish():
                    return text, part
    except LlamaError as error:
        return text, error
    return pytest.fail("the answer had no end")


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    """Makes a client of a server that lists one model, and answers with bytes of the test's choice: strings of bytes
    are written, numbers are pauses in seconds. The connection stays open."""
    servers: list[asyncio.Server] = []
    clients: list[LlamaClient] = []
    writers: list[asyncio.StreamWriter] = []
    listed = json.dumps({"data": [{"id": "llama", "owned_by": "vllm", "max_model_len": 8192}]}).encode()

    async def make(*parts: bytes | float, **options: Any) -> LlamaClient:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(listed), listed))
                writer.close()
                return
            for part in parts:
                if isinstance(part, bytes):
                    writer.write(part)
                    await writer.drain()
                else:
                    await asyncio.sleep(part)

        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/v1"
        clients.append(LlamaClient(LlamaOptions(url=url, key=KEY, **options)))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()
    for writer in writers:
        writer.close()
    for server in servers:
        server.close()
        await server.wait_closed()


def choice(delta: object, reason: object = None) -> bytes:
    """An event whose delta and reason may be of any form."""
    value = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


HELLO = event({"content": "Hello"}) + event({"content": " there"}) + STOP
WHOLE = {"object": "chat.completion", "choices": [{"message": {"content": "Hello there"}, "finish_reason": "stop"}]}
CALL = {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "search", "arguments": "{}"}}]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"data: : OPENROUTER PROCESSING\n\n" + HELLO + DONE, "text/event-stream"),
        (b"data:\n\ndata: \n\ndata: null\n\n" + HELLO + DONE, "text/event-stream"),
        (b"data: ping\n\n" + HELLO + b"data: keep-alive\n\n" + DONE, "text/event-stream"),
        (b"event: ping\ndata: {}\n\n" + HELLO + DONE, "text/event-stream"),
        ((HELLO + DONE).replace(b"\n\n", b"\n"), "text/event-stream"),
        ((HELLO + DONE).replace(b"\n\n", b"\r\n"), "text/event-stream"),
        ((HELLO + DONE).replace(b"data:", b"event: message\ndata:").replace(b"\n\n", b"\n"), "text/event-stream"),
        ((HELLO + DONE).replace(b"data:", b"data: data:"), "text/event-stream"),
        (HELLO + DONE, "application/json"),
        (HELLO + DONE, "text/plain"),
        (HELLO.replace(b"data: ", b"").replace(b"\n\n", b"\n"), "application/x-ndjson"),
        (json.dumps(WHOLE).encode(), "application/json"),
        (json.dumps(WHOLE, indent=2).encode(), "application/json"),
        (b"data: " + json.dumps(WHOLE).encode() + b"\n\n" + DONE, "text/event-stream"),
        (choice({"content": [{"type": "text", "text": "Hello"}, " there"]}) + STOP, "text/event-stream"),
        (choice({"content": {"text": "Hello there"}}) + STOP, "text/event-stream"),
        (choice({"content": "Hello"}, "null") + choice({"content": " there"}, "") + STOP, "text/event-stream"),
        (choice({"content": "Hello"}, "stop") + choice({"content": " there"}, "stop"), "text/event-stream"),
        (choice({"content": "Hello there", "tool_calls": None}, "stop") + DONE, "text/event-stream"),
        (b'data: {"choices": [{"text": "Hello there"}]}\n\n' + DONE, "text/event-stream"),
        (b'data: {"choices": [{"delta": {"content": "Hello\tthere"}}]}\n\n' + DONE, "text/event-stream"),
    ],
)
async def test_an_answer_is_read_however_it_is_written(
    llama: FakeLlama, client: LlamaClient, body: bytes, kind: str
) -> None:
    llama.script(sends(body, kind=kind))
    text, end = await ask(client)
    assert (text.replace("\t", " "), type(end)) == ("Hello there", Finish)


@pytest.mark.parametrize("cut", ["middle", "every byte"])
async def test_a_stream_that_is_compressed_all_the_same_is_read(
    llama: FakeLlama, client: LlamaClient, cut: str
) -> None:
    packed = gzip.compress(HELLO + DONE)

    async def compressed(exchange: Exchange) -> None:
        await exchange.begin(content_encoding="gzip")
        size = len(packed) // 2 if cut == "middle" else 1
        for start in range(0, len(packed), size):
            await exchange.write(packed[start : start + size])
        await exchange.end()

    llama.script(compressed)
    assert (await ask(client))[0] == "Hello there"


async def test_a_broken_compression_is_an_error_with_a_name(llama: FakeLlama, client: LlamaClient) -> None:
    async def broken(exchange: Exchange) -> None:
        await exchange.begin(content_encoding="gzip")
        await exchange.write(b"this is no gzip")
        await exchange.end()

    llama.script(broken)
    assert isinstance((await ask(client))[1], DecodingError)


async def test_a_reason_on_every_piece_does_not_end_the_answer(llama: FakeLlama, connect: Connect) -> None:
    gate = Gate()

    async def reasons(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.write(choice({"content": "a"}, "stop"))
        await asyncio.sleep(2.2)
        await exchange.write(choice({"content": "b"}, "stop"))
        await exchange.write(DONE)
        await exchange.end()
        gate.open()

    llama.script(reasons)
    assert (await ask(connect(llama)))[0] == "ab"


@pytest.mark.parametrize(
    ("stream", "kept", "expected"),
    [
        ([*words("Half"), event({}, "error"), DONE], "Half", LlamaServerError),
        ([event({"content": ""}, "error"), DONE], "", LlamaServerError),
        ([*words("Half"), event({}, "abort"), DONE], "Half", CutOffError),
        ([event({}, "abort"), DONE], "", LlamaServerError),
        ([*words("Half"), event({}, "content_filter"), DONE], "Half", RefusalError),
        ([event({}, "content_filter"), DONE], "", RefusalError),
        ([event({}, "SAFETY"), DONE], "", RefusalError),
        ([event({}, "length"), event(None, usage=usage(8191, 1)), DONE], "", ContextTooLongError),
        (
            [event({}, "error"), b'data: {"error": {"code": 403, "message": "flagged: was flagged"}}\n\n'],
            "",
            RefusalError,
        ),
        ([choice({"content": "Half"}, "stop"), b'data: {"error": {"code": 500}}\n\n'], "Half", LlamaServerError),
    ],
)
async def test_an_end_that_is_no_good_end_has_its_name_and_the_text_is_kept(
    llama: FakeLlama, client: LlamaClient, stream: list[bytes], kept: str, expected: type[LlamaError]
) -> None:
    llama.default = sends(*stream)
    text, end = await ask(client)
    llama.default = says("Hello from the llama.")
    assert (text, type(end)) == (kept, expected)


async def test_an_answer_that_is_a_tool_call_alone_is_not_empty(llama: FakeLlama, client: LlamaClient) -> None:
    llama.script(sends(event(CALL), event({}, "tool_calls"), DONE))
    text, end = await ask(client)
    assert isinstance(end, Finish)
    assert (text, end.tool_calls) == ("", tuple(CALL["tool_calls"]))


async def test_words_after_the_end_of_the_turn_are_not_waited_for(llama: FakeLlama, client: LlamaClient) -> None:
    runaway = ["Hello!", "<|eot_id|>", "<|start_header_id|>", "assistant", "<|end_header_id|>", "\n\n", "How are you?"]

    async def goes_on(exchange: Exchange) -> None:
        await exchange.begin()
        for piece in runaway:
            await exchange.write(event({"content": piece}))
        await asyncio.Event().wait()

    llama.script(goes_on)
    async with asyncio.timeout(1):
        text, end = await ask(client)
    assert (text, isinstance(end, Finish) and end.reason) == ("Hello!", "stop")
    await llama.until(lambda counts: counts.closed_by_client == 1)


async def test_the_marks_that_end_a_turn_are_sent_as_stops(llama: FakeLlama, client: LlamaClient) -> None:
    await ask(client)
    assert llama.requests[0]["stop"] == ["<|eot_id|>", "<|end_of_text|>", "<|start_header_id|>"]


async def test_a_prompt_refused_within_the_stream_is_sent_again_with_fewer_turns(
    llama: FakeLlama, client: LlamaClient
) -> None:
    refusal = {"error": {"message": "This model's maximum context length is 2048 tokens.", "code": 400}}
    llama.script(sends(b"data: " + json.dumps(refusal).encode() + b"\n\n"), says("Now it fits."))
    turn = [ChatMessage("user", "why " * 100), ChatMessage("assistant", "because " * 100)]
    history = [*turn * 6, ChatMessage("user", "And now?")]
    text = "".join([part.text async for part in client.stream(history) if isinstance(part, Delta)])
    first, second = llama.requests
    assert text == "Now it fits."
    assert len(second["messages"]) < len(first["messages"])
    assert second["max_tokens"] == 1024
    assert sum(len(message["content"]) for message in second["messages"]) < 2048


async def test_no_second_try_after_the_first_word(llama: FakeLlama, client: LlamaClient) -> None:
    refusal = b'data: {"error": {"message": "maximum context length is 2048 tokens"}}\n\n'
    llama.script(sends(*words("Half"), refusal))
    text, end = await ask(client)
    assert (text, type(end), len(llama.requests)) == ("Half", ContextTooLongError, 1)


@pytest.mark.parametrize(
    ("factor_model", "shorter"),
    [("fake-llama", True), ("models/fake-llama:latest", True), ("", True), ("another", False)],
)
async def test_what_one_model_taught_about_tokens_does_not_count_for_another(
    llama: FakeLlama, connect: Connect, factor_model: str, shorter: bool
) -> None:
    turn = [ChatMessage("user", "why " * 100), ChatMessage("assistant", "because " * 100)]
    history = [*turn * 9, ChatMessage("user", "And now?")]
    client = connect(llama)
    async for _ in client.stream(history, 2.0, factor_model):
        pass
    assert (len(llama.requests[0]["messages"]) < len(history)) is shorter


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize(
    ("parts", "kept", "expected"),
    [
        ((CHUNKED + b"ZZ\r\nabc",), "", UnreachableError),
        ((CHUNKED, 0.1, b"ZZ\r\nabc"), "", CutOffError),
        ((CHUNKED + chunk(words("Half")[0]), 0.1, b"ZZ\r\nabc"), "Half", CutOffError),
        ((CHUNKED + chunk(words("Half")[0]), 0.1, b"-5\r\nabc"), "Half", CutOffError),
        ((b"SSH-2.0-OpenSSH_9.6\r\n",), "", UnreachableError),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",), "", UnreachableError),
        ((b"HTTP/1.1 what\r\n\r\n",), "", UnreachableError),
        ((b"\x15\x03\x01\x00\x02\x02\x50",), "", UnreachableError),
    ],
)
async def test_what_is_no_http_is_seen_at_once_and_has_a_name(
    raw: Raw, parts: tuple[bytes | float, ...], kept: str, expected: type[LlamaError]
) -> None:
    begun = time.monotonic()
    text, end = await ask(await raw(*parts))
    assert (text, type(end)) == (kept, expected)
    assert time.monotonic() - begun < 4
    assert_secret(end)


async def test_a_good_end_counts_before_a_chunk_that_is_broken(raw: Raw) -> None:
    text, end = await ask(await raw(CHUNKED + chunk(HELLO + DONE), 0.1, b"ZZ\r\n"))
    assert (text, type(end)) == ("Hello there", Finish)


def assert_secret(end: object) -> None:
    """Neither the error nor anything that a log prints of it holds the key, or what carries the request."""
    assert isinstance(end, LlamaError)
    shown = "".join(traceback.format_exception(end)) + repr(end)
    assert KEY not in shown
    assert end.__context__ is None
    assert end.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/v1",
        "http://127.0.0.1:99999/v1",
        "http://[::1/v1",
        "http://a..b/v1",
        f"http://{'a' * 70}.example/v1",
        "http://exa mple/v1",
        "http://☃.:80/v1",
        "ftp://127.0.0.1/v1",
        "127.0.0.1:8080",
        "http:///v1",
        "",
    ],
)
async def test_an_address_that_cannot_be_used_is_an_error_of_ours(url: str) -> None:
    client = LlamaClient(LlamaOptions(url=url, key=KEY, connect_seconds=2))
    try:
        text, end = await ask(client)
    finally:
        await client.close()
    assert (text, type(end)) == ("", UnreachableError)
    assert_secret(end)


@pytest.mark.parametrize("key", ["two\nlines", "sécret", "☃", "tab\tbed", "nul\0"])
async def test_a_key_that_cannot_be_sent_is_named_and_not_shown(llama: FakeLlama, connect: Connect, key: str) -> None:
    _, end = await ask(connect(llama, key=key))
    assert type(end) is NotAllowedError
    assert "LLAMA_KEY" in str(end)
    assert key not in "".join(traceback.format_exception(end))
    assert llama.requests == []


async def test_a_key_with_white_space_around_it_is_sent_without(llama: FakeLlama, connect: Connect) -> None:
    await ask(connect(llama, key=f" {KEY}\n"))
    assert llama.keys == [f"Bearer {KEY}"]


async def test_a_user_and_a_password_in_the_address_are_sent_as_a_header(llama: FakeLlama) -> None:
    url = llama.url.replace("http://", "http://user:pass%40word@")
    client = LlamaClient(LlamaOptions(url=url))
    text, _ = await ask(client)
    await client.close()
    assert text == "Hello from the llama."
    assert llama.keys == [f"Basic {b64encode(b'user:pass@word').decode()}"]


async def test_no_log_shows_the_key_or_the_password(
    llama: FakeLlama, caplog: pytest.LogCaptureFixture, raw: Raw
) -> None:
    caplog.set_level(logging.DEBUG)
    llama.script(fails(401, {"error": {"message": f"Incorrect API key provided: {KEY[:8]}****{KEY[-4:]}."}}))
    client = LlamaClient(LlamaOptions(url=llama.url.replace("http://", "http://user:hunter22@"), key=KEY))
    _, end = await ask(client)
    await client.close()
    _, broken = await ask(await raw(b"SSH-2.0\r\n"))
    said = caplog.text + str(end) + str(broken)
    assert "Incorrect API key provided" in said
    assert not any(secret in said for secret in (KEY, KEY[:8], KEY[-4:], "hunter22"))


async def test_an_empty_answer_is_still_empty(llama: FakeLlama, client: LlamaClient) -> None:
    llama.script(sends(event({"content": ""}), STOP, DONE))
    assert isinstance((await ask(client))[1], EmptyAnswerError)


@pytest.mark.parametrize(("status", "requests"), [(502, 3), (504, 1), (524, 1), (413, 2)])
async def test_a_gateway_that_waited_in_vain_is_not_asked_again(
    llama: FakeLlama, client: LlamaClient, status: int, requests: int
) -> None:
    llama.script(*[fails(status, f"<html><head><title>{status} trouble</title></head><h1>nginx</h1></html>")] * 3)
    _, end = await ask(client)
    llama.reset()
    assert str(end).endswith(f"{status} trouble")
    assert isinstance(end, ContextTooLongError if status == 413 else UnreachableError)
