"""What Code Shield takes: python -m benchmarks.code --python .venv-code/bin/python

Each kind of block is scanned over and over by one process, as answers have it done.
"""

import argparse
import asyncio
from time import perf_counter

from assistant.code.blocks import CodeBlock
from assistant.code.process import ScannerProcess
from assistant.code.shield import CLEAN, SUSPICIOUS, WEAK, tested
from benchmarks.table import Figure, percentile, report

LONG = CodeBlock("python", "".join(f"def double_{n}(number):\n    return {n} * number\n" for n in range(350)))
KINDS = {
    "clean, 2 lines": CLEAN,
    "clean, 700 lines": LONG,
    "found by the quick look": WEAK,
    "looked at by the analyser": SUSPICIOUS,
}


def main() -> None:
    """Measure, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="Measure what Code Shield takes.")
    parser.add_argument("--python", default=".venv-code/bin/python", help="the Python that has it")
    parser.add_argument("--times", type=int, default=20, help="scans of each kind")
    options = parser.parse_args()
    report("code", vars(options), asyncio.run(figures(options.python, options.times)))


async def figures(python: str, times: int) -> list[Figure]:
    began = perf_counter()
    child = await ScannerProcess.start(python)
    started = milliseconds(began)
    first = await scanned(child, SUSPICIOUS)
    await child.end()
    began = perf_counter()
    child = await tested(python)
    found = [
        Figure("its process starts", started, "ms"),
        Figure("the first block that the analyser looks at", first, "ms"),
        Figure("start and test", milliseconds(began), "ms"),
    ]
    for kind, block in KINDS.items():
        taken = [await scanned(child, block) for _ in range(times)]
        found += [Figure(f"{kind}, p{part}", percentile(taken, part), "ms") for part in (50, 95)]
    await child.end()
    return found


async def scanned(child: ScannerProcess, block: CodeBlock) -> float:
    began = perf_counter()
    await child.issues(block)
    return milliseconds(began)


def milliseconds(began: float) -> float:
    return (perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
