"""Which calibration a home judges by, and when a new one takes effect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.errors import SettingsError
from holdfast.matching.calibration import default_model, write_model
from holdfast.screening.home_model import CALIBRATION_NAME, HomeModel


def test_a_home_without_one_uses_the_shipped(tmp_path: Path) -> None:
    model = HomeModel(tmp_path)
    model.warm_up()
    model.refresh()
    assert model.current is default_model()


def test_a_new_calibration_is_taken_in_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    model = HomeModel(tmp_path)
    ours = replace(default_model(), made_from="pictures of our own")
    write_model(ours, tmp_path / CALIBRATION_NAME)
    model.refresh()
    assert model.current == ours
    (tmp_path / CALIBRATION_NAME).write_text("{ half a file")
    model.refresh()
    assert model.current == ours
    with pytest.raises(SettingsError):
        HomeModel(tmp_path)  # a process does not start on what it cannot read
    (tmp_path / CALIBRATION_NAME).unlink()
    model.refresh()
    assert model.current is default_model()
