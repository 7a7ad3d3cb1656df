"""Made films for local features: shapes that move over a backdrop, each film its own by a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from holdfast.hashing.videolocal import LocalFeatures
from holdfast.hashing.videolocal_query import LocalQuery
from holdfast.hashing.videolocal_reference import LocalReference
from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.local_judge import compare_local
from holdfast.media.types import VideoFrame

SIZE = (384, 288)
LENGTH_S = 10.0
Edit = Callable[[Image.Image, float], Image.Image]


def room(seed: int) -> Image.Image:
    """A backdrop with much to see."""
    rng = np.random.default_rng(seed)
    page = Image.fromarray(rng.integers(60, 200, (18, 24), dtype=np.uint8)).resize(
        SIZE, Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(page)
    for _ in range(60):
        x, y, w, h = rng.integers(0, (*SIZE, 40, 40)).tolist()
        draw.rectangle((x, y, x + w + 6, y + h + 6), fill=int(rng.integers(0, 256)))
    return page


def picture(seed: int, time_s: float, backdrop: Image.Image | None = None) -> Image.Image:
    """What a film shows at a time: its backdrop, and twelve patterned shapes that wander over it."""
    page = (backdrop or room(1000 + seed)).copy()
    rng = np.random.default_rng(seed)
    for _ in range(12):
        pattern = Image.fromarray(rng.integers(0, 256, (9, 9), dtype=np.uint8)).resize(
            (70, 70), Image.Resampling.NEAREST
        )
        x, y, dx, dy, phase, pace = rng.uniform((30, 20, 20, 20, 0, 0.3), (300, 210, 90, 60, 6, 0.9)).tolist()
        at = (x + dx * np.sin(pace * time_s + phase), y + dy * np.cos(1.3 * pace * time_s + phase))
        page.paste(pattern, (round(at[0]), round(at[1])))
    return page


def frames(
    seed: int, step_s: float, edit: Edit = lambda page, _: page, backdrop: Image.Image | None = None
) -> list[VideoFrame]:
    """The frames of a film, edited."""
    out = []
    for number in range(int(LENGTH_S / step_s)):
        time_s = number * step_s
        page = edit(picture(seed, time_s, backdrop), time_s)
        out.append(VideoFrame(time_s, number, np.ascontiguousarray(page), *page.size))
    return out


def listed(made: list[VideoFrame]) -> LocalFeatures:
    """The local features of a film on a list."""
    reference = LocalReference()
    assert list(reference.watched(made)) == made
    features = reference.features()
    assert features is not None
    return features


def compared(made: list[VideoFrame], features: LocalFeatures) -> VideoMatch | None:
    """A film against one on a list."""
    return compare_local(LocalQuery(made, 0.5), features)
