"""Ready hashes in, matches out: one pass through the index and one look into the records for all of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from holdfast.banks.models import ALGORITHMS, VPDQ
from holdfast.banks.resolve import BankMatch, resolve
from holdfast.errors import BadEntryError, UsageError
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.screening.lists import ListIndex

__all__ = ["GivenHash", "look_up"]

_PDQ = "pdq"


@dataclass(frozen=True, slots=True)
class GivenHash:
    """A hash that somebody else made. ``size_bytes`` of the file, where known, can make an MD5 *exact*.

    Of a video (`models.VPDQ`) the value are packed frames. Raises UsageError for an unknown algorithm or a
    wrong length.
    """

    algorithm: str
    value: bytes = field(repr=False)
    size_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.algorithm == VPDQ:
            return
        width = ALGORITHMS.get(self.algorithm)
        if width is None:
            raise UsageError(
                f"{self.algorithm[:40]!r} is not one of {', '.join(ALGORITHMS)}. Nothing was looked up."
            )
        if len(self.value) != width:
            raise UsageError(
                f"A value of {self.algorithm} is {width} bytes ({2 * width} hexadecimal digits), "
                f"not {len(self.value)}. Nothing was looked up."
            )

    @classmethod
    def of_video(cls, items: Sequence[str]) -> GivenHash:
        """From the texts "hash,quality,seconds" of a vPDQ hash. Raises UsageError; they are not quoted."""
        from holdfast.hashing.videoblob import pack
        from holdfast.hashing.videotext import from_json

        try:
            return cls(VPDQ, pack(from_json(json.dumps(list(items)))))
        except BadEntryError as error:
            raise UsageError(f"A vPDQ hash cannot be read: {error}. Nothing was looked up.") from error

    @classmethod
    def parse(cls, algorithm: str, text: str, size_bytes: int | None = None) -> GivenHash:
        """From hexadecimal text, in either case. Raises UsageError; the text is not quoted."""
        if algorithm == VPDQ:
            raise UsageError("A vPDQ hash has no hexadecimal text. Nothing was looked up.")
        try:
            value = bytes.fromhex(text)
        except ValueError:
            raise UsageError(
                f"A value of {algorithm[:40]} is not hexadecimal. Nothing was looked up."
            ) from None
        return cls(algorithm, value, size_bytes)


def look_up(
    database: Database,
    lists: ListIndex,
    hashes: Sequence[GivenHash],
    radius: int,
    *,
    bank_ids: Sequence[int] | None = None,
    include_disabled: bool = False,
) -> list[list[BankMatch]]:
    """For each hash its matches, nearest first, as of the last refresh of ``lists``."""
    hits = _near(lists, hashes, radius)
    digests = _maybe_listed(lists, hashes)
    answers: list[list[BankMatch]] = [[] for _ in hashes]
    if not hits and not digests:
        return answers
    with database.read() as connection:
        if hits:
            # Every fingerprint is resolved once, however many of the hashes lie near it.
            ids = {fingerprint_id for near in hits.values() for fingerprint_id, _ in near}
            known = {
                match.fingerprint_id: match
                for match in resolve(
                    connection, [(one, 0) for one in ids], bank_ids=bank_ids, include_disabled=True
                )
            }
            for place, near in hits.items():
                answers[place] = _at_distance(known, near, include_disabled)
        for place in digests:
            given = hashes[place]
            answers[place] = resolve(
                connection,
                (),
                {given.algorithm: given.value},
                size_bytes=given.size_bytes,
                bank_ids=bank_ids,
                include_disabled=include_disabled,
            )
    return answers


def _near(lists: ListIndex, hashes: Sequence[GivenHash], radius: int) -> dict[int, list[tuple[int, int]]]:
    """Place of a PDQ hash -> (fingerprint id, distance) of those within the radius; others are absent."""
    places = [place for place, given in enumerate(hashes) if given.algorithm == _PDQ]
    if not places:
        return {}
    codes = np.frombuffer(b"".join(hashes[place].value for place in places), np.uint8).reshape(-1, 32)
    rows, ids, bits = lists.search(codes, radius)
    hits: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row, fingerprint_id, distance in zip(rows.tolist(), ids.tolist(), bits.tolist(), strict=True):
        hits[places[row]].append((fingerprint_id, distance))
    return hits


def _maybe_listed(lists: ListIndex, hashes: Sequence[GivenHash]) -> list[int]:
    """Places of digests that may be listed."""
    found = []
    for algorithm in ("md5", "sha1", "sha256"):
        places = [place for place, given in enumerate(hashes) if given.algorithm == algorithm]
        if places:
            which = lists.which_may_be_held(algorithm, b"".join(hashes[place].value for place in places))
            found += [places[index] for index in np.flatnonzero(which).tolist()]
    return found


def _at_distance(
    known: dict[int, BankMatch], near: list[tuple[int, int]], include_disabled: bool
) -> list[BankMatch]:
    moment = now()
    matches = [
        replace(known[fingerprint_id], distance_bits=distance)
        for fingerprint_id, distance in near
        if fingerprint_id in known
    ]
    return [
        match
        for match in matches
        if (include_disabled and match.distance_bits <= match.max_distance_bits) or match.counts(moment)
    ]
