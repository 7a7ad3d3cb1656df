"""The calls about lists: banks and their entries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from functools import partial

from holdfast.client.body import Body, Source
from holdfast.client.call import Call, json_body, json_of, part, query, read_call, write_call
from holdfast.client.decoding import decode, field_of
from holdfast.client.exchange import Stream
from holdfast.client.listed import AddedEntry, Bank, DeletedBank, Entry, EntryDetail, ListedHash
from holdfast.client.pages import each

__all__ = [
    "KEEP",
    "Keep",
    "add_entry",
    "add_media",
    "bank",
    "banks",
    "change_bank",
    "change_entry",
    "create_bank",
    "delete_bank",
    "delete_entry",
    "entries",
    "entry",
    "review_entry",
]


class Keep(Enum):
    """The mark of what is not to be changed, where None is a value."""

    KEEP = "keep"


KEEP = Keep.KEEP

_BANK = partial(decode, Bank)
_ENTRY = partial(decode, Entry)
_ADDED = partial(decode, AddedEntry)


def banks() -> Stream[Bank]:
    """The banks that the key may see, by name."""
    return each("/v1/banks", Bank)


def bank(name: str, *, counts: bool = False) -> Call[Bank]:
    """One bank; with ``counts`` also how much it holds, which takes a second at a million."""
    return read_call(_of(name), _BANK, counts=str(counts).lower())


def create_bank(
    name: str,
    *,
    kind: str = "known",
    trusted: bool = False,
    max_distance_bits: int | None = None,
    matching: str | None = None,
    deep_per_hour: int | None = None,
    reference_views: bool | None = None,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Bank]:
    """A new bank, enabled and empty. ``kind`` "benign": what matches it is harmless.

    ``matching`` is "calibrated" unless "classic"; ``deep_per_hour`` so many deep checks are made for it.
    """
    body = json_body(
        name=name,
        kind=kind,
        trusted=trusted,
        max_distance_bits=max_distance_bits,
        matching=matching,
        deep_per_hour=deep_per_hour,
        reference_views=reference_views,
        note=note,
    )
    return write_call("POST", "/v1/banks", _BANK, body, key=idempotency_key)


def change_bank(
    name: str,
    *,
    new_name: str | None = None,
    enabled: bool | None = None,
    trusted: bool | None = None,
    max_distance_bits: int | None = None,
    matching: str | None = None,
    deep_per_hour: int | None = None,
    reference_views: bool | None = None,
    note: str | None = None,
) -> Call[Bank]:
    """Changes what is given. A bank that is not enabled matches nothing."""
    body = json_body(
        name=new_name,
        enabled=enabled,
        trusted=trusted,
        max_distance_bits=max_distance_bits,
        matching=matching,
        deep_per_hour=deep_per_hour,
        reference_views=reference_views,
        note=note,
    )
    return write_call("PATCH", _of(name), _BANK, body)


def delete_bank(name: str) -> Call[DeletedBank]:
    """Deletes a bank with all it holds, which cannot be undone."""
    return write_call("DELETE", _of(name), partial(decode, DeletedBank))


def entries(
    bank: str,
    *,
    text: str | None = None,
    classification: str | None = None,
    algorithm: str | None = None,
    value: str | None = None,
    after: int | None = None,
) -> Stream[Entry]:
    """Entries of a bank by id, those after the id ``after``.

    ``text`` is looked for in label and note; ``algorithm`` and ``value`` find those that hold a hash.
    """
    return each(
        f"{_of(bank)}/entries",
        Entry,
        text=text,
        classification=classification,
        algorithm=algorithm,
        value=value,
        after=after,
    )


def entry(bank: str, entry: int) -> Call[EntryDetail]:
    """One entry with its fingerprints and reviews."""
    return read_call(_of(bank, entry), partial(decode, EntryDetail))


def add_entry(
    bank: str,
    label: str,
    hashes: Iterable[ListedHash],
    *,
    classification: str | None = None,
    medium: str | None = None,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> Call[AddedEntry]:
    """Adds one content by its ready hashes. It matches at once."""
    body = json_body(
        label=label,
        hashes=[one.to_json() for one in hashes],
        classification=classification,
        medium=medium,
        note=note,
    )
    return write_call("POST", f"{_of(bank)}/entries", _ADDED, body, key=idempotency_key)


def add_media(
    bank: str,
    content: Source,
    label: str,
    *,
    classification: str | None = None,
    note: str | None = None,
    local_features: bool | None = None,
    idempotency_key: str | None = None,
) -> Call[AddedEntry]:
    """Adds one content by its file, of which only the hashes are kept.

    With ``local_features`` those of a video are kept too, sealed: they are as sensitive as its pictures.
    """
    return write_call(
        "POST",
        f"{_of(bank)}/media",
        _ADDED,
        Body(content),
        key=idempotency_key,
        asked=query(label=label, classification=classification, note=note, local_features=local_features),
    )


def change_entry(
    bank: str,
    entry: int,
    *,
    label: str | Keep = KEEP,
    classification: str | Keep | None = KEEP,
    note: str | Keep = KEEP,
    disabled_until: datetime | Keep | None = KEEP,
) -> Call[Entry]:
    """Changes what is given. ``disabled_until`` None enables, ``classification`` None clears."""
    until = disabled_until.isoformat() if isinstance(disabled_until, datetime) else disabled_until
    given = {"label": label, "classification": classification, "note": note, "disabled_until": until}
    changes = {name: value for name, value in given.items() if value is not KEEP}
    return write_call("PATCH", _of(bank, entry), _ENTRY, json_of(changes))


def delete_entry(bank: str, entry: int) -> Call[int]:
    """Deletes an entry, which ceases to match at once; the ``list_version`` (see `AddedEntry`) without it."""
    return write_call("DELETE", _of(bank, entry), field_of(int, "list_version"))


def review_entry(bank: str, entry: int, verdict: str, reason: str, *, event: int | None = None) -> Call[str]:
    """Says "confirm", "dispute" or "withdraw" of an entry after review; its standing from then on.

    ``event`` is the match that showed it.
    """
    body = json_body(verdict=verdict, reason=reason, event=event)
    path = f"{_of(bank, entry)}/reviews"
    return write_call("POST", path, field_of(str, "standing"), body)


def _of(bank: str, entry: int | None = None) -> str:
    return f"/v1/banks/{part(bank)}" + ("" if entry is None else f"/entries/{part(entry)}")
