"""From coarse to fine: how well a picture can be brought to a listed code by a small further change.

A view near its original still lies some per cent off, which costs PDQ most of its bits. Its coefficients
change nearly linearly with small changes of the geometry, and a listed code tells the sign that each should
have. So a few steps of regularised least squares (Gauss-Newton over shift, scale, shear and slant) find the
geometry that fits best. Unrelated codes can be fitted a little too: some 9 bits of 256 on average, which
the false-alarm model has to know.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.views import warp_kernels
from holdfast.hashing.views.deep import DeepViews, ViewName, centred_coefficients
from holdfast.hashing.views.faces import cosine_matrix
from holdfast.hashing.views.plan import Matrix

__all__ = ["Refined", "agreement", "code_signs", "joint_step", "refine", "soft_distance_bits"]

KEPT = 48  # candidates that are refined at all, by how well their signs agree before
PROMISING = 4.5  # agreement after the first steps from which the rest is done
REPORTED_BITS = 88.0  # soft distance up to which a candidate is worth telling of: five deviations
FIRST_STEPS, MORE_STEPS = 2, 5
RIDGE = 8.0
LIMIT = 0.12  # of half a side, that one step may move anything
_NEIGHBOURS = ((0, 1), (0, 2), *((down, across) for down in (1, 2) for across in range(-2, 3)))
_REACH = np.array([0.05] * 6 + [0.02] * 2)  # plausible size of each of the eight changes

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Refined:
    """One candidate after refining.

    ``row`` is the view that it started from, ``candidate`` its place among the codes handed in.
    ``distance_bits`` is the plain distance at the refined view. ``soft_distance_bits`` is on the same
    scale, but counts what is surely right or wrong more than what hangs in the balance.
    """

    row: int
    candidate: int
    distance_bits: int
    soft_distance_bits: float
    view: ViewName

    @property
    def score_bits(self) -> float:
        """What decides: the greater of both distances. Strangers of one pattern seldom come near by both."""
        return max(float(self.distance_bits), self.soft_distance_bits)


def soft_distance_bits(agreement_: float) -> float:
    """Agreement (see `agreement`) on the scale of bits: 128 for strangers, with a deviation of 8."""
    return 128.0 - 8.0 * agreement_


def agreement(coefficients: Float32Array, signs: Float32Array) -> Float32Array:
    """How well coefficients (n, 256) have the signs (n, 256) of codes, in deviations: float32 (n,).

    0 for strangers, with a deviation of about 1; 16 at most. A coefficient counts by its size, up to what
    is usual: one near zero may well have got its sign by chance. Signs of smooth or patterned pictures
    repeat from one frequency to the next, so that two such pictures agree or disagree in whole runs: the
    more both repeat, the less their agreement counts (Bartlett's formula for the deviation of a sum of
    products of two series that are each correlated in themselves, over neighbours up to two apart, halved
    because both autocorrelations are estimates).
    """
    weights = np.clip(coefficients / _usual(coefficients), -1.0, 1.0)
    power = np.einsum("ni,ni->n", weights, weights) + np.float32(1e-6)
    shared = np.einsum("nh,nh->n", _repetition(weights), _repetition(signs))
    spread = np.sqrt(power * np.maximum(1.0, 1.0 + shared))
    total: Float32Array = np.einsum("ni,ni->n", weights, signs) / spread
    return total


def _repetition(values: Float32Array) -> Float32Array:
    """Autocorrelation of rows of values (n, 256), each 16 x 16, at twelve neighbours: float32 (n, 12)."""
    fields = values.reshape(-1, 16, 16)
    power = np.einsum("nij,nij->n", fields, fields) / 256 + np.float32(1e-6)
    columns = []
    for down, across in _NEIGHBOURS:
        height, width = 16 - down, 16 - abs(across)
        right, left = max(across, 0), max(-across, 0)
        one = fields[:, down:, right : right + width]
        other = fields[:, :height, left : left + width]
        columns.append(np.einsum("nij,nij->n", one, other) / (power * (height * width)))
    return np.stack(columns, axis=1)


def code_signs(codes: UInt8Array) -> Float32Array:
    """+1 or -1 for each coefficient's place, from codes uint8 (n, 32): float32 (n, 256)."""
    bits = np.unpackbits(codes, axis=1)[:, ::-1]  # the last coefficient comes first in a code
    return bits.astype(np.float32) * 2 - 1


