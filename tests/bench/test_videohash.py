"""The bench of plain video hashes: its figures are those of the files, and its command prints them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from holdfast.bench.videohash import measure
from holdfast.cli.main import app
from holdfast.hashing.video import VideoHash, video_hash
from holdfast.hashing.videotext import to_text
from tests.media.videos import alone, clip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "film.mp4").write_bytes(clip(size=(320, 240), options=(("crf", "30"),)))
    (tmp_path / "notes.txt").write_text("no video")
    return tmp_path


def test_bits_off_a_list_are_counted(folder: Path) -> None:
    exact = video_hash(alone((folder / "film.mp4").read_bytes(), every_s=0.0).frames)
    codes = exact.codes.copy()
    codes[3, :2] ^= 0xFF
    codes[4, 0] ^= 1
    changed = VideoHash(exact.frame, exact.time_s, exact.quality, codes)
    (folder / "film.txt").write_text(to_text(changed))
    (row,) = measure([folder], reference=folder, peers=False)
    assert row == {
        "video": "film",
        "frames": 20,
        "frames more": 0,
        "mean bits": 0.85,
        "most bits": 16,
        "frames of 10 bits and more": 1,
        "most quality": 0,
    }


@pytest.mark.shared_data
def test_the_reference_tools_lists_are_met_of_whole_and_of_reduced_frames(
    shared_data: Path, tmp_path: Path
) -> None:
    name = "pattern-sd-grey-bar"
    (tmp_path / f"{name}.mp4").write_bytes((shared_data / "video" / f"{name}.mp4").read_bytes())
    lists = shared_data / "video" / "vpdq-reference-hashes"
    rows = {row["video"]: row for row in measure([tmp_path], reference=lists, peers=False)}
    assert list(rows) == [name, f"{name}-128x128"]
    for row in rows.values():
        assert row["frames more"] == 0 and row["most bits"] < 10 and row["most quality"] <= 3
    # Against the list of the other frames they are far off: reducing them is another picture.
    (lists_here := tmp_path / "lists").mkdir()
    (lists_here / f"{name}.txt").write_text((lists / f"{name}-128x128.txt").read_text())
    (row,) = measure([tmp_path], reference=lists_here, peers=False)
    assert row["mean bits"] > 10


def test_shortcuts_change_few_bits(folder: Path) -> None:
    (row,) = measure([folder], shortcuts=True)
    assert row["frames"] == 4
    assert 0 <= row["quick mean"] <= row["quick most"] < 30
    assert row["side 512 most"] == row["side 256 most"] == 0  # it is smaller than either


def test_the_command_prints_speeds(folder: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "video-hash", str(folder), "--no-peers", "--json"])
    assert result.exit_code == 0, result.output
    machine, row = (json.loads(line) for line in result.stdout.splitlines())
    assert "cores" in machine["machine"]
    assert row["size"] == "320x240 h264"
    assert row["frames"] == 4
    assert row["seconds"] == 4.0
    assert min(row["decoding"], row["hash"], row["keyframes"], row["worker MiB"]) > 0
    table = CliRunner().invoke(app, ["bench", "video-hash", str(folder), "--shortcuts"])
    assert "quick mean" in table.stdout
