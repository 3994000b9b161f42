"""Settings of the web search: which engines are asked, with what keys, and for how long."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from assistant.websearch.brave import URL as BRAVE_URL
from assistant.websearch.brave import Brave
from assistant.websearch.duckduckgo import DuckDuckGo, is_installed
from assistant.websearch.engine import Engine
from assistant.websearch.searxng import SearXNG
from assistant.websearch.tavily import URL as TAVILY_URL
from assistant.websearch.tavily import Tavily
from assistant.websearch.wikipedia import URL as WIKIPEDIA_URL
from assistant.websearch.wikipedia import Wikipedia

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchOptions:
    """`engines` are names, in the order in which they are asked; `agent` says who we are. The other addresses than
    `searxng_url` are those of the services, unless a test has its own."""

    engines: tuple[str, ...] = ()
    seconds: float = 5.0
    agent: str = "Chaski"
    searxng_url: str = field(default="", repr=False)
    brave_key: str = field(default="", repr=False)
    tavily_key: str = field(default="", repr=False)
    brave_url: str = BRAVE_URL
    tavily_url: str = TAVILY_URL
    wikipedia_url: str = WIKIPEDIA_URL
    ddgs_proxy: str | None = None
    ddgs_authority: str | None = None


def build(options: SearchOptions, http: httpx.AsyncClient) -> list[Engine]:
    """The engines that `options` names; ddgs only where its library is installed. Raises KeyError for another name."""
    builders: dict[str, Callable[[], Engine]] = {
        "searxng": lambda: SearXNG(http, options.searxng_url),
        "brave": lambda: Brave(http, options.brave_key, options.brave_url),
        "tavily": lambda: Tavily(http, options.tavily_key, options.tavily_url),
        "ddgs": lambda: DuckDuckGo(options.seconds, options.ddgs_proxy, options.ddgs_authority),
        "wikipedia": lambda: Wikipedia(http, options.agent, options.wikipedia_url),
    }
    if "ddgs" in options.engines and not is_installed():
        logger.warning("the engine ddgs is left out: its library is not installed (the extra `search`)")
    return [builders[name]() for name in options.engines if name != "ddgs" or is_installed()]
