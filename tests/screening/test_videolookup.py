"""Ready vPDQ hashes of any length against listed videos."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.banks.entries import add_entry
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.banks.videos import video_fingerprint
from holdfast.hashing.video import VideoHash
from holdfast.records.database import Database
from holdfast.records.home import Home
from holdfast.screening.videolist import VideoList
from holdfast.screening.videolookup import look_up_video
from tests.hashing.videohashes import video_hash

LISTED = [video_hash(seed, 30) for seed in range(70)]  # more than are compared one by one


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    opened = Home(tmp_path_factory.mktemp("home")).database()
    with opened.write() as connection:
        bank, source = create_bank(connection, "FILMS").id, ensure_source(connection, "own").id
        for number, video in enumerate(LISTED):
            added = [video_fingerprint(video)]
            add_entry(connection, bank, label=str(number), added=added, source_id=source, medium="video")
    return opened


@pytest.fixture(scope="module")
def videos(database: Database, tmp_path_factory: pytest.TempPathFactory) -> VideoList:
    listed = VideoList(database, tmp_path_factory.mktemp("index"))
    listed.refresh()
    return listed


def _joined(*parts: VideoHash) -> VideoHash:
    codes = np.concatenate([part.codes for part in parts])
    count = len(codes)
    quality = np.full(count, 90, np.int32)
    return VideoHash(np.arange(count), np.arange(count, dtype=np.float64), quality, codes)


def test_a_long_hash_is_looked_up_piece_by_piece(database: Database, videos: VideoList) -> None:
    assert videos.bank is not None
    long = _joined(video_hash(1001, 105), LISTED[33], video_hash(1002, 200), LISTED[7])
    found, seen = look_up_video(database, videos.bank, long)
    assert {match.label for match in found} == {"33", "7"}
    spans = {match.label: seen[match.fingerprint_id].span for match in found}
    assert spans["33"].query_start_s == pytest.approx(105, abs=1)
    assert spans["33"].query_end_s == pytest.approx(135, abs=1)
    assert spans["7"].query_start_s == pytest.approx(335, abs=1)
    assert all(seen[match.fingerprint_id].tier == "match" for match in found)
    assert spans["7"].vpdq_ref_percent == 100.0


def test_a_stranger_is_near_nothing(database: Database, videos: VideoList) -> None:
    assert videos.bank is not None
    assert look_up_video(database, videos.bank, video_hash(2000, 300)).found == []


def test_what_only_vpdq_calls_a_match_is_possible(database: Database, videos: VideoList) -> None:
    """One frame of a listed video: by HMA's rule all of the query matches."""
    assert videos.bank is not None
    one = LISTED[5].select(np.array([4]))
    ((match,), seen) = look_up_video(database, videos.bank, one)
    how = seen[match.fingerprint_id]
    assert (match.label, how.tier, how.span.vpdq_query_percent) == ("5", "possible", 100.0)
    assert how.span.vpdq_ref_percent == pytest.approx(100 / 30, abs=0.1)
