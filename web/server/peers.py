"""How many connections each network address has open to this process.

A proxy of the operator's is not counted: it stands for many people, and bounds them itself.
"""

from collections import Counter

from django.conf import settings

from web.addresses import blocks, is_trusted, parse

# Of a whole IPv6 site, which is many networks.
WIDER = 4

_open: Counter[str] = Counter()


class Place:
    """The place of one connection; `is_free` says whether its address had one left. It is given back once."""

    def __init__(self, address: str | None) -> None:
        """`address` is of who connected; None where there is none (a Unix socket)."""
        known = parse(address or "")
        self._blocks = [] if known is None or is_trusted(known) else blocks(known)
        most = settings.LIMIT_ADDRESS_CONNECTIONS
        self.is_free = all(_open[block] < most * (WIDER if place else 1) for place, block in enumerate(self._blocks))
        if self.is_free:
            _open.update(self._blocks)
        else:
            self._blocks = []

    def give_back(self) -> None:
        """Let another connection have it."""
        for block in self._blocks:
            _open[block] -= 1
            if not _open[block]:
                del _open[block]
        self._blocks = []
