"""Lines of the log hold no words of people, whatever a library puts into its errors."""

import logging.config
from copy import deepcopy

import pytest
from django.conf import settings
from redis import Redis, ResponseError

from tests.servers import Valkey

WORDS = "zebraquine (in\nthe wide) of pipeline caused error: snow"


@pytest.fixture(params=["json", "text"])
def formatter(request: pytest.FixtureRequest) -> logging.Formatter:
    """As the settings have it."""
    chosen = deepcopy(settings.LOGGING["formatters"][request.param])
    configuration = logging.config.DictConfigurator({"version": 1})
    return configuration.configure_formatter(chosen)


@pytest.mark.parametrize("is_traceback", [False, True])
def test_a_command_to_redis_that_failed_is_logged_without_its_values(
    valkey: Valkey, formatter: logging.Formatter, is_traceback: bool
) -> None:
    with Redis.from_url(valkey.url) as redis:
        redis.set("text", "no list")
        pipe = redis.pipeline(transaction=False)
        pipe.lpush("text", WORDS)
        with pytest.raises(ResponseError) as caught:
            pipe.execute()
        redis.delete("text")
    assert "zebraquine" in str(caught.value), "or there is nothing to hide any more"
    if is_traceback:
        about: tuple[object, ...] = ()
        told = (caught.type, caught.value, caught.value.__traceback__)
    else:
        about, told = (caught.value,), None
    record = logging.LogRecord(
        "x", logging.WARNING, __file__, 1, "it failed: %s" if about else "it failed", about, told
    )
    line = formatter.format(record)
    assert "zebraquine" not in line
    assert "snow" not in line
    assert "Command # 1 of a pipeline" in line
    assert "WRONGTYPE" in line
