"""The edits are drawn from their seed, and the benchmark of recall counts what it says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from holdfast.bench import edited, edited_speed
from holdfast.bench.edited_cases import NOWHERE, Case, Fit
from holdfast.bench.edited_photos import is_tuning
from holdfast.bench.edits import CORE_EDITS, MORE_EDITS, PeopleEdit, edited_jpeg
from holdfast.errors import UnreadableError
from tests.pictures import encoded, picture

ALL = (*CORE_EDITS, *MORE_EDITS)


@pytest.mark.parametrize("edit", ALL, ids=lambda edit: edit.name)
def test_an_edit_is_the_same_for_one_seed_and_a_file_that_opens(edit: PeopleEdit) -> None:
    photo, others = picture(1, 400, 300), [picture(seed, 300, 200) for seed in (2, 3, 4)]
    data = edited_jpeg(edit, photo, "a", others)
    assert data == edited_jpeg(edit, photo, "a", others)
    made = Image.open(io.BytesIO(data))
    made.load()
    assert made.format == "JPEG"
    assert min(made.size) >= 150


def test_instances_differ_by_seed_where_there_is_something_to_draw() -> None:
    photo, others = picture(1, 400, 300), [picture(seed, 300, 200) for seed in (2, 3, 4)]
    fixed = {"jpeg30", "mirror", "rotate90"}
    for edit in ALL:
        instances = {edited_jpeg(edit, photo, seed, others) for seed in "abcdefgh"}
        assert (len(instances) == 1) == (edit.name in fixed), edit.name


def test_there_are_seventeen_edits_of_the_notes_and_each_name_is_there_once() -> None:
    assert len(CORE_EDITS) == 17
    assert len({edit.name for edit in ALL}) == len({edit.words for edit in ALL}) == len(ALL)


def test_recall_is_counted_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ("jpeg30", "border", "mirror", "crop10")
    monkeypatch.setattr(edited, "CORE_EDITS", tuple(edit for edit in CORE_EDITS if edit.name in wanted))
    monkeypatch.setattr(edited, "MORE_EDITS", ())
    monkeypatch.setattr(edited_speed, "ENTRIES", 5000)
    for seed in range(14):
        (tmp_path / f"{seed}.jpg").write_bytes(encoded(picture(seed, 420, 320), quality=90))
    (tmp_path / "note.txt").write_text("not a picture", encoding="utf-8")
    copy = picture(3, 420, 320).transpose(Image.Transpose.ROTATE_90)
    (tmp_path / "copy.jpg").write_bytes(encoded(copy, quality=60))
    page = tmp_path / "page.html"
    result = edited.run([tmp_path], photos=4, peers=False, as_json=True, page=page)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not set(result.tuning) & set(result.measured)
    assert all(is_tuning(tmp_path / name) for name in result.tuning)
    assert not any(is_tuning(tmp_path / name) for name in result.measured)
    assert result.copies == 1 and len({"3.jpg", "copy.jpg"} & set(result.tuning + result.measured)) <= 1
    told = {row["measure"]: row for row in rows if "measure" in row}
    assert told["recall, saved as JPEG, quality 30"]["plain"] == 1
    assert told["recall, mirrored"]["plain"] == 0
    assert not {"peer", "phash"} & set(told["recall, mirrored"])  # what was not asked has no recall of 0
    assert "extrapolated beyond the data, by 7." in told["rule"]["extrapolation"]
    assert told["recall, mirrored"]["fast"] == told["recall, in a plain border"]["fast"] == 1
    assert told["recall, cropped by 10 %"]["deep"] >= 0.5
    assert told["recall, cropped by 10 %"]["own"] >= told["recall, cropped by 10 %"]["fast"]
    assert told["unrelated photographs"]["pairs called a match"] == 0
    assert told["unrelated photographs"]["comparisons"] > 0
    assert told["shared, one photograph with other words on it"]["pairs"] == 3 * 4 * 3
    assert told["fast path, added to an upload"]["codes"] > 8
    assert told["deep path, 10 uploads"]["codes"] > 600
    assert len(result.cases) == 4 * len(wanted)
    assert all(case.peer == case.phash == NOWHERE for case in result.cases)
    assert "<svg" in page.read_text(encoding="utf-8")


def test_within_a_larger_radius_nothing_is_lost() -> None:
    far, near = Fit(60.0, 1e-3, "cropped", "b"), Fit(40.0, 1e-12, "cropped")
    cases = [
        Case("a", "crop10", 120.0, 20.0, 60.0, 40.0, False, False, fit, fit, 90.0, (far,), 100)
        for fit in (far, near)
    ]
    result = edited.Result([], ["a"], cases)
    edits = [edit for edit in CORE_EDITS if edit.name == "crop10"]
    assert [result.recall(edits, method) for method in edited.METHODS] == [0, 0, 0, 0, 0.5, 0.5]
    assert [result.recall_within(edits, "deep", radius) for radius in (39, 40, 59, 60)] == [0, 0.5, 0.5, 1]
    assert result.recall_within(edits, "phash", 80) == 1
    assert result.nearest_strangers() == ["60 bits: a and b"]
    assert (result.strangers(59), result.strangers(60), result.false_matches()) == (0, 2, 0)


def test_too_few_photographs_are_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="Nothing was measured"):
        edited.run([tmp_path], photos=4, peers=False, as_json=True)
