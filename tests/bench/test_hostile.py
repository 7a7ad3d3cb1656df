"""Hostile files through the real command: right answers pass, wrong ones are told and fail the bench."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from holdfast.bench import hostile
from holdfast.bench.hostile_files import Case, hostile_cases, listed_film
from holdfast.bench.hostile_run import run_holdfast
from holdfast.bench.hostile_scripts import TEXT
from holdfast.cli.main import app
from holdfast.errors import UsageError


def test_some_files_for_real(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", f"sqlite:///{tmp_path / 'mine.db'}")  # to be left alone
    chosen = (
        "film, all at one time",
        "another film, cut off, MKV",
        "zero bytes",
        "script to a listener here",
    )
    command = ["bench", "hostile", "--json", *(word for name in chosen for word in ("--case", name))]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["file"]: (row["outcome"], row["reason"]) for row in rows} == {
        "another film, cut off, MKV": ("not_matchable", "truncated"),
        "zero bytes": ("not_matchable", "empty"),
        "concat script to a listener here, named .mp4": ("not_matchable", "not_media"),
        "the listed film, all at one time": ("match", ""),
    }
    assert all(row["wall_s"] > 0 and 50e6 < row["peak_bytes"] < hostile.MOST_BYTES for row in rows)
    assert not any(row["wrong"] for row in rows)
    assert not list(tmp_path.iterdir())


def test_wrong_answers_fail_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = (
        Case("right", "right.mp4", lambda: TEXT, "not_matchable", ("not_media",)),
        Case("another outcome", "outcome.mp4", lambda: TEXT, "no_match"),
        Case("another reason", "reason.mp4", lambda: b"", "not_matchable", ("damaged",)),
        Case("too slow", "slow.mp4", lambda: TEXT, "not_matchable", ("not_media",), most_s=0.1),
    )
    monkeypatch.setattr(hostile, "hostile_cases", lambda address: cases)
    done = CliRunner().invoke(app, ["bench", "hostile"])
    assert done.exit_code == 1, done.output
    rows = dict(zip([case.name for case in cases], done.stdout.splitlines()[2:], strict=True))
    assert rows["right"].endswith("yes")
    assert rows["another outcome"].endswith("WRONG: expected no_match")
    assert rows["another reason"].endswith("WRONG: expected not_matchable damaged")
    assert rows["too slow"].endswith("took over 0.1 s")


def test_a_text_that_is_in_no_name_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "run_holdfast", lambda *_, **__: pytest.fail("a home was made for it"))
    done = CliRunner().invoke(app, ["bench", "hostile", "--case", "no such"])
    assert isinstance(done.exception, UsageError)


def test_a_call_is_noticed() -> None:
    with hostile._listener() as (waiting, address):
        assert list(hostile._wrong_calls(waiting)) == []
        host, port = address.removeprefix("http://").split(":")
        socket.create_connection((host, int(port))).close()
        assert list(hostile._wrong_calls(waiting)) == ["an address in it was called"]
        assert list(hostile._wrong_calls(waiting)) == []


def test_a_failing_command_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    ran = run_holdfast("match", "--bank", "absent", str(path), home=tmp_path / "home", most_s=600)
    assert ran.status == 2
    case = Case("x", "x", bytes, "match")
    wrong = " ".join(hostile._wrong_answer(case, ran, "", ""))
    assert "expected match" in wrong and "exit status 2" in wrong and "absent" in wrong


def test_the_files_are_what_they_say() -> None:
    cases = hostile_cases("http://127.0.0.1:9")
    assert len({case.name for case in cases}) == len({case.file_name for case in cases}) == len(cases)
    made = {case.file_name: case.make for case in cases}
    assert made["copy.mp4"]() == listed_film()
    for name in ("untold.mkv", "still.mp4", "back.mkv"):
        with av.open(io.BytesIO(made[name]()), "r") as container:
            assert (container.duration is None) == (name == "untold.mkv")
            stamps = [packet.pts for packet in container.demux(video=0) if packet.size]
        assert len(stamps) == 32
        assert (set(stamps) == {0}) == (name == "still.mp4")
        if name == "back.mkv":
            assert stamps[:9] == [1750, 1500, 1250, 1000, 750, 500, 250, 0, 3750]
