"""Files and bytes in, outcomes out: the one place where media, hashing, matching and banks meet.

with Screener(home) as screener:
    outcome = screener.screen_file("photo.jpg")
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from holdfast.banks.resolve import BankMatch, conventions_in_use, resolve
from holdfast.banks.service import get_bank, list_banks
from holdfast.errors import NotMatchableError, UnreadableError
from holdfast.hashing.code import Convention
from holdfast.hashing.image import QueryHashes, query_hashes
from holdfast.media.pool import DecodePool
from holdfast.media.types import Reason
from holdfast.records.home import Home
from holdfast.screening.hashes import FileHasher
from holdfast.screening.lists import ListIndex, Progress
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.reading import FileContent, bytes_content, printable_path, read_file
from holdfast.screening.verdict import Checked, verdict
from holdfast.settings import Settings, load_settings

__all__ = ["Screener"]

_NO_HITS: list[tuple[int, int]] = []


class Screener:
    """A home's banks, ready to screen. Thread-safe; starts its decode workers when first needed.

    ``home`` is the state folder (``HOLDFAST_HOME`` or ~/.holdfast when None), made if it is absent.
    ``pool`` are decode workers to share; they stay the caller's. Raises SettingsError or RecordsError when
    the home or its records cannot be used.
    """

    def __init__(
        self,
        home: Path | str | None = None,
        *,
        settings: Settings | None = None,
        pool: DecodePool | None = None,
    ) -> None:
        place = Home(Path(home) if home is not None else None)
        self.settings = settings or load_settings(place.path)
        self.home = Home(place.path, database_url=self.settings.database_url)
        self.database = self.home.database()
        media = self.settings.media
        self._own_pool = pool is None
        self.pool = pool or DecodePool(media.image_limits(), workers=media.workers)
        self.hasher = FileHasher(media, self.pool)
        self.lists = ListIndex(self.database, self.home.index_folder)
        self._lock = threading.Lock()
        self._known_at = -1
        self._conventions: tuple[Convention, ...] = ()

    def screen_file(self, path: Path | str, *, banks: Sequence[str] = ()) -> Outcome:
        """Is this file known? An unreadable one is an outcome too (*error*), so that others go on.

        ``banks`` limits the question to these; benign banks among all others still suppress. Raises
        NotFoundError for a bank that does not exist.
        """
        name = printable_path(path)
        try:
            content = read_file(Path(path), self.settings.media.max_bytes)
        except UnreadableError as error:
            return Outcome(name, "unknown", OutcomeKind.ERROR, "unreadable", str(error))
        return self._screen(name, content, banks)

    def screen_bytes(self, data: bytes, name: str = "", *, banks: Sequence[str] = ()) -> Outcome:
        """Is this content known? ``name`` is only for the answer. See `screen_file`."""
        return self._screen(name, bytes_content(data, self.settings.media.max_bytes), banks)

    def screen_files(self, paths: Iterable[Path], *, banks: Sequence[str] = ()) -> Iterator[Outcome]:
        """Outcomes in the order of ``paths``, several files in work at once."""
        with ThreadPoolExecutor(self.pool.workers, "screen") as threads:
            yield from threads.map(lambda path: self.screen_file(path, banks=banks), paths)

    def refresh(self, progress: Progress = lambda _: None) -> None:
        """Takes in what has changed in the banks since. Every check does this by itself first."""
        with self._lock:
            self.lists.refresh(progress)
            if self._known_at != self.lists.position:
                with self.database.read() as connection:
                    wanted = conventions_in_use(connection)
                self._conventions = tuple(c for c in (Convention.FULL, Convention.NEAREST_512) if c in wanted)
                self._known_at = self.lists.position

    def close(self) -> None:
        if self._own_pool:
            self.pool.close()
        self.database.close()

    def __enter__(self) -> Screener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _screen(self, name: str, content: FileContent, banks: Sequence[str]) -> Outcome:
        self.refresh()
        checked, hashes = self._hash(content)
        digests = content.digests()
        values = {"md5": digests.md5, "sha1": digests.sha1, "sha256": digests.sha256}
        with self.database.read() as connection:
            asked = [get_bank(connection, bank).id for bank in banks]
            enabled = [bank for bank in list_banks(connection) if bank.enabled]
            radius = max((bank.max_distance_bits for bank in enabled), default=0)
            had_banks = any(bank.kind == "known" and (not asked or bank.id in asked) for bank in enabled)
            hits, rows = self._search(hashes, radius)
            found = resolve(connection, hits, values, size_bytes=content.size_bytes)
        if asked:
            found = [match for match in found if match.bank_id in asked or match.kind == "benign"]
        seen = {match.fingerprint_id: _view(match, hashes, rows) for match in found}
        outcome = verdict(name, found, seen, replace(checked, had_banks=had_banks))
        return replace(outcome, size_bytes=content.size_bytes)

    def _hash(self, content: FileContent) -> tuple[Checked, QueryHashes | None]:
        """What could be looked at, and the hashes of it that mean something."""
        if content.data is None:
            detail = f"{content.size_bytes:,} bytes, the limit is {self.settings.media.max_bytes:,}"
            return Checked(
                "unknown", Reason.TOO_LARGE, f"Not matchable: {detail}. Nothing was decoded."
            ), None
        try:
            decoded = self.pool.decode_image(content.data)
        except NotMatchableError as error:
            medium = "unknown" if error.reason in (Reason.EMPTY, Reason.NOT_MEDIA) else "image"
            return Checked(medium, Reason(error.reason), str(error)), None
        # With no PDQ hash in any bank the hashes are still made: a featureless picture must say so.
        hashes = query_hashes(decoded, conventions=self._conventions or (Convention.FULL,))
        if len(hashes) == 0:
            return Checked("image", Reason.TOO_SMALL, "Not matchable: under 5 pixels high or wide."), None
        if not hashes.matchable.any():
            detail = "Not matchable: too plain for a perceptual hash. Equal files would still be found."
            return Checked("image", Reason.FEATURELESS, detail), None
        return Checked("image", decoded.incomplete, decoded.incomplete_detail), hashes

    def _search(
        self, hashes: QueryHashes | None, radius: int
    ) -> tuple[list[tuple[int, int]], dict[int, int]]:
        """Index hits as (fingerprint id, distance), and for each id the row of the nearest query hash."""
        if hashes is None:
            return _NO_HITS, {}
        wanted = np.flatnonzero(hashes.matchable)
        rows, ids, bits = self.lists.search(hashes.codes[wanted], radius)
        nearest: dict[int, tuple[int, int]] = {}
        for row, fingerprint_id, distance in zip(
            wanted[rows].tolist(), ids.tolist(), bits.tolist(), strict=True
        ):
            nearest[fingerprint_id] = min((distance, row), nearest.get(fingerprint_id, (distance, row)))
        hits = [(fingerprint_id, distance) for fingerprint_id, (distance, _) in nearest.items()]
        return hits, {fingerprint_id: row for fingerprint_id, (_, row) in nearest.items()}


def _view(match: BankMatch, hashes: QueryHashes | None, rows: dict[int, int]) -> tuple[str, int]:
    """In which view of the content the match was seen, in words, and in which frame."""
    row = rows.get(match.fingerprint_id)
    if row is None or hashes is None:
        return "as is", 0
    view = hashes.view(row)
    return view.words, view.frame
