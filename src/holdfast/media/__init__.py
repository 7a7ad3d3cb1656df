"""Decoding under limits: bytes in, luma out. A library without database or network.

`pool` decodes in child processes that can do nothing else; everything a service needs is there.
`image` is what runs inside them. Codecs are loaded only in the workers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.media.pool import DecodePool
    from holdfast.media.sandbox import SandboxStatus
    from holdfast.media.types import DecodedImage, ImageLimits, LumaFrame, Reason

_HOMES = {
    "DecodePool": "holdfast.media.pool",
    "DecodedImage": "holdfast.media.types",
    "ImageLimits": "holdfast.media.types",
    "LumaFrame": "holdfast.media.types",
    "Reason": "holdfast.media.types",
    "SandboxStatus": "holdfast.media.sandbox",
}

__all__ = ["DecodePool", "DecodedImage", "ImageLimits", "LumaFrame", "Reason", "SandboxStatus"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'holdfast.media' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
