"""How much of a conversation one request may hold, and how much less the second try."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assistant.llama.backends import Backend
from assistant.llama.messages import ChatMessage
from assistant.llama.pictures import sight_of
from assistant.llama.sight import tokens
from assistant.llama.tokens import fit, texts_to_count

# One token a byte, the upper bound: what `fit` assumes after the server refused the prompt as too long.
PESSIMISTIC_FACTOR = 2.0


class Sizing:
    """The sizes of one answer's requests. `factor` is the one for `tokens.estimate`, learned from earlier answers.

    `tools` are offered in a field of the request: the server puts them into the prompt.
    """

    def __init__(self, factor: float, tools: Sequence[dict[str, Any]] = ()) -> None:
        self.factor = factor
        self._tools_tokens = len(json.dumps(tools).encode()) // 2 if tools else 0
        self._context = 0
        self._tightened = False

    def limit(self, backend: Backend) -> Backend:
        """`backend` with the context that it told when it refused the first request, where that is smaller."""
        return replace(backend, context=min(backend.context, self._context)) if self._context else backend

    def texts_to_count(self, messages: Sequence[ChatMessage], backend: Backend, answer_tokens: int) -> list[str]:
        """The texts whose exact count matters. None on the second try: the server's count was of no use."""
        room = self._room(messages, backend)
        return [] if self._tightened else texts_to_count(messages, room, answer_tokens, self.factor)

    def fit(
        self, messages: Sequence[ChatMessage], backend: Backend, answer_tokens: int, counted: Mapping[str, int]
    ) -> list[ChatMessage]:
        """The messages to send, where the server `counted` those texts. Raises ContextTooLongError."""
        return fit(messages, self._room(messages, backend), answer_tokens, self.factor, counted)

    def forget_factor(self) -> None:
        """Count as for the first answer: the factor was learned from another model. The second try keeps its own."""
        if not self._tightened:
            self.factor = 1.0

    def _room(self, messages: Sequence[ChatMessage], backend: Backend) -> int:
        """The tokens of the context that are left beside tools and pictures."""
        return backend.context - self._tools_tokens - tokens(messages, sight_of(backend.model), backend.context)

    def tighten(self, context: int | None) -> bool:
        """The prompt was refused as too long, by a server with this context, where it told one.

        Returns whether a second try is worth it: there is only one.
        """
        if self._tightened:
            return False
        self._tightened, self.factor, self._context = True, PESSIMISTIC_FACTOR, context or 0
        return True
