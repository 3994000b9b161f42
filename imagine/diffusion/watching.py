"""Callbacks after each step of a pipeline, which may leave it by raising."""

import functools
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import Any

# Called with the steps done and the steps in all; may raise to leave the pipeline at once.
Watch = Callable[[int, int], None]


def unwatched(step: int, of: int) -> None:
    """The default: goes on."""


def part_of(watch: Watch, before: int, now: int, strokes: int) -> Watch:
    """A callback for a pass of `now` out of all strokes, `before` of which are done: it counts steps of the whole."""
    return lambda step, of: watch(before * of + step * now, strokes * of)


@contextmanager
def watched(pipe: Any, takes: Container[str], of: int, watch: Watch) -> Iterator[dict[str, Any]]:
    """Have `watch` called after each of `of` steps. Yields the keyword arguments to call the pipeline with.

    `takes` are the arguments that it accepts. One that accepts no callback is watched through its scheduler's step,
    which is put back at the end.
    """
    if "callback_on_step_end" in takes:

        def stepped(pipe: Any, index: int, time: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
            watch(index + 1, getattr(pipe, "num_timesteps", of))
            return {}

        yield {"callback_on_step_end": stepped}
        return
    step, done = pipe.scheduler.step, 0

    @functools.wraps(step)
    def step_and_report(*args: Any, **kwargs: Any) -> Any:
        nonlocal done
        result = step(*args, **kwargs)
        done += 1
        watch(done, max(done, of))
        return result

    pipe.scheduler.step = step_and_report
    try:
        yield {}
    finally:
        del pipe.scheduler.step
