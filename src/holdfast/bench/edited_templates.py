"""Pictures that share their making: memes of one template, one frame, one logo, half a picture.

They are no strangers, and no law of strangers foretells them. So they are counted apart: how many such pairs
the deep check would call a match.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from holdfast.bench.edited_cases import fits
from holdfast.bench.edits import frames, overlays, photograph
from holdfast.hashing.pdq import pdq
from holdfast.hashing.views.deep import deep_views
from holdfast.hashing.views.small import small_luma
from holdfast.matching.calibration import MATCH_EXPECTED, POSSIBLE_EXPECTED

__all__ = ["template_rows"]

_TEMPLATES, _VERSIONS = 10, 4

Picture = Image.Image


def template_rows(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """One row for each way to share something, from these photographs: pairs, matches, possible matches."""
    pictures = [photograph(path.read_bytes(), max_side=800) for path in paths[: _TEMPLATES + 1]]
    base, others = pictures[0], pictures[1:]
    memes = [
        [overlays.meme_text(one, random.Random(f"{number}/{version}")) for version in range(_VERSIONS)]
        for number, one in enumerate(others)
    ]
    yield _row("one photograph with other words on it", memes)
    framed = [
        overlays.logo(frames.captioned(one, random.Random("frame")), random.Random("logo")) for one in others
    ]
    yield _row("other photographs in one frame, with one caption and logo", [framed])
    halves = [frames.split_screen(base, random.Random("halves"), one) for one in others]
    yield _row("other photographs beside one and the same", [halves])


def _row(words: str, groups: Sequence[Sequence[Picture]]) -> dict[str, Any]:
    pairs = matches = possible = plain = 0
    for group in groups:
        lumas = [np.asarray(one.convert("L")) for one in group]
        codes = [pdq(luma).bits for luma in lumas]
        looks = [deep_views(_small(luma)) for luma in lumas]
        for one, other in permutations(range(len(group)), 2):
            found = fits(looks[one], codes[other][np.newaxis])
            expected = found[0].expected if found else 1.0
            pairs += 1
            matches += expected <= MATCH_EXPECTED
            possible += MATCH_EXPECTED < expected <= POSSIBLE_EXPECTED
            plain += int(np.bitwise_count(codes[one] ^ codes[other]).sum()) <= 31
    return {
        "measure": f"shared, {words}",
        "pairs": pairs,
        "match": matches,
        "possible": possible,
        "within 31 bits as they are": plain,
    }


def _small(luma: npt.NDArray[np.uint8]) -> Any:
    small = small_luma(np.ascontiguousarray(luma))
    if small is None:
        raise AssertionError("photographs of the benchmark have 200 pixels a side and more")
    return small
