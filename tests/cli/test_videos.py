"""Videos at the command line: hash, add, match, scan, lists in and out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import ImageOps

from holdfast.hashing.videostates import VideoStates, states_of
from holdfast.hashing.videotext import from_json, from_text
from tests.cli.conftest import Commands
from tests.pictures import encoded
from tests.screening.clips import film, shown

KNOWN, STRANGE = range(8), range(20, 26)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "known.mp4").write_bytes(film(KNOWN))
    (folder / "copy.webm").write_bytes(
        film([*STRANGE, *KNOWN], ImageOps.mirror, codec="libvpx", container="webm")
    )
    strange = film(STRANGE, codec="libvpx", container="webm")
    (folder / "cut.webm").write_bytes(strange[: len(strange) * 4 // 5])
    (folder / "screenshot.png").write_bytes(encoded(shown(KNOWN[2]), "PNG"))
    return folder


def test_the_states_of_a_video_are_told_where_they_are_asked_for(commands: Commands, files: Path) -> None:
    (hashed,) = commands.json("hash", "--states", files / "known.mp4")
    video = from_json(json.dumps(hashed["vpdq"]))
    told = VideoStates.from_json(json.dumps(hashed["states"]), len(video))
    assert told.state.tolist() == states_of(video).state.tolist() and len(told) > 1
    plain = commands.run("hash", "--states", files / "known.mp4")
    assert " ".join(map(str, hashed["states"]["state"])) in plain
    assert "states" not in commands.json("hash", files / "known.mp4")[0]


def test_a_film_from_hash_to_scan(commands: Commands, files: Path) -> None:
    (hashed,) = commands.json("hash", files / "known.mp4")
    assert (hashed["medium"], len(hashed["vpdq"]), hashed["pdq"]) == ("video", len(KNOWN), [])
    plain = commands.run("hash", files / "known.mp4")
    assert plain.count(",100,") + plain.count(",9") >= len(KNOWN) // 2 and "frame,quality,hash" in plain

    commands.run("bank", "create", "FILMS", "--trusted")
    (added,) = commands.json("bank", "add", "FILMS", files / "known.mp4")
    assert (added["entry"], added["fingerprints"], added["problem"]) == (1, 4, "")
    assert "video" in commands.run("bank", "show", "FILMS")

    (found,) = commands.json("match", files / "copy.webm")
    (match,) = found["matches"]
    assert (found["outcome"], found["medium"]) == ("match", "video")
    assert {
        *("bank", "entry", "label", "algorithm", "score", "tier", "view", "speed", "expected_false_alarms"),
        *("query_start_s", "query_end_s", "ref_start_s", "ref_end_s"),
    } <= match.keys()
    assert match["query_start_s"] == pytest.approx(6, abs=0.5)
    words = commands.run("match", files / "copy.webm", "--exit-code", status=3)
    assert "MATCH" in words and "of the file is 0:00" in words and "of the listed video, mirrored" in words
    assert "POSSIBLE" in commands.run("match", files / "screenshot.png")

    outcomes = {Path(one["file"]).name: one["outcome"] for one in commands.json("scan", files)}
    assert outcomes == {
        "known.mp4": "match",
        "copy.webm": "match",
        "cut.webm": "not_matchable",
        "screenshot.png": "possible",
    }


def test_lists_of_videos(commands: Commands, files: Path, tmp_path: Path) -> None:
    (hashed,) = commands.json("hash", files / "known.mp4")
    video = from_json(json.dumps(hashed["vpdq"]))
    lines = [line.strip() for line in commands.run("hash", files / "known.mp4").splitlines()]
    text = "".join(f"{line}\n" for line in lines if line.count(",") == 3 and line[0].isdigit())
    assert (from_text(text).codes == video.codes).all()

    by_text = tmp_path / "known.vpdq"
    by_text.write_text(text)
    by_json = tmp_path / "list.json"
    by_json.write_text(json.dumps(hashed["vpdq"]))
    commands.run("bank", "create", "FILMS")
    (first,) = commands.json("bank", "add", "FILMS", by_text)
    assert (first["rows"], first["entries_added"], first["added"]) == (1, 1, 1)
    (second,) = commands.json("bank", "add", "FILMS", by_json)
    assert (second["entries_added"], second["already_there"]) == (0, 1)
    (entry,) = commands.json("bank", "show", "FILMS")
    assert (entry["label"], entry["medium"]) == ("known.vpdq", "video")
    (found,) = commands.json("match", files / "copy.webm")
    assert found["outcome"] == "match"

    commands.run("bank", "terms", "known.vpdq", "--export")
    exported = commands.run("bank", "export", "FILMS", "--format", "vpdq")
    assert json.loads(exported) == hashed["vpdq"]
    commands.run("bank", "remove", "FILMS", 1)
    assert commands.json("match", files / "copy.webm")[0]["outcome"] == "no_match"
