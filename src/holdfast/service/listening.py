"""The socket that the service listens on. One for all API processes: each accepts what it can answer."""

from __future__ import annotations

import socket

from holdfast.errors import SettingsError

__all__ = ["listen", "url_of"]

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises SettingsError, naming the settings."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"The service cannot listen on {host}, port {port} ({error.strerror}). Nothing was started. "
            "Choose another with --host and --port, or server.host and server.port."
        ) from error
    listening.setblocking(False)
    return listening


def url_of(listening: socket.socket) -> str:
    """Where the service answers."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
