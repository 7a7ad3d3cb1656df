"""`holdfast bench images --edits`: how many edited photographs are found, by edit, method and radius.

Files are split by their digests into a tuning and a measured part; only the measured part is edited and
counted. All photographs of both parts are the list. The strangers that a list of a million entries adds are
not there, so their effect is put in by rule: see `COMPETITION`.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from holdfast.bench.edited_page import DEEP_RADIUS_BITS, write_page
from holdfast.bench.edits import CORE_EDITS, MORE_EDITS, PeopleEdit, edited_jpeg, photograph
from holdfast.bench.machine import describe_machine
from holdfast.errors import NotMatchableError, UnreadableError
from holdfast.hashing.image import query_hashes
from holdfast.hashing.pdq import pdq
from holdfast.hashing.views.deep import COARSE_RADIUS_BITS, DeepViews, deep_views
from holdfast.hashing.views.reference import reference_views
from holdfast.hashing.views.refine import agreement, code_signs, refine
from holdfast.hashing.views.small import small_luma
from holdfast.media.pool import DecodePool
from holdfast.media.types import ImageLimits

__all__ = ["COMPETITION", "DEEP_RADIUS_BITS", "Case", "Result", "run"]

# At a million entries the 48th best stranger agrees this well before refining: who agrees less is left out.
COMPETITION = 4.8
NOWHERE = 999.0  # distance of what was never compared
METHODS = ("peer", "plain", "fast", "deep", "own")

UInt8Array = npt.NDArray[np.uint8]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One edited photograph: how near each method came to its original, and to the nearest stranger.

    ``peer``, ``plain`` and ``fast`` are bits, ``deep`` and ``own`` (deep, with reference-side views on the
    list) scores of refining; `NOWHERE` where nothing was near enough to be looked at. ``view`` is what deep
    undid.
    """

    photo: str
    edit: str
    peer: float
    plain: float
    fast: float
    deep: float
    own: float
    view: str
    stranger_fast: float
    strangers_deep: tuple[float, ...]
    comparisons: int


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured, and how the files were split."""

    tuning: list[str]
    measured: list[str]
    cases: list[Case] = field(default_factory=list)

    def recall(self, edits: Sequence[PeopleEdit], method: str, radius: float) -> float:
        """The mean over ``edits`` of the share found within ``radius``."""
        shares = []
        for edit in edits:
            found = [getattr(case, method) <= radius for case in self.cases if case.edit == edit.name]
            shares.append(sum(found) / max(1, len(found)))
        return float(sum(shares) / max(1, len(shares)))

    def strangers(self, radius: float) -> int:
        """Pairs of an edited photo and another photo that deep brought within a score of ``radius``."""
        return sum(distance <= radius for case in self.cases for distance in case.strangers_deep)


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    """One photo on the list: its code, and the codes of reference-side views."""

    name: str
    code: UInt8Array
    more: UInt8Array


def run(
    folders: Sequence[Path], *, photos: int, peers: bool, as_json: bool, page: Path | None = None
) -> Result:
    """Measures and prints; writes the page where asked. ``photos`` of the measured part are edited.

    Raises UnreadableError where the folders hold too few photographs.
    """
    files = _photographs(folders)
    tuning = [path for path in files if is_tuning(path)]
    measured = [path for path in files if not is_tuning(path)][:photos]
    if len(measured) < 4:
        raise UnreadableError(
            f"{len(measured)} photographs in the measured part, and 4 are needed to make collages. "
            "Nothing was measured. Name folders with more of them."
        )
    result = Result([path.name for path in tuning], [path.name for path in measured])
    started = time.perf_counter()
    with DecodePool(ImageLimits()) as pool:
        listed = {path: _listed(path) for path in files}
        for number, path in enumerate(measured):
            others = [measured[(number + step) % len(measured)] for step in (1, 2, 3)]
            result.cases.extend(_cases(pool, path, others, listed, _peer() if peers else None))
    rows = list(_rows(result, time.perf_counter() - started))
    for row in rows:
        sys.stdout.write((json.dumps(row) if as_json else _plain(row)) + "\n")
    if page is not None:
        write_page(page, result, rows, {path.name: path for path in measured})
    return result


def is_tuning(path: Path) -> bool:
    """Whether a file belongs to the tuning part: by its digest, so by nothing that anybody chose."""
    return hashlib.sha256(path.read_bytes()).digest()[0] < 128


def _photographs(folders: Sequence[Path]) -> list[Path]:
    """Files that open as pictures with features enough, in an order that does not depend on their names."""
    found = []
    for path in sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()}):
        try:
            luma = np.asarray(photograph(path.read_bytes()).convert("L"))
        except (UnidentifiedImageError, OSError, ValueError):
            continue
        if min(luma.shape) >= 200 and not pdq(luma).featureless:
            found.append(path)
    return sorted(found, key=lambda path: hashlib.sha256(path.read_bytes()).digest()[1:])


def _listed(path: Path) -> _Listed:
    luma = np.asarray(photograph(path.read_bytes()).convert("L"))
    small = small_luma(luma)
    more = np.empty((0, 32), np.uint8) if small is None else reference_views(small).codes
    return _Listed(path.name, pdq(luma).bits, more)


def _cases(
    pool: DecodePool, path: Path, others: list[Path], listed: dict[Path, _Listed], peer: Any
) -> Iterator[Case]:
    picture = photograph(path.read_bytes())
    beside = [photograph(other.read_bytes()) for other in others]
    strangers = np.stack([one.code for other, one in listed.items() if other not in (path, *others)])
    for edit in (*CORE_EDITS, *MORE_EDITS):
        data = edited_jpeg(edit, picture, path.name, beside)
        try:
            decoded = pool.decode_image(data)
        except NotMatchableError:
            continue
        hashes = query_hashes(decoded)
        codes = hashes.codes[hashes.matchable]
        frame = decoded.frames[0]
        small = small_luma(frame.luma, width=frame.width, height=frame.height)
        views = None if small is None else deep_views(small)
        own = listed[path]
        deep, view = _refined(views, own.code[np.newaxis])
        with_own, _ = _refined(views, np.concatenate([own.code[np.newaxis], own.more]))
        yield Case(
            path.name,
            edit.name,
            _peer_distance(peer, data, picture),
            float(np.bitwise_count(hashes.codes[0] ^ own.code).sum()),
            _nearest(codes, own.code[np.newaxis]),
            deep,
            with_own,
            view,
            _nearest(codes, strangers),
            _strangers(views, strangers),
            0 if views is None else len(views) * len(strangers),
        )


def _nearest(codes: UInt8Array, listed: UInt8Array) -> float:
    if len(codes) == 0:
        return NOWHERE
    return float(np.bitwise_count(codes[:, np.newaxis] ^ listed).sum(axis=2).min())


def _refined(views: DeepViews | None, listed: UInt8Array) -> tuple[float, str]:
    """The soft distance after the coarse gate, the competition of strangers and refining; and the view."""
    rows, places = _near(views, listed)
    if views is None or len(rows) == 0:
        return NOWHERE, ""
    before = agreement(views.coefficients[rows], code_signs(listed[places]))
    strong = before >= COMPETITION
    found = refine(views, rows[strong], listed[places[strong]])
    return (found[0].score_bits, found[0].view.words) if found else (NOWHERE, "")


def _strangers(views: DeepViews | None, listed: UInt8Array) -> tuple[float, ...]:
    rows, places = _near(views, listed)
    if views is None:
        return ()
    return tuple(one.score_bits for one in refine(views, rows, listed[places]))


def _near(views: DeepViews | None, listed: UInt8Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(view rows, places in the list) within the coarse radius."""
    if views is None or len(views) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    distances = np.bitwise_count(views.codes[:, np.newaxis] ^ listed).sum(axis=2)
    rows, places = np.nonzero(distances <= COARSE_RADIUS_BITS)
    return rows, places


