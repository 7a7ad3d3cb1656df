"""Nearness alone does not tell a copy from other footage: it needs a gain, or the same changes."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching.video import specific as room
from holdfast.matching.video.align import Line, support
from holdfast.matching.video.motion import Motion
from holdfast.matching.video.specific import Specific, specific
from tests.matching.video.videos import changed, query, random_codes, reference

_ALIKE, _OTHERWISE = Motion(1.2, 0.7, 1.0, 50), Motion(0.5, 0.0, 1.0, 50)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(23)


def _specific(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, bits: int, changes: Motion | None, speed: float
) -> Specific:
    """Of a copy ``bits`` away at ``speed``, whose changes are as given."""
    monkeypatch.setattr(room, "motion", lambda *_: changes)
    listed = random_codes(rng, 8)
    shown = listed[np.arange(0, 8, speed / 2).astype(np.int64)]
    asked = query(changed(rng, shown, bits))
    line, pairs = support(asked, reference(listed), Line(0, 20.0, speed, 0.0))
    return specific(asked, reference(listed), line, pairs)


@pytest.mark.parametrize(
    ("bits", "changes", "speed", "speaks"),
    [
        (40, None, 1.0, True),  # more than twice as near as to any other moment
        (92, None, 1.0, False),
        (92, _OTHERWISE, 1.0, False),
        (92, _ALIKE, 1.0, True),
        (92, _ALIKE, 2.0, False),
        (40, _OTHERWISE, 2.0, True),
    ],
)
def test_what_is_hardly_nearer_has_to_change_alike_at_the_usual_speed(
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
    bits: int,
    changes: Motion | None,
    speed: float,
    speaks: bool,
) -> None:
    found = _specific(rng, monkeypatch, bits, changes, speed)
    own = 0.0 if changes is None else changes.decades
    assert found.decades > max(1.5, own) if speaks else found.decades <= own
