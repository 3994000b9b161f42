"""From where somebody asks: one key for each address, in every spelling, behind trusted proxies alone."""

import ipaddress

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from web.addresses import address_block

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


def ask(peer: str, *forwarded: str) -> HttpRequest:
    headers = {"HTTP_X_FORWARDED_FOR": ", ".join(forwarded)} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=peer, **headers)


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.7:443", "203.0.113.7/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:1:2:3:4", "2001:db8::/64"),
        ("[2001:db8::9]:443", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("somewhere", "unknown"),
    ],
)
def test_forms_of_one_address_are_counted_as_one(text, block):
    assert address_block(ask(text)) == block


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_an_ipv6_block_is_the_same_in_every_spelling(net, host):
    address = ipaddress.IPv6Address((0x2001 << 112) | ((net >> 16) << 64) | host)
    spellings = {str(address), address.exploded, address.exploded.upper(), f"[{address}]:80"}
    assert len({address_block(ask(text)) for text in spellings}) == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "block"),
    [
        ("198.51.100.1", ["203.0.113.7"], "198.51.100.1/32"),  # a stranger speaks only for itself
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7/32"),
        ("10.0.0.1", ["192.0.2.66", "203.0.113.7"], "203.0.113.7/32"),  # forged by the visitor
        ("10.0.0.1", ["203.0.113.7", "10.0.0.2"], "203.0.113.7/32"),  # two proxies
        ("10.0.0.1", ["192.0.2.66", "203.0.113.7", "fd00::5"], "203.0.113.7/32"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3/32"),  # a visitor from within
        ("10.0.0.1", ["192.0.2.66", "nonsense"], "10.0.0.1/32"),
        ("10.0.0.1", ["192.0.2.66", ""], "10.0.0.1/32"),
        ("10.0.0.1", [], "10.0.0.1/32"),
    ],
)
def test_only_trusted_proxies_are_believed(settings, peer, forwarded, block):
    settings.TRUSTED_PROXIES = PROXIES
    assert address_block(ask(peer, *forwarded)) == block
    headers = [(b"x-forwarded-for", hop.encode()) for hop in forwarded]
    assert address_block({"type": "websocket", "client": (peer, 1), "headers": headers}) == block


def test_nobody_is_believed_unless_named(settings):
    settings.TRUSTED_PROXIES = []
    assert address_block(ask("127.0.0.1", "203.0.113.7")) == "127.0.0.1/32"


def test_a_socket_without_an_address_is_unknown():
    assert address_block({"type": "websocket", "client": None, "headers": []}) == "unknown"
