"""Small JSON messages over a socket, each after its length; descriptors may travel along.

No pickle: what a decode worker sends is read as plain data of bounded size, and checked.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from typing import Any

__all__ = ["MalformedMessageError", "receive", "receive_with_descriptors", "send"]

_LENGTH_BYTES = 4
_LONGEST_BYTES = 1024 * 1024


class MalformedMessageError(ValueError):
    """The other side sent something that is not a message."""


def send(channel: socket.socket, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Send one message. Raises OSError where the other side is gone, ValueError for one that is too long."""
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > _LONGEST_BYTES:
        raise ValueError(f"a message of {len(body)} bytes is too long")
    data = len(body).to_bytes(_LENGTH_BYTES, "little") + body
    sent = socket.send_fds(channel, [data], list(descriptors)) if descriptors else 0
    channel.sendall(data[sent:])


def receive(channel: socket.socket, timeout_s: float | None = None) -> dict[str, Any] | None:
    """The next message, None where the other side is gone.

    Raises TimeoutError after ``timeout_s`` for the whole message, `MalformedMessageError` for nonsense.
    """
    message, _ = _receive(channel, timeout_s, 0)
    return message


def receive_with_descriptors(channel: socket.socket, most: int) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message with up to ``most`` descriptors, which the caller must close."""
    return _receive(channel, None, most)


def _receive(
    channel: socket.socket, timeout_s: float | None, most: int
) -> tuple[dict[str, Any] | None, list[int]]:
    end = None if timeout_s is None else time.monotonic() + timeout_s
    descriptors: list[int] = []
    data = b""
    wanted = _LENGTH_BYTES
    while len(data) < wanted:
        if end is not None:
            channel.settimeout(max(end - time.monotonic(), 0.0001))
        try:
            if most:
                part, got, _, _ = socket.recv_fds(channel, 65536, most)
                descriptors += got
            else:
                part = channel.recv(65536)
        except ConnectionError:
            part = b""
        if not part:
            return None, descriptors
        data += part
        if len(data) >= _LENGTH_BYTES:
            wanted = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
        if wanted > _LENGTH_BYTES + _LONGEST_BYTES or len(data) > max(wanted, _LENGTH_BYTES):
            raise MalformedMessageError("the length of a message is wrong")
    return _parse(data[_LENGTH_BYTES:]), descriptors


def _parse(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError("a message is not JSON") from error
    if not isinstance(message, dict):
        raise MalformedMessageError("a message is not an object")
    return message
