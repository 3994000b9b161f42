"""People who draw."""

import pytest

from tests.people import Visitor
from tests.servers import Painter


@pytest.fixture
def ada(alice: Visitor, painter: Painter) -> Visitor:
    """Alice, where something is drawn."""
    return alice
