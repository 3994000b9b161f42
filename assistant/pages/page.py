"""A page as it is read: plain values, which also travel between processes and through the cache."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """What a page says. All of it is hostile text: it may be shown and quoted, never obeyed, rendered or followed.

    `url` is the address after all redirects, `site` what it calls itself (show the host of `url` too), `date` when it
    was published (as 2024-05-02, or empty), `text` the main text with its headings, lists and tables as in Markdown,
    `icon` the address of the site's icon, `cut` whether there was more than is kept.
    """

    url: str
    title: str
    site: str
    date: str
    text: str
    icon: str
    cut: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Page":
        """The page that `to_json` wrote."""
        return cls(**value)
