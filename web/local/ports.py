"""Find and check addresses to listen on."""

import socket

from web.local.errors import AddressTakenError


def free_port() -> int:
    """A free port of the loopback address. Raises OSError."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
