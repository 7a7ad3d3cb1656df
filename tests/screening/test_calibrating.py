"""Calibrating on real photographs: fitted on one half, true of the other; duplicates are set aside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from holdfast.errors import UsageError
from holdfast.matching.calibration import COARSE, REFINED, default_model, read_model
from holdfast.media.pool import DecodePool
from holdfast.screening.home_model import CALIBRATION_NAME, home_model
from holdfast.screening.sampling import Sample, sample_pictures
from tests.pictures import encoded, picture

MAX_BYTES = 1 << 26


def _sampled(paths: list[Path], *, series: bool = False) -> Sample:
    with DecodePool(workers=1) as pool:
        return sample_pictures(paths, pool, MAX_BYTES, series=series)


def test_the_same_picture_twice_is_no_false_alarm(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.jpg", "small.jpg", "mirrored.jpg", "other.jpg", "text.txt")]
    one = picture(1)
    paths[0].write_bytes(encoded(one, quality=90))
    paths[1].write_bytes(encoded(one.resize((400, 300)), quality=50))
    paths[2].write_bytes(encoded(one.transpose(Image.Transpose.FLIP_LEFT_RIGHT), quality=90))
    paths[3].write_bytes(encoded(picture(2)))
    paths[4].write_text("no picture")
    sample = _sampled(paths)
    assert len(sample.files) == 4
    assert sample.pictures == 2
    assert len(set(sample.half[sample.picture == sample.picture[0]].tolist())) == 1
    assert [reason.split(":")[0] for reason in sample.left_out] == [str(paths[4])]
    counts = sample.coarse_counts()
    views = np.bincount(sample.view_of)
    of_other = [Path(file).name for file in sample.files].index("other.jpg")
    assert counts.files == 2
    assert counts.comparisons == 3 * views[of_other] + (views.sum() - views[of_other])
    assert counts.smallest_bits > 31
    assert {Path(file).name for pair in sample.nearest() for file in (pair.file, pair.other)} <= {
        path.name for path in paths
    }


def test_a_series_is_not_compared_with_itself(tmp_path: Path) -> None:
    paths = []
    for number, folder in enumerate(("one", "one", "two")):
        (tmp_path / folder).mkdir(exist_ok=True)
        paths.append(tmp_path / folder / f"{number}.jpg")
        paths[-1].write_bytes(encoded(picture(number)))
    sample = _sampled(paths, series=True)
    assert sample.picture.tolist() == [0, 0, 2]
    assert sample.refined_counts().comparisons == 4  # of nine pairs, five are within a series


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture"):
        _sampled([])


def test_a_home_without_calibration_has_the_shipped_one(tmp_path: Path) -> None:
    assert home_model(tmp_path) is default_model()


@pytest.mark.shared_data
def test_photographs_are_foretold_by_the_shipped_model_and_by_their_own(
    shared_data: Path, tmp_path: Path
) -> None:
    folder, home = tmp_path / "benign", tmp_path / "home"
    shutil.copytree(shared_data / "images" / "photos", folder)
    program = [sys.executable, "-c", "from holdfast.cli.main import main; main()"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, "bank", "calibrate", str(folder), "--home", str(home), *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    checked = run("--validate", "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    facts = json.loads(checked.stdout)
    assert facts["pictures"] > 120
    radii = facts["validation"]["coarse"]["radii"]
    assert len(radii) >= 3
    assert all(1 / 3 <= line["observed"] / line["predicted"] <= 3 for line in radii)
    assert not (home / CALIBRATION_NAME).exists()
    assert [row["codes"] for row in facts["radius_bits"]] == [64, 128, 256]
    fitted = run()
    assert fitted.returncode == 0, fitted.stdout
    assert "radii at 1,000,000 entries" in fitted.stdout, fitted.stderr
    model = read_model(home / CALIBRATION_NAME)
    assert model.family(COARSE) != default_model().family(COARSE)
    assert model.family(REFINED) == default_model().family(REFINED)  # 68 pictures make too few pairs
    assert home_model(home) == model
    radius = model.radius_for(1e-6, 128e6, regularity=13.0)
    assert 31 < radius < 70


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from holdfast.cli.main import main; main()", "bank", "calibrate", "/none",
         "--home", str(tmp_path / "home")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "There is no folder /none" in done.stderr
