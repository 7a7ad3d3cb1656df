"""A bank that asks for deep checks, and uploads for it: made-up pictures and crops of them."""

from __future__ import annotations

from typing import Any

from holdfast.banks.entries import add_entry
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.decisions.facts import Context
from holdfast.screening.adding import fingerprints_of
from holdfast.service.runtime import Runtime
from tests.pictures import encoded, picture

__all__ = ["STRANGER", "add_bank", "context", "crop"]

STRANGER = encoded(picture(40), quality=80)


def add_bank(runtime: Runtime, *seeds: int, name: str = "KNOWN", **wanted: Any) -> int:
    """A bank with a picture a seed, which asks for a thousand deep checks an hour; its id."""
    hashed = [runtime.screener.hasher.hash_bytes(encoded(picture(seed), quality=92)) for seed in seeds]
    with runtime.database.write() as connection:
        bank = create_bank(connection, name, **{"trusted": True, "deep_per_hour": 1000, **wanted}).id
        source = ensure_source(connection, "own").id
        for seed, one in zip(seeds, hashed, strict=True):
            made = fingerprints_of(one)
            add_entry(connection, bank, label=f"{name} {seed}", added=made, source_id=source)
    runtime.screener.refresh()
    return bank


def crop(seed: int, quality: int = 80) -> bytes:
    """A picture less 14 % of each side: too much for the fast views."""
    return encoded(picture(seed).crop((45, 34, 595, 446)), quality=quality)


def context(reference: str | None = "post/1", **wanted: Any) -> Context:
    values = {"surface": "public", "country": "US", "account": "user-4711", "ip": "203.0.113.7"}
    return Context.from_json({**values, "content_reference": reference, **wanted})
