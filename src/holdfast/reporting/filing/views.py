"""Whether a file counts as viewed: a fact about these very bytes, or it is not one.

`fileViewedByEsp` says that the company viewed the entire contents of this file. It changes what police may
open without a warrant (United States v. Wilson, 13 F.4th 961). So it is true only where a record of the view
ledger shows the original, not blurred or made smaller, all of it, and of the same bytes that are uploaded.
Everything else is false: a thumbnail, a part of a film, a copy that was viewed elsewhere, a click.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, StrictBool

from holdfast.reporting.cybertip.models.common import Model

__all__ = ["Fidelity", "ViewProof", "proves_exif", "proves_view"]


class Fidelity(StrEnum):
    """How the content was shown."""

    ORIGINAL = "original"
    GREYSCALE = "greyscale"
    BLURRED = "blurred"
    REDUCED = "reduced"  # fewer pixels or a lower rate
    THUMBNAIL = "thumbnail"
    KEY_FRAMES = "key_frames"


class ViewProof(Model):
    """One record of the view ledger: who saw what, how, and how much of it.

    `sha256` is that of the bytes that were shown. `share` is the part of the timeline that was played, or of
    the pages that were shown: 1 is all of it.
    """

    record: str
    item_id: str
    sha256: str
    viewer: str
    viewed_at: AwareDatetime
    fidelity: Fidelity
    share: float
    exif_shown: StrictBool = False


def proves_view(proof: ViewProof | None, *, item_id: str, sha256: str) -> bool:
    """Whether all of the content with this id and these bytes was viewed as it is."""
    return (
        proof is not None
        and proof.item_id == item_id
        and proof.sha256.lower() == sha256.lower()
        and proof.fidelity is Fidelity.ORIGINAL
        and proof.share >= 1.0
    )


def proves_exif(proof: ViewProof | None, *, item_id: str, sha256: str) -> bool:
    """Whether its metadata was viewed too; it counts only beside the view itself."""
    return proof is not None and proof.exif_shown and proves_view(proof, item_id=item_id, sha256=sha256)
