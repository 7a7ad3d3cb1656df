"""Clips of photographs: none in both parts, the same each time, and too few are said to be so."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from holdfast.bench.video import photos
from holdfast.bench.video.clips import read_clip
from holdfast.errors import UnreadableError
from tests.pictures import picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four photographs of either part."""
    wanted = {True: 4, False: 4}
    for seed in range(40):
        is_tuning = hashlib.sha256(f"{seed}.png".encode()).digest()[0] < 128
        if wanted[is_tuning]:
            wanted[is_tuning] -= 1
            picture(seed, 320, 240).save(tmp_path / f"{seed}.png")
    return tmp_path


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "_FRAMES", 6)
    monkeypatch.setattr(photos, "_SLIDES", 1)
    monkeypatch.setattr(photos, "_COUNTS", tuple((kind, 1) for kind, _ in photos._COUNTS))


def test_each_kind_in_either_part(folder: Path, tmp_path: Path) -> None:
    made = photos.photo_clips(folder, tmp_path / "clips")
    assert [path.stem for path in made] == [
        f"photo-{kind}-{part}-1"
        for part in ("tuning", "fresh")
        for kind in ("still", "hand", "pan", "slides")
    ]
    for path in made:
        clip = read_clip(path)
        assert len(clip.pictures) == 6 and clip.pictures[0].size == (384, 288)
    again = photos.photo_clips(folder, tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in made]


def test_too_few_photographs(folder: Path, tmp_path: Path) -> None:
    for path in list(folder.glob("*.png"))[:5]:
        path.unlink()
    with pytest.raises(UnreadableError, match="more photographs"):
        photos.photo_clips(folder, tmp_path / "clips")
