"""What all tests share: one database, one Valkey, one scripted model, one web server, one browser, and people.

Nothing is flushed between tests: each makes people of its own and looks only at what is theirs.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, Page, async_playwright
from pytest_django import DjangoDbBlocker

from assistant.llama.client import LlamaClient
from assistant.llama.options import LlamaOptions
from imagine import keys
from tests.fake_llama import FakeLlama
from tests.fake_web import FakeWeb
from tests.people import Visitor, next_address
from tests.recordings import recording
from tests.scripted_http import Reply, ScriptedHTTP
from tests.servers import Painter, Site, Valkey, eventually

# How fast examples are made and tried says more about the machine than about what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: none is left to one process at the end, while the others have nothing to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def database(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, open to every test."""
    with django_db_blocker.unblock():
        names = setup_databases(verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        yield
        end_other_sessions()
        teardown_databases(names, verbosity=0)


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """What pytest-django's own fixtures and its mark ask for. It would be a second database, which only threads that
    begin later would see, and which is emptied after each test."""
    pytest.fail("The database is open to every test: nothing marks or asks for it.")


def end_other_sessions() -> None:
    """PostgreSQL drops no database that somebody uses, and takes a while to see that a killed server has gone."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def shared_llama() -> Iterator[FakeLlama]:
    with FakeLlama() as llama:
        yield llama


@pytest.fixture
def fake_llama(shared_llama: FakeLlama) -> Iterator[FakeLlama]:
    """The scripted model, its script empty."""
    shared_llama.reset()
    yield shared_llama
    shared_llama.reset()


@pytest.fixture
async def client(fake_llama: FakeLlama) -> AsyncIterator[LlamaClient]:
    """A client of the scripted model."""
    client = LlamaClient(LlamaOptions(url=fake_llama.url))
    yield client
    await client.close()


@pytest.fixture(scope="session")
def shared_web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


@pytest.fixture
def fake_web(shared_web: FakeWeb, valkey: Valkey) -> FakeWeb:
    """The web of the shared site, on which nothing is found yet; nothing of it is remembered."""
    shared_web.asked.clear()
    shared_web.finds()
    valkey.forget_all("websearch:*", "cache:*", "pages:*")
    return shared_web


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shared site looks for its checkpoint. It is there once something is to be drawn."""
    return tmp_path_factory.mktemp("checkpoints") / "tiny"


@pytest.fixture(scope="session")
def shared_site(
    database: None,
    valkey: Valkey,
    shared_llama: FakeLlama,
    shared_web: FakeWeb,
    checkpoint_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "IMAGINE_MODEL": str(checkpoint_folder),
        "SEARCH_ENGINES": "searxng",
        "SEARXNG_URL": shared_web.url,
        "FETCH_ALLOWED": shared_web.address,
        "META_APP_SECRET": "test-app-secret",
        "META_VERIFY_TOKEN": "test-verify-token",
        "INSTAGRAM_APP_SECRET": "test-instagram-secret",
    }
    site = Site(tmp_path_factory.mktemp("site"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def site(shared_site: Site, fake_llama: FakeLlama) -> Site:
    """The web server, in front of the scripted model. Tests that break it start one of their own."""
    return shared_site


@pytest.fixture(scope="session")
def shared_eyes() -> Iterator[FakeLlama]:
    with FakeLlama() as eyes:
        yield eyes


@pytest.fixture
def eyes(shared_eyes: FakeLlama) -> FakeLlama:
    """The scripted model that sees, its script empty."""
    shared_eyes.reset()
    return shared_eyes


@pytest.fixture(scope="session")
def shared_seeing_site(
    database: None,
    valkey: Valkey,
    shared_llama: FakeLlama,
    shared_eyes: FakeLlama,
    checkpoint_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "LLAMA_EYES_URL": shared_eyes.url,
        "LLAMA_EYES_MODEL": "Llama-3.2-11B-Vision-Instruct",
        "IMAGINE_MODEL": str(checkpoint_folder),
        "TRUSTED_PROXIES": "127.0.0.1",
        "SEARCH_ENGINES": "searxng",
        "SEARXNG_URL": "http://127.0.0.1:9",
    }
    site = Site(tmp_path_factory.mktemp("seeing"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def seeing_site(shared_seeing_site: Site, fake_llama: FakeLlama, eyes: FakeLlama) -> Site:
    """A web server with a model that sees beside the scripted one."""
    return shared_seeing_site


@pytest.fixture(scope="session")
def shared_speech() -> Iterator[ScriptedHTTP]:
    with ScriptedHTTP() as server:
        yield server


@pytest.fixture
def speech(shared_speech: ScriptedHTTP) -> ScriptedHTTP:
    """The scripted server of speech models, which hears "Where do llamas live?" and says all in a second's tone."""
    shared_speech.asked.clear()
    shared_speech.left.clear()
    shared_speech.script("/v1/audio/transcriptions", Reply({"text": "Where do llamas live?"}))
    shared_speech.script("/v1/audio/speech", Reply(recording("mp3")))
    return shared_speech


@pytest.fixture(scope="session")
def shared_speaking_site(
    database: None,
    valkey: Valkey,
    shared_llama: FakeLlama,
    shared_speech: ScriptedHTTP,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    environment = {
        "REDIS_URL": valkey.url,
        "LLAMA_URL": shared_llama.url,
        "SPEECH_URL": f"{shared_speech.url}/v1",
        "VOICE_URL": f"{shared_speech.url}/v1",
        # With all that a composer may have.
        "LLAMA_EYES_URL": shared_llama.url,
        "LLAMA_EYES_MODEL": "Llama-3.2-11B-Vision-Instruct",
        "LLAMA_BEST_URL": shared_llama.url,
        "LLAMA_BEST_MODEL": "llama-3.3-70b",
        "SEARCH_ENGINES": "searxng",
        "SEARXNG_URL": "http://127.0.0.1:9",
    }
    site = Site(tmp_path_factory.mktemp("speaking"), environment)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def speaking_site(shared_speaking_site: Site, fake_llama: FakeLlama, speech: ScriptedHTTP) -> Site:
    """A web server with speech models beside the scripted one that writes."""
    return shared_speaking_site


@pytest.fixture(scope="module")
def quiet_valkey(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One of a module's own: nobody who draws elsewhere hears of what is asked for there, or reports there."""
    valkey = Valkey(tmp_path_factory.mktemp("quiet-valkey"))
    valkey.start()
    yield valkey
    valkey.kill()


@pytest.fixture(scope="session")
def shared_painter(
    database: None, valkey: Valkey, checkpoint_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Painter]:
    """The process that draws, with a tiny checkpoint of random weights."""
    # torch takes seconds to load, and only few tests need it.
    from tests.imagine.diffusion.checkpoints import stable_diffusion

    stable_diffusion(checkpoint_folder)
    environment = {"REDIS_URL": valkey.url, "IMAGINE_MODEL": str(checkpoint_folder)}
    painter = Painter(tmp_path_factory.mktemp("painter"), environment)
    painter.start()
    yield painter
    painter.kill()


@pytest.fixture
def painter(shared_painter: Painter, valkey: Valkey) -> Painter:
    """The process that draws, once it has reported: tests that need none have reports forgotten."""
    eventually(lambda: valkey.has(keys.painter("final")), 60)
    return shared_painter


@pytest.fixture
def alice(site: Site) -> Iterator[Visitor]:
    with Visitor(site, next_address()) as visitor:
        yield visitor


@pytest.fixture
def bob(site: Site) -> Iterator[Visitor]:
    with Visitor(site, next_address()) as visitor:
        yield visitor


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        await browser.close()


# Chromium reports its own fade between two pages as an error when the machine is too busy to show it.
NOT_OURS = "Transition was "


def note_errors(page: Page, errors: list[str]) -> None:
    """Put the errors of the page's scripts into `errors`."""
    page.on("pageerror", lambda error: None if str(error).startswith(NOT_OURS) else errors.append(str(error)))


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A fresh browser at the site, where nothing moves; a script error fails the test."""
    headers = {"X-Forwarded-For": next_address()}
    async with await browser.new_context(
        base_url=site.url, extra_http_headers=headers, reduced_motion="reduce"
    ) as context:
        page = await context.new_page()
        errors: list[str] = []
        note_errors(page, errors)
        yield page
        assert errors == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
