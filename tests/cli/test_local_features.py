"""Local features at the command line: kept on request, told by doctor, and a clear error without OpenCV."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageFilter, ImageOps

from holdfast.errors import UsageError
from tests.api.test_local_features import film, hidden
from tests.cli.conftest import Commands
from tests.opencv import hide_opencv


def test_a_film_is_added_with_its_features_found_and_told(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, upload = tmp_path / "film.mp4", tmp_path / "upload.mp4"
    known.write_bytes(film(1))
    upload.write_bytes(film(1, hidden))
    commands.run("bank", "create", "FILMS", "--trusted")
    commands.run("bank", "add", "FILMS", known, "--local-features")

    (found,) = commands.json("match", upload)
    assert [match["view"].split(",")[0] for match in found["matches"]] == ["local features"]
    told = {one["check"]: one for one in commands.json("doctor")}
    assert told["local features"]["state"] == "ok"

    hide_opencv(monkeypatch)
    told = {one["check"]: one for one in commands.json("doctor", status=1)}
    assert told["local features"]["state"] == "problem"
    assert "holdfast[local]" in told["local features"]["detail"]
    with pytest.raises(UsageError, match="None were made"):
        commands.run("bank", "add", "FILMS", known, "--local-features")


def test_a_film_in_which_nothing_stands_out_is_added_and_told(commands: Commands, tmp_path: Path) -> None:
    smooth = tmp_path / "smooth.mp4"
    smooth.write_bytes(film(1, _smooth))
    commands.run("bank", "create", "FILMS", "--trusted")
    added = commands.json("bank", "add", "FILMS", smooth, "--local-features")
    assert [one["problem"] for one in added] == ["no local features: nothing stands out in its pictures"]
    assert added[0]["entry"] == 1
    assert "local features" not in {one["check"] for one in commands.json("doctor")}


def _smooth(page: Image.Image, _: float) -> Image.Image:
    """Light and dark enough for vPDQ, and without a corner."""
    return ImageOps.autocontrast(page.convert("L").filter(ImageFilter.GaussianBlur(30)))
