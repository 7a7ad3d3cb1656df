"""`holdfast bench images --edits`: how many edited photographs are found, by edit, method and radius.

Files are split by their digests into a tuning and a measured part; only the measured part is edited and
counted. All photographs of both parts are the list. The strangers that a list of a million entries adds are
not there, so their effect is put in by rule: hits are judged by the false alarms expected at a million
entries, and see `edited_cases.COMPETITION`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.bench.edited_cases import (
    ENTRIES,
    LIMIT,
    NOWHERE,
    PLAIN_RADIUS_BITS,
    Case,
    Listed,
    Peers,
    decades,
    listed,
    measured_case,
)
from holdfast.bench.edited_page import write_page
from holdfast.bench.edited_photos import is_tuning, photographs
from holdfast.bench.edited_speed import speed_rows
from holdfast.bench.edited_templates import template_rows
from holdfast.bench.edits import CORE_EDITS, MORE_EDITS, PeopleEdit, edited_jpeg, photograph
from holdfast.bench.machine import describe_machine
from holdfast.errors import NotMatchableError, UnreadableError
from holdfast.matching.calibration import COARSE, REFINED
from holdfast.media.pool import DecodePool
from holdfast.media.types import DecodedImage, ImageLimits

__all__ = ["METHODS", "PHASH_RADIUS_BITS", "Result", "run"]

METHODS = ("peer", "phash", "plain", "fast", "deep", "own")
# Of 64: the largest at which random codes give at most 1e-6 false alarms at a million entries.
PHASH_RADIUS_BITS = 5.0
_RADII = (16, 24, 31, 36, 40, 44, 48, 52, 56, 60, 64)
_SCORES = range(88, 52, -4)  # at which strangers are counted
_TIMED = 10
_NAMED = 5  # pairs of strangers
_LABEL = 66  # characters: the longest is of `edited_templates`

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured, and how the files were split."""

    tuning: list[str]
    measured: list[str]
    cases: list[Case] = field(default_factory=list)
    copies: int = 0  # files left out
    methods: tuple[str, ...] = METHODS  # those of peers only where they were asked

    def recall(self, edits: Sequence[PeopleEdit], method: str) -> float:
        """The mean over ``edits`` of the share found by the method's own rule."""
        return self._mean(edits, [self.is_found(case, method) for case in self.cases])

    def recall_within(self, edits: Sequence[PeopleEdit], method: str, radius: float) -> float:
        """The same within a fixed radius: of refined scores for deep and own."""
        return self._mean(edits, [_bits(case, method) <= radius for case in self.cases])

    def strangers(self, score_bits: float) -> int:
        """Pairs of an edited photo and another photo that deep brought within a score."""
        return sum(fit.score_bits <= score_bits for case in self.cases for fit in case.strangers)

    def false_matches(self) -> int:
        """Pairs of an edited photo and another photo that deep would call a match."""
        return sum(fit.expected <= LIMIT for case in self.cases for fit in case.strangers)

    def nearest_strangers(self) -> list[str]:
        """The pairs of photographs that came nearest, in words: look whether they are strangers at all."""
        pairs: dict[frozenset[str], float] = {}
        for case in self.cases:
            for fit in case.strangers:
                pair = frozenset((case.photo, fit.listed))
                pairs[pair] = min(fit.score_bits, pairs.get(pair, NOWHERE))
        nearest = sorted(pairs.items(), key=lambda one: one[1])[:_NAMED]
        return [f"{bits:.0f} bits: {' and '.join(sorted(pair))}" for pair, bits in nearest]

    @staticmethod
    def is_found(case: Case, method: str) -> bool:
        """Whether a method finds the original by its own rule. Deep goes on where fast found nothing."""
        if method == "phash":
            return case.phash <= PHASH_RADIUS_BITS
        if method == "fast":
            return case.is_fast
        if method in ("peer", "plain"):
            return float(getattr(case, method)) <= PLAIN_RADIUS_BITS
        if method == "deep":
            return case.is_fast or case.deep.expected <= LIMIT
        return case.is_fast_own or case.own.expected <= LIMIT

    def _mean(self, edits: Sequence[PeopleEdit], found: Sequence[bool]) -> float:
        shares = []
        for edit in edits:
            of_edit = [here for here, case in zip(found, self.cases, strict=True) if case.edit == edit.name]
            shares.append(sum(of_edit) / max(1, len(of_edit)))
        return float(sum(shares) / max(1, len(shares)))


