"""The scripted model as a process of its own: python -m benchmarks.model --port 8080 --words 200 --rate 30"""

import argparse
import threading
from contextlib import suppress

from benchmarks.words import answer
from tests.fake_llama import FakeLlama, says

GREETING = "Good morning"


def main() -> None:
    """Greet those who greet; give everybody else the whole answer at a steady pace."""
    parser = argparse.ArgumentParser(description="A scripted Llama server for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--words", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="pieces a second")
    options = parser.parse_args()
    with FakeLlama(port=options.port, default=says(answer(options.words), pace=1 / options.rate)) as llama:
        llama.on(GREETING, says("Good morning to you."))
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
