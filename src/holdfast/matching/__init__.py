"""Exact search among fingerprints. A library without database or network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.matching.hamming import HammingIndex

__all__ = ["HammingIndex"]


def __getattr__(name: str) -> Any:
    if name == "HammingIndex":
        from holdfast.matching.hamming import HammingIndex

        return HammingIndex
    raise AttributeError(f"module 'holdfast.matching' has no attribute {name!r}")
