"""Media into a bank: files are hashed exactly and become entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.banks.entries import add_entry
from holdfast.banks.models import VIEW, Fingerprint
from holdfast.banks.service import get_bank
from holdfast.banks.sources import ensure_source
from holdfast.banks.videofeatures import context_of, store_features
from holdfast.errors import InputError, NotMatchableError
from holdfast.media.types import Reason
from holdfast.records.database import Database
from holdfast.screening.hashes import FileHasher, FileHashes

if TYPE_CHECKING:
    import sqlalchemy as sa

    from holdfast.vault.secrets import KeySealer

__all__ = ["Added", "add_media", "fingerprints_of", "keep_local_features"]

OWN_SOURCE = "own"


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one file. ``entry`` is None where nothing was added; ``problem`` says why."""

    file: str
    entry: int | None
    new: bool
    fingerprints: int
    problem: str = ""


def add_media(
    database: Database,
    hasher: FileHasher,
    bank: str,
    files: Iterable[Path],
    *,
    source: str = OWN_SOURCE,
    label: str | None = None,
    classification: str | None = None,
    sealer: KeySealer | None = None,
    on_file: Callable[[Added], object] = lambda _: None,
) -> list[Added]:
    """Hashes files and adds each as an entry, one transaction a file; ``label`` defaults to the file's name.

    A file that cannot be hashed perceptually is added by its digests, and its `Added` says so; one that is
    empty or cannot be read is not added. A bank that asks for them gets views of each picture as well.
    With a ``sealer`` the local features of videos are kept too, sealed by it.
    Raises NotFoundError when there is no such bank, UsageError where local features cannot be made.
    """
    with database.read() as connection:
        with_views = get_bank(connection, bank).reference_views
    if sealer is not None:
        from holdfast.hashing.videolocal import opencv

        opencv()  # else it would fail at the first video, with some files added
    done = []
    for path in files:
        try:
            hashes = hasher.hash_file(path, with_views=with_views, with_local=sealer is not None)
            if hashes.reason == Reason.EMPTY:
                raise NotMatchableError(Reason.EMPTY, "empty: every empty file would match it. Not added.")
            added = _add(database, bank, hashes, source, label or path.name, classification, sealer)
        except InputError as error:
            added = Added(str(path), None, False, 0, str(error))
        done.append(added)
        on_file(added)
    return done


def _add(
    database: Database,
    bank: str,
    hashes: FileHashes,
    source: str,
    label: str,
    classification: str | None,
    sealer: KeySealer | None,
) -> Added:
    fingerprints = fingerprints_of(hashes)
    with database.write() as connection:
        entry = add_entry(
            connection,
            get_bank(connection, bank).id,
            label=label,
            added=fingerprints,
            source_id=ensure_source(connection, source).id,
            classification=classification,
            medium=hashes.medium,
            provenance=hashes.file[-500:],
        )
        if sealer is not None:
            keep_local_features(connection, entry.entry.id, hashes, sealer)
    problem = ""
    if hashes.reason:
        whole = hashes.video is None
        problem = (
            f"added by its digests only: {hashes.detail}" if whole else f"not all of it: {hashes.detail}"
        )
    elif sealer is not None and hashes.video is not None and hashes.local is None:
        problem = hashes.detail
    return Added(hashes.file, entry.entry.id, entry.is_new, len(fingerprints), problem)


def keep_local_features(
    connection: sa.Connection, entry_id: int, hashes: FileHashes, sealer: KeySealer
) -> None:
    """Keeps the local features of a video that was just added as an entry, sealed; nothing without any.

    Raises KeyUnavailableError.
    """
    if hashes.local is None or hashes.video is None:
        return
    from holdfast.hashing.videoblob import name_of
    from holdfast.hashing.videolocal_blob import pack

    name = name_of(hashes.video)
    store_features(connection, entry_id, name, sealer.seal(pack(hashes.local), context=context_of(name)))


def fingerprints_of(hashes: FileHashes) -> list[Fingerprint]:
    """What is kept of a file: digests, PDQ hashes unless they are featureless, views, a video's hash."""
    digests, size = hashes.digests, hashes.digests.size_bytes
    kept = [
        Fingerprint("sha256", digests.sha256, size_bytes=size),
        Fingerprint("sha1", digests.sha1, size_bytes=size),
        Fingerprint("md5", digests.md5, size_bytes=size),
    ]
    seen = set()
    for one in hashes.pdq:
        value, convention = one.pdq.bits.tobytes(), str(one.pdq.convention)
        if not one.pdq.featureless and (value, convention) not in seen:
            seen.add((value, convention))
            kept.append(Fingerprint("pdq", value, convention, quality=one.pdq.quality))
    if hashes.video is not None:
        from holdfast.banks.videos import video_fingerprint  # few files are videos

        kept.append(video_fingerprint(hashes.video))
    return kept + [Fingerprint("pdq", one.value, VIEW, one.quality, view=one.words) for one in hashes.views]
