"""Steps in a process that ends, as the supervisor would keep their memory for as long as it runs."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from web.local import leash
from web.local.errors import ChildError


def apart(step: Callable[[], None]) -> None:
    """Run `step`, a function of a module, in a fork of this process; on Linux only, elsewhere here.

    Raises what it raises, and ChildError where it is killed.
    """
    if sys.platform != "linux":
        step()
        return
    try:
        with ProcessPoolExecutor(1, get_context("fork"), leash.hold, (os.getpid(),)) as process:
            process.submit(step).result()
    except BrokenProcessPool as error:
        raise ChildError("A step of the start was killed. Is there enough memory?") from error
