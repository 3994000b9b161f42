import pytest

from tests.servers import Site
from tests.web.api.programs import Program, new_program


@pytest.fixture
def program(site: Site) -> Program:
    """A program of somebody with an account of their own, at an address of its own."""
    return new_program(site)
