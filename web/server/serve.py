"""The web server: python -m web.server.serve --port 8000. What bounds it stands here, see decision 19.

With --own-port it is one of several that share the port: each has a socket of its own there (SO_REUSEPORT), and the
kernel deals connections out to those that listen. On its own port it is asked for its health.
"""

import argparse
import socket
import sys

import uvicorn

# The longest message of the socket protocol, MESSAGE_CHARACTERS as JSON, fits.
SOCKET_BYTES = 128 * 1024
CONNECTIONS = 2_000
# The timeout for running answers to end before the sockets close.
DRAIN_SECONDS = 10
# What uvicorn ends with where it cannot start.
CANNOT_START = 3


def main(application: str = "web.asgi:application") -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="serve")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--own-port", type=int, help="share --port with others, and listen on this one too")
    parser.add_argument("--limit-concurrency", type=int, default=CONNECTIONS)
    options = parser.parse_args()
    server = uvicorn.Server(configuration(application, options.host, options.port, options.limit_concurrency))
    if options.own_port:
        server.run([listening(options.host, options.port, shared=True), listening("127.0.0.1", options.own_port)])
    else:
        server.run()
    if not server.started:
        sys.exit(CANNOT_START)


def configuration(application: str, host: str, port: int, connections: int) -> uvicorn.Config:
    """Uvicorn's options."""
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        http="web.server.requests:BoundedRequests",
        ws="web.server.frames:BoundedFrames",
        ws_max_size=SOCKET_BYTES,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        # Compressing small messages costs more than it saves, and doubles the memory of an open page.
        ws_per_message_deflate=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        limit_concurrency=connections,
        lifespan="on",
        log_level="info",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        use_colors=False,
    )


def listening(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket bound to an address; uvicorn has it listen once all is ready. Raises OSError."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # As uvicorn's own: "::" leaves the addresses of IPv4 to others.
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(address)
    return bound


if __name__ == "__main__":
    main()
