"""Contents into a bank, by media or by ready hashes, as the opinion of this company's own source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from holdfast.api.hma.banks import bank_or_404, take_effect
from holdfast.api.hma.errors import HmaError
from holdfast.api.hma.media import Media, could_not_hash, hash_media, not_checked, signals_of, video_text
from holdfast.api.hma.signals import HMA_TYPES, SIGNAL_TYPES
from holdfast.api.hma.store import Metadata, set_metadata
from holdfast.banks.entries import add_entry, update_entry
from holdfast.banks.models import VPDQ, Fingerprint
from holdfast.banks.sources import ensure_source
from holdfast.banks.videos import video_fingerprint
from holdfast.hashing.videoblob import unpack
from holdfast.media.types import Reason
from holdfast.screening.adding import OWN_SOURCE, fingerprints_of

if TYPE_CHECKING:
    from holdfast.api.guard import Caller
    from holdfast.screening.lookup import GivenHash

__all__ = ["Said", "add_media", "add_signals"]


@dataclass(frozen=True, slots=True)
class Said:
    """What the client says of the content."""

    metadata: Metadata | None
    note: str | None


def add_media(caller: Caller, bank: str, media: Media, said: Said, *, types_named: bool) -> dict[str, Any]:
    """The answer about a content that was hashed and added. Blocks.

    All signal types of its content type are kept. Without ``types_named`` the answer names only HMA's own:
    its clients compare it whole. Raises HmaError where there is nothing to match the content by.
    """
    if not media.data:
        raise could_not_hash(media, Reason.EMPTY, "It is empty: every empty file would match it.")
    hashes = hash_media(caller.runtime, media)
    if "pdq" in media.types and all(one.pdq.featureless for one in hashes.pdq):
        headers = not_checked("not_matchable", hashes.reason)
        raise HmaError(400, "Invalid pdq signal: invalid PDQ hash", headers)
    algorithms = {SIGNAL_TYPES[name].algorithm for name in media.types}
    kept = [one for one in fingerprints_of(hashes) if one.algorithm in algorithms]
    shown = media.types if types_named else [name for name in media.types if name in HMA_TYPES]
    entry_id = _add(caller, bank, kept, "video" if media.kind == "video" else "image", said)
    return {"id": entry_id, "signals": signals_of(hashes, shown)}


def add_signals(caller: Caller, bank: str, given: Mapping[str, GivenHash], said: Said) -> dict[str, Any]:
    """The answer about a content of which ready hashes were added, by signal type. Blocks."""
    kept = {(one.algorithm, one.value): _fingerprint(one) for one in given.values()}
    medium = "video" if "video_md5" in given or VPDQ in given else "image"
    entry_id = _add(caller, bank, list(kept.values()), medium, said)
    shown = {name: one.value.hex() for name, one in given.items() if name != VPDQ}
    if VPDQ in given:
        shown[VPDQ] = video_text(unpack(given[VPDQ].value))
    return {"id": entry_id, "signals": shown}


def _fingerprint(given: GivenHash) -> Fingerprint:
    if given.algorithm == VPDQ:
        return video_fingerprint(unpack(given.value))
    return Fingerprint(given.algorithm, given.value, "unknown" if given.algorithm == "pdq" else "")


def _add(caller: Caller, bank: str, kept: Sequence[Fingerprint], medium: str, said: Said) -> int:
    """The entry's id. A content that shares a hash with one of the bank is that one, and keeps its state."""
    with caller.runtime.database.write() as connection:
        added = add_entry(
            connection,
            bank_or_404(connection, caller, bank, change=True).id,
            label=(said.metadata.content_id if said.metadata else None) or "",
            added=kept,
            source_id=ensure_source(connection, OWN_SOURCE).id,
            medium=medium,
            note=said.note or "",
        )
        if said.note and not added.is_new:
            update_entry(connection, added.entry.id, note=said.note)
        if said.metadata is not None:
            set_metadata(connection, added.entry.id, said.metadata)
    take_effect(caller)
    return added.entry.id
