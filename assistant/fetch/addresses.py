"""Addresses: which URLs may be fetched, and which IP addresses may be dialled for them."""

import re
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from yarl import URL

from assistant.fetch.errors import RefusedAddressError

Address = IPv4Address | IPv6Address

SCHEMES = {"http", "https"}
PORTS = {80, 443}
LONGEST = 2_000
# As yarl yields it, in IDNA form. What such a name means is decided by the addresses that it resolves to.
HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
# Parsers disagree about these: some drop them, some end the host at them.
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
AUTHORITY = re.compile(r"[^:/?#]+://([^/?#]*)")

# https://www.iana.org/assignments/iana-ipv4-special-registry: all but those that are anybody's. Written out, as
# `is_global` of Python 3.11 takes multicast for global, and later versions differ.
REFUSED_V4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only this part of IPv6 is given out as global unicast. So these are refused without a line of their own: `::1`, mapped
# IPv4 (`::ffff:0:0/96`), NAT64 (`64:ff9b::/96` and `64:ff9b:1::/48`), unique local, link local, multicast.
GLOBAL_V6 = ip_network("2000::/3")
# https://www.iana.org/assignments/iana-ipv6-special-registry: protocols (Teredo, ORCHID, benchmarks), documentation,
# 6to4, which wraps an IPv4 address, and AS112.
REFUSED_V6 = tuple(
    ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
# Where clouds hand out credentials to whatever asks from inside: never dialled, whatever the operator allows.
METADATA = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # AWS, Google, Azure, Oracle and most others
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's agent; a public address by its number
        "192.0.0.192/32",  # Oracle, formerly
        "fe80::/10",
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google
    )
)


def parse(text: str, allowed: Collection[str] = ()) -> URL:
    """The address of a page, normalised and without a fragment; raises RefusedAddressError.

    `allowed` are hosts, as `wiki.internal` or `wiki.internal:8080`, that may have other ports. The URL that is returned
    is the one that is fetched, so that no second parser can read another host in it.
    """
    text = text.strip()
    if len(text) > LONGEST or AMBIGUOUS.search(text):
        raise RefusedAddressError("an address that is too long, or that parsers read in different ways")
    authority = AUTHORITY.match(text)
    if not authority or "@" in authority[1]:
        raise RefusedAddressError("an address without a host, or with credentials")
    try:
        url = URL(text).with_fragment(None)
    except ValueError as error:
        raise RefusedAddressError("an address that does not parse") from error
    host = url.raw_host or ""
    known = _is_v6(host) if "[" in authority[1] else HOST.fullmatch(host)
    if url.scheme not in SCHEMES or not known:
        raise RefusedAddressError(f"scheme {url.scheme!r:.20}, or no host that could be one")
    if url.port not in PORTS and not is_allowed(url, allowed):
        raise RefusedAddressError(f"port {url.port} of {host}")
    return url.with_path("/", keep_query=True) if url.raw_path == "/" else url


def is_allowed(url: URL, allowed: Collection[str]) -> bool:
    """Whether the operator lets this host, with this port, be fetched although it is not public."""
    return url.host_port_subcomponent in allowed


def may_dial(address: Address, *, allowed: bool = False) -> bool:
    """Whether a connection may be made to it: of the internet and not this machine, or `allowed` by the operator."""
    if _within(address, METADATA):
        return False
    return allowed or (is_public(address) and not is_own(address))


def is_public(address: Address) -> bool:
    """Whether it is an address of the internet: not of a private network, not multicast, no other one wrapped in it."""
    if isinstance(address, IPv4Address):
        return address.is_global and not _within(address, REFUSED_V4)
    return address in GLOBAL_V6 and address.is_global and not _within(address, REFUSED_V6)


def is_own(address: Address) -> bool:
    """Whether it is one of this machine's. Asks the routing table; nothing is sent."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ip_address(probe.getsockname()[0]) == address
    except OSError:
        # No route to it, so it is not here.
        return False


def _within(address: Address, networks: tuple[object, ...]) -> bool:
    return any(address in network for network in networks)  # type: ignore[operator]


def _is_v6(host: str) -> bool:
    try:
        return "%" not in host and IPv6Address(host).version == 6
    except ValueError:
        return False
