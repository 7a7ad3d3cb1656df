"""Fingerprints of decoded media: exact digests and PDQ. A library without database or network.

Names are loaded when they are first used, so that importing this package costs nothing.
The function ``pdq`` is not among them, because ``holdfast.hashing.pdq`` is its module: it is
``holdfast.hashing.pdq.pdq``, and ``holdfast.pdq`` for users of the library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.hashing.code import MIN_QUALITY, Convention, PdqHash, distance_bits
    from holdfast.hashing.digest import Digests, digests
    from holdfast.hashing.image import ImageHash, QueryHashes, View, image_hashes, query_hashes
    from holdfast.hashing.orientation import Orientation
    from holdfast.hashing.pdq import block64, pdq_from_blocks, pdq_orientations
    from holdfast.hashing.video import VideoHash, video_hash
    from holdfast.hashing.videostates import VideoStates, states_of

__all__ = [
    "MIN_QUALITY",
    "Convention",
    "Digests",
    "ImageHash",
    "Orientation",
    "PdqHash",
    "QueryHashes",
    "VideoHash",
    "VideoStates",
    "View",
    "block64",
    "digests",
    "distance_bits",
    "image_hashes",
    "pdq_from_blocks",
    "pdq_orientations",
    "query_hashes",
    "states_of",
    "video_hash",
]

_HOMES = {
    "MIN_QUALITY": "code",
    "Convention": "code",
    "PdqHash": "code",
    "distance_bits": "code",
    "Digests": "digest",
    "digests": "digest",
    "ImageHash": "image",
    "QueryHashes": "image",
    "View": "image",
    "image_hashes": "image",
    "query_hashes": "image",
    "Orientation": "orientation",
    "block64": "pdq",
    "pdq_from_blocks": "pdq",
    "pdq_orientations": "pdq",
    "VideoHash": "video",
    "video_hash": "video",
    "VideoStates": "videostates",
    "states_of": "videostates",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
