"""How much text an app takes in one bubble, and by which marks it formats."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """`limit` counts characters, or bytes of UTF-8 where `in_bytes`."""

    name: str
    limit: int
    in_bytes: bool = False


WHATSAPP = Dialect("whatsapp", 4096)
MESSENGER = Dialect("messenger", 2000)
INSTAGRAM = Dialect("instagram", 1000, in_bytes=True)
