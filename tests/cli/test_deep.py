"""`match --deep` and `scan --deep`: at once, in words for people and as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Commands
from tests.pictures import encoded, picture


@pytest.fixture
def files(tmp_path: Path, commands: Commands) -> Path:
    """A known picture on a bank of its own, a crop of it, and a stranger."""
    commands.run("bank", "create", "OURS", "--trusted")
    known = tmp_path / "known.jpg"
    known.write_bytes(encoded(picture(1), quality=92))
    commands.run("bank", "add", "OURS", known)
    folder = tmp_path / "files"
    folder.mkdir()
    crop = picture(1).crop((45, 34, 595, 446))
    (folder / "crop.jpg").write_bytes(encoded(crop, quality=80))
    (folder / "stranger.jpg").write_bytes(encoded(picture(9), quality=80))
    return folder


def test_a_crop_is_found_when_asked_for(commands: Commands, files: Path) -> None:
    (plain,) = commands.json("match", files / "crop.jpg")
    assert (plain["outcome"], plain["deep_check"]) == ("no_match", "not_needed")
    crop, stranger = commands.json("match", "--deep", files / "crop.jpg", files / "stranger.jpg")
    assert (crop["outcome"], crop["deep_check"]) == ("match", "done")
    (match,) = crop["matches"]
    assert "cropped about" in match["view"] and match["tier"] == "match"
    assert 0 <= match["expected_false_alarms"] <= 1e-6 and match["extrapolation_decades"] > 0
    assert (stranger["outcome"], stranger["deep_check"]) == ("no_match", "done")
    told = commands.run("match", "--deep", "--exit-code", files / "crop.jpg", status=3)
    assert "cropped about" in told and "false alarms expected" in told and "decades" in told


def test_a_scan_looks_deeply_and_a_plain_one_does_not_go_on_after_it(commands: Commands, files: Path) -> None:
    found = {Path(one["file"]).name: one["outcome"] for one in commands.json("scan", "--deep", files)}
    assert found == {"crop.jpg": "match", "stranger.jpg": "no_match"}
    assert {one["outcome"] for one in commands.json("scan", files)} == {"no_match"}


def test_a_classic_bank_matches_no_crop_even_when_asked(commands: Commands, files: Path) -> None:
    commands.run("bank", "set", "OURS", "--matching", "classic")
    (outcome,) = commands.json("match", "--deep", files / "crop.jpg")
    assert outcome["outcome"] == "no_match"
    assert "calibrated" in commands.run("bank", "list")  # the first bank of `init`
