"""The file formats of pictures, as far as we look inside them: the parts they are made of, and their XMP packet."""

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
        """The XMP packet, if there is one."""
        ...

    def with_xmp(self, data: bytes, packet: bytes) -> bytes:
        """The file with this packet as its only one; what is drawn in it stays byte for byte."""
        ...


CONTAINERS: dict[Form, Container] = {"png": png, "jpeg": jpeg, "webp": webp, "gif": gif, "mp4": mp4}
