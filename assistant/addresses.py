"""The keys under which uses by a network address are counted."""

import ipaddress

# What one IPv6 network may do all those of its site may do so many times. A site is what one customer is given: it has
# 65,536 networks.
IPV6_SITE, NETWORKS = 48, 4


def wider(address: str) -> list[tuple[str, int]]:
    """An address as web/addresses.py or a messenger names it, and the IPv6 site that it is in, each with how many times
    as generous its limits are."""
    try:
        network = ipaddress.IPv6Network(address)
    except ValueError:
        return [(address, 1)]
    if network.prefixlen <= IPV6_SITE:
        return [(address, 1)]
    return [(address, 1), (str(network.supernet(new_prefix=IPV6_SITE)), NETWORKS)]