def _peer() -> Any:
    try:
        return importlib.import_module("pdqhash")
    except ImportError:
        return None


def _peer_distance(peer: Any, data: bytes, picture: Image.Image) -> float:
    if peer is None:
        return NOWHERE
    edited, _ = peer.compute(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    original, _ = peer.compute(np.asarray(picture))
    return float((edited != original).sum())


def _rows(result: Result, seconds: float) -> Iterator[Row]:
    yield {"machine": describe_machine()}
    yield {
        "measure": "split",
        "rule": "tuning where the first byte of the file's SHA-256 is under 128",
        "tuning": len(result.tuning),
        "measured and edited": len(result.measured),
        "measured files": result.measured,
        "seconds": round(seconds),
    }
    radii = {"peer": 31.0, "plain": 31.0, "fast": 31.0, "deep": DEEP_RADIUS_BITS, "own": DEEP_RADIUS_BITS}
    groups = [(edit.words, [edit]) for edit in (*CORE_EDITS, *MORE_EDITS)]
    groups += [("all 17 (macro)", list(CORE_EDITS)), ("all the others (macro)", list(MORE_EDITS))]
    for words, edits in groups:
        yield {"measure": f"recall, {words}"} | {
            method: round(result.recall(edits, method, radii[method]), 3) for method in METHODS
        }
    for radius in (16, 24, 31, 36, 40, 44, 48, 52, 56):
        yield {"measure": f"recall over 17 edits within {radius} bits"} | {
            method: round(result.recall(CORE_EDITS, method, radius), 3) for method in METHODS
        }
    comparisons = sum(case.comparisons for case in result.cases)
    yield {
        "measure": "unrelated photographs",
        "comparisons": comparisons,
        "nearest of the fast path, bits": min(case.stranger_fast for case in result.cases),
        "pairs within a score of": {str(radius): result.strangers(radius) for radius in range(88, 48, -4)},
    }


def _plain(row: Row) -> str:
    rest = {key: value for key, value in row.items() if key != "measured files"}
    head = rest.pop("measure", "machine")
    return f"{head:<48}" + "  ".join(f"{key} {value}" for key, value in rest.items())
