"""The listed codes behind hits of the flat scan, read from the index in memory: the records are not asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import CODE_BYTES, bit_order
from holdfast.matching.flat import LivingCodes

__all__ = ["codes_of"]

FEW_RUNS = 8  # of rising ids; a segment has two at most, newly added codes rarely more


def codes_of(lists: Sequence[LivingCodes], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The code of each id, uint8 (n, 32), ids as `flat.flat_search` gave them for the same ``lists``."""
    words = np.zeros((len(ids), 4), np.uint64)
    missing = np.ones(len(ids), np.bool_)
    for part in lists:
        wanted = np.flatnonzero(missing)
        if not len(wanted):
            break
        places = _places(part.ids, ids[wanted])
        here = places >= 0
        words[wanted[here]] = part.codes[places[here]]
        missing[wanted[here]] = False
    stored = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
    codes = np.empty((len(ids), 8 * CODE_BYTES), np.uint8)
    codes[:, bit_order()] = stored
    return np.packbits(codes, axis=1, bitorder="little")


def _places(held: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each wanted id stands, -1 where it does not. Ids rise in few runs, or are sorted first."""
    places = np.full(len(wanted), -1, np.int64)
    borders = np.flatnonzero(held[1:] < held[:-1]) + 1
    if len(borders) >= FEW_RUNS:
        order = np.argsort(held, kind="stable")
        found = _places(held[order], wanted)
        places[found >= 0] = order[found[found >= 0]]
        return places
    for begin, end in zip([0, *borders.tolist()], [*borders.tolist(), len(held)], strict=True):
        run = held[begin:end]
        at = np.minimum(np.searchsorted(run, wanted), max(end - begin - 1, 0))
        found = np.flatnonzero(run[at] == wanted) if len(run) else np.empty(0, np.int64)
        places[found] = begin + at[found]
    return places
