"""One edited photograph: how near each method brings it to its original, and to other photographs."""

from __future__ import annotations

import importlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from holdfast.bench.edits import photograph
from holdfast.decisions.vocabulary import PLAIN_VIEWS
from holdfast.hashing.image import query_hashes
from holdfast.hashing.pdq import pdq
from holdfast.hashing.views.deep import COARSE_RADIUS_BITS, DeepViews, deep_views
from holdfast.hashing.views.reference import reference_views
from holdfast.hashing.views.refine import agreement, code_signs, refine
from holdfast.hashing.views.small import small_luma
from holdfast.matching.calibration import MATCH_EXPECTED, REFINED, default_model, regularity
from holdfast.media.types import DecodedImage

__all__ = [
    "ENTRIES",
    "LIMIT",
    "PLAIN_RADIUS_BITS",
    "Case",
    "Fit",
    "Listed",
    "Peers",
    "decades",
    "fits",
    "listed",
    "measured_case",
]

ENTRIES = 1_000_000  # of the list that expected false alarms are stated for
# Among so many photographs the 48th best stranger agrees this well before refining: who agrees less is left
# out.
COMPETITION = 5.2
NOWHERE = 999.0  # distance of what was never compared
PLAIN_RADIUS_BITS = 31
LIMIT = MATCH_EXPECTED / 2  # expected false alarms of the fast and of the deep path, each

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Fit:
    """The best that the deep check makes of one picture and one photograph on the list."""

    score_bits: float = NOWHERE
    expected: float = NOWHERE  # false alarms an upload, among `ENTRIES` photographs
    view: str = ""
    listed: str = ""  # name of that photograph, where it matters


@dataclass(frozen=True, slots=True)
class Case:
    """One edited photograph.

    ``peer`` and ``phash`` (bits of 64), ``plain`` and ``fast`` are distances to the original, `NOWHERE` where
    nothing was compared; ``deep`` and ``own`` (with reference-side views on the list) what refining made of
    it. ``is_fast`` and ``is_fast_own``: whether the upload's own answer is a match. ``stranger_fast`` is the
    nearest other photograph, ``strangers`` what deep made of the others.
    """

    photo: str
    edit: str
    peer: float
    phash: float
    plain: float
    fast: float
    is_fast: bool
    is_fast_own: bool
    deep: Fit
    own: Fit
    stranger_fast: float
    strangers: tuple[Fit, ...]
    comparisons: int
    codes: int = 0  # looked up by the fast path


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """One photo on the list: its code uint8 (32,), and the codes of reference-side views (n, 32)."""

    name: str
    code: UInt8Array
    more: UInt8Array


class Peers:
    """Other people's hashes, where they are installed and wanted."""

    def __init__(self, wanted: bool) -> None:
        self._pdqhash = _module("pdqhash") if wanted else None
        hashers = _module("perception.hashers") if wanted else None
        self._phash = None if hashers is None else hashers.PHash()
        peers = {"peer": self._pdqhash, "phash": self._phash}
        self.absent = tuple(name for name, peer in peers.items() if peer is None)

    def distances(self, data: bytes, picture: Image.Image) -> tuple[float, float]:
        """Bits off the original by `pdqhash` (of 256) and by perception's PHash (of 64)."""
        edited = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        original = np.asarray(picture)
        near = far = NOWHERE
        if self._pdqhash is not None:
            near = float((self._pdqhash.compute(edited)[0] != self._pdqhash.compute(original)[0]).sum())
        if self._phash is not None:
            one, other = (
                self._phash.compute(np.array(each), hash_format="vector") for each in (edited, original)
            )
            far = float((one != other).sum())
        return near, far


def listed(path: Path) -> Listed:
    """A file as it goes on the list."""
    luma = np.asarray(photograph(path.read_bytes()).convert("L"))
    small = small_luma(luma)
    more = np.empty((0, 32), np.uint8) if small is None else reference_views(small).codes
    return Listed(path.name, pdq(luma).bits, more)


