"""The line between the supervisor and one process that it started: small JSON messages, one packet each.

Down it come `begin`, `listen` (with the socket) and `reload`; up it go `failed` and `reloaded`. It is also
how each side learns that the other is gone, however that ended: its end is closed by the system.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Line", "new_line", "receive", "send"]

MAX_BYTES = 65536


def new_line() -> tuple[socket.socket, socket.socket]:
    """Two ends. Neither is inherited by a child unless it is handed on."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(channel: socket.socket, message: dict[str, Any], descriptors: Sequence[int] = ()) -> bool:
    """Says something; False when the other side is gone or does not listen any more."""
    try:
        socket.send_fds(channel, [json.dumps(message).encode()[:MAX_BYTES]], list(descriptors))
    except OSError:
        return False
    return True


def receive(channel: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message and the descriptors that came with it; None when the other side is gone."""
    try:
        data, descriptors, _, _ = socket.recv_fds(channel, MAX_BYTES, 1)
    except OSError:
        return None, []
    return (json.loads(data) if data else None), descriptors


class Line:
    """A started process's end. `begin` and `listening_socket` are for the main thread, before `watch`."""

    def __init__(self, descriptor: int) -> None:
        self._channel = socket.socket(fileno=descriptor)
        self._channel.set_inheritable(False)

    def begin(self) -> dict[str, Any]:
        """What the supervisor says first. Ends the process when the supervisor is gone."""
        message, _ = receive(self._channel)
        if message is None:
            sys.exit(1)
        return message

    def listening_socket(self) -> socket.socket:
        """The socket to accept requests on. Ends the process when the supervisor is gone."""
        _, descriptors = receive(self._channel)
        if not descriptors:
            sys.exit(1)
        return socket.socket(fileno=descriptors[0])

    def tell(self, message: dict[str, Any]) -> None:
        """Says something to the supervisor; nothing happens when it is gone."""
        send(self._channel, message)

    def watch(self, hear: Callable[[dict[str, Any]], object], *, grace_s: float) -> None:
        """Hands each further message to ``hear``, in a thread.

        When the supervisor is gone this process gets SIGTERM, as if that had sent it, and is ended after
        ``grace_s`` if that was not enough.
        """

        def run() -> None:
            while (message := receive(self._channel)[0]) is not None:
                hear(message)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(grace_s)
            os._exit(1)

        threading.Thread(target=run, name="supervisor-line", daemon=True).start()
