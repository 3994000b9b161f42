"""`python -m integrations.emulator --port N`: its configuration comes as one JSON object on standard input."""

import argparse
import asyncio
import logging
import signal
import sys

from integrations.emulator.app import listening
from integrations.emulator.configuration import Configuration, ConfigurationError, parse

# A configuration is a few lines.
INPUT_CHARACTERS = 64 * 1024
MISCONFIGURED = 2
PORT_TAKEN = 3


async def run(configuration: Configuration, port: int) -> None:
    """Serve until asked to stop. Raises OSError when the port is taken."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with listening(configuration, port) as url:
        logging.getLogger(__name__).warning("A stand-in for Meta's Graph API listens on %s", url)
        await stop.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m integrations.emulator", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    logging.basicConfig(format="%(levelname)s %(message)s")
    try:
        configuration = parse(sys.stdin.read(INPUT_CHARACTERS))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return MISCONFIGURED
    try:
        asyncio.run(run(configuration, port))
    except OSError as error:
        print(f"Port {port} cannot be used: {error.strerror}", file=sys.stderr)
        return PORT_TAKEN
    return 0


if __name__ == "__main__":
    sys.exit(main())
