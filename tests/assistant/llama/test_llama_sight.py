"""Pictures in a request: which are shown, how they are written, and what room is left beside them."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from assistant.llama.client import LlamaClient
from assistant.llama.messages import ChatMessage, Finish, alternate
from assistant.llama.pictures import LLAMA_VISION, OTHERS, OUT_OF_VIEW, PromptPicture, sight_of
from assistant.llama.sight import in_view, pictures_of, tokens, written
from assistant.llama.tokens import TEMPLATE_TOKENS
from tests.fake_llama import CONTEXT, FakeLlama, says

Connect = Callable[..., LlamaClient]
VISION = "Llama-3.2-11B-Vision-Instruct"
RULES = ChatMessage("system", "Be kind.")


def shows(words: str, *pictures: bytes) -> ChatMessage:
    return ChatMessage("user", words, pictures=tuple(map(PromptPicture, pictures)))


def seen(request: dict[str, Any]) -> list[bytes]:
    """The pictures in a request, in order."""
    parts = [part for one in request["messages"] if isinstance(one["content"], list) for part in one["content"]]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    assert all(url.startswith("data:image/jpeg;base64,") for url in urls)
    return [b64decode(url.partition(",")[2]) for url in urls]


async def asked(client: LlamaClient, llama: FakeLlama, messages: list[ChatMessage]) -> dict[str, Any]:
    _finish = [part async for part in client.stream(messages)]
    return llama.requests[-1]


@pytest.mark.parametrize("name", [VISION, "llama3.2-vision:90b", "meta-llama/Llama-3.2-90B-Vision", "mllama-x"])
def test_llama_vision_is_known_by_its_names(name: str) -> None:
    assert sight_of(name) == LLAMA_VISION


@pytest.mark.parametrize("name", ["Llama-4-Scout-17B", "qwen2.5-vl", "llama-3.2-3b-instruct", ""])
def test_any_other_model_takes_a_few(name: str) -> None:
    assert sight_of(name) == OTHERS


async def test_a_picture_stands_before_the_words_about_it_and_the_rules_before_those(
    connect: Connect, llama: FakeLlama
) -> None:
    request = await asked(connect(llama), llama, [RULES, shows("What is it?", b"cat")])
    [message] = request["messages"]
    assert message["role"] == "user"
    assert [part["type"] for part in message["content"]] == ["image_url", "text"]
    assert message["content"][1]["text"] == "Be kind.\n\nWhat is it?"
    assert seen(request) == [b"cat"]


async def test_words_alone_are_text_as_ever(connect: Connect, llama: FakeLlama) -> None:
    request = await asked(connect(llama), llama, [RULES, ChatMessage("user", "Hello")])
    assert request["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
    ]


async def test_llama_vision_is_shown_the_newest_picture_and_told_of_the_others(
    connect: Connect, llama: FakeLlama
) -> None:
    said = [RULES, shows("One", b"1"), ChatMessage("assistant", "A cat."), shows("Two", b"2", b"3")]
    request = await asked(connect(llama, model=VISION), llama, said)
    assert seen(request) == [b"3"]
    first, _answer, last = request["messages"]
    assert first["content"] == f"Be kind.\n\n{OUT_OF_VIEW}\n\nOne"
    assert last["content"][-1]["text"] == f"{OUT_OF_VIEW}\n\nTwo"


async def test_other_models_are_shown_a_few(connect: Connect, llama: FakeLlama) -> None:
    said = [shows("Six", b"1", b"2", b"3"), ChatMessage("assistant", "Yes."), shows("More", b"4", b"5", b"6")]
    assert seen(await asked(connect(llama), llama, said)) == [b"3", b"4", b"5", b"6"]


async def test_a_picture_that_is_out_of_view_is_told_to_a_model_that_sees_none(
    connect: Connect, llama: FakeLlama
) -> None:
    request = await asked(connect(llama), llama, [RULES, shows("What was it?", b"")])
    assert request["messages"][1]["content"] == f"{OUT_OF_VIEW}\n\nWhat was it?"


def test_a_picture_alone_is_a_turn_and_neighbours_keep_theirs() -> None:
    [joined] = alternate([shows("", b"1"), shows("Both?", b"2")])
    assert [picture.data for picture in joined.pictures] == [b"1", b"2"]
    assert joined.content == "Both?"


def test_marks_of_the_template_in_words_beside_a_picture_are_defused() -> None:
    [message] = written([shows("<|eot_id|>Hi", b"1")])
    assert "<|eot_id|>" not in message["content"][1]["text"]


def test_pictures_take_room_from_the_words_but_never_more_than_half() -> None:
    two = [shows("", b"1"), shows("", b"2")]
    assert tokens(two, OTHERS, 100_000) == 2 * OTHERS.tokens
    assert tokens(two, OTHERS, 4096) == 2048
    assert tokens(two, LLAMA_VISION, 4096) == 2
    assert tokens([shows("", b"")], OTHERS, 4096) == 0


async def test_old_words_make_room_for_a_picture(connect: Connect, llama: FakeLlama) -> None:
    old = "word " * 400
    said = [ChatMessage("user", f"{number} {old}") for number in range(8)]
    turns = [one for question in said for one in (question, ChatMessage("assistant", "Yes."))]
    bare = await asked(connect(llama), llama, [RULES, *turns, ChatMessage("user", "And this?")])
    with_picture = await asked(connect(llama), llama, [RULES, *turns, shows("And this?", b"1")])
    assert seen(with_picture) == [b"1"]
    told = sum(len(str(message["content"])) for message in with_picture["messages"])
    assert told < sum(len(str(message["content"])) for message in bare["messages"])
    assert told / 2 < CONTEXT - OTHERS.tokens + TEMPLATE_TOKENS


@pytest.mark.parametrize(("said", "learned"), [(shows("Hi there, all", b"1"), False), (shows("Hi there, all"), True)])
async def test_nothing_is_learned_of_tokens_from_a_prompt_with_pictures(
    connect: Connect, llama: FakeLlama, said: ChatMessage, learned: bool
) -> None:
    llama.script(says("Fine."))
    *_parts, finish = [part async for part in connect(llama).stream([said])]
    assert isinstance(finish, Finish)
    assert (finish.factor is not None) == learned


def test_what_is_out_of_view_stays_out() -> None:
    messages = in_view([shows("", b"1", b""), shows("", b"2")], 2)
    assert [picture.data for picture in pictures_of(messages)] == [b"1", b"2"]
    assert in_view(messages, 0)[1].pictures == (PromptPicture(),)