def refine(views: DeepViews, rows: npt.NDArray[np.int64], codes: UInt8Array) -> list[Refined]:
    """The candidates within `REPORTED_BITS` after refining, least score first; one for each distinct code.

    Candidate i is code ``codes[i]`` uint8 (m, 32), found near view number ``rows[i]``. At most `KEPT` are
    refined, those that agree best beforehand.
    """
    if len(rows) == 0:
        return []
    signs = code_signs(codes)
    before = agreement(views.coefficients[rows], signs)
    kept = np.argsort(-before, kind="stable")[:KEPT]
    fits = _Fits(views, rows[kept], signs[kept])
    fits.step(np.arange(len(kept)), FIRST_STEPS)
    fits.step(np.flatnonzero(fits.agreement >= PROMISING), MORE_STEPS)
    best: dict[bytes, Refined] = {}
    for place in np.argsort(-fits.agreement, kind="stable").tolist():
        candidate, soft = int(kept[place]), soft_distance_bits(float(fits.agreement[place]))
        code = codes[candidate].tobytes()
        if soft > REPORTED_BITS or code in best:
            continue
        row = int(rows[candidate])
        name = views.name(row, fits.matrices[place])
        best[code] = Refined(row, candidate, int(fits.distance[place]), soft, name)
    return sorted(best.values(), key=lambda one: one.score_bits)


class _Fits:
    """Candidates on the way: where each stands, and the best that each has been."""

    def __init__(self, views: DeepViews, rows: npt.NDArray[np.int64], signs: Float32Array) -> None:
        self._faces, self._part, self._signs = views.faces, views.part[rows], signs
        self._now = views.matrices[rows].copy()
        self.matrices = self._now.copy()
        self.agreement = agreement(views.coefficients[rows], signs)
        self.distance = _wrong(views.coefficients[rows], signs)

    def step(self, wanted: npt.NDArray[np.int64], count: int) -> None:
        """``count`` steps for the candidates at these places."""
        for part in np.unique(self._part[wanted]).tolist():
            places = wanted[self._part[wanted] == part]
            for number in range(count + 1):
                blocks = self._faces.blocks(part, self._now[places])
                self._note(places, blocks)
                if number < count:
                    self._now[places] = self._now[places] @ _better(blocks, self._signs[places])

    def _note(self, places: npt.NDArray[np.int64], blocks: Float32Array) -> None:
        """Keeps what is better than all before."""
        coefficients = centred_coefficients(blocks)
        now = agreement(coefficients, self._signs[places])
        better = now > self.agreement[places]
        improved = places[better]
        self.agreement[improved] = now[better]
        self.distance[improved] = _wrong(coefficients[better], self._signs[improved])
        self.matrices[improved] = self._now[improved]


def _wrong(coefficients: Float32Array, signs: Float32Array) -> npt.NDArray[np.int64]:
    return np.asarray(np.count_nonzero((coefficients > 0) != (signs > 0), axis=1), np.int64)


def _usual(coefficients: Float32Array) -> Float32Array:
    flat = np.abs(coefficients) / _decay()
    return _decay() * (np.median(flat, axis=1, keepdims=True).astype(np.float32) + np.float32(1e-6))


@functools.cache
def _decay() -> Float32Array:
    """How coefficients of photographs fall with frequency: float32 (256,)."""
    frequency = np.arange(1, 17)
    return (1 / np.hypot.outer(frequency, frequency)).astype(np.float32).ravel()


