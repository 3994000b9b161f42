"""How long the model thinks."""

from time import monotonic


class ThinkingTime:
    """How long the model thinks: from each first piece of reasoning to the text that follows it."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None
        """When the text began, or what is being thought now."""
        self._thinking = False

    def pause(self) -> None:
        """Text arrived."""
        if self._thinking or self._since is None:
            now = monotonic()
            self._before += now - self._since if self._since is not None else 0.0
            self._thinking, self._since = False, now

    def seconds(self, *, since_text: bool) -> float:
        """Reasoning arrived: the seconds until now. `since_text`: the text before it was reasoning too."""
        now = monotonic()
        if self._since is None or not (self._thinking or since_text):
            self._since = now
        self._thinking = True
        return round(self._before + now - self._since, 1)
