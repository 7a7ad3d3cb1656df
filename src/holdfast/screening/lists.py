"""The index over every active fingerprint, kept fresh by following the fingerprint log.

A *generation* in the home's index folder is the index as of one position of the log: a file of PDQ codes, a
file of digest keys, and a manifest that names both and is replaced as a whole. Every process maps the
newest generation and follows the log from there, in memory. When the log has run far ahead, a new one is
built from the records, under a lock so that one process of a host does it; the others take it in when
they see the new manifest. All of it is a cache: absent, damaged or foreign files are built again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from holdfast.banks.log import Change, changes_since, last_position, read_since
from holdfast.banks.models import ALGORITHMS, VPDQ
from holdfast.errors import IndexFileError
from holdfast.matching.digests import digest_keys
from holdfast.matching.flat import LivingCodes
from holdfast.records.database import Database
from holdfast.screening.generation import (
    Generation,
    build_generation,
    mark_of,
    newest_generation,
    newest_to_follow,
    only_one,
)

__all__ = ["ListIndex"]

VIDEOS_BEHIND, SHARE_BEHIND = 500, 0.05  # videos, and share of all, that servers are left to hold in memory
WORTH_REOPENING = 2_000  # changes in memory that a newer generation spares
_PAGE = 10_000
_PDQ = "pdq"

Progress = Callable[[int], object]
Int64Array = npt.NDArray[np.int64]


class ListIndex:
    """An index of every active fingerprint; ids are fingerprint ids. Safe for many threads."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()  # held by whoever brings it up to date
        self._now = Generation.empty()

    @property
    def position(self) -> int:
        """The position of the fingerprint log up to which this index knows the lists; -1 at first."""
        return self._now.position

    def __len__(self) -> int:
        return len(self._now.codes)

    def search(self, codes: npt.NDArray[np.uint8], radius: int) -> tuple[Int64Array, Int64Array, Int64Array]:
        """As `HammingIndex.range_search`, over the lists as of the last `refresh`."""
        return self._now.codes.range_search(codes, radius)

    def living(self) -> tuple[LivingCodes, ...]:
        """All PDQ codes as they are at this moment, not copied, for `matching.flat.flat_search`."""
        return self._now.codes.living()

    @property
    def has_digests(self) -> bool:
        """Whether any list has a digest; else none of an upload need be made: a tenth of its whole cost."""
        return len(self._now.digests) > 0

    def may_hold(self, digests: Mapping[str, bytes]) -> bool:
        """Whether any of one content's digests ("md5", "sha1", "sha256") may be listed; False is certain."""
        keys = [int(digest_keys(name, value, len(value))[0]) for name, value in digests.items()]
        return self._now.digests.may_hold(keys)

    def which_may_be_held(self, algorithm: str, values: bytes) -> npt.NDArray[np.bool_]:
        """The same for many digests of one algorithm, one after the other in ``values``: bool (n,)."""
        return self._now.digests.which(digest_keys(algorithm, values, ALGORITHMS[algorithm]))

    def refresh(self, progress: Progress = lambda _: None) -> None:
        """Takes in what has changed in the records. ``progress`` hears of hashes read for a new build."""
        with self._lock:
            if self._follow(self._now):
                self._take_in_newer()
                return
            with only_one(self._folder):
                opened = newest_generation(
                    self._folder
                )  # another process may have built it while this waited
                if opened is None or not self._follow(opened):
                    build_generation(self._database, self._folder, progress)
                    opened = newest_generation(self._folder)
                    if opened is None:
                        raise IndexFileError(
                            f"The index in {self._folder} was built and cannot be read. Nothing was looked "
                            "up. See whether its disk is sound and has room."
                        )
                    self._follow(opened)
                self._now = opened

    def merge(self, behind: int = 5_000, progress: Progress = lambda _: None) -> bool:
        """Builds a new generation when the log is more than ``behind`` changes past the newest one.

        Of listed videos fewer will do: each takes as much memory as hundreds of photographs. For the worker
        process: servers then never build while they answer. True when one was built.
        """
        with only_one(self._folder):
            opened = newest_generation(self._folder)
            with self._database.read() as connection:
                ahead = last_position(connection) - (-1 if opened is None else opened.position)
                is_sound = (
                    opened is not None and mark_of(self._database, connection, opened.position) == opened.mark
                )
                is_near = opened is not None and ahead <= behind and not _many_videos(connection, opened)
            if is_sound and is_near:
                return False
            build_generation(self._database, self._folder, progress)
        return True

    def _follow(self, generation: Generation) -> bool:
        """Takes in the log since the generation's position; False without one, or when it is too far back."""
        with self._database.read() as connection:
            newest = newest_to_follow(self._database, connection, generation)
            if newest is None:
                return False
            while generation.position < newest:
                _apply(generation, read_since(connection, generation.position, _PAGE))
        return True

    def _take_in_newer(self) -> None:
        """Changes to a generation that another process built, where that spares much in memory."""
        if self._now.position - self._now.built_at < WORTH_REOPENING:
            return
        opened = newest_generation(self._folder, newer_than=self._now)
        if opened is not None and self._follow(opened):
            self._now = opened


def _many_videos(connection: sa.Connection, generation: Generation) -> bool:
    """Whether so many videos have changed since that each process holds too much of its own."""
    most = max(VIDEOS_BEHIND, SHARE_BEHIND * generation.videos)
    return changes_since(connection, generation.position, VPDQ) > most


def _apply(generation: Generation, changes: list[Change]) -> None:
    # A fingerprint may change several times in one page: what it came to last is what counts.
    last = {change.fingerprint_id: change for change in changes}
    coded = [change for change in last.values() if change.algorithm == _PDQ]
    generation.codes.remove(np.array([change.fingerprint_id for change in coded], np.int64))
    present = [change for change in coded if change.value is not None]
    if present:
        codes = np.frombuffer(b"".join(c.value or b"" for c in present), np.uint8).reshape(-1, 32)
        generation.codes.add(codes, np.array([c.fingerprint_id for c in present], np.int64))
    for algorithm in ("md5", "sha1", "sha256"):
        values = b"".join(c.value or b"" for c in last.values() if c.algorithm == algorithm)
        if values:
            generation.digests.add(digest_keys(algorithm, values, ALGORITHMS[algorithm]))
    generation.position = changes[-1].position
