"""A real metasearch, the searx of the system, over a scripted engine; skipped where there is none."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from assistant.websearch.errors import SearchError
from assistant.websearch.search import WebSearch
from tests.assistant.websearch import bodies
from tests.ports import free_port
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Server
from web.local.process import Child

SHARED = "/usr/share/python3-searx"
SEARX = shutil.which("searx-run")
pytestmark = pytest.mark.skipif(not SEARX, reason="searx is not installed: apt-get install searx")


class Searx(Server):
    """searx with one engine, whose answers `services` has under /pages."""

    def __init__(self, folder: Path, services: ScriptedHTTP) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        engine = {
            "name": "scripted",
            "engine": "json_engine",
            "shortcut": "s",
            "categories": "general",
            "search_url": f"{services.url}/pages?q={{query}}",
            "results_query": "results",
            "url_query": "url",
            "title_query": "title",
            "content_query": "content",
            "timeout": 3.0,
            "enable_http": True,
        }
        # All that it needs, as the package has no defaults. JSON is YAML.
        settings = {
            "general": {"debug": False, "instance_name": "searx", "contact_url": False, "enable_stats": False},
            "brand": dict.fromkeys(
                ("git_url", "git_branch", "issue_url", "docs_url", "public_instances", "wiki_url", "twitter_url"), ""
            ),
            "search": {"safe_search": 0, "autocomplete": "", "default_lang": "", "formats": ["html", "json"],
                       "ban_time_on_fail": 5, "max_ban_time_on_fail": 120},
            "server": {"port": self.port, "bind_address": "127.0.0.1", "secret_key": "of the tests", "base_url": False,
                       "image_proxy": False, "http_protocol_version": "1.0", "method": "POST",
                       "default_http_headers": {}},
            "ui": {"static_path": f"{SHARED}/static", "templates_path": f"{SHARED}/templates", "default_theme": "oscar",
                   "default_locale": "", "theme_args": {"oscar_style": "logicodev"}},
            "outgoing": {"request_timeout": 3.0, "useragent_suffix": "", "pool_connections": 10, "pool_maxsize": 10},
            "engines": [engine],
            "locales": {"en": "English"},
            "doi_resolvers": {"oadoi.org": "https://oadoi.org/"},
            "default_doi_resolver": "oadoi.org",
        }  # fmt: skip
        (folder / "settings.yml").write_text(json.dumps(settings))
        super().__init__(self._searx)

    def _searx(self) -> Child:
        return Child(
            name="searx",
            command=[SEARX or ""],
            environment={**os.environ, "SEARX_SETTINGS_PATH": str(self.folder / "settings.yml")},
            folder=self.folder,
            log=self.folder / "searx.log",
            is_ready=self.answers,
        )

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, trust_env=False, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def searx(services: ScriptedHTTP, tmp_path: Path) -> Iterator[Searx]:
    server = Searx(tmp_path, services)
    server.start()
    yield server
    server.kill()


async def test_pages_of_a_real_metasearch_are_found(
    searx: Searx, services: ScriptedHTTP, searching: Callable[..., WebSearch]
) -> None:
    services.script("/pages", Reply({"results": bodies.searxng(bodies.CONDOR + bodies.LLAMA)["results"]}))
    search = searching("searxng", searxng_url=searx.url)
    found = await search.search("wings & wool", language="de")
    assert [(one.title, one.url, one.snippet) for one in found] == bodies.CONDOR + bodies.LLAMA
    assert services.to("/pages")[0].params == {"q": "wings & wool"}

    services.script("/pages", Reply("no", 500))
    with pytest.raises(SearchError, match="got nothing from its own engines"):
        await search.search("another")
