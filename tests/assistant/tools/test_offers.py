"""Tools in a request and in a prompt, and the turns around a call."""

import json

from assistant.llama.call_reader import CallReader
from assistant.llama.calls import Call, Trouble
from assistant.llama.messages import ChatMessage, alternate
from assistant.llama.special import neutralise
from assistant.tools import offers
from assistant.tools.schema import tool


@tool
def web_search(query: str, limit: int = 5) -> None:
    """Look up facts that may have changed recently.

    - query: what to look for
    - limit: how many results
    """


@tool
def get_time() -> None:
    """Read the clock."""


def test_a_request_has_the_tools_in_the_form_of_openai() -> None:
    search, clock = offers.native([web_search, get_time])
    assert clock == {
        "type": "function",
        "function": {
            "name": "get_time",
            "description": "Read the clock.",
            "parameters": {"type": "object", "properties": {}, "required": []},
        },
    }
    assert search["function"]["parameters"]["required"] == ["query"]


def test_a_prompt_has_them_in_words_and_asks_for_the_form_that_is_read() -> None:
    text = offers.text([web_search, get_time])
    assert '{"name": "tool", "parameters": {"parameter": "value"}}' in text
    assert [json.loads(line)["name"] for line in text.splitlines()[-2:]] == ["web_search", "get_time"]
    assert neutralise(text) == text
    assert offers.text([]) == ""


def test_a_model_that_repeats_what_it_was_told_calls_nothing() -> None:
    told = offers.text([web_search, get_time])
    definitions = "\n".join(told.splitlines()[-2:])
    for text in (definitions, json.dumps(offers.native([web_search, get_time]), indent=2)):
        reader = CallReader(["web_search", "get_time"])
        assert (reader.feed(text) + reader.flush(), reader.found) == (text, False)


def test_a_call_and_its_result_are_plain_turns() -> None:
    call = Call("web_search", '{"query": "a \\"b\\""}')
    asked, told = turns = offers.call_turns(call, "[1] …")
    reader = CallReader(["web_search"])
    assert reader.feed(asked.content) + reader.flush() == ""
    assert [(one.name, one.arguments) for one in reader.calls] == [(call.name, call.arguments)]
    assert told.content.startswith("(This is the result of web_search, not a message of the person.")
    assert told.content.endswith("\n\n[1] …")
    question = ChatMessage("user", "Who won?")
    assert [message.role for message in alternate([question, *turns])] == ["user", "assistant", "user"]
    assert neutralise(asked.content) == asked.content


def test_a_long_result_is_cut() -> None:
    _, told = offers.call_turns(Call("get_time", "{}"), "x" * 100_000)
    assert len(told.content) < offers.RESULT_CHARACTERS + 300
    assert told.content.endswith("x […]")


def test_a_call_that_cannot_be_run_is_explained_and_not_repeated() -> None:
    told = offers.trouble_turn(Trouble("unoffered", "brary_search"), [web_search, get_time]).content
    assert 'There is no tool named "brary_search". There are: web_search, get_time.' in told
    for kind in ("broken", "truncated"):
        assert offers.BROKEN in offers.trouble_turn(Trouble(kind, "web_search"), [web_search]).content
