"""Frames made ready once: what is kept from one fit to the next, and for how long."""

from __future__ import annotations

import numpy as np

from holdfast.hashing.border import Box
from holdfast.hashing.videoviews.kept import MOST_BOXES, KeptFaces
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.small import SmallLuma
from tests.hashing.videoviews.films import film

_BOXES = [Box(0, 160, 0, 240), Box(20, 140, 0, 240), Box(0, 160, 40, 200)]


def _smalls() -> tuple[SmallLuma, ...]:
    one, other = (SmallLuma(luma, 240, 160) for luma in film(3, 2))
    return one, one, other


def test_faces_are_those_of_each_frame_at_the_box() -> None:
    smalls, matrix = _smalls(), np.eye(3)[np.newaxis]
    for face, small in zip(KeptFaces(smalls).at(_BOXES[1]), smalls, strict=True):
        assert np.array_equal(face.blocks(0, matrix), Faces(small, (_BOXES[1],)).blocks(0, matrix))


def test_a_frame_that_still_stands_is_made_ready_once() -> None:
    faces = KeptFaces(_smalls()).at(_BOXES[0])
    assert faces[0] is faces[1] and faces[1] is not faces[2]


def test_the_boxes_asked_for_last_are_kept() -> None:
    kept = KeptFaces(_smalls())
    first, second = kept.at(_BOXES[0]), kept.at(_BOXES[1])
    assert MOST_BOXES == 2 and kept.at(_BOXES[0]) is first
    kept.at(_BOXES[2])
    assert kept.at(_BOXES[0]) is first and kept.at(_BOXES[1]) is not second
