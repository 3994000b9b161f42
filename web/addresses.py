"""The network address behind a request or a connection, as the key for limits."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

IPV6_BLOCK = 64


def address_block(source: HttpRequest | Mapping[str, Any]) -> str:
    """The address of a request or an ASGI scope, as the key for rate limits.

    The block is one IPv4 address or a /64 of IPv6. `X-Forwarded-For` counts only as far as it was
    written by `TRUSTED_PROXIES`. "unknown" where the server knows none (a Unix socket).
    """
    peer, forwarded = _hops(source)
    address = parse(peer)
    for hop in reversed(forwarded):
        before = parse(hop)
        if address is None or before is None or not is_trusted(address):
            break
        address = before
    return "unknown" if address is None else block(address)


def _hops(source: HttpRequest | Mapping[str, Any]) -> tuple[str, list[str]]:
    """The address that connected, and those it forwards for, nearest last."""
    if isinstance(source, HttpRequest):
        peer, claims = source.META.get("REMOTE_ADDR", ""), source.META.get("HTTP_X_FORWARDED_FOR", "")
    else:
        peer, claims = (source.get("client") or [""])[0], ",".join(_forwarded_headers(source))
    return peer, claims.split(",") if claims else []


def _forwarded_headers(scope: Mapping[str, Any]) -> Iterator[str]:
    for name, value in scope.get("headers", ()):
        if name.lower() == b"x-forwarded-for":
            yield value.decode("latin-1")


def parse(text: str) -> Address | None:
    """An address, also from `1.2.3.4:80`, `[::1]:80` and `fe80::1%eth0`; None if it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted(address: Address) -> bool:
    """Whether an address is of a proxy of the operator's."""
    return any(address in network for network in settings.TRUSTED_PROXIES)


def block(address: Address) -> str:
    """The key for limits: the IPv4 address, or the IPv6 network that it is in."""
    length = IPV6_BLOCK if address.version == 6 else address.max_prefixlen
    return str(ipaddress.ip_network((address.packed, length), strict=False))
