"""OpenAI's own client asks, over a real server."""

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from assistant.models import Conversation, Run
from tests.fake_llama import FakeLlama, Gate, cut_off, error_in_stream, fails, hangs, says, stalls, thinks
from tests.web.api.programs import Program

HELLO = [{"role": "user", "content": "Hello"}]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def test_a_whole_answer(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("Good day to you."))
    with program.client() as client:
        answer = client.chat.completions.create(model="chaski", messages=HELLO)
    assert answer.choices[0].message.content == "Good day to you."
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.model, answer.object) == ("chaski", "chat.completion")
    assert answer.id.startswith("chatcmpl-")
    assert answer.usage
    assert answer.usage.completion_tokens == 4
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 4


def test_a_stream(program: Program, fake_llama: FakeLlama) -> None:
    gate = Gate()
    fake_llama.script(says("One two three.", gate=gate))
    asked = {"model": "chaski", "messages": HELLO, "stream": True}
    with program.client() as client, client.chat.completions.create(**asked) as stream:
        gate.let(1)
        first, second = next(stream), next(stream)
        assert first.choices[0].delta.role == "assistant"
        # It is there while the model still speaks.
        assert second.choices[0].delta.content == "One"
        assert fake_llama.open_streams == 1
        gate.open()
        rest = list(stream)
    chunks = [first, second, *rest]
    assert text_of(chunks) == "One two three."
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert {chunk.id for chunk in chunks} == {first.id}
    assert not any(chunk.usage for chunk in chunks)


def test_a_stream_counts_where_it_is_asked_to(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("One two three."))
    with program.client() as client:
        options = {"include_usage": True}
        chunks = list(
            client.chat.completions.create(model="chaski", messages=HELLO, stream=True, stream_options=options)  # type: ignore[call-overload]
        )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 3


async def test_the_asynchronous_client(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(says("One."), says("Two three."))
    async with openai.AsyncOpenAI(**program.options) as client:
        whole = await client.chat.completions.create(model="chaski", messages=HELLO)
        assert whole.choices[0].message.content == "One."
        stream = await client.chat.completions.create(model="chaski", messages=HELLO, stream=True)
        assert text_of([chunk async for chunk in stream]) == "Two three."


def test_the_models(program: Program) -> None:
    with program.client() as client:
        (model,) = client.models.list().data
    assert (model.id, model.object) == ("chaski", "model")


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_who_goes_ends_the_work_of_the_model(program: Program, fake_llama: FakeLlama, streamed: bool) -> None:
    fake_llama.script(stalls("One two"))
    with program.client() as client:
        if streamed:
            with client.chat.completions.create(model="chaski", messages=HELLO, stream=True) as stream:
                next(stream)
                assert fake_llama.open_streams == 1
        else:
            with pytest.raises(openai.APITimeoutError):
                client.with_options(timeout=1).chat.completions.create(model="chaski", messages=HELLO)
    fake_llama.wait_for(lambda counts: counts.closed_by_client == 1 and counts.open == 0)


def test_who_goes_before_the_first_word_ends_it_too(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(hangs())
    with program.client() as client, pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=1).chat.completions.create(model="chaski", messages=HELLO, stream=True)
    fake_llama.wait_for(lambda counts: counts.closed_by_client == 1 and counts.open == 0)
    # The place that it had among the answers of its person is free again.
    for _ in range(4):
        assert program.ask().status_code == 200


@pytest.mark.parametrize("broken", [cut_off, error_in_stream], ids=["cut", "error"])
def test_an_error_in_the_middle_is_an_error_of_the_stream(
    program: Program, fake_llama: FakeLlama, broken: object
) -> None:
    assert callable(broken)
    fake_llama.script(broken("One two"))
    heard: list[ChatCompletionChunk] = []
    with program.client() as client:
        stream = client.chat.completions.create(model="chaski", messages=HELLO, stream=True)
        with pytest.raises(openai.APIError) as raised:
            heard.extend(stream)
    assert text_of(heard) == "One two"
    assert raised.value.code == "model_unavailable"
    assert "scripted" not in str(raised.value)


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
def test_a_model_that_is_away_is_said_by_a_status(program: Program, fake_llama: FakeLlama, streamed: bool) -> None:
    fake_llama.on("Hello", fails(500))
    with program.client() as client, pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(model="chaski", messages=HELLO, stream=streamed)  # type: ignore[call-overload]
    assert raised.value.status_code == 503
    assert raised.value.code == "model_unavailable"
    assert raised.value.response.headers["retry-after"] == "5"


def test_the_client_reads_our_errors(program: Program) -> None:
    with program.client() as client:
        with pytest.raises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="gpt-7", messages=HELLO)
        with pytest.raises(openai.BadRequestError) as bad:
            client.chat.completions.create(model="chaski", messages=[])
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert (bad.value.type, bad.value.param) == ("invalid_request_error", "messages")
    with program.client(api_key="chaski_nothing") as client, pytest.raises(openai.AuthenticationError) as refused:
        client.models.list()
    assert refused.value.code == "invalid_api_key"


def test_what_is_said_is_stored_nowhere(program: Program, fake_llama: FakeLlama) -> None:
    before = Conversation.objects.count(), Run.objects.count()
    assert program.ask().status_code == 200
    assert (Conversation.objects.count(), Run.objects.count()) == before


def test_thoughts_are_no_part_of_the_answer(program: Program, fake_llama: FakeLlama) -> None:
    fake_llama.script(thinks("Let me think.", "Four."), thinks("Let me think.", "Four."))
    with program.client() as client:
        whole = client.chat.completions.create(model="chaski", messages=HELLO)
        streamed = list(client.chat.completions.create(model="chaski", messages=HELLO, stream=True))
    assert whole.choices[0].message.content == "Four."
    assert text_of(streamed) == "Four."
