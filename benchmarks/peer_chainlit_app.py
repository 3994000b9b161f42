"""The chat that Chainlit serves in the benchmark, run by its own Python: what is said goes to the model."""

import json
import os

import chainlit
import httpx

URL = os.environ["LLAMA_URL"] + "/chat/completions"
http = httpx.AsyncClient(timeout=600, trust_env=False, limits=httpx.Limits(max_connections=None))


@chainlit.on_message
async def answer(message: chainlit.Message) -> None:
    """Stream the model's answer."""
    answer = chainlit.Message(content="")
    body = {"messages": chainlit.chat_context.to_openai(), "stream": True}
    async with http.stream("POST", URL, json=body) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {") and (choices := json.loads(line[6:])["choices"]):
                await answer.stream_token(choices[0]["delta"].get("content") or "")
    await answer.update()
