"""One of our processes that dies at a named step, as by `kill -9`: nothing of it goes on, nothing is tidied up.

`python -m tests.integrations.killed STEP COMMAND...` runs a command of Python in this process. STEP is "before" or
"after", the function in its module, and its how-manieth call: "before integrations.intake:apply 2".
"""

import functools
import importlib
import inspect
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import django


def lay_trap(step: str) -> None:
    """Have this process killed at that step."""
    when, name, number = step.split()
    module, _colon, path = name.partition(":")
    holder: Any = importlib.import_module(module)
    *outer, last = path.split(".")
    for part in outer:
        holder = getattr(holder, part)
    setattr(holder, last, _deadly(getattr(holder, last), when, int(number)))


def _deadly(function: Callable[..., Any], when: str, number: int) -> Callable[..., Any]:
    calls, lock = 0, threading.Lock()

    def count(moment: str) -> None:
        nonlocal calls
        if moment != when:
            return
        with lock:
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)

    async def awaited(result: Any) -> Any:
        value = await result
        count("after")
        return value

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        count("before")
        result = function(*args, **kwargs)
        if inspect.isawaitable(result):
            return awaited(result)
        count("after")
        return result

    return wrapped


def main() -> None:
    """Lay the trap, then be the command."""
    step, *arguments = sys.argv[1:]
    sys.path.insert(0, os.getcwd())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")
    django.setup()
    lay_trap(step)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
