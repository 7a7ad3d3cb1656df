"""Where compiled kernels are kept: a private directory of ours, or none at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest

from holdfast._numba import cache_directory, njit


@pytest.fixture(autouse=True)
def chosen_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NUMBA_CACHE_DIR", "HOLDFAST_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    cache_directory.cache_clear()
    yield
    cache_directory.cache_clear()


def test_the_first_that_can_be_used_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOLDFAST_CACHE_DIR", str(blocked))
    assert cache_directory() == tmp_path / "xdg/holdfast/numba"
    cache_directory.cache_clear()
    monkeypatch.setenv("HOLDFAST_CACHE_DIR", str(tmp_path / "own"))
    assert cache_directory() == tmp_path / "own/numba"
    cache_directory.cache_clear()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba's"))
    assert cache_directory() == tmp_path / "numba's"


def test_a_directory_others_can_write_in_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own/numba").mkdir(parents=True)
    (tmp_path / "own/numba").chmod(0o777)
    monkeypatch.setenv("HOLDFAST_CACHE_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg/holdfast/numba"


def test_kernels_work_without_any_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a directory")
    for name in ("HOLDFAST_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(blocked))
    monkeypatch.setattr("tempfile.tempdir", str(blocked))
    assert cache_directory() is None

    @njit
    def double(value: int) -> int:
        return value * 2

    assert double(21) == 42


def test_other_users_of_numba_keep_their_setting() -> None:
    before = numba.config.CACHE_DIR

    @njit
    def same(value: int) -> int:
        return value

    assert same(1) == 1
    assert before == numba.config.CACHE_DIR


def test_a_second_process_loads_what_the_first_compiled(tmp_path: Path) -> None:
    (tmp_path / "halves.py").write_text(
        "from holdfast._numba import njit\n@njit\ndef half(value):\n    return value / 2\n"
    )
    program = "from halves import half; half(4.0); print(sum(half.stats.cache_hits.values()))"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "HOLDFAST_CACHE_DIR": str(tmp_path), "PYTHONPATH": path}
    hits = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert hits == ["0", "1"]
    assert list((tmp_path / "numba").rglob("*.nbc"))
