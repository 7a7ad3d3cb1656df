"""The home: its folder, records, index, key file, rules and policy."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from holdfast.banks.log import last_position
from holdfast.banks.service import bank_counts, list_banks
from holdfast.banks.videofeatures import active_features, context_of, sealed_features
from holdfast.errors import KeyUnavailableError, ObjectDamagedError, SettingsError
from holdfast.records.tables.base import now
from holdfast.service.checks.finding import Finding, Look
from holdfast.service.evidence import is_loopback
from holdfast.service.opening import open_home_keys, policy_file, rules_file
from holdfast.service.setup import sealed_words
from holdfast.settings import Settings
from holdfast.vault.keys import FileKeys, default_key_file

__all__ = ["folder", "index", "key_file", "local_features", "records", "rules"]

LEAST_FREE_BYTES = 1_000_000_000


def folder(home: Path) -> Iterator[Finding]:
    """Mode and free space."""
    if not home.exists():
        yield Finding("home", "ok", f"{home} does not exist yet; `holdfast init` makes it")
        return
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        yield Finding("home", "problem", f"{home} is open to other users (mode {mode:o}): chmod 700 {home}")
    else:
        yield Finding("home", "ok", f"{home}, mode {mode:o}")
    free = os.statvfs(home)
    free_bytes = free.f_bavail * free.f_frsize
    if free_bytes < LEAST_FREE_BYTES:
        yield Finding("disk", "warning", f"only {free_bytes / 1e6:,.0f} MB free where the home lies")


def records(look: Look) -> Iterator[Finding]:
    """That they can be reached, and what is in them."""
    banks = list_banks(look.connection)
    total = sum(bank_counts(look.connection, bank.id).active for bank in banks)
    kind = "SQLite" if look.connection.dialect.name == "sqlite" else "PostgreSQL"
    yield Finding("records", "ok", f"{kind}, {len(banks)} banks, {total:,} active hashes")
    if not banks:
        yield Finding("banks", "warning", "none yet: `holdfast bank create NAME`, then `holdfast bank add`")
    elif not any(bank.enabled and bank.kind == "known" for bank in banks):
        detail = (
            "no bank of known content is switched on: every upload is answered not_scanned, and none is held"
        )
        yield Finding("banks", "problem", f"{detail}. `holdfast bank set NAME --on`")


def local_features(look: Look) -> Iterator[Finding]:
    """Whether those of listed videos can be used; nothing where there are none."""
    active = active_features(look.connection)
    if not active:
        return
    from holdfast.hashing.videolocal import is_available
    from holdfast.vault.secrets import KeySealer

    if not is_available():
        detail = f"{len(active):,} listed videos have some, and OpenCV is not installed: no video is answered"
        yield Finding("local features", "problem", f"{detail}. pip install 'holdfast[local]'")
        return
    sealer = KeySealer(open_home_keys(look.settings, look.home))
    for _, name, sealed in sealed_features(look.connection, active[:1]):
        try:
            sealer.unseal(sealed, context=context_of(name))
        except (KeyUnavailableError, ObjectDamagedError) as error:
            yield Finding("local features", "problem", f"they cannot be opened: {error}")
            return
    yield Finding("local features", "ok", f"of {len(active):,} listed videos, sealed")


def index(look: Look, full: bool) -> Iterator[Finding]:
    """Whether its files are sound, and how far they are behind."""
    from holdfast.matching.segments import verify_file
    from holdfast.screening.generation import FAR_BEHIND, MANIFEST, newest_generation

    place = look.home / "index"
    if not (place / MANIFEST).exists():
        return
    generation = newest_generation(place)
    if generation is None or not _has_videos(place):
        yield Finding("index", "problem", f"damaged: remove {place}, it is built again at the next start")
        return
    if full:
        for path in place.glob("*.hfx"):
            verify_file(path)
    behind = last_position(look.connection) - generation.position
    size_mb = sum(path.stat().st_size for path in place.glob("*.hfx")) / 1e6
    checked = "all checksums hold" if full else "headers hold; --full reads all of it"
    held = f"{len(generation.codes):,} PDQ codes, {generation.videos:,} videos"
    told = f"{held}, {size_mb:,.1f} MB, {behind:,} changes behind, {checked}"
    if behind > FAR_BEHIND or behind < 0:
        yield Finding("index", "warning", f"{told}: no worker merges it; does `holdfast serve` run?")
    else:
        yield Finding("index", "ok", told)


def _has_videos(place: Path) -> bool:
    """Whether the files of listed videos, where there are any, can be opened."""
    from holdfast.errors import IndexFileError
    from holdfast.matching.segments import read_sections
    from holdfast.screening.generation import read_manifest
    from holdfast.screening.videofiles import video_files

    manifest = read_manifest(place)
    try:
        for path in video_files(place, manifest) if manifest and manifest["videos"] else ():
            read_sections(path)
    except (IndexFileError, KeyError):
        return False
    return True


def key_file(look: Look) -> Iterator[Finding]:
    """Place and mode, and whether it opens what is held."""
    vault = look.settings.vault
    if vault.key_service != "file":
        yield Finding("keys", "ok", f"key service {vault.key_service!r}")
        return
    path = vault.key_file or default_key_file(look.home)
    if not path.exists():
        needed = sealed_words(look.connection)
        if needed:
            detail = f"{path} is gone, and {needed} is encrypted under it: put your copy back"
            yield Finding("key file", "problem", detail)
        else:
            yield Finding("key file", "ok", f"none yet; `holdfast init` makes {path}")
        return
    keys = open_home_keys(look.settings, look.home)  # raises where mode or content are wrong
    if isinstance(keys, FileKeys) and keys.is_development:
        detail = f"{path} lies inside the home: whoever copies one has both. Move it and set vault.key_file"
        is_local = is_loopback(look.settings.server.host) and look.settings.reporting.environment == "test"
        yield Finding("key file", "warning" if is_local else "problem", detail)
    else:
        yield Finding("key file", "ok", f"{path}, mode {stat.S_IMODE(path.stat().st_mode):o}")


def rules(settings: Settings, home: Path) -> Iterator[Finding]:
    """Whether the files could be taken at a reload or a start."""
    from holdfast.decisions.policy import load_policy
    from holdfast.decisions.rules import load_rules

    readings: list[tuple[str, Callable[[], str]]] = [
        ("rules", lambda: load_rules(rules_file(settings, home)).version),
        ("policy", lambda: load_policy(policy_file(settings, home)).in_force(now())),
    ]
    for name, read in readings:
        try:
            yield Finding(name, "ok", f"version {read()} is sound")
        except SettingsError as error:
            detail = f"{error} A running service goes on with what it has; none can start."
            yield Finding(name, "problem", detail)
