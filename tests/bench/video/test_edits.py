"""The edits of clips, and what is said of them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from holdfast.bench.video.clips import EDIT_FPS, Clip, encoded, read_clip
from holdfast.bench.video.edits import CORE_EDITS, EDITS, VideoEdit, edited
from tests.pictures import picture

COUNT = 25


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    def made(seed: int, width: int, height: int) -> Clip:
        large = picture(seed, width + 4 * COUNT, height)
        pictures = tuple(large.crop((4 * n, 0, 4 * n + width, height)) for n in range(COUNT))
        return Clip(pictures, source_end_s=COUNT / EDIT_FPS, end_s=COUNT / EDIT_FPS)

    return [made(1, 160, 96), made(2, 128, 128), made(3, 96, 160)]


def test_the_list() -> None:
    names = [edit.name for edit in EDITS]
    assert len(CORE_EDITS) == 37 and len(EDITS) == 45 == len(set(names))


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_every_edit_changes_the_clip_the_same_way_each_time(edit: VideoEdit, clips: list[Clip]) -> None:
    once, again = (edited(edit, clips[0], "seed", clips[1:]) for _ in range(2))
    assert once.crf == again.crf and len(once.pictures) == len(again.pictures)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(once.pictures, again.pictures, strict=True))
    assert len({one.size for one in once.pictures}) == 1
    before = [one.tobytes() for one in clips[0].pictures]
    changed = [one.tobytes() for one in once.pictures] != before
    assert changed or (once.fps, once.crf) != (clips[0].fps, clips[0].crf)
    assert 0 <= once.start_s < once.end_s <= len(once.pictures) / once.fps + 1e-6
    assert 0 <= once.source_start_s < once.source_end_s <= clips[0].source_end_s + 1e-6


def test_a_file_and_back(clips: list[Clip], tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(encoded(replace(clips[0], crf=10)))
    back = read_clip(path)
    assert len(back.pictures) == COUNT and back.pictures[0].size == (160, 96)
    off = np.abs(np.asarray(back.pictures[9], float) - np.asarray(clips[0].pictures[9], float))
    assert off.mean() < 10  # colours have half the resolution


def test_odd_sides_lose_a_pixel(clips: list[Clip]) -> None:
    odd = clips[0].mapped(lambda one: one.crop((0, 0, 151, 91)))
    with av.open(io.BytesIO(encoded(odd)), "r") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (150, 90)
