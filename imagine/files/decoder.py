"""An uploaded picture is decoded in a child process: `python -m imagine.files.decoder SIDE`, bytes in, JPEG out.

Decoders are written in C, the bytes are a stranger's, and a file of some kilobytes can ask for a gigabyte. So the child
has no secrets, no settings, no database, so much memory and so much time; all of it is the system's again when it ends.
It writes a line of JSON, the sides of the picture or why there is none, then the JPEG.
"""

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imagine.errors import ERRORS, BadUploadError, LargeUploadError
from imagine.files.uploads import MOST_SIDE, read_upload

if TYPE_CHECKING:
    from PIL.Image import Image

# Measured: a WebP of 25 million pixels maps 480 MB, all others less.
MEMORY_BYTES = 640 * 1024**2
JPEG_QUALITY = 80
# Answers being written go before pictures being decoded.
NICENESS = 5
# The largest takes two where the machine has nothing else to do.
SECONDS = 30

# The threads that wait for children, and for no query. Each child takes up to MEMORY_BYTES.
decoders = ThreadPoolExecutor(2, thread_name_prefix="decoder")

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "imagine.files.decoder")
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


class Decoded(NamedTuple):
    """A picture in pixels of `width` and `height`, as JPEG."""

    width: int
    height: int
    jpeg: bytes


def decode(data: bytes, side: int = MOST_SIDE) -> Decoded:
    """The picture in a file, as `read_upload` reads it, from a child process. It waits: call it in a thread.

    Raises BadUploadError, LargeUploadError.
    """
    try:
        child = subprocess.run(  # noqa: S603
            (*COMMAND, str(side)),
            input=data,
            capture_output=True,
            cwd=ROOT,
            env=ENVIRONMENT,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LargeUploadError(f"{len(data)} bytes were not decoded within {SECONDS} s") from error
    line, _newline, jpeg = child.stdout.partition(b"\n")
    if not line:
        # Killed by a limit, or broken by the file.
        raise BadUploadError(f"the decoder of {len(data)} bytes ended with {child.returncode}")
    said = json.loads(line)
    if "error" in said:
        raise ERRORS[said["error"]](said["detail"])
    return Decoded(said["width"], said["height"], jpeg)


# In the child


def main() -> None:
    """Decode what comes in."""
    os.nice(NICENESS)
    for limit, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        _soft, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    jpeg = b""
    try:
        image = read_upload(sys.stdin.buffer.read(), int(sys.argv[1]))
        said: dict[str, object] = {"width": image.width, "height": image.height}
        jpeg = to_jpeg(image)
    except MemoryError:
        said = {"error": LargeUploadError.code, "detail": f"more than {MEMORY_BYTES} bytes of memory"}
    except BadUploadError as error:
        said = {"error": error.code, "detail": str(error)}
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + jpeg)


def to_jpeg(image: "Image") -> bytes:
    """A picture as JPEG: small, and quick to encode."""
    file = BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


if __name__ == "__main__":
    main()
