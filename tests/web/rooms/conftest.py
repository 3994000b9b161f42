from collections.abc import Iterator

import pytest

from tests.people import Visitor, next_address
from tests.servers import Site


@pytest.fixture
def carol(site: Site) -> Iterator[Visitor]:
    with Visitor(site, next_address()) as visitor:
        yield visitor
