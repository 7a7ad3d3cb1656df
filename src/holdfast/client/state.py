"""The calls about the service itself: does it run, can it answer?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from holdfast.client.call import Call
from holdfast.client.decoding import decode

__all__ = ["Ready", "is_alive", "ready"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Whether the process that answered can answer from fresh lists; ``reason`` says why not."""

    status: str
    reason: str
    list_version: int

    @property
    def is_ready(self) -> bool:
        return self.status == "ready"


def ready() -> Call[Ready]:
    """Whether the service can answer now. Needs no key; "not ready" is an answer, not an error."""
    return Call("GET", "/health/ready", partial(decode, Ready), also=frozenset({503}))


def is_alive() -> Call[bool]:
    """True where the process runs; else ClientError. Needs no key."""
    return Call("GET", "/health/live", _alive)


def _alive(value: Any) -> bool:
    return isinstance(value, dict) and value.get("status") == "alive"
