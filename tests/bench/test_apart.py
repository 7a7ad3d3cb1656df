"""What an operator's environment says does not reach the homes of benches and of the demo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.bench.apart import apart
from holdfast.bench.demo_service import demo_service
from holdfast.bench.samples import sample_photographs


def test_settings_are_gone_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("HOLDFAST_CACHE_DIR", "/tmp/kernels")
    with pytest.raises(RuntimeError), apart():
        assert "HOLDFAST_DATABASE_URL" not in os.environ
        assert os.environ["HOLDFAST_CACHE_DIR"] == "/tmp/kernels"
        raise RuntimeError
    assert os.environ["HOLDFAST_DATABASE_URL"] == "postgresql://nobody@127.0.0.1:1/none"


def test_the_demo_never_opens_the_operators_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    operators = tmp_path / "operators.db"
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", f"sqlite:///{operators}")
    known, others = sample_photographs()
    with demo_service(known[:1], others[0]) as service:
        assert (service.home / "holdfast.db").stat().st_size > 0
    assert not operators.exists()
