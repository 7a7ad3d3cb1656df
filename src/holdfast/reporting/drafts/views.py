"""What the view ledger proves of a file, as the filing wants it.

A proof names the person, the moment and the SHA-256 of the bytes that were shown; filing compares it with the
bytes that it uploads. No proof: `fileViewedByEsp` is false, and the report goes all the same.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.reporting.filing.models import SubmittedFile
from holdfast.reporting.filing.views import Fidelity, ViewProof
from holdfast.review.ledger import ItemViews, viewed_in_full, views_of_items

__all__ = ["proofs", "with_proofs"]


def proofs(connection: sa.Connection, item_ids: list[str]) -> dict[str, ViewProof]:
    """Item -> proof that it was seen in full; items without one are absent."""
    found = {}
    for item_id, views in views_of_items(connection, item_ids).items():
        if viewed_in_full(connection, item_id):
            proof = _proof(views)
            if proof is not None:
                found[item_id] = proof
    return found


def with_proofs(connection: sa.Connection, files: tuple[SubmittedFile, ...]) -> tuple[SubmittedFile, ...]:
    """The files with what the ledger proves at this moment, and nothing else."""
    known = proofs(connection, [file.item_id for file in files])
    return tuple(file.model_copy(update={"viewed": known.get(file.item_id)}) for file in files)


def _proof(views: ItemViews) -> ViewProof | None:
    for view in views.views:
        if not view.complete or view.attested_at is None:
            continue
        shown = {
            one.digest
            for one in views.served
            if one.grant_id == view.grant_id and one.fidelity == Fidelity.ORIGINAL and one.digest
        }
        if len(shown) == 1:  # bytes of two kinds prove neither
            return ViewProof(
                record=f"grant:{view.grant_id}",
                item_id=views.item_id,
                sha256=shown.pop(),
                viewer=view.person,
                viewed_at=view.attested_at,
                fidelity=Fidelity.ORIGINAL,
                share=1.0,
            )
    return None
