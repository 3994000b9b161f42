"""Ports for embedded servers, which listen on them only seconds later."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import ports as free
from web.local import ports

GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not GIVEN_OUT.exists(), reason="Linux tells which it gives out")
def test_the_system_gives_the_port_to_nobody_meanwhile() -> None:
    first, last = map(int, GIVEN_OUT.read_text().split())
    assert not any(first <= ports.free_port() <= last for _ in range(50))


def test_a_port_that_is_taken_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free.free_port()
    monkeypatch.setattr(ports, "PORTS", range(first, first + 2))
    monkeypatch.setattr(ports, "TRIES", 1_000)
    with ExitStack() as stack:
        taken = stack.enter_context(socket.socket())
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert {ports.free_port() for _ in range(20)} == {first + 1}
        other = stack.enter_context(socket.socket())
        other.bind(("127.0.0.1", first + 1))
        other.listen()
        with pytest.raises(OSError, match="no free port"):
            ports.free_port()
