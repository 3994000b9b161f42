"""The pipeline of diffusers without Chaski around it, in a process like the painter's: words in, a picture out.

`python -m benchmarks.bare FOLDER` answers each line with a number by the seconds of so many calls, as JSON.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from web.local.site import threads

WARM_CALLS = 3


class Bare:
    """The process, asked from this one. Use it in `with`: it rests while nobody asks."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._command = [sys.executable, "-m", "benchmarks.bare", str(folder)]
        self._environment = environment | threads() | {"TRANSFORMERS_VERBOSITY": "error"}
        self.seconds: list[float] = []

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=self._environment
        )
        self._ask(WARM_CALLS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, times: int) -> None:
        """Add so many calls to `seconds`."""
        self.seconds += self._ask(times)

    def _ask(self, times: int) -> list[float]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        answer: list[float] = json.loads(self._process.stdout.readline())
        return answer


def main() -> None:
    """Answer until the input ends."""
    from diffusers import DiffusionPipeline

    folder = Path(sys.argv[1])
    pipeline = DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    recipe = json.loads((folder / "chaski.json").read_text())
    for line in sys.stdin:
        print(json.dumps([timed(pipeline, recipe) for _ in range(int(line))]), flush=True)


def timed(pipeline: Any, recipe: dict[str, Any]) -> float:
    begun = time.perf_counter()
    pipeline(
        "a llama on a hill, at dawn, in the snow",
        num_inference_steps=recipe["steps"],
        guidance_scale=recipe["guidance"],
        width=recipe["live_size"],
        height=recipe["live_size"],
    )
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