def joint_step(blocks: Float32Array, signs: Float32Array) -> Matrix:
    """The one small change, (3, 3), that brings several blocks (k, 64, 64) nearer to their signs (k, 256).

    For frames of one video, seen through one matrix: what is wrong with the geometry is wrong in all of them.
    """
    curvature, pull = _equations(blocks, signs)
    change: Matrix = _change(curvature.sum(axis=0, keepdims=True), pull.sum(axis=0, keepdims=True))[0]
    return change


def _better(blocks: Float32Array, signs: Float32Array) -> Matrix:
    """For each block (k, 64, 64) the small change, (k, 3, 3), that brings it nearer to the signs (k, 256)."""
    return _change(*_equations(blocks, signs))


def _equations(blocks: Float32Array, signs: Float32Array) -> tuple[Float32Array, Float32Array]:
    """The normal equations of each block: curvature (k, 8, 8) without the ridge, and pull (k, 8, 1)."""
    coefficients, slopes = centred_coefficients(blocks), _slopes(blocks)
    usual = _usual(coefficients)
    now = coefficients / usual
    slopes /= usual[:, np.newaxis]
    is_right = now * signs > 1
    missing = np.where(is_right, 0, np.clip(signs - now, -2, 2)).astype(np.float32)
    weighted = slopes * np.where(is_right, np.float32(0.3), np.float32(1.0))[:, np.newaxis]
    return weighted @ slopes.transpose(0, 2, 1), weighted @ missing[..., np.newaxis]


def _change(curvature: Float32Array, pull: Float32Array) -> Matrix:
    """The change (k, 3, 3) that solves each of the equations, none too large."""
    ridge = np.diag(RIDGE / _REACH**2).astype(np.float32)
    change = np.clip(np.linalg.solve(curvature + ridge, pull)[..., 0], -LIMIT, LIMIT)
    matrices = np.tile(np.eye(3), (len(change), 1, 1))
    matrices[:, 0, 2], matrices[:, 1, 2] = change[:, 0], change[:, 1]
    matrices[:, 0, 0] += change[:, 2]
    matrices[:, 1, 1] += change[:, 3]
    matrices[:, 0, 1], matrices[:, 1, 0] = change[:, 4], change[:, 5]
    matrices[:, 2, 0], matrices[:, 2, 1] = -change[:, 6], -change[:, 7]
    return matrices


def _slopes(blocks: Float32Array) -> Float32Array:
    """How the coefficients change with each of the eight changes: float32 (k, 8, 256).

    Moving points by (a, b) changes a block by a times its gradient across and b times that down. For our
    changes a and b are 1, x, y, x squared, x y or y squared, so the weighting goes into the cosine
    matrices on either side, and all eight share the same few products.
    """
    across, down = np.empty_like(blocks), np.empty_like(blocks)
    warp_kernels.gradients_into(blocks, across, down)
    left, right = _moments()
    # [i, j]: weighted with y to the power i and x to the power j.
    a = (left @ (across @ right)).reshape(-1, 3, 16, 3, 16).transpose(0, 1, 3, 2, 4)
    d = (left @ (down @ right)).reshape(-1, 3, 16, 3, 16).transpose(0, 1, 3, 2, 4)
    slopes = np.stack(
        [
            a[:, 0, 0],
            d[:, 0, 0],
            a[:, 0, 1],
            d[:, 1, 0],
            a[:, 1, 0],
            d[:, 0, 1],
            a[:, 0, 2] + d[:, 1, 1],
            a[:, 1, 1] + d[:, 2, 0],
        ],
        axis=1,
    )
    return slopes.reshape(len(blocks), 8, 256)


@functools.cache
def _moments() -> tuple[Float32Array, Float32Array]:
    """Cosine matrices weighted with 1, x and x squared: (48, 64) for the left, (64, 48) for the right."""
    places = ((2 * np.arange(64) + 1) / 64 - 1).astype(np.float32)
    left = np.concatenate([cosine_matrix() * places**power for power in range(3)])
    return left, np.ascontiguousarray(left.T)
