"""Where the bytes of files come from: the vault, whose every opening is on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from holdfast.errors import ObjectDestroyedError
from holdfast.vault.service import Vault

__all__ = ["Content", "Contents", "VaultContents"]

ACTOR = "filer"


@dataclass(frozen=True)
class Content:
    """The size and the bytes of one file; the bytes can be read once."""

    size_bytes: int
    pieces: Iterator[bytes]


class Contents(Protocol):
    """Gives the bytes of a file by its id. Safe to use from many threads.

    Both raise `NotFoundError` or `VaultError`; `open` also while its pieces are read.
    """

    def check(self, item_id: str) -> None:
        """Nothing where the content can be had, as far as that is known without opening it."""

    def open(self, item_id: str, *, purpose: str) -> Content: ...


class VaultContents:
    """Held content."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def check(self, item_id: str) -> None:
        if self._vault.describe(item_id).state == "destroyed":
            raise ObjectDestroyedError(f"Item {item_id} was destroyed; it cannot be reported.")

    def open(self, item_id: str, *, purpose: str) -> Content:
        size_bytes = self._vault.describe(item_id).size_bytes
        return Content(size_bytes, self._vault.open(item_id, actor=ACTOR, purpose=purpose))