def run(
    folders: Sequence[Path], *, photos: int, peers: bool, as_json: bool, page: Path | None = None
) -> Result:
    """Measures and prints; writes the page where asked. ``photos`` of the measured part are edited.

    Raises UnreadableError where the folders hold too few photographs.
    """
    found = photographs(folders)
    files = found.files
    tuning = [path for path in files if is_tuning(path)]
    measured = [path for path in files if not is_tuning(path)][:photos]
    if len(measured) < 4:
        raise UnreadableError(
            f"{len(measured)} photographs in the measured part, and 4 are needed to make collages. "
            "Nothing was measured. Name folders with more of them."
        )
    others = Peers(peers)
    result = Result(
        [path.name for path in tuning],
        [path.name for path in measured],
        copies=found.copies,
        methods=tuple(method for method in METHODS if method not in others.absent),
    )
    started = time.perf_counter()
    timed: list[DecodedImage] = []
    with DecodePool(ImageLimits()) as pool:
        on_list = {path: listed(path) for path in files}
        for number, path in enumerate(measured):
            beside = [measured[(number + step) % len(measured)] for step in (1, 2, 3)]
            result.cases.extend(_cases(pool, path, beside, on_list, others))
        timed += [pool.decode_image(path.read_bytes()) for path in measured[:_TIMED]]
    rows = list(_rows(result, time.perf_counter() - started))
    rows += [*template_rows(measured), *speed_rows(timed)]
    for row in rows:
        sys.stdout.write((json.dumps(row) if as_json else _plain(row)) + "\n")
    if page is not None:
        write_page(page, result, rows, {path.name: path for path in measured})
    return result


def _cases(
    pool: DecodePool, path: Path, others: list[Path], on_list: dict[Path, Listed], peers: Peers
) -> Iterator[Case]:
    picture = photograph(path.read_bytes())
    beside = [photograph(other.read_bytes()) for other in others]
    strangers = [one for other, one in on_list.items() if other not in (path, *others)]
    for edit in (*CORE_EDITS, *MORE_EDITS):
        data = edited_jpeg(edit, picture, path.name, beside)
        try:
            decoded = pool.decode_image(data)
        except NotMatchableError:
            continue
        distances = peers.distances(data, picture)
        yield measured_case(path.name, edit.name, decoded, on_list[path], strangers, distances)


def _rows(result: Result, seconds: float) -> Iterator[Row]:
    yield {"machine": describe_machine()}
    yield {
        "measure": "split",
        "rule": "tuning where the first byte of the file's SHA-256 is under 128",
        "tuning": len(result.tuning),
        "measured and edited": len(result.measured),
        "copies left out": result.copies,
        "measured files": result.measured,
        "seconds": round(seconds),
    }
    yield {
        "measure": "rule",
        "entries": ENTRIES,
        "peer, plain": f"within {PLAIN_RADIUS_BITS} bits",
        "phash": f"within {PHASH_RADIUS_BITS:.0f} of 64 bits",
        "fast": f"within {PLAIN_RADIUS_BITS} bits: as it is, turned or freed of a border; "
        f"other views where at most {LIMIT:g} false alarms an upload are expected",
        "deep, own": f"fast, or refined with at most {LIMIT:g} expected",
        "extrapolation": "these numbers of false alarms were not counted but extrapolated beyond the data, "
        f"by {decades(COARSE, _codes(result)):.1f} decades (fast) and {decades(REFINED, 1):.1f} (deep)",
    }
    groups = [(edit.words, [edit]) for edit in (*CORE_EDITS, *MORE_EDITS)]
    groups += [("all 17 (macro)", list(CORE_EDITS)), ("all the others (macro)", list(MORE_EDITS))]
    for words, edits in groups:
        yield {"measure": f"recall, {words}"} | {
            method: round(result.recall(edits, method), 3) for method in result.methods
        }
    for radius in _RADII:
        yield {"measure": f"recall over 17 edits within {radius} bits"} | {
            method: round(result.recall_within(CORE_EDITS, method, radius), 3) for method in result.methods
        }
    yield _strangers_row(result)


def _strangers_row(result: Result) -> Row:
    return {
        "measure": "unrelated photographs",
        "photographs": len(result.tuning) + len(result.measured),
        "comparisons": sum(case.comparisons for case in result.cases),
        "nearest of the fast path, bits": min(case.stranger_fast for case in result.cases),
        "pairs called a match": result.false_matches(),
        "pairs within a score of": {str(score): result.strangers(score) for score in _SCORES},
        "nearest": result.nearest_strangers(),
    }


def _codes(result: Result) -> float:
    """How many codes of an upload the fast path looks up."""
    return float(np.mean([case.codes for case in result.cases]))


def _bits(case: Case, method: str) -> float:
    if method == "phash":
        return 4 * case.phash  # of 64
    if method in ("deep", "own"):
        return case.deep.score_bits if method == "deep" else case.own.score_bits
    return float(getattr(case, method))


def _plain(row: Row) -> str:
    rest = {key: value for key, value in row.items() if key != "measured files"}
    head = rest.pop("measure", "machine")
    return f"{head:<{_LABEL}}  " + "  ".join(f"{key} {value}" for key, value in rest.items())
