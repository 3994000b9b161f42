"""What an answer rests on: the pages that were read for it, and what was done to find them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Source:
    """A page that was read. An answer cites it by its place among the run's sources, counted from 1.

    `site` is its name or host, `date` when it was published (ISO 8601, or empty), `passage` what the answer rests on.
    """

    url: str
    title: str
    site: str = ""
    date: str = ""
    passage: str = ""
    icon: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Source":
        """The source that `to_json` wrote, by this version or another."""
        return cls(**{name: str(value.get(name, "")) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Reading:
    """A source with the text of its page, as far as it is kept while an answer is made."""

    source: Source
    text: str


@dataclass(frozen=True)
class Step:
    """What was done for an answer: the name of a tool, and the words that say with what (a query, a host).

    `problem` is the code of the error with which it ended, or empty.
    """

    tool: str
    words: str
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Step":
        """The step that `to_json` wrote."""
        return cls(**{name: str(value.get(name, "")) for name in cls.__dataclass_fields__})
