"""The bench of videos on three small films of the tests' own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from holdfast.bench.video import scale
from holdfast.bench.video.clips import Clip, encoded
from holdfast.bench.video.corpus import (
    PARTS,
    is_tuning,
    named_parts,
    named_sources,
    read_corpus,
    scene_sources,
)
from holdfast.bench.video.run import Plan, run
from holdfast.bench.video.scale import run_scale
from holdfast.bench.video.strangers import lengths, strangers
from holdfast.errors import UnreadableError
from tests.pictures import picture

SECONDS = 6


def _film(path: Path, seed: int, shots: int = 3) -> None:
    """A camera across a few scenes."""
    count = round(SECONDS * 12.5)
    pictures = []
    for number in range(count):
        shot, step = number * shots // count, 3 * (number % (count // shots))
        large = _scene(seed * 10 + shot)
        pictures.append(large.crop((step, 0, step + 192, 128)))
    path.write_bytes(encoded(Clip(tuple(pictures), crf=20)))


_SCENES: dict[int, object] = {}


def _scene(seed: int):  # type: ignore[no-untyped-def]
    return _SCENES.setdefault(seed, picture(seed, 320, 128))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films")
    names = [f"film{number}" for number in range(60)]
    measured = [name for name in names if not is_tuning(name)][:3]
    tuned = [name for name in names if is_tuning(name)][:1]
    for seed, name in enumerate(measured + tuned):
        _film(path / f"{name}.mp4", seed + 1)
    (path / "not-a-video.mp4").write_bytes(b"nothing")
    return path


def test_what_is_measured_and_said(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[int] = []
    plan = Plan(
        [folder],
        clips=1,
        edits=("hflip", "letterbox"),
        work=tmp_path / "w",
        page=tmp_path / "p.html",
        speed=False,
        keyframe_s=2.0,
        local=True,
    )
    result = run(plan, as_json=True, advance=lambda done, total, note: told.append(done))
    rows = {row.get("measure"): row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(result.cases) == 6 and told == list(range(6))
    assert rows["split"]["sources edited"] == sorted({case.source for case in result.cases})
    assert len(rows["split"]["sources edited"]) == 3 and rows["split"]["files listed"] == 4
    recall = rows["recall, mirrored"]
    assert recall["match"] == 1.0 and recall["vPDQ any frame"] == 0.0 and recall["sources"] == 3
    assert rows["macro recall, all edits"]["match"] == 1.0
    looks = [case.keyframes for case in result.cases if case.keyframes is not None]
    assert len(looks) == 6 and all(SECONDS / 2 <= look.frames <= SECONDS for look in looks)
    found = sum(look.tier != "none" for look in looks) / len(looks)
    assert rows["macro recall, all edits"]["keyframes alone, any tier"] == pytest.approx(found, abs=0.001)
    strangers_row = rows["false positives, other sources"]
    assert strangers_row["match"] == strangers_row["possible"] == 0
    assert strangers_row["pairs"] == sum(len(case.strangers) for case in result.cases) > 0
    asked = rows["false positives, local features"]
    assert (asked["pairs"], asked["match"]) == (strangers_row["pairs"], 0)
    assert rows["macro recall, all edits"]["match with local features"] == 1.0
    places = rows["places in all edits at the usual speed"]
    assert places["matches"] == 6
    assert 0 <= places["median error s"] <= 0.5 and 0 <= places["median error s, listed video"] <= 0.5
    assert len(list((tmp_path / "w").glob("*.mp4"))) == 6
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "keyframes alone, any tier" in page
    assert "mirrored" in page and "<svg" in page and "src=" not in page


def test_too_few_sources(folder: Path) -> None:
    with pytest.raises(UnreadableError, match="too few sources"):
        run(Plan([folder], part="tuning"), as_json=True)


def test_sources_by_table_and_by_shared_frames(folder: Path, tmp_path: Path) -> None:
    files = read_corpus([folder], {})
    assert len({file.source for file in files}) == 4
    first, second = files[0].name, files[1].name
    table = tmp_path / "s.tsv"
    table.write_text(f"file\tsource\tscene\n{first}\troom\tyes\n{second}\troom\tyes\n", encoding="utf-8")
    assert named_sources(table) == {first: "room", second: "room"} and scene_sources(table) == {"room"}
    assert len({file.source for file in read_corpus([folder], named_sources(table))}) == 3
    table.write_text(f"file\tsource\tpart\n{first}\troom\tfresh\n{second}\tother\t\n", encoding="utf-8")
    assert named_parts(table) == {"room": "fresh"}
    parts = {
        file.source: file.part for file in read_corpus([folder], named_sources(table), named_parts(table))
    }
    assert parts["room"] == "fresh" and set(parts.values()) <= {"fresh", "tuning", "test"}
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "again.mp4").write_bytes(files[0].path.read_bytes())
    joined = {file.name: file.source for file in read_corpus([folder, copy], {})}
    assert joined["again.mp4"] == joined[first]


def test_the_table_of_the_project() -> None:
    table = Path(__file__).parents[3] / "docs" / "video-sources.tsv"
    parts = named_parts(table)
    assert set(parts.values()) == set(PARTS) - {"test"}  # what has no part in it is split by the digest
    assert len({source for source in named_sources(table).values() if not source.startswith("photo-")}) >= 100


def test_made_up_strangers() -> None:
    rng = np.random.default_rng(1)
    counts = lengths(2000)
    assert sum(counts) == 2000
    videos = list(strangers(counts, rng.integers(0, 256, (50, 32), dtype=np.uint8)))
    assert [np.shape(codes) for _, codes, _, _ in videos] == [(count, 32) for count in counts]
    assert [np.shape(times) for _, _, _, times in videos] == [(count,) for count in counts]


def test_a_bank_of_any_size(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "LEAST_S", 3.0)
    monkeypatch.setattr(scale, "_HALF_MINUTES", ("letterbox",))
    run_scale(Plan([folder], clips=1, edits=("letterbox",)), 20_000, as_json=True)
    rows = {row.get("measure"): row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["bank"]["frames"] >= 20_000
    found = rows["edited copies"]
    assert found["a match alone"] == found["by that score here"] == found["found"] == found["of"] == 3
    missed = ("by that score, not found", "only another file of the source", "found, no match alone")
    assert [found[name] for name in missed] == [0, 0, 0]
    for whose in ("a listed video", "no listed video"):
        row = rows[f"half a minute of {whose}, processor s"]
        assert row["queries"] == 3 and row["with a made-up video as match"] == 0
