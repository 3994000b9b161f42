"""The formats that hold a loop, each a module with `encode(reel, quality)`; the quality as the format counts it."""

from imagine.files.loops.reel import Reel

__all__ = ["Reel"]
