from collections.abc import AsyncIterator

import pytest
from pytest_django.fixtures import Settings

from tests.servers import Valkey
from web.process import WebProcess, current_process, web_process


@pytest.fixture
def valkey_here(settings: Settings, valkey: Valkey) -> Valkey:
    """The shared Valkey, also for code that runs in the tests' own process."""
    settings.REDIS_URL = valkey.url
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": valkey.url}}
    return valkey


@pytest.fixture
async def process(valkey_here: Valkey) -> AsyncIterator[WebProcess]:
    """A web process here, for views that are called without a server."""
    async with web_process():
        yield current_process()


@pytest.fixture
def quick_passwords(settings: Settings) -> None:
    """Passwords kept in a way that takes no time, for tests that make many people."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
