"""How far the answer of a run came, from what was saved of it and from its log."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from assistant.events import ReasoningDelta, ReasoningReplaced, SourcesFound, StepTaken, TextDelta, TextReplaced
from assistant.runs.log import Entry


@dataclass
class Reached:
    """What stands there up to the event `number`; `steps` and `sources` as JSON."""

    number: int
    text: str
    reasoning: ReasoningReplaced | None = None
    steps: list[Any] = field(default_factory=list)
    sources: list[Any] = field(default_factory=list)

    def follow(self, entries: Iterable[Entry]) -> None:
        """Go on by the entries of the log, oldest first. Of what comes after a gap only the whole text counts."""
        for entry in entries:
            if entry.number <= self.number:
                continue
            if entry.number == self.number + 1 or isinstance(entry.event, TextReplaced):
                self._take(entry)

    def _take(self, entry: Entry) -> None:
        self.number = entry.number
        match entry.event:
            case TextDelta(text):
                self.text += text
            case TextReplaced(text):
                self.text = text
            case ReasoningDelta(text, seconds):
                before = self.reasoning.text if self.reasoning else ""
                self.reasoning = ReasoningReplaced(before + text, seconds)
            case ReasoningReplaced():
                self.reasoning = entry.event
            case StepTaken(step):
                self.steps = [*self.steps, step]
            case SourcesFound(sources):
                self.sources = list(sources)
