"""Short answers of the model to prompts of ours: titles, ideas, what to say next."""

from collections.abc import Sequence
from contextlib import aclosing

from assistant.llama.client import LlamaClient
from assistant.llama.messages import ChatMessage, Delta, Reasoning


async def brief_answer(client: LlamaClient, prompt: Sequence[ChatMessage], characters: int, lines: int) -> str:
    """The model's answer to `prompt`, its beginning where it is longer than that. Raises LlamaError."""
    text = ""
    async with aclosing(client.stream(prompt)) as stream:
        async for part in stream:
            if isinstance(part, Reasoning) and part.retracts:
                text = ""
            text += part.text if isinstance(part, Delta) else ""
            if len(text) > characters or text.count("\n") > lines:
                # The last line may be incomplete.
                return text.rpartition("\n")[0]
    return text
