"""The listed videos of a process: mapped files, what changed since, and files that are damaged or absent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.banks.entries import add_entry, remove_entry
from holdfast.banks.service import create_bank, get_bank
from holdfast.banks.sources import ensure_source
from holdfast.banks.videos import active_size, active_videos, video_fingerprint
from holdfast.errors import IndexFileError
from holdfast.hashing.video import VideoHash
from holdfast.records.database import Database
from holdfast.records.home import Home
from holdfast.screening import lists, videolist
from holdfast.screening.generation import MANIFEST, build_generation, only_one
from holdfast.screening.lists import ListIndex
from holdfast.screening.videolist import VideoList
from tests.hashing.videohashes import video_hash

FILMS = [video_hash(seed, 12) for seed in range(8)]


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Path:
    with database.write() as connection:
        create_bank(connection, "FILMS")
    return tmp_path / "index"


def _add(database: Database, *videos: VideoHash) -> list[int]:
    """Entries of these videos."""
    entries = []
    for video in videos:
        with database.write() as connection:
            bank, source = get_bank(connection, "FILMS").id, ensure_source(connection, "own").id
            added = [video_fingerprint(video)]
            entries.append(add_entry(connection, bank, label="x", added=added, source_id=source).entry.id)
    return entries


def _remove(database: Database, entry: int) -> None:
    with database.write() as connection:
        remove_entry(connection, entry)


def _opened(database: Database, folder: Path) -> VideoList:
    videos = VideoList(database, folder)
    videos.refresh()
    return videos


def _finds(videos: VideoList) -> list[int]:
    """Which of the films are found."""
    return [number for number, film in enumerate(FILMS) if videos.frames_near(film.codes[:3], 0)]


def test_files_are_built_once_and_shared(database: Database, folder: Path) -> None:
    _add(database, *FILMS[:5])
    first = _opened(database, folder)
    manifest = (folder / MANIFEST).read_bytes()
    second = _opened(database, folder)
    assert (folder / MANIFEST).read_bytes() == manifest
    for videos in (first, second):
        assert videos.bank is not None and videos.bank.added == 0
        assert _finds(videos) == [0, 1, 2, 3, 4] and videos.bank.frames == 60


def test_changes_after_the_build_count_at_once(database: Database, folder: Path) -> None:
    entries = _add(database, *FILMS[:3])
    videos = _opened(database, folder)
    _remove(database, entries[1])
    _add(database, FILMS[5])
    assert _finds(videos) == [0, 1, 2]
    videos.refresh()
    assert _finds(videos) == [0, 2, 5] and len(videos) == 3
    _add(database, FILMS[1])  # once more what was removed from the files
    videos.refresh()
    assert _finds(videos) == [0, 1, 2, 5]
    assert videos.bank is not None and videos.bank.added == 3
    assert _finds(_opened(database, folder)) == [0, 1, 2, 5]


def test_the_first_video_after_an_empty_build(database: Database, folder: Path) -> None:
    videos = _opened(database, folder)
    assert videos.bank is None and json.loads((folder / MANIFEST).read_text())["videos"] == 0
    (entry,) = _add(database, FILMS[0])
    videos.refresh()
    assert _finds(videos) == [0]
    _remove(database, entry)
    videos.refresh()
    assert videos.bank is None and _finds(videos) == []


def test_many_changed_videos_are_merged_and_taken_up(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before the changes of photographs would be: a video takes as much memory as hundreds."""
    monkeypatch.setattr(lists, "VIDEOS_BEHIND", 2)
    monkeypatch.setattr(videolist, "WORTH_REOPENING", 3)
    entries = _add(database, *FILMS[:3])
    videos, merging = _opened(database, folder), ListIndex(database, folder)
    _remove(database, entries[0])
    _add(database, FILMS[3])
    videos.refresh()
    assert not merging.merge()
    _add(database, FILMS[4])
    videos.refresh()
    assert videos.bank is not None and videos.bank.added == 3
    assert merging.merge()
    assert _finds(videos) == [1, 2, 3, 4]  # of the old files, which are gone from the folder
    videos.refresh()
    assert videos.bank is not None and videos.bank.added == 0
    assert _finds(videos) == [1, 2, 3, 4]
    assert len(list(folder.glob("*.hfx"))) == 4


