"""How much of a conversation one request may hold, and how much less the second try."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.llama.backends import Backend
from assistant.llama.messages import ChatMessage
from assistant.llama.tokens import fit

# One token a byte, the upper bound: what `fit` assumes after the server refused the prompt as too long.
PESSIMISTIC_FACTOR = 2.0


class Sizing:
    """The sizes of one answer's requests. `factor` is the one for `tokens.estimate`, learned from earlier answers."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self._context = 0
        self._tightened = False

    def limit(self, backend: Backend) -> Backend:
        """`backend` with the context that it told when it refused the first request, where that is smaller."""
        return replace(backend, context=min(backend.context, self._context)) if self._context else backend

    def fit(self, messages: Sequence[ChatMessage], backend: Backend, answer_tokens: int) -> list[ChatMessage]:
        """The messages to send. Raises ContextTooLongError."""
        return fit(messages, backend.context, answer_tokens, self.factor)

    def forget_factor(self) -> None:
        """Count as for the first answer: the factor was learned from another model. The second try keeps its own."""
        if not self._tightened:
            self.factor = 1.0

    def tighten(self, context: int | None) -> bool:
        """The prompt was refused as too long, by a server with this context, where it told one.

        Returns whether a second try is worth it: there is only one.
        """
        if self._tightened:
            return False
        self._tightened, self.factor, self._context = True, PESSIMISTIC_FACTOR, context or 0
        return True
