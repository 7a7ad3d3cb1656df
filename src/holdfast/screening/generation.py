"""Generations of the index on disk: built from the records, named by a manifest, mapped by every process.

    index/manifest.json          {"position", "mark", "codes": FILE, "digests": FILE, "videos": COUNT, ...}
    index/codes-<id>.hfx         PDQ codes (`matching.hamming`)
    index/digests-<id>.hfx       keys of MD5, SHA-1 and SHA-256 (`matching.digests`)
    index/frames-<id>.hfx, index/frame-index-<id>.hfx    listed videos (`videofiles`)
    index/lock                   held by whoever builds

Files of older generations are removed when a new one is in place; a process that has them mapped keeps
them until it changes over.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import sqlalchemy as sa

from holdfast.banks.log import active_codes, last_position
from holdfast.errors import IndexFileError
from holdfast.matching.digests import DigestSet, digest_keys
from holdfast.matching.hamming import HammingIndex
from holdfast.records.database import Database
from holdfast.records.tables.banks import fingerprint_log, fingerprints
from holdfast.screening.videofiles import write_videos

__all__ = [
    "FAR_BEHIND",
    "MANIFEST",
    "Generation",
    "build_generation",
    "mark_of",
    "newest_generation",
    "newest_to_follow",
    "only_one",
    "read_manifest",
]

MANIFEST = "manifest.json"
FAR_BEHIND = 20_000  # changes that a process follows by itself; beyond it, a new generation is wanted
_DIGESTS = ("md5", "sha1", "sha256")

Progress = Callable[[int], object]


class Held(Protocol):
    """What a process has of a generation, and how far it followed the log since."""

    position: int
    mark: str
    is_proved: bool


@dataclass(slots=True, eq=False)
class Generation:
    """One generation in use. ``position`` moves on as the log is followed; ``built_at`` is where it began.

    ``mark`` says of which records and which history of them it is; ``is_proved`` once that was compared.
    ``videos`` are as many as were listed when it was built: a `VideoList` follows them.
    """

    codes: HammingIndex
    digests: DigestSet
    position: int
    built_at: int
    mark: str
    videos: int = 0
    is_proved: bool = False

    @classmethod
    def empty(cls) -> Generation:
        """Knows nothing yet, and says so by its position."""
        return cls(HammingIndex(), DigestSet(), -1, -1, "")


def newest_generation(folder: Path, *, newer_than: Generation | None = None) -> Generation | None:
    """The generation that the manifest names; None when there is none, it is damaged, or it is not newer."""
    manifest = read_manifest(folder)
    if manifest is None or (newer_than is not None and manifest["position"] <= newer_than.built_at):
        return None
    try:
        codes = HammingIndex.open(folder / str(manifest["codes"]))
        digests, _ = DigestSet.open(folder / str(manifest["digests"]))
        position = int(manifest["position"])
        return Generation(codes, digests, position, position, str(manifest["mark"]), int(manifest["videos"]))
    except (IndexFileError, KeyError, ValueError):
        return None


def build_generation(database: Database, folder: Path, progress: Progress = lambda _: None) -> None:
    """Builds a generation from the records and puts its manifest in place. The caller holds `only_one`."""
    name = uuid.uuid4().hex
    codes_name, digests_name = f"codes-{name}.hfx", f"digests-{name}.hfx"
    index, keys = HammingIndex(), [np.zeros(0, np.uint64)]
    read = 0
    with database.read() as connection:
        position = last_position(connection)
        mark = mark_of(database, connection, position)
        ids, codes = [], []
        for block_ids, block_codes in active_codes(connection, "pdq"):
            ids.append(block_ids)
            codes.append(block_codes)
            read += len(block_ids)
            progress(read)
        for algorithm in _DIGESTS:
            for block_ids, values in active_codes(connection, algorithm):
                keys.append(digest_keys(algorithm, values.tobytes(), values.shape[1]))
                read += len(block_ids)
                progress(read)
        listed = write_videos(connection, folder, name, lambda videos: progress(read + videos))
    if ids:
        index.add(np.concatenate(codes), np.concatenate(ids))
    index.save(folder / codes_name, {})
    DigestSet.build(folder / digests_name, np.concatenate(keys), {})
    files = {"codes": codes_name, "digests": digests_name}
    _write_manifest(folder, {"position": position, "mark": mark, **files, **listed})
    _remove_others(folder, {*files.values(), *map(str, listed.values())})


def mark_of(database: Database, connection: sa.Connection, position: int) -> str:
    """Which records, and which history of them: a restored or exchanged database has another one."""
    newest = (
        sa.select(fingerprints.c.value)
        .join(fingerprint_log, fingerprint_log.c.fingerprint_id == fingerprints.c.id)
        .where(fingerprint_log.c.position == position)
    )
    value = connection.execute(newest).scalar() or b""
    return f"{database.description} {position} {hashlib.sha256(value).hexdigest()}"


def newest_to_follow(database: Database, connection: sa.Connection, held: Held) -> int | None:
    """The newest position of the log, where what is ``held`` of a generation can follow it from its own.

    None where it has none, is of other records or another history of them, or is too far back.
    """
    newest = last_position(connection)
    if held.position < 0 or not newest >= held.position >= newest - FAR_BEHIND:
        return None
    if not held.is_proved:
        if mark_of(database, connection, held.position) != held.mark:
            return None
        held.is_proved = True
    return newest


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """One process of this host at a time; the lock goes with the process, however it ends."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What the newest generation says of itself; None where there is none, or it cannot be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_sound = isinstance(manifest, dict) and isinstance(manifest.get("position"), int)
    return manifest if is_sound else None


def _write_manifest(folder: Path, manifest: dict[str, int | str]) -> None:
    new = folder / f".{MANIFEST}.{uuid.uuid4().hex}"
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(manifest, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / MANIFEST)


def _remove_others(folder: Path, kept: set[str]) -> None:
    """Files of older generations, and what builders left behind that were killed."""
    for path in folder.iterdir():
        is_ours = path.suffix in (".hfx", ".partial") or path.name.startswith(f".{MANIFEST}.")
        if is_ours and path.name not in kept:
            with suppress(OSError):
                path.unlink()
