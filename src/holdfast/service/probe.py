"""Asks the service whether it is ready, as a load balancer does."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable

__all__ = ["is_ready", "wait_until_ready"]

TIMEOUT_S = 5.0
PAUSE_S = 0.05
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (an address to ask, not to listen on)


def is_ready(host: str, port: int) -> bool:
    """Whether /health/ready answers 200 within a few seconds."""
    connection = http.client.HTTPConnection(ANY.get(host, host), port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until_ready(host: str, port: int, give_up: Callable[[], bool]) -> bool:
    """True once it is ready, False when ``give_up`` says so first."""
    while not give_up():
        if is_ready(host, port):
            return True
        time.sleep(PAUSE_S)
    return False
