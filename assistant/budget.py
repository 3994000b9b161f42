"""What one turn may take, over all its rounds: time, and tokens, which are money where the model is paid for."""

from time import monotonic

# After so much a turn looks nothing more up: the model answers with what it has.
LOOK_UP_SECONDS = 60.0
LOOK_UP_TOKENS = 32_000


class TurnBudget:
    """Counts what a turn has used. `seconds` are all that it may take; waiting in the queue does not count."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun = monotonic()
        self._waited = 0.0
        self._tokens = 0

    def note_wait(self, seconds: float) -> None:
        """So long it waited in the queue."""
        self._waited += seconds

    def note_tokens(self, tokens: int) -> None:
        """So many were read and written in a round."""
        self._tokens += tokens

    @property
    def seconds_left(self) -> float:
        """Until the turn must end; none left is 0."""
        return max(0.0, self._seconds - self._used)

    @property
    def may_look_up(self) -> bool:
        """Whether there is time, and there are tokens, for more than an answer."""
        return self._used < LOOK_UP_SECONDS and self._tokens < LOOK_UP_TOKENS

    @property
    def _used(self) -> float:
        return monotonic() - self._begun - self._waited