def measured_case(
    photo: str,
    edit: str,
    decoded: DecodedImage,
    own: Listed,
    strangers: Sequence[Listed],
    peer_distances: tuple[float, float],
) -> Case:
    """All that is to be known of one edited photograph; ``strangers`` are others on the list."""
    others = np.stack([one.code for one in strangers])
    names = [one.name for one in strangers]
    hashes = query_hashes(decoded)
    wanted = np.flatnonzero(hashes.matchable)
    codes = hashes.codes[wanted]
    frame = decoded.frames[0]
    small = small_luma(frame.luma, width=frame.width, height=frame.height)
    views = None if small is None else deep_views(small)
    families = [hashes.view(row).family for row in wanted.tolist()]
    is_fast = _is_match(codes, families, own.code)
    return Case(
        photo,
        edit,
        *peer_distances,
        float(np.bitwise_count(hashes.codes[0] ^ own.code).sum()),
        _nearest(codes, own.code[np.newaxis]),
        is_fast,
        is_fast or any(_is_match(codes, (), code, 1 + len(own.more)) for code in own.more),
        _best(fits(views, own.code[np.newaxis])),
        _best(fits(views, np.concatenate([own.code[np.newaxis], own.more]), 1 + len(own.more))),
        _nearest(codes, others),
        tuple(fits(views, others, names=names)),
        0 if views is None else len(views) * len(strangers),
        len(codes),
    )


def fits(
    views: DeepViews | None, codes: UInt8Array, codes_a_photo: int = 1, names: Sequence[str] = ()
) -> list[Fit]:
    """What the deep check makes of each of these listed codes uint8 (n, 32), the best first.

    The list is as large as `ENTRIES` photographs would make it, each with ``codes_a_photo`` codes. ``names``
    are those of the codes' photographs.
    """
    if views is None or len(views) == 0:
        return []
    distances = np.bitwise_count(views.codes[:, np.newaxis] ^ codes).sum(axis=2)
    rows, places = np.nonzero(distances <= COARSE_RADIUS_BITS)
    if len(rows) == 0:
        return []
    strong = agreement(views.coefficients[rows], code_signs(codes[places])) >= COMPETITION
    rows, places = rows[strong], places[strong]
    return [
        Fit(
            one.score_bits,
            _expected(one.score_bits, views.codes[one.row], codes[places[one.candidate]], codes_a_photo),
            one.view.words,
            names[places[one.candidate]] if names else "",
        )
        for one in refine(views, rows, codes[places])
    ]


def decades(law: str, codes: float) -> float:
    """Powers of ten by which `LIMIT` at `ENTRIES` entries and so many codes lies beyond the law's data."""
    family = default_model().family(law)
    return family.seen_log10 - math.log10(LIMIT / (ENTRIES * codes * family.distinct_share))


def _expected(score_bits: float, view: UInt8Array, code: UInt8Array, codes_a_photo: int) -> float:
    both = float(np.prod(regularity(np.stack([view, code]))))
    entries = float(ENTRIES * codes_a_photo)
    return default_model().judge(score_bits, entries, family=REFINED, regularity=both).expected


def _is_match(codes: UInt8Array, families: Sequence[str], code: UInt8Array, codes_a_photo: int = 1) -> bool:
    """Within 31 bits in a plain view, or in another one where few enough strangers are expected as near.

    Without ``families`` no view is plain, as where ``code`` itself is of a view.
    """
    if len(codes) == 0:
        return False
    distances = np.bitwise_count(codes ^ code).sum(axis=1)
    both = regularity(codes) * regularity(code[np.newaxis])
    compared = float(ENTRIES * codes_a_photo * len(codes))
    expected = default_model().expected_false_alarms(distances, compared, regularity=both)
    is_plain = np.array([family in PLAIN_VIEWS for family in families]) if families else False
    return bool(((distances <= PLAIN_RADIUS_BITS) & (is_plain | (expected <= LIMIT))).any())


def _best(found: Sequence[Fit]) -> Fit:
    return min(found, key=lambda fit: fit.expected, default=Fit())


def _nearest(codes: UInt8Array, others: UInt8Array) -> float:
    if len(codes) == 0 or len(others) == 0:
        return NOWHERE
    return float(np.bitwise_count(codes[:, np.newaxis] ^ others).sum(axis=2).min())


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
