"""The library surface is exactly what it says it is, and importing it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import holdfast


def test_every_public_name_is_there_and_listed_once() -> None:
    assert len(set(holdfast.__all__)) == len(holdfast.__all__)
    assert set(dir(holdfast)) == set(holdfast.__all__)
    for name in holdfast.__all__:
        assert getattr(holdfast, name) is not None


def test_promised_names() -> None:
    promised = {"hash_file", "pdq", "pdq_orientations", "HammingIndex", "Screener"}
    assert promised <= set(holdfast.__all__)


def test_import_is_light() -> None:
    code = "import sys, holdfast; print([m for m in ('numpy', 'numba', 'PIL') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


def test_unknown_name() -> None:
    try:
        holdfast.nonsense  # noqa: B018
    except AttributeError as error:
        assert "nonsense" in str(error)
    else:
        raise AssertionError("no error")
