"""The file formats of pictures, as far as we look inside them: the parts they are made of, and their XMP packet.

One module per format, each with the same three functions:
`parts(data)` yields the parts in their order, without decoding any; raises BrokenFileError where the file ends early.
`read_xmp(data)` returns the bytes of the XMP packet, or None.
`with_xmp(data, packet)` returns the file with this packet as its only one; pixels stay as they are.
"""

from imagine.containers.part import BrokenFileError, Part

__all__ = ["BrokenFileError", "Part"]
