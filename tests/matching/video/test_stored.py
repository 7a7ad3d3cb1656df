"""Banks in files: the same answers as a bank in memory, whatever was built, added, removed, added again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.errors import IndexFileError
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.search import search
from holdfast.matching.video.stored import Video, open_bank, write_bank
from tests.matching.video.videos import changed, query, random_codes

Videos = dict[int, Video]


def made(rng: np.random.Generator, video_id: int) -> Video:
    """A video of 0 to 14 frames, some of them without features, at odd moments."""
    count = int(rng.integers(0, 15))
    times = np.sort(rng.integers(0, 100_000, count)) / 1000
    return video_id, random_codes(rng, count), rng.choice([0, 3, 20, 80], count), times


def build(folder: Path, videos: Videos) -> VideoBank:
    rising = [videos[video_id] for video_id in sorted(videos)]
    frames = sum(np.shape(video[1])[0] for video in rising)
    write_bank(folder / "frames.hfx", folder / "index.hfx", iter(rising), len(rising), frames)
    return open_bank(folder / "frames.hfx", folder / "index.hfx")


def shown_near(bank: VideoBank, codes: np.ndarray) -> list[tuple[int, int, int, int, float]]:
    rows, frames, bits = bank.index.range_search(codes, 30)
    return sorted(
        (int(row), int(bit), *bank.shown(int(frame)))
        for row, frame, bit in zip(rows, frames, bits, strict=True)
    )


def assert_same(bank: VideoBank, plain: VideoBank, videos: Videos, rng: np.random.Generator) -> None:
    assert sorted(bank.ids) == sorted(plain.ids) == sorted(videos)
    assert (len(bank), bank.frames) == (len(plain), plain.frames)
    for video_id in videos:
        one, other = bank.reference(video_id), plain.reference(video_id)
        assert one is not None and other is not None
        assert (one.frames.words == other.frames.words).all() and (one.time_s == other.time_s).all()
        assert (one.frames.weight == other.frames.weight).all() and one.frames.words.flags.writeable
    longest = max(videos.values(), key=lambda video: np.shape(video[1])[0])
    near = changed(rng, np.asarray(longest[1]), 12)
    if len(near):
        assert shown_near(bank, near) == shown_near(plain, near)
        asked = query(np.repeat(near, 2, axis=0))
        assert search(asked, bank) == search(asked, plain)


@pytest.mark.parametrize("seed", range(6))
def test_every_history_ends_as_in_memory(tmp_path: Path, seed: int) -> None:
    """Enough videos that candidates are sought, and not all of them compared with."""
    rng = np.random.default_rng(seed)
    videos: Videos = {video_id: made(rng, video_id) for video_id in range(0, 160, 2)}
    bank, plain = build(tmp_path, videos), VideoBank.of(videos.values())
    for _ in range(60):
        video_id = int(rng.integers(0, 160))
        assert bank.remove(video_id) is plain.remove(video_id) is (video_id in videos)
        videos.pop(video_id, None)
        if rng.random() < 0.6:  # the same id again, with other frames
            videos[video_id] = made(rng, video_id)
            bank.add(*videos[video_id])
            plain.add(*videos[video_id])
            with pytest.raises(ValueError, match="listed already"):
                bank.add(*videos[video_id])
        if rng.random() < 0.1:
            assert_same(bank, plain, videos, rng)
            bank = build(tmp_path, videos)
            assert bank.added == 0
    assert_same(bank, plain, videos, rng)


def test_what_is_open_is_not_disturbed_by_a_new_build(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    videos: Videos = {1: (1, random_codes(rng, 9), np.full(9, 80), np.arange(9.0))}
    before = build(tmp_path, videos)
    build(tmp_path, {2: made(rng, 2)})
    assert before.ids == [1] and len(shown_near(before, np.asarray(videos[1][1]))) == 9


@pytest.mark.parametrize("name", ["frames.hfx", "index.hfx"])
def test_files_that_are_missing_cut_short_or_strangers_are_refused(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(2)
    build(tmp_path, {number: made(rng, number) for number in range(30)})
    kept = (tmp_path / name).read_bytes()
    build(tmp_path, {number: made(rng, number) for number in range(30)})
    for damage in (kept, kept[:-50_000], b"", None):  # of another build first: sound, and not the fellow
        (tmp_path / name).unlink()
        if damage is not None:
            (tmp_path / name).write_bytes(damage)
        with pytest.raises(IndexFileError):
            open_bank(tmp_path / "frames.hfx", tmp_path / "index.hfx")


@pytest.mark.parametrize(("count", "frames"), [(2, 20), (4, 30), (3, 29), (3, 31), (2, 30)])
def test_videos_that_are_not_as_many_as_was_said_leave_no_file(
    tmp_path: Path, count: int, frames: int
) -> None:
    rng = np.random.default_rng(3)
    videos = [(number, random_codes(rng, 10), np.full(10, 80), np.arange(10.0)) for number in range(3)]
    with pytest.raises(ValueError, match="video"):
        write_bank(tmp_path / "frames.hfx", tmp_path / "index.hfx", videos, count, frames)
    with pytest.raises(ValueError, match="order"):
        write_bank(tmp_path / "frames.hfx", tmp_path / "index.hfx", reversed(videos), 3, 30)
    assert list(tmp_path.iterdir()) == []