@pytest.mark.parametrize("damage", ["frames", "frame_index", "manifest", "mark", "old form"])
def test_what_is_damaged_or_foreign_is_built_again(database: Database, folder: Path, damage: str) -> None:
    _add(database, *FILMS[:2])
    _opened(database, folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    if damage in manifest and damage != "mark":
        path = folder / manifest[damage]
        path.write_bytes(path.read_bytes()[:-30_000])
    elif damage == "manifest":
        (folder / MANIFEST).write_text("{")
    else:
        manifest["mark"] += " of others" if damage == "mark" else ""
        if damage == "old form":
            for name in ("videos", "frames", "frame_index"):
                del manifest[name]
        (folder / MANIFEST).write_text(json.dumps(manifest))
    assert _finds(_opened(database, folder)) == [0, 1]
    assert json.loads((folder / MANIFEST).read_text())["frames"] != manifest.get("frames")


def test_files_that_cannot_be_had_are_no_empty_list(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(database, FILMS[0])
    monkeypatch.setattr(videolist, "build_generation", lambda *_: None)  # as a disk without room
    videos = VideoList(database, folder)
    with pytest.raises(IndexFileError, match="No video was looked up"):
        videos.refresh()
    assert videos.position == -1


def test_size_is_told_before_reading(database: Database, folder: Path) -> None:
    entries = _add(database, video_hash(1, 7), video_hash(2, 1), video_hash(3, 30))
    _remove(database, entries[1])
    with database.read() as connection:
        read = [len(video) for _, video in active_videos(connection)]
        assert active_size(connection) == (len(read), sum(read)) == (2, 37)


BUILDER = """
import sys
from pathlib import Path
from holdfast.matching import build
from holdfast.records.home import Home
from holdfast.screening.generation import build_generation, only_one
stage, said = sys.argv[3], []
fill = build._fill_tables

def waits():
    if not said:
        said.append(print("ready", flush=True))
    sys.stdin.readline()

def waits_at_tables(*arguments):
    fill(*arguments)
    waits()

if stage == "tables":
    build._fill_tables = waits_at_tables
with only_one(Path(sys.argv[2])):
    told = (lambda number: waits()) if stage == "frames" else (lambda number: None)
    build_generation(Home(Path(sys.argv[1])).database(), Path(sys.argv[2]), told)
"""


@pytest.mark.parametrize("stage", ["frames", "tables"])
def test_a_builder_that_is_killed_leaves_the_old_files_and_no_lock(tmp_path: Path, stage: str) -> None:
    """While frames are written, and while the tables over them are: both files are unfinished then."""
    home, folder = tmp_path / "home", tmp_path / "index"
    database = Home(home).database()
    with database.write() as connection:
        create_bank(connection, "FILMS")
    _add(database, *FILMS[:2])
    _opened(database, folder)
    before = (folder / MANIFEST).read_bytes()
    _add(database, *FILMS[2:4])
    command = [sys.executable, "-c", BUILDER, str(home), str(folder), stage]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == b"ready\n"
        builder.send_signal(signal.SIGKILL)
    assert list(folder.glob(".*.partial"))
    assert (folder / MANIFEST).read_bytes() == before
    assert _finds(_opened(database, folder)) == [0, 1, 2, 3]
    with only_one(folder):
        build_generation(database, folder)
    anew = _opened(database, folder)
    assert anew.bank is not None and anew.bank.added == 0 and _finds(anew) == [0, 1, 2, 3]
    assert not list(folder.glob(".*.partial"))  # what the killed one left is cleared away
    database.close()
