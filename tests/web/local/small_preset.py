"""A preset as small as a test."""

import hashlib

from web.local.hub import HubFile
from web.local.presets import Preset


def small_preset(content: bytes, name: str = "llama-3.2-1b") -> Preset:
    """A preset whose file has `content`."""
    digest = hashlib.sha256(content).hexdigest()
    return Preset(name, "3.2", HubFile("someone/small", "small-Q4.gguf", "abc", digest, len(content)), 1)
