"""The container formats of pictures: the parts that a file is made of, and its XMP packet."""

from collections.abc import Iterator
from typing import Literal, Protocol

from imagine.files.containers import gif, jpeg, mp4, png, webp
from imagine.files.containers.part import BrokenFileError, Part

__all__ = ["CONTAINERS", "BrokenFileError", "Container", "Form", "Part"]

Form = Literal["png", "jpeg", "webp", "gif", "mp4"]


class Container(Protocol):
    """What each module here does for its format. Each function raises BrokenFileError for another format."""

    def parts(self, data: bytes) -> Iterator[Part]:
        """The parts in their order, none decoded; raises BrokenFileError where the file ends early."""
        ...

    def read_xmp(self, data: bytes) -> bytes | None:
        """The XMP packet, if there is one. Raises BrokenFileError."""
        ...

    def with_xmp(self, data: bytes, packet: bytes) -> bytes:
        """The file with this packet as its only one; the coded pixels stay byte for byte.

        Raises BrokenFileError, and ValueError for a packet that the format cannot hold.
        """
        ...


CONTAINERS: dict[Form, Container] = {"png": png, "jpeg": jpeg, "webp": webp, "gif": gif, "mp4": mp4}
