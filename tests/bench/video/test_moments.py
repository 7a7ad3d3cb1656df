"""Other moments of one recording, against one another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from holdfast.bench.video.clips import Clip, encoded
from holdfast.bench.video.corpus import Listed, hashed
from holdfast.bench.video.moments import _windows, moment_pairs


def _recording(folder: Path, seconds: int) -> Listed:
    """A view of hills over which something wanders, at 2 pictures a second."""
    rng = np.random.default_rng(3)
    coarse = Image.fromarray(rng.integers(0, 255, (12, 16), np.uint8)).resize(
        (160, 120), Image.Resampling.BICUBIC
    )
    pictures, place = [], np.array([60.0, 40.0])
    for _ in range(2 * seconds):
        place = np.clip(place + rng.normal(0, 12, 2), 0, 90)
        picture = coarse.convert("RGB")
        picture.paste((240, 240, 240), (int(place[0]), int(place[1]), int(place[0]) + 40, int(place[1]) + 30))
        pictures.append(picture)
    path = folder / "recording.mp4"
    path.write_bytes(encoded(Clip(tuple(pictures), fps=2.0)))
    video, duration_s = hashed(path.read_bytes())
    return Listed(path, video, duration_s, "recording", "test")


def test_every_window_is_held_against_every_other_one(tmp_path: Path) -> None:
    pairs = list(moment_pairs(_recording(tmp_path, 40)))
    assert [(pair.query, pair.reference) for pair in pairs] == [
        (f"recording.mp4 {one} s", f"recording.mp4 {other} s")
        for one in ("0-12", "13-25", "26-38")
        for other in ("0-12", "13-25", "26-38")
        if one != other
    ]
    assert all(pair.tier != "match" for pair in pairs)


@pytest.mark.parametrize(
    ("duration_s", "windows"),
    [(14.0, []), (17.0, [(0, 8), (9, 17)]), (25.0, [(0, 12), (13, 25)]), (900.0, 5)],
)
def test_windows(duration_s: float, windows: list[tuple[float, float]] | int) -> None:
    found = _windows(duration_s)
    assert len(found) == windows if isinstance(windows, int) else found == windows
