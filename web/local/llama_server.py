"""The embedded model server: python -m web.local.llama_server --model FILE --alias NAME --port N.

It speaks the OpenAI protocol on the loopback address. Its API key comes on standard input.
"""

import argparse
import signal
import sys
import threading

import xllamacpp

from web.local.errors import CANNOT_LOAD
from web.local.machine import cores, memory

# The verbosity of llama.cpp for errors and warnings only, without requests.
WARNINGS = 2
# Prompts that others took the slots of are kept in memory for a later turn: of this part of it, and at least so much.
# A prompt of 2,000 tokens takes 46 MiB with the demonstration model, and 220 with Llama 3.2 3B.
CACHE_SHARE = 16
LEAST_CACHE_MIB = 256


def parameters(options: argparse.Namespace, key: str) -> xllamacpp.CommonParams:
    """The parameters of llama.cpp's server."""
    chosen = xllamacpp.CommonParams()
    chosen.model.path = options.model
    chosen.model_alias = {options.alias}
    chosen.port = options.port
    chosen.api_keys = [key]
    chosen.n_parallel = options.slots
    chosen.n_ctx = options.context * options.slots
    # Its threads wait for one another in a busy loop: with no core left for the pages, everything is ten times slower.
    chosen.cpuparams.n_threads = max(1, cores() - 1)
    chosen.sampling.penalty_repeat = options.repeat_penalty
    chosen.cache_ram_mib = cache_mib(memory())
    chosen.verbosity = WARNINGS
    chosen.ui = False
    chosen.endpoint_slots = False
    return chosen


def cache_mib(memory_bytes: int) -> int:
    """The most MiB for prompts of conversations that wait, on a machine with that much memory (0: not known)."""
    return max(LEAST_CACHE_MIB, memory_bytes // CACHE_SHARE // 2**20)


def main() -> None:
    """Serve until SIGTERM. Exits with CANNOT_LOAD when the model cannot be loaded."""
    parser = argparse.ArgumentParser(prog="llama_server")
    parser.add_argument("--model", required=True)
    parser.add_argument("--alias", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context", type=int, required=True, help="tokens, for each answer")
    parser.add_argument("--slots", type=int, required=True, help="answers written at once")
    parser.add_argument("--repeat-penalty", type=float, required=True, help="1 for none")
    options = parser.parse_args()
    key = sys.stdin.read().strip()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    try:
        server = xllamacpp.Server(parameters(options, key))
    except RuntimeError:
        sys.exit(CANNOT_LOAD)
    stop.wait()
    del server


if __name__ == "__main__":
    main()
