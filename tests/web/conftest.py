import pytest
from pytest_django.fixtures import Settings

from tests.servers import Valkey


@pytest.fixture
def valkey_here(settings: Settings, valkey: Valkey) -> Valkey:
    """The shared Valkey, also for code that runs in the tests' own process."""
    settings.REDIS_URL = valkey.url
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": valkey.url}}
    return valkey


@pytest.fixture
def quick_passwords(settings: Settings) -> None:
    """Passwords kept in a way that takes no time, for tests that make many people."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
