"""The edits are drawn from their seed, and the benchmark of recall counts what it says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from holdfast.bench import edited
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
    for seed in range(14):
        (tmp_path / f"{seed}.jpg").write_bytes(encoded(picture(seed, 420, 320), quality=90))
    (tmp_path / "note.txt").write_text("not a picture", encoding="utf-8")
    page = tmp_path / "page.html"
    result = edited.run([tmp_path], photos=4, peers=False, as_json=True, page=page)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not set(result.tuning) & set(result.measured)
    assert sorted(path.name for path in tmp_path.glob("*.jpg") if edited.is_tuning(path)) == sorted(
        result.tuning
    )
    recalls = {row["measure"]: row for row in rows if str(row.get("measure", "")).startswith("recall, ")}
    assert recalls["recall, saved as JPEG, quality 30"]["plain"] == 1
    assert recalls["recall, mirrored"]["plain"] == 0
    assert recalls["recall, mirrored"]["fast"] == recalls["recall, in a plain border"]["fast"] == 1
    assert recalls["recall, cropped by 10 %"]["deep"] >= 0.5
    assert len(result.cases) == 4 * len(wanted)
    assert all(case.comparisons > 0 for case in result.cases)
    assert "<svg" in page.read_text(encoding="utf-8")


def test_too_few_photographs_are_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="Nothing was measured"):
        edited.run([tmp_path], photos=4, peers=False, as_json=True)
