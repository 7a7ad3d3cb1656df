"""The order of a folder walk, and going on from any point of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.screening.walk import walk

NAMES = st.sampled_from(["a", "a.b", "a b", "b", "B", "é", "0", "aa", "-", "~"])
TREES = st.lists(st.lists(NAMES, min_size=1, max_size=4).map(tuple), max_size=14)


def _plant(root: Path, tree: list[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Makes files at those paths where no folder or file is in the way; returns what was made."""
    made = set()
    for parts in tree:
        path = root.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.touch()
        except (FileExistsError, NotADirectoryError):
            continue
        if path.is_file():
            made.add(parts)
    return made


@given(TREES)
def test_every_file_once_in_order_and_from_any_point(tree: list[tuple[str, ...]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = _plant(Path(folder), tree)
        found = [one.parts for one in walk(Path(folder))]
        assert found == sorted(made)
        for number, cursor in enumerate(found):
            assert [one.parts for one in walk(Path(folder), cursor)] == found[number + 1 :]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    assert [one.parts for one in walk(tmp_path)] == [("folder", "file")]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o000)
    (tmp_path / "z").touch()
    if os.access(tmp_path / "shut", os.R_OK):
        # The superuser may list everything: take the folder away between listing and entering instead.
        (tmp_path / "shut").rmdir()
        found = list(walk(tmp_path / "shut"))
        assert found[0].problem and found[0].parts == ()
        return
    found = list(walk(tmp_path))
    assert [one.parts for one in found] == [("shut",), ("z",)]
    assert "cannot be listed" in found[0].problem


@pytest.mark.parametrize("name", [b"caf\xe9.jpg", b"new\nline", b"tab\t"])
def test_odd_names(tmp_path: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    assert [os.fsencode(one.parts[0]) for one in walk(tmp_path)] == [name]
