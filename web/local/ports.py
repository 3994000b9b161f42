"""Find and check addresses to listen on."""

import errno
import secrets
import socket
from contextlib import suppress

from web.local.errors import AddressTakenError

# Below those that systems give to connections that go out: seconds pass until a child listens, and one that the system
# has given to somebody meanwhile would stop the start.
PORTS = range(10_000, 20_000)
TRIES = 100


def free_port() -> int:
    """A free port of the loopback address, by chance. Raises OSError."""
    for _ in range(TRIES):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no free port was found")


def check_address(host: str, port: int) -> None:
    """Raise AddressTakenError when `host` and `port` cannot be bound."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except PermissionError as error:
        raise AddressTakenError(
            f"Port {port} needs more rights here. Choose one above 1023, such as --port 8000."
        ) from error
    except socket.gaierror as error:
        raise AddressTakenError(f"This machine has no address {host}. Choose another with --host.") from error
    except OSError as error:
        raise AddressTakenError(
            f"Nothing can listen on {host}:{port} ({error.strerror}). Choose another with --port."
        ) from error
