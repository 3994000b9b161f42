"""Exact counts of tokens, from servers that have a tokenizer to ask.

- llama.cpp takes several texts at once, with ids of tokens between them, and gives ids back as they were:
  https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-tokenize-tokenize-a-given-text
- vLLM takes one: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#tokenizer-api

No answer waits for long, and no count is asked for twice: texts are remembered by their hash.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence

from assistant.backoff import Backoff
from assistant.llama.backends import MAX_JSON_BYTES, Backend
from assistant.llama.errors import LlamaError
from assistant.llama.options import LlamaOptions
from assistant.llama.special import neutralise
from assistant.llama.transport import Transport

logger = logging.getLogger(__name__)

# All counts for one prompt together.
PATIENCE_SECONDS = 0.5
# After a server gave no count it is not asked again for so long.
PAUSE_SECONDS = (60.0,)
# A prompt with more has texts that are cut whatever they count: they are estimated.
MAX_BYTES = 1024 * 1024
AT_ONCE = 8
REMEMBERED = 20_000
# No token has this id.
SEPARATOR = -1


class TokenCounter:
    """Counts texts for one client. It belongs to one event loop."""

    def __init__(self, transport: Transport, options: LlamaOptions) -> None:
        self._transport = transport
        self._options = options
        self._known: dict[bytes, int] = {}
        self._backoff = Backoff()

    async def counts(self, texts: Sequence[str], backend: Backend) -> dict[str, int]:
        """The tokens of each of `texts` as they are sent, without the marks of turns; nothing where one is unknown.

        So one prompt is never measured by two rules. What was counted in time helps the next.
        """
        if not texts or backend.kind not in ("llamacpp", "vllm"):
            return {}
        keys = {text: _key(text, backend.model) for text in texts}
        missing = [text for text, key in keys.items() if key not in self._known]
        if missing and not await self._ask(missing, backend):
            return {}
        counts = {text: self._known[key] for text, key in keys.items() if key in self._known}
        return counts if len(counts) == len(keys) else {}

    async def _ask(self, texts: Sequence[str], backend: Backend) -> bool:
        """Ask the server for its counts of `texts`; returns whether they all came."""
        if self._backoff.is_on or sum(map(len, texts)) > MAX_BYTES:
            return False
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if backend.kind == "llamacpp":
                    await self._ask_together(texts, backend.model)
                else:
                    for start in range(0, len(texts), AT_ONCE):
                        batch = texts[start : start + AT_ONCE]
                        await asyncio.gather(*(self._ask_one(text, backend.model) for text in batch))
        except (LlamaError, TimeoutError, ValueError) as error:
            self._backoff.failed(PAUSE_SECONDS)
            logger.info("%s counts no tokens now: %s", self._options.host, error or type(error).__name__)
            return False
        return True

    async def _ask_together(self, texts: Sequence[str], model: str) -> None:
        """Of llama.cpp. Raises LlamaError, ValueError for a strange reply."""
        content: list[str | int] = []
        for text in texts:
            content += [neutralise(text), SEPARATOR]
        value = await self._post({"content": content, "add_special": False})
        tokens = value.get("tokens") if isinstance(value, dict) else None
        ends = [place for place, token in enumerate(tokens) if token == SEPARATOR] if isinstance(tokens, list) else []
        if len(ends) != len(texts):
            raise ValueError("the reply to /tokenize has another form")
        for text, begin, end in zip(texts, [-1, *ends], ends, strict=False):
            self._remember(text, model, end - begin - 1)

    async def _ask_one(self, text: str, model: str) -> None:
        """Of vLLM. Raises LlamaError, ValueError for a strange reply."""
        value = await self._post({"model": model, "prompt": neutralise(text), "add_special_tokens": False})
        count = value.get("count") if isinstance(value, dict) else None
        if not isinstance(count, int) or count < 0:
            raise ValueError("the reply to /tokenize has another form")
        self._remember(text, model, count)

    async def _post(self, body: object) -> object:
        reply = await self._transport.open("POST", f"{self._options.root}/tokenize", body)
        try:
            if reply.status != 200:
                raise ValueError(f"status {reply.status} for /tokenize")
            return await reply.value(MAX_JSON_BYTES)
        finally:
            reply.close()

    def _remember(self, text: str, model: str, count: int) -> None:
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[_key(text, model)] = count


def _key(text: str, model: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16, key=model.encode()[:64]).digest()
