"""The head of the prompt stays as it is from turn to turn, so that the server need not read it again."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from assistant import engine
from assistant.engine import History, Means
from assistant.events import StepTaken
from assistant.llama.client import LlamaClient
from assistant.llama.messages import ChatMessage
from assistant.sources import Reading, Source, Step
from assistant.tools.base import BoundTool, Work
from assistant.tools.calculate import calculate
from assistant.tools.web_search import web_search
from tests.fake_llama import DONE, Answer, FakeLlama, event, says, sends
from tests.turns import words

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
PAGE = "A caravan of llamas crossed the Andes today. "
CALL = json.dumps({"name": "web_search", "parameters": {"query": "news today"}})


def finds(*sizes: int) -> Mapping[str, BoundTool]:
    """A search that reads pages of these sizes."""

    async def search(arguments: Mapping[str, Any]) -> Work:
        yield StepTaken(Step("web_search", arguments["query"]).to_json())
        for number, size in enumerate(sizes):
            text = "\n\n".join([PAGE * 4] * (size // len(PAGE * 4)))
            yield Reading(Source(f"https://news.example/{number}", f"Page {number}"), text)

    return {"web_search": search}


def prompt(request: dict[str, Any]) -> str:
    """The prompt as the templates of Llama 3 write it: tools stand in the first message of the person."""
    system, *turns = request["messages"]
    tools = json.dumps(request.get("tools", []))
    return "\n".join([system["content"], tools, *(f"{turn['role']}: {turn['content']}" for turn in turns)])


def before_the_question(request: dict[str, Any], question: str) -> str:
    """All of the prompt before the turn that holds `question`."""
    messages = request["messages"]
    asked = next(index for index, turn in enumerate(messages) if turn["role"] == "user" and question in turn["content"])
    return prompt({**request, "messages": messages[:asked]})


class Talk:
    """A conversation with the scripted model. `requests` are the last ones of each turn."""

    def __init__(self, client: LlamaClient, llama: FakeLlama, native: bool, sizes: tuple[int, ...] = (900,)) -> None:
        self.means = Means(client, finds(*sizes), [web_search, calculate], native=native)
        self.llama = llama
        self.said: list[ChatMessage] = []
        self.requests: list[dict[str, Any]] = []

    async def ask(self, question: str, today: date = MONDAY, search: str = "", factor: float = 1.0) -> str:
        self.said.append(ChatMessage("user", question))
        history = History(self.said, factor, search=search)
        answer = words([one async for one in engine.answer(self.means, "Chaski", history, today)])
        self.said.append(ChatMessage("assistant", answer))
        self.requests.append(self.llama.requests[-1])
        return answer


@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
async def test_from_turn_to_turn_only_the_last_question_is_written_anew(
    client: LlamaClient, fake_llama: FakeLlama, native: bool
) -> None:
    talk = Talk(client, fake_llama, native)
    await talk.ask("hello")
    fake_llama.script(says(CALL), says("A caravan crossed the Andes [1]."))
    await talk.ask("What happened in the world today?")
    await talk.ask("thanks")
    await talk.ask("Which is greater, 9.11 or 9.9?")
    await talk.ask("How many llamas?", search="always")
    await talk.ask("And today?", TUESDAY)
    questions = [message.content for message in talk.said if message.role == "user"]
    for question, before, after in zip(questions, talk.requests, talk.requests[1:], strict=False):
        known = before_the_question(before, question)
        assert prompt(after).startswith(known)
        assert before_the_question(after, question) == known
    assert fake_llama.requests[0]["messages"][0] == talk.requests[-1]["messages"][0]


@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
async def test_within_a_turn_each_round_goes_on_from_the_one_before(
    client: LlamaClient, fake_llama: FakeLlama, native: bool
) -> None:
    talk = Talk(client, fake_llama, native)
    fake_llama.script(says(CALL), says("A caravan crossed the Andes [1]."))
    await talk.ask("What happened in the world today?")
    first, second = map(prompt, fake_llama.requests)
    assert second.startswith(first)


async def test_a_model_that_calls_what_it_may_not_call_answers_without_tools(
    client: LlamaClient, fake_llama: FakeLlama
) -> None:
    function = {"name": "web_search", "arguments": '{"query": "hello"}'}
    delta = {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}]}
    called: Answer = sends(event(delta) + event({}, "tool_calls") + DONE)
    fake_llama.script(called, says("Hello to you."))
    talk = Talk(client, fake_llama, native=True)
    assert await talk.ask("hello") == "Hello to you."
    assert [request.get("tool_choice") for request in fake_llama.requests] == ["none", None]


async def test_a_server_that_ignores_the_choice_is_named_no_tools_for_a_greeting(
    client: LlamaClient, fake_llama: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fake_llama.pages, "/v1/models", (200, {"data": [{"id": "llama3.2", "owned_by": "library"}]}))
    await Talk(client, fake_llama, native=True).ask("hello")
    assert "tools" not in fake_llama.requests[-1]


@pytest.mark.parametrize("factor", [1.0, 0.5])
async def test_pages_stand_in_the_last_turn_within_1500_tokens_each(
    client: LlamaClient, fake_llama: FakeLlama, factor: float
) -> None:
    talk = Talk(client, fake_llama, native=False, sizes=(20_000, 20_000, 20_000))
    await talk.ask("hello")
    await talk.ask("What happened to the caravan?", search="always", factor=factor)
    *earlier, last = talk.requests[-1]["messages"]
    assert PAGE not in str(earlier)
    pages = [part.partition("===")[0] for part in last["content"].split("] Page ")[1:]]
    assert len(pages) == 3
    # Half a byte is a token by the estimate, as the server's counts have corrected it.
    assert all(1000 < len(page.encode()) * factor / 2 <= 1500 for page in pages)
    await talk.ask("And then?")
    assert PAGE not in str(talk.requests[-1])


async def test_pages_of_a_call_stand_after_its_question_within_1500_tokens_each(
    client: LlamaClient, fake_llama: FakeLlama
) -> None:
    talk = Talk(client, fake_llama, native=False, sizes=(20_000, 20_000))
    fake_llama.script(says(CALL), says("It crossed the Andes [1]."))
    await talk.ask("What happened in the world today?")
    *earlier, last = talk.requests[-1]["messages"]
    assert PAGE not in str(earlier)
    pages = [part.partition("===")[0] for part in last["content"].split("] Page ")[1:]]
    assert [1000 < len(page.encode()) / 2 <= 1500 for page in pages] == [True, True]
    await talk.ask("And then?")
    assert PAGE not in str(talk.requests[-1])
