"""The calibration file: as written, or refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from holdfast.errors import SettingsError
from holdfast.matching.calibration import default_model, read_model, write_model


def test_comes_back_as_it_was_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text("old")
    write_model(default_model(), path)
    assert read_model(path) == default_model()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("change", ["family", "version", "checksum", "cut", "nonsense", "nan"])
def test_changed_or_damaged_files_are_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "calibration.json"
    write_model(default_model(), path)
    text = path.read_text()
    body = json.loads(text)
    if change == "family":
        body["families"]["coarse"]["law"]["sigma_bits"] = 5.0
    elif change == "version":
        body["version"] = 99
    elif change == "checksum":
        del body["sha256"]
    elif change == "nan":
        body["families"]["coarse"]["law"]["kurtosis"] = float("nan")
    text = {"cut": text[: len(text) // 2], "nonsense": "[1, 2"}.get(change, json.dumps(body))
    path.write_text(text)
    with pytest.raises(SettingsError, match="cannot be used"):
        read_model(path)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_model(tmp_path / "nothing.json")
    huge = tmp_path / "huge.json"
    huge.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(SettingsError, match="too large"):
        read_model(huge)
