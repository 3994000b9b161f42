"""A scripted guard model beside the one that answers."""

from collections.abc import Iterator

import pytest

from tests.fake_guard import judges
from tests.fake_llama import FakeLlama


@pytest.fixture
def guard_llama() -> Iterator[FakeLlama]:
    """A guard model that finds bombs."""
    with FakeLlama(default=judges()) as llama:
        yield llama
