"""Decoding under limits: bytes in, luma out. A library without database or network.

`pool` decodes in child processes that can do nothing else; everything a service needs is there.
`image` and `video` are what runs inside them. Codecs are loaded only in the workers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.media.pool import DecodePool
    from holdfast.media.sandbox import SandboxStatus
    from holdfast.media.types import (
        DecodedImage,
        DecodedVideo,
        ImageLimits,
        LumaFrame,
        Reason,
        VideoFrame,
        VideoInfo,
        VideoLimits,
        VideoMode,
    )
    from holdfast.media.videoreader import VideoReader

_HOMES = {
    "DecodePool": "holdfast.media.pool",
    "DecodedImage": "holdfast.media.types",
    "ImageLimits": "holdfast.media.types",
    "LumaFrame": "holdfast.media.types",
    "Reason": "holdfast.media.types",
    "SandboxStatus": "holdfast.media.sandbox",
    "DecodedVideo": "holdfast.media.types",
    "VideoFrame": "holdfast.media.types",
    "VideoInfo": "holdfast.media.types",
    "VideoLimits": "holdfast.media.types",
    "VideoMode": "holdfast.media.types",
    "VideoReader": "holdfast.media.videoreader",
}

__all__ = [
    "DecodePool",
    "DecodedImage",
    "DecodedVideo",
    "ImageLimits",
    "LumaFrame",
    "Reason",
    "SandboxStatus",
    "VideoFrame",
    "VideoInfo",
    "VideoLimits",
    "VideoMode",
    "VideoReader",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'holdfast.media' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
