"""Whatever an attacker does, the web server must not stumble: each test looks at what it wrote to its log."""

from collections.abc import Iterator

import pytest

from tests.servers import Site

STUMBLES = ("Exception in ASGI", "Internal Server Error", "could not be ended", "never retrieved", "run failed")


@pytest.fixture(autouse=True)
def unbroken(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail where a server that the test used met an error it did not expect."""
    found = (request.getfixturevalue(name) for name in request.fixturenames if name.startswith("shared_"))
    before = {site: len(site.log) for site in found if isinstance(site, Site)}
    yield
    for site, length in before.items():
        said = site.log[length:]
        assert [words for words in STUMBLES if words in said] == [], said
