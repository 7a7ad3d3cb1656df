"""Which photographs `bench images --edits` takes: such as have features, each once, split by their digests.

Folders hold copies: one photo in many formats, or edited already. A copy would count as a stranger that is
called a match, and might be tuned on and measured too. So of pictures that the plain rule takes for the
same, in any orientation and with or without a border, one is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from holdfast.bench.edits import photograph
from holdfast.decisions.vocabulary import DECISIVE_DISTANCE_BITS
from holdfast.hashing.image import query_hashes
from holdfast.media.types import DecodedImage, LumaFrame

__all__ = ["Photographs", "is_tuning", "photographs"]

_LEAST_SIDE = 200  # pixels


@dataclass(frozen=True, slots=True)
class Photographs:
    """Files in an order that does not depend on their names, and how many copies of them were left out."""

    files: tuple[Path, ...]
    copies: int


def is_tuning(path: Path) -> bool:
    """Whether a file belongs to the tuning part: by its digest, so by nothing that anybody chose."""
    return _digest(path)[0] < 128


def photographs(folders: Sequence[Path]) -> Photographs:
    """The photographs below some folders that open, have features enough, and are no copies."""
    paths = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    kept: list[Path] = []
    plain = np.empty((0, 32), np.uint8)
    copies = 0
    for path in sorted(paths, key=lambda path: _digest(path)[1:]):
        codes = _codes(path)
        if codes is None:
            continue
        if len(plain) and np.bitwise_count(plain[:, np.newaxis] ^ codes).sum(axis=2).min() <= (
            DECISIVE_DISTANCE_BITS
        ):
            copies += 1
            continue
        kept.append(path)
        plain = np.concatenate([plain, codes[:1]])
    return Photographs(tuple(kept), copies)


def _codes(path: Path) -> npt.NDArray[np.uint8] | None:
    """The code of a photograph first, then those of its other plain views; None for what is no photograph."""
    try:
        luma = np.asarray(photograph(path.read_bytes()).convert("L"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        return None
    if min(luma.shape) < _LEAST_SIDE:
        return None
    frame = LumaFrame(np.ascontiguousarray(luma), luma.shape[1], luma.shape[0])
    hashes = query_hashes(DecodedImage(path.name, "L", (frame,)), views=False)
    return hashes.codes[hashes.matchable] if hashes.matchable[0] else None


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
