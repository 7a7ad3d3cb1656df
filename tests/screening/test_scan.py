"""Folder scans: killed at any moment, resumed, every file counted once."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.banks.service import create_bank
from holdfast.errors import ConflictError, NotFoundError
from holdfast.records.tables.scans import scan_matches, scans
from holdfast.screening.adding import add_media
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.scan import FolderScan
from holdfast.screening.screener import Screener
from tests.pictures import encoded, picture

FILES, KNOWN_EVERY = 600, 50


def _tree(root: Path) -> Path:
    """Many small files in nested folders; every fiftieth is a known picture, some are no pictures."""
    known = encoded(picture(1, 200, 150), quality=85)
    other = encoded(picture(2, 200, 150), quality=85)
    for number in range(FILES):
        folder = root / f"d{number % 7}" / f"e{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        kind = known if number % KNOWN_EVERY == 0 else b"no picture" if number % 11 == 3 else other
        (folder / f"{number:05}.jpg").write_bytes(kind + number.to_bytes(4, "big"))
    return known_file(root, known)


def known_file(root: Path, data: bytes) -> Path:
    path = root.parent / "known.jpg"
    path.write_bytes(data)
    return path


def _home(tmp_path: Path, known: Path) -> Path:
    home = tmp_path / "home"
    with Screener(home) as screener:
        with screener.database.write() as connection:
            create_bank(connection, "KNOWN")
        add_media(screener.database, screener.hasher, "KNOWN", [known])
    return home


def _expected() -> Counter[str]:
    counts: Counter[str] = Counter()
    for number in range(FILES):
        known, junk = number % KNOWN_EVERY == 0, number % 11 == 3
        counts["match" if known else "not_matchable" if junk else "no_match"] += 1
    return counts


def test_killed_again_and_again_counts_each_file_once(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    home = _home(tmp_path, _tree(root))
    program = [sys.executable, "-c", "from holdfast.cli.main import main; main()"]
    environment = {**os.environ, "HOLDFAST_SCAN__CHECKPOINT_S": "0.05"}
    command = [*program, "scan", str(root), "--home", str(home), "--json"]
    kills = 0
    for _ in range(4):
        scan = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert scan.stdout is not None
        if sys.platform == "linux":  # a narrow line: it does not get far ahead while we stand still
            fcntl.fcntl(scan.stdout, fcntl.F_SETPIPE_SZ, 4096)
        for _ in range(60):  # some files into the scan
            if not scan.stdout.readline():
                break
        else:
            scan.send_signal(signal.SIGKILL)
            kills += 1
        scan.stdout.close()
        scan.wait()
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert kills >= 2
    with Screener(home) as screener, screener.database.read() as connection:
        (row,) = connection.execute(sa.select(scans).where(scans.c.finished_at.is_not(None))).mappings()
        matched = connection.execute(sa.select(scan_matches.c.path)).scalars().all()
    assert Counter(row["counts"]) == _expected()
    assert len(matched) == len(set(matched)) == _expected()["match"]
    assert row["cursor"] is None
    assert all(json.loads(line)["file"] for line in done.stdout.splitlines())


def test_a_scan_that_is_given_again_goes_on_or_restarts(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    home = _home(tmp_path, _tree(root))
    with Screener(home) as screener:
        first = FolderScan(screener.database, screener, root, checkpoint_s=0.0, threads=2)

        class Stop(Exception):  # noqa: N818
            pass

        seen: list[Outcome] = []

        def stop_after_some(outcome: Outcome) -> None:
            seen.append(outcome)
            if len(seen) == 100:
                raise Stop

        with pytest.raises(Stop):
            first.run(stop_after_some)
        again = FolderScan(screener.database, screener, root, threads=2)
        assert 90 <= again.resumed <= 100
        summary = again.run(lambda _: None)
        assert summary.counts == _expected() and summary.files == FILES
        fresh = FolderScan(screener.database, screener, root, restart=True)
        assert fresh.resumed == 0


def test_two_processes_on_one_scan_are_noticed(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    home = _home(tmp_path, _tree(root))
    with Screener(home) as screener:
        one = FolderScan(screener.database, screener, root)
        other = FolderScan(screener.database, screener, root)
        one.run(lambda _: None)
        with pytest.raises(ConflictError, match="Another process"):
            other.run(lambda _: None)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with Screener(tmp_path / "home") as screener, pytest.raises(NotFoundError, match="not a folder"):
        FolderScan(screener.database, screener, tmp_path / "absent")


def test_unreadable_files_do_not_stop_a_scan(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    os.mkfifo(root / "pipe")
    (root / "a.jpg").write_bytes(encoded(picture(3, 100, 80)))
    (root / os.fsdecode(b"caf\xe9.jpg")).write_bytes(encoded(picture(4, 100, 80)))
    found: list[Outcome] = []
    started = time.monotonic()
    with Screener(tmp_path / "home") as screener:
        summary = FolderScan(screener.database, screener, root).run(found.append)
    assert time.monotonic() - started < 240
    assert summary.counts == {"not_scanned": 2, "error": 1}  # there is no bank
    assert {one.outcome for one in found} == {OutcomeKind.NOT_SCANNED, OutcomeKind.ERROR}
