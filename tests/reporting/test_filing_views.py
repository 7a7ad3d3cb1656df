"""A file counts as viewed only by proof: all of it, as it is, and these very bytes. Nothing else does."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from lxml import etree
from pydantic import ValidationError

from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.models.file_details import FileDescription
from holdfast.reporting.filing.models import SubmittedFile
from holdfast.reporting.filing.views import Fidelity, ViewProof, proves_exif, proves_view
from tests.reporting.world import World

CONTENT = b"the very bytes"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def proof(**changes: Any) -> ViewProof:
    """A record that proves a view of the whole original, with changes."""
    whole: dict[str, Any] = {
        "record": "view 7",
        "item_id": "item",
        "sha256": SHA256,
        "viewer": "reviewer:ana",
        "viewed_at": now(),
        "fidelity": Fidelity.ORIGINAL,
        "share": 1.0,
        "exif_shown": True,
    }
    return ViewProof(**{**whole, **changes})


UNPROVED = [
    {"fidelity": Fidelity.BLURRED},
    {"fidelity": Fidelity.GREYSCALE},
    {"fidelity": Fidelity.REDUCED},
    {"fidelity": Fidelity.THUMBNAIL},
    {"fidelity": Fidelity.KEY_FRAMES},
    {"share": 0.99},  # a part of a film
    {"share": 0.0},
    {"item_id": "another"},  # a copy that was viewed elsewhere
    {"sha256": hashlib.sha256(b"a copy that was encoded anew").hexdigest()},
    {"sha256": ""},
]


@pytest.mark.parametrize("changes", UNPROVED, ids=str)
def test_anything_less_proves_nothing(changes: dict[str, Any]) -> None:
    assert not proves_view(proof(**changes), item_id="item", sha256=SHA256)
    assert not proves_exif(proof(**changes), item_id="item", sha256=SHA256)


def test_the_whole_original_is_a_view() -> None:
    assert proves_view(proof(), item_id="item", sha256=SHA256)
    assert proves_view(proof(sha256=SHA256.upper()), item_id="item", sha256=SHA256)
    assert proves_exif(proof(), item_id="item", sha256=SHA256)
    assert not proves_exif(proof(exif_shown=False), item_id="item", sha256=SHA256)
    assert not proves_view(None, item_id="item", sha256=SHA256)


def test_nobody_can_say_that_a_file_was_viewed() -> None:
    for name in ("file_viewed_by_esp", "exif_viewed_by_esp"):
        with pytest.raises(ValidationError):
            FileDescription.model_validate({name: True})


def filed_flags(world: World, *proofs: ViewProof | None) -> list[tuple[str | None, str | None]]:
    """fileViewedByEsp and exifViewedByEsp as they were filed, a file each."""
    files = []
    for one in proofs:
        item_id = world.hold(CONTENT)
        viewed = None if one is None else one.model_copy(update={"item_id": item_id})
        files.append(SubmittedFile(item_id=item_id, viewed=viewed))
    world.ask("case-1", *files)
    world.work()
    (stored,) = world.stand_in.desk.finished()
    roots = [etree.fromstring(file.details or b"") for file in stored.files.values()]
    return [(root.findtext("fileViewedByEsp"), root.findtext("exifViewedByEsp")) for root in roots]


def test_what_is_filed_says_false_unless_it_is_proved(one_world: World) -> None:
    flags = filed_flags(
        one_world,
        None,
        proof(),
        proof(exif_shown=False),
        proof(fidelity=Fidelity.BLURRED),
        proof(share=0.5),
        proof(sha256=hashlib.sha256(b"other bytes").hexdigest()),
    )
    assert flags == [
        ("false", "false"),
        ("true", "true"),
        ("true", "false"),
        ("false", "false"),
        ("false", "false"),
        ("false", "false"),
    ]
