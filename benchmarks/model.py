"""The scripted model as a process of its own: python -m benchmarks.model --port 8080 --words 200 --rate 30

`/noted` gives, for the mark of each question (see words.py), when it was asked and when its first piece was sent. The
times are those of the monotonic clock, which is one for all processes of a machine.
"""

import argparse
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from time import monotonic

from benchmarks.words import answer, asked
from tests.fake_llama import Answer, Exchange, FakeLlama, says

GREETING = "Good morning"
# The head of the stream is one write, the first piece the next.
FIRST_PIECE = 2


@dataclass
class Paced:
    """Answers at `rate` pieces a second, as long as the question asks for, or else `words` words."""

    words: int
    rate: float
    noted: dict[str, list[float]] = field(default_factory=dict)

    async def play(self, exchange: Exchange) -> None:
        """Answer one question."""
        times, writes = [monotonic()], 0

        def wrote() -> None:
            nonlocal writes
            writes += 1
            if writes == FIRST_PIECE:
                times.append(monotonic())
            exchange.wrote()

        words, mark = asked(exchange.body["messages"][-1]["content"])
        if mark:
            self.noted[mark] = times
        await spoken(words or self.words, 1 / self.rate)(replace(exchange, wrote=wrote))


@cache
def spoken(words: int, pace: float) -> Answer:
    return says(answer(words), pace=pace)


def main() -> None:
    """Greet those who greet; give everybody else the whole answer at a steady pace."""
    parser = argparse.ArgumentParser(description="A scripted Llama server for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--words", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="pieces a second")
    options = parser.parse_args()
    paced = Paced(options.words, options.rate)
    with FakeLlama(port=options.port, default=paced.play) as llama:
        llama.pages["/noted"] = 200, paced.noted
        llama.on(GREETING, says("Good morning to you."))
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
