"""A scripted guard model, as `default` of a FakeLlama: it finds words, and says the codes that go with them."""

import asyncio
import re
from collections.abc import Mapping

from assistant.guard.client import SAFE, UNSAFE_ANSWER, UNSAFE_QUESTION
from tests.fake_llama import Answer, Exchange, Gate, Json

TRIALS = {turns[-1].content for turns in (SAFE, UNSAFE_QUESTION, UNSAFE_ANSWER)}
LAST_TURN = re.compile(r".*\n(?:User|Agent): (.*?)\n+<END CONVERSATION>", re.DOTALL)


def completion(text: object, reason: str = "stop", **more: object) -> Json:
    """A whole answer as servers send it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}
    return {"choices": [choice], **more}


def judged(body: Json) -> str:
    """What a request asks to be judged, whichever way it asks."""
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else content[0]["text"]
    prompt = LAST_TURN.match(text)
    return prompt[1] if prompt else text


def judges(
    rules: Mapping[str, str] = {}, way: str = "messages", gate: Gate | None = None, seconds: float = 0.0
) -> Answer:
    """A guard model that finds bombs, and the words of `rules`, behind a server of some `way`:

    "messages" and "parts" have the model's template, and want strings or lists; "prefill" goes on where an assistant's
    message is the last one, as llama.cpp does; "prompt" has the template of a model that talks. All but its trial is
    held by `gate`, and takes so many `seconds`.
    """
    codes = {"bomb": "S9", **rules}

    async def play(exchange: Exchange) -> None:
        messages, text = exchange.body["messages"], judged(exchange.body)
        is_prompt = text != messages[-1]["content"] and isinstance(messages[-1]["content"], str)
        is_list = isinstance(messages[-1]["content"], list)
        if text not in TRIALS:
            if gate:
                await gate.passed()
            await asyncio.sleep(seconds)
        if is_list != (way == "parts") and not is_prompt:
            return await exchange.reply(500, {"error": {"message": "the template failed"}})
        if way == "prompt" and not is_prompt:
            return await exchange.reply(200, completion("Of course! Here is what I think."))
        found = ",".join(code for word, code in codes.items() if word in text)
        if way == "prefill" and messages[-1]["role"] == "assistant":
            found = ""
        return await exchange.reply(200, completion(f"\n\nunsafe\n{found}" if found else "\n\nsafe"))

    return play


def says_as_guard(text: object, reason: str = "stop", **more: object) -> Answer:
    """One answer of a guard model, whatever it is asked."""

    async def play(exchange: Exchange) -> None:
        await exchange.reply(200, completion(text, reason, **more))

    return play
